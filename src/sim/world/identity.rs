//! Names, numbers and addresses that look as the real ones do, each a pure function of the world's seed and a running
//! number, so that none needs to be remembered.

use crate::model::{InvoiceNo, TaxpayerId, Text};

use super::chance::mixed;

/// Regions firms live in: GB/T 2260 code of the county or district, and its name.
pub(super) static REGIONS: [(&str, &str); 16] = [
    ("110108", "北京市海淀区"),
    ("120103", "天津市河西区"),
    ("130102", "石家庄市长安区"),
    ("140105", "太原市小店区"),
    ("210102", "沈阳市和平区"),
    ("310115", "上海市浦东新区"),
    ("320105", "南京市建邺区"),
    ("320505", "苏州市虎丘区"),
    ("330106", "杭州市西湖区"),
    ("350203", "厦门市思明区"),
    ("370102", "济南市历下区"),
    ("410105", "郑州市金水区"),
    ("420106", "武汉市武昌区"),
    ("440106", "广州市天河区"),
    ("440305", "深圳市南山区"),
    ("510107", "成都市武侯区"),
];

/// The alphabet of GB 32100: no I, O, S, V, Z.
const CODE_ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";

/// The Unified Social Credit Code of the firm with this number: class, region, organisation code with its own check
/// character (GB 11714), check character. `after_2015` gives the organisation codes handed out since, which begin `MA`.
pub(super) fn credit_code(seed: u64, firm: u32, class: &str, region: &str, after_2015: bool) -> TaxpayerId {
    let organisation = organisation_code(seed, firm, after_2015);
    let mut code = format!("{class}{region}{organisation}{}", organisation_check(&organisation));
    let mut weight = 1;
    let mut sum = 0;
    for byte in code.bytes() {
        let value = CODE_ALPHABET.iter().position(|&c| c == byte).expect("made from this alphabet");
        sum += value * weight;
        weight = weight * 3 % 31;
    }
    code.push(char::from(CODE_ALPHABET[(31 - sum % 31) % 31]));
    TaxpayerId::parse(&code).expect("18 letters and digits")
}

/// Eight characters, different for every firm: a multiplication by a number that shares no factor with the range.
fn organisation_code(seed: u64, firm: u32, after_2015: bool) -> String {
    if !after_2015 {
        let number = (u64::from(firm) * 48_271 + mixed(seed) % 100_000_000) % 100_000_000;
        return format!("{number:08}");
    }
    let range = 31_u64.pow(6);
    let mut number = (u64::from(firm) * 16_777_259 + mixed(seed) % range) % range;
    let mut digits = [0_u8; 6];
    for digit in digits.iter_mut().rev() {
        *digit = CODE_ALPHABET[usize::try_from(number % 31).expect("below 31")];
        number /= 31;
    }
    format!("MA{}", String::from_utf8_lossy(&digits))
}

/// The check character of an organisation code: GB 11714, weights 3 7 9 10 5 8 4 2, mod 11.
fn organisation_check(code: &str) -> char {
    const WEIGHTS: [u32; 8] = [3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = code.chars().zip(WEIGHTS).map(|(c, weight)| c.to_digit(36).unwrap_or(0) * weight).sum();
    match 11 - sum % 11 {
        10 => 'X',
        11 => '0',
        digit => char::from_digit(digit, 10).expect("1 to 9"),
    }
}

/// One invoice: whose, its running number at the issuer, and the last two digits of the year of issue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct InvoiceRef {
    pub(super) seller: u32,
    pub(super) serial: u32,
    pub(super) year: u8,
    /// Issued on tax-control equipment: an older number, and it can be voided.
    pub(super) paper: bool,
}

impl InvoiceRef {
    /// The most invoices a firm can number on paper.
    pub(super) const PAPER_MAX: u32 = 99_999;

    /// The number as it is printed: 20 digits, or code and number. No two firms share one.
    pub(super) fn number(self, region: &str) -> InvoiceNo {
        let Self { seller, serial, year, paper } = self;
        // Digit by digit: this runs for every event, and `format!` took a tenth of all time.
        let mut text = *b"000000000000-00000000";
        let text: &[u8] = if paper {
            text[1..3].copy_from_slice(&region.as_bytes()[..2]);
            write_digits(&mut text[5..7], year.into());
            write_digits(&mut text[7..12], seller / 1_000);
            write_digits(&mut text[13..16], seller % 1_000);
            write_digits(&mut text[16..21], serial);
            &text
        } else {
            write_digits(&mut text[..2], year.into());
            text[2..4].copy_from_slice(&region.as_bytes()[..2]);
            text[4] = b'2';
            write_digits(&mut text[5..13], seller);
            write_digits(&mut text[13..20], serial);
            &text[..20]
        };
        let text = std::str::from_utf8(text).expect("digits and a dash");
        InvoiceNo::parse(text).expect("the contract's forms, as fields of fixed width")
    }
}

