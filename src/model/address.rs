//! Addresses as firms write them, brought to one form, so that one room is one party. A heuristic of spelling and no
//! gazetteer: it strips what an address may or may not begin with (province, city, district), and evens out widths,
//! blanks, signs, numerals and the words for building, floor and room. Whoever matches adds the region.

/// Less than this, in letters, is no address.
const LETTERS_MIN: usize = 4;
/// Letters before the word for a province, city or county, at least and at most.
const NAME_LETTERS: std::ops::RangeInclusive<usize> = 2..=8;

/// The one form of an address; `None` where it says nothing.
pub(super) fn normalised(text: &str) -> Option<String> {
    let letters = evened(text);
    let letters = without_region(&letters);
    let form = words(letters);
    (form.chars().count() >= LETTERS_MIN).then_some(form)
}

/// Half width, upper case, no blanks and no signs but a dash between two numbers; numerals before a counter as digits.
fn evened(text: &str) -> Vec<char> {
    let half = |c: char| match c {
        '！'..='～' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '—' | '–' | '‐' | '‑' | '−' | '─' => '-',
        '﹟' => '#',
        c => c,
    };
    let wide: Vec<char> = text.chars().map(half).map(|c| c.to_ascii_uppercase()).collect();
    let mut out: Vec<char> = Vec::with_capacity(wide.len());
    for (at, c) in wide.iter().copied().enumerate() {
        let next = wide.get(at + 1).copied().unwrap_or(' ');
        match c {
            '#' => out.push('号'),
            '-' => {
                let between = out.last().is_some_and(char::is_ascii_alphanumeric) && next.is_ascii_alphanumeric();
                out.extend(between.then_some('-'));
            }
            c if c.is_alphanumeric() => out.push(c),
            // Blanks and signs part nothing that would read otherwise without them, but for two numbers.
            _ => {
                let numbers = out.last().is_some_and(char::is_ascii_digit) && next.is_ascii_digit();
                out.extend(numbers.then_some('-'));
            }
        }
    }
    digits(&out)
}

/// Chinese numerals up to ninety-nine before a counter, as digits: 三楼 is 3楼.
fn digits(letters: &[char]) -> Vec<char> {
    let value = |c: char| "〇一二三四五六七八九".chars().position(|numeral| numeral == c).or((c == '零').then_some(0));
    let mut out = Vec::with_capacity(letters.len());
    let mut at = 0;
    while at < letters.len() {
        let run = letters[at..].iter().take_while(|c| value(**c).is_some() || **c == '十').count();
        let counted = letters.get(at + run).is_some_and(|c| "号楼层栋幢座室房期单".contains(*c));
        if run == 0 || !counted {
            let kept = run.max(1);
            out.extend_from_slice(&letters[at..at + kept]);
            at += kept;
            continue;
        }
        let numerals = &letters[at..at + run];
        match numerals.iter().position(|c| *c == '十') {
            Some(ten) if run <= 3 => {
                let digit = |part: &[char], none: usize| part.first().map_or(none, |c| value(*c).unwrap_or(none));
                let number = digit(&numerals[..ten], 1) * 10 + digit(&numerals[ten + 1..], 0);
                out.extend(number.to_string().chars());
            }
            Some(_) => out.extend_from_slice(numerals),
            None => out.extend(numerals.iter().filter_map(|c| char::from_digit(u32::try_from(value(*c)?).ok()?, 10))),
        }
        at += run;
    }
    out
}

/// Without the province, city and county that it begins with, each at most once and in this order.
fn without_region(letters: &[char]) -> &[char] {
    let mut rest = letters;
    if let Some(after) = rest.strip_prefix(&['中', '国']) {
        rest = after;
    }
    for level in [
        &["自治区", "特别行政区", "省"][..],
        &["自治州", "地区", "盟", "市"],
        &["自治县", "县", "旗", "市", "新区", "区"],
    ] {
        rest = without_level(rest, level).unwrap_or(rest);
    }
    rest
}