/// Fills a field with a number, leading zeros included.
fn write_digits(field: &mut [u8], mut number: u32) {
    for digit in field.iter_mut().rev() {
        *digit = b'0' + u8::try_from(number % 10).expect("a digit");
        number /= 10;
    }
    debug_assert_eq!(number, 0, "the field is too short");
}

/// A person as the input knows them: a pseudonym.
pub(super) fn person_id(seed: u64, person: u32) -> Text {
    format!("P{:012X}", mixed(seed ^ (0x7065_0000_0000_0000 | u64::from(person))) >> 16).into()
}

/// The phone of a person.
pub(super) fn phone(seed: u64, person: u32) -> Text {
    let drawn = mixed(seed ^ (0x7068_0000_0000_0000 | u64::from(person)));
    format!("1{}{:09}", 3 + drawn % 7, drawn / 7 % 1_000_000_000).into()
}

/// A firm's name.
pub(super) fn firm_name(seed: u64, firm: u32, region_name: &str, word: &str, small: bool) -> Text {
    const STEMS: [&str; 30] = [
        "华", "盛", "恒", "泰", "瑞", "丰", "鑫", "达", "宏", "远", "安", "润", "嘉", "诚", "广", "源", "通", "信",
        "隆", "兴", "永", "顺", "金", "益", "利", "和", "天", "德", "汇", "中",
    ];
    let drawn = mixed(seed ^ (0x6e61_0000_0000_0000 | u64::from(firm)));
    let stem = |shift: u32| STEMS[usize::try_from((drawn >> shift) % 30).expect("below 30")];
    let city = region_name.split('市').next().unwrap_or(region_name);
    let suffix = if small { "经营部" } else { "有限公司" };
    format!("{city}{}{}{}{word}{suffix}", stem(0), stem(8), stem(16)).into()
}

/// A firm's address.
pub(super) fn address(seed: u64, site: u32, region_name: &str) -> Text {
    const ROADS: [&str; 8] = ["人民路", "解放大道", "建设街", "中山路", "工业园一路", "科技大道", "和平街", "滨江路"];
    let drawn = mixed(seed ^ (0x6164_0000_0000_0000 | u64::from(site)));
    let road = ROADS[usize::try_from(drawn % 8).expect("below 8")];
    let (house, floor, room) = (drawn / 8 % 900 + 1, drawn / 8_192 % 24 + 1, drawn / 262_144 % 30 + 1);
    format!("{region_name}{road}{house}号{floor}{room:02}室").into()
}

/// The network address with this number.
pub(super) fn network_address(seed: u64, network: u32) -> Text {
    let drawn = mixed(seed ^ (0x6970_0000_0000_0000 | u64::from(network)));
    let byte = |shift: u32| (drawn >> shift) & 0xff;
    format!("10.{}.{}.{}", byte(0), byte(8), byte(16) % 254 + 1).into()
}

/// The hardware address of the machine with this number.
pub(super) fn hardware_address(seed: u64, device: u32) -> Text {
    let drawn = mixed(seed ^ (0x6465_0000_0000_0000 | u64::from(device)));
    let byte = |shift: u32| (drawn >> shift) & 0xff;
    format!("02-{:02X}-{:02X}-{:02X}-{:02X}-{:02X}", byte(24), byte(32), byte(40), byte(48), byte(56)).into()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::model::check_character_holds;

    #[test]
    fn credit_codes_are_valid_and_all_different() {
        let mut seen = HashSet::new();
        for firm in 0..20_000 {
            let code = credit_code(9, firm, "91", REGIONS[firm as usize % 16].0, firm % 3 == 0);
            assert!(code.as_str().len() == 18 && check_character_holds(code), "{code}");
            assert!(seen.insert(code), "{code} twice");
        }
    }

    #[test]
    fn the_organisation_check_character_is_that_of_a_published_code() {
        // Huawei Technologies, 91440300 19220382 1 6.
        assert_eq!(organisation_check("19220382"), '1');
    }

    #[test]
    fn both_forms_of_number_have_their_lengths() {
        let of = |paper| InvoiceRef { seller: 99_999_999, serial: 99_999, year: 25, paper }.number("310115");
        assert_eq!(of(false).as_str(), "25312999999990099999");
        assert_eq!(of(true).as_str(), "031002599999-99999999");
    }
}