/// What comes after the first of these words, where a name of some letters and no digit stands before it.
fn without_level<'a>(letters: &'a [char], words: &[&str]) -> Option<&'a [char]> {
    for name in NAME_LETTERS {
        let (before, rest) = letters.split_at_checked(name)?;
        if before.iter().any(char::is_ascii_digit) {
            return None;
        }
        for word in words {
            let word: Vec<char> = word.chars().collect();
            let Some(after) = rest.strip_prefix(&word[..]) else { continue };
            if is_region(before, word[0], after) {
                return Some(after);
            }
        }
    }
    None
}

/// Whether the word after a name makes a region of it: not in 小区, 工业园区, 超市 or 旗舰店, nor in the name of a road.
fn is_region(name: &[char], word: char, after: &[char]) -> bool {
    let last = name[name.len() - 1];
    let not_after = match word {
        '区' => "小社园校厂景库街业宅墅住片发新矿林港",
        '新' => "高",
        '市' => "超夜菜门集城",
        _ => "",
    };
    let roads = name.iter().any(|c| "路街巷道号村".contains(*c));
    let goes_on = match after.first() {
        Some('场' | '舰' | '路' | '街' | '道' | '巷') => false,
        next => next.is_some(),
    };
    !not_after.contains(last) && !roads && goes_on
}

/// One word each for building, floor and room; no word for the room at the end.
fn words(letters: &[char]) -> String {
    let text: String = letters.iter().collect();
    let mut text = text
        .replace("号楼", "栋")
        .replace("号院", "院")
        .replace("房间", "室")
        .replace("号房", "室")
        .replace("号室", "室");
    for (word, one) in [('幢', '栋'), ('座', '栋'), ('楼', '层'), ('房', '室')] {
        text = after_number(&text, word, one);
    }
    let end = text.strip_suffix('室').or_else(|| text.strip_suffix('号')).unwrap_or(&text);
    let counted = end.chars().last().is_some_and(|c| c.is_ascii_alphanumeric());
    if counted && end.len() < text.len() && end.chars().any(|c| "号栋层院".contains(c)) {
        text.truncate(end.len());
    }
    text
}

/// The text with one word in another's place, where a number or letter stands before it.
fn after_number(text: &str, word: char, one: char) -> String {
    let mut before = ' ';
    let each = text.chars().map(|c| {
        let said = if c == word && before.is_ascii_alphanumeric() { one } else { c };
        before = c;
        said
    });
    each.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_room_is_one_whatever_it_is_written_like() {
        let rooms: [&[&str]; 6] = [
            &[
                "广东省深圳市南山区科技路1号305室",
                "深圳市南山区科技路1号305室",
                "南山区科技路1号305",
                "科技路１号３０５室",
                "科技路1号 305 房",
                "科技路1号305号房",
                "（广东省）深圳市，南山区科技路1#305室。",
            ],
            &["上海市浦东新区张江路88号3号楼二楼201室", "张江路88号3幢2层201", "浦东新区张江路88号3栋2楼201房间"],
            &["内蒙古自治区呼和浩特市赛罕区大学路10号A座1203", "大学路10号a座1203室"],
            &["阳光小区3栋十二层5室", "阳光小区3号楼12楼5"],
            &["高新区软件园一路5号2-301", "高新区软件园一路5号2—301室"],
            &["杭州市西湖区文三路 90 号，东软创业大厦 A 座 401 室", "西湖区文三路90号东软创业大厦A栋401"],
        ];
        for room in rooms {
            let forms: Vec<_> = room.iter().map(|text| normalised(text)).collect();
            assert!(forms[0].is_some() && forms.iter().all(|form| *form == forms[0]), "{forms:?}");
        }
    }

    #[test]
    fn two_rooms_are_two() {
        let rooms = [
            "科技路1号305室",
            "科技路1号306室",
            "科技路13号05室",
            "科技路1号3-05",
            "科技路1号",
            "科技一路1号305室",
            "阳光小区3栋",
            "月光小区3栋",
            "超市街5号",
            "夜市街5号",
            "城西路8号",
            "科技路1号3层05室",
        ];
        for (at, one) in rooms.iter().enumerate() {
            for other in &rooms[at + 1..] {
                assert_ne!(normalised(one), normalised(other), "{one} {other}");
            }
        }
    }

    #[test]
    fn what_says_nothing_is_no_address() {
        for text in ["", "无", "不详", "---", "   ", "深圳市"] {
            assert_eq!(normalised(text), None, "{text}");
        }
    }
}
