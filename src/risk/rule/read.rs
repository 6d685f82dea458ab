//! Rules out of a document: every mistake is noted with its place, and what is left of a rule is read all the same.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::super::indicators::{self, Indicator, IndicatorUnit};
use super::super::{ALL, Subject, typology};
use super::check::contradictions;
use super::tree::{Table, Tree};
use super::{
    COMPARISONS_MAX, Comparison, Condition, PAST_MONTHS_MAX, Quantile, RULES_MAX, Reference, Rule, Side, Template,
};
use crate::model::Period;

/// How deep conditions may stand within conditions.
const DEPTH_MAX: usize = 8;
/// The longest code or name of a rule, in bytes.
const NAME_BYTES_MAX: usize = 128;

/// Reads the rules of a document.
pub(in crate::risk) fn read_rules(root: &DeTable<'_>, tree: &mut Tree<'_>) -> Vec<Rule> {
    let mut rules: Vec<Rule> = Vec::new();
    for (number, mut table) in Table::list(root, "rules", tree).into_iter().enumerate() {
        let at = table.span.start;
        if number == RULES_MAX {
            tree.say(at, format!("a rule set has at most {RULES_MAX} rules"));
            break;
        }
        let rule = read_rule(&mut table, tree);
        table.finish("a rule", tree);
        let Some(rule) = rule else { continue };
        if rules.iter().any(|known| known.code == rule.code) {
            tree.say(at, format!("there is a rule `{}` already", rule.code));
        }
        rules.push(rule);
    }
    rules
}

fn read_rule(table: &mut Table<'_, '_>, tree: &mut Tree<'_>) -> Option<Rule> {
    let at = table.span.start;
    let code = required(table, "code", tree).filter(|code| is_code(code, tree));
    let name_zh = name(table, "name_zh", tree);
    let name_en = name(table, "name_en", tree);
    let typology = required(table, "typology", tree).and_then(|code| typology_of(&code, tree));
    let score = wanted(table, "score", (1, 1_000), tree);
    let stake = table.text("stake", tree).and_then(|code| stake_of(&code, tree));
    let level_min = table.number("level_min", (1, 5), tree);
    let level_max = table.number("level_max", (1, 5), tree);
    if let (Some(min), Some(max)) = (&level_min, &level_max)
        && min.get_ref() > max.get_ref()
    {
        tree.say(max.span().start, format!("level_max is below level_min, which is {}", min.get_ref()));
    }
    let from = table.text("from", tree).and_then(|text| month(&text, tree));
    let to_at = table.value("to").map_or(at, |value| value.span().start);
    let to = table.text("to", tree).and_then(|text| month(&text, tree));
    if from.zip(to).is_some_and(|(from, to)| to < from) {
        tree.say(to_at, "the rule ends before it begins, and is never asked");
    }
    let at_once = table.flag("at_once", tree);
    let when = table.value("when");
    if when.is_none() {
        tree.say(at, "the rule lacks `when`: under which condition it holds");
    }
    let when = when.and_then(|value| condition(value, false, 0, tree));
    let texts = ["text_zh", "text_en"].map(|key| {
        let text = required(table, key, tree)?;
        let read = Template::parse(text.get_ref());
        read.map_err(|why| tree.say(text.span().start, why)).ok().map(|read| (text.span().start, read))
    });
    let when = when?;
    if when.comparisons().len() > COMPARISONS_MAX {
        tree.say(at, format!("a rule has at most {COMPARISONS_MAX} comparisons"));
    }
    contradictions(&when, at, tree);
    for (at, text) in texts.iter().flatten() {
        let known = |of: &Indicator| {
            Some(of) == stake || when.comparisons().iter().any(|comparison| comparison.indicator == of)
        };
        for indicator in text.indicators().filter(|indicator| !known(indicator)) {
            tree.say(*at, format!("`{{{}}}` is in none of the rule's comparisons", indicator.code));
        }
    }
    let [text_zh, text_en] = texts.map(|text| text.map(|(_, text)| text));
    let level = |level: Option<Spanned<i64>>| level.and_then(|level| u8::try_from(level.into_inner()).ok());
    Some(Rule {
        code: code?.into_inner().into(),
        name_zh: name_zh?,
        name_en: name_en?,
        typology: typology?,
        score: u16::try_from(score?).ok()?,
        stake,
        level_min: level(level_min),
        level_max: level(level_max),
        from,
        to,
        at_once,
        when,
        text_zh: text_zh?,
        text_en: text_en?,
    })
}

fn required(table: &mut Table<'_, '_>, key: &'static str, tree: &mut Tree<'_>) -> Option<Spanned<String>> {
    if table.any(key).is_none() {
        tree.say(table.span.start, format!("the rule lacks `{key}`"));
    }
    table.text(key, tree)
}

fn wanted(table: &mut Table<'_, '_>, key: &'static str, range: (i64, i64), tree: &mut Tree<'_>) -> Option<i64> {
    if table.any(key).is_none() {
        tree.say(table.span.start, format!("the rule lacks `{key}`"));
    }
    table.number(key, range, tree).map(Spanned::into_inner)
}

fn name(table: &mut Table<'_, '_>, key: &'static str, tree: &mut Tree<'_>) -> Option<Box<str>> {
    let name = required(table, key, tree)?;
    let text = name.get_ref().trim();
    if text.is_empty() || text.len() > NAME_BYTES_MAX || text.contains(char::is_control) {
        tree.say(name.span().start, format!("give a name of 1 to {NAME_BYTES_MAX} bytes"));
        return None;
    }
    Some(text.into())
}

fn is_code(code: &Spanned<String>, tree: &mut Tree<'_>) -> bool {
    let text = code.get_ref();
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    let at = code.span().start;
    if text.is_empty() || text.len() > 48 || !text.bytes().all(plain) {
        tree.say(at, format!("`{text}`: a code is of 1 to 48 small letters, digits and `_`"));
        return false;
    }
    if typology(text).is_some() {
        tree.say(at, format!("`{text}` is a typology; give the rule a code of its own"));
    }
    true
}

/// Rules are about months, and accuse nobody as a source: value is followed from those only whom a check of its own accuses.
fn typology_of(code: &Spanned<String>, tree: &mut Tree<'_>) -> Option<&'static str> {
    let fit = |known: &&&super::super::Typology| known.subject == Subject::Period && !known.accuses_source;
    let list = || ALL.iter().filter(fit).map(|known| known.code).collect::<Vec<_>>().join(", ");
    let (text, at) = (code.get_ref(), code.span().start);
    match typology(text) {
        None => tree.say(at, format!("`{text}` is no typology; a rule may be reported under {}", list())),
        Some(known) if known.accuses_source => tree.say(
            at,
            format!(
                "a finding of `{text}` has value followed to whoever took it, which only its own check may do; a rule \
                     may be reported under {}",
                list()
            ),
        ),
        Some(known) if known.subject != Subject::Period => {
            tree.say(at, format!("`{text}` is not about months, as rules are; one may be reported under {}", list()));
        }
        Some(known) => return Some(known.code),
    }
    None
}

fn stake_of(code: &Spanned<String>, tree: &mut Tree<'_>) -> Option<&'static Indicator> {
    let at = code.span().start;
    let Some(indicator) = indicators::indicator(code.get_ref()) else {
        tree.say(at, unknown_indicator(code.get_ref()));
        return None;
    };
    if indicator.unit != IndicatorUnit::Fen {
        let money = indicators::ALL.iter().filter(|indicator| indicator.unit == IndicatorUnit::Fen);
        let money = money.map(|indicator| indicator.code).collect::<Vec<_>>().join(", ");
        tree.say(at, format!("`{}` is no amount of money; these are: {money}", indicator.code));
        return None;
    }
    Some(indicator)
}

pub(super) fn unknown_indicator(code: &str) -> String {
    let known = indicators::ALL.iter().map(|indicator| indicator.code).collect::<Vec<_>>().join(", ");
    format!("`{code}` is no indicator; there are {known}")
}

fn month(text: &Spanned<String>, tree: &mut Tree<'_>) -> Option<Period> {
    let period = Period::parse(text.get_ref());
    if period.is_none() {
        tree.say(text.span().start, format!("`{}` is no month: write 2026-01", text.get_ref()));
    }
    period
}

/// A condition, or, where `negated`, what holds where it does not.
fn condition(value: &Spanned<DeValue<'_>>, negated: bool, depth: usize, tree: &mut Tree<'_>) -> Option<Condition> {
    let mut table = Table::of(value, "a condition", tree)?;
    let at = table.span.start;
    if depth == DEPTH_MAX {
        tree.say(at, format!("conditions stand at most {DEPTH_MAX} deep within each other"));
        return None;
    }
    let kinds: Vec<&str> =
        ["all", "any", "not", "indicator"].into_iter().filter(|key| table.any(key).is_some()).collect();
    let [kind] = kinds.as_slice() else {
        tree.say(at, "a condition has one of `all`, `any`, `not` and `indicator`");
        return None;
    };
    let read = match *kind {
        "all" => several("all", &mut table, negated, depth, tree),
        "any" => several("any", &mut table, negated, depth, tree),
        "not" => table.value("not").and_then(|value| condition(value, !negated, depth + 1, tree)),
        _ => comparison(&mut table, negated, tree).map(Condition::Compare),
    };
    table.finish("such a condition", tree);
    read
}

fn several(
    key: &'static str,
    table: &mut Table<'_, '_>,
    negated: bool,
    depth: usize,
    tree: &mut Tree<'_>,
) -> Option<Condition> {
    let value = table.value(key)?;
    let at = value.span().start;
    let Some(items) = value.get_ref().as_array().filter(|items| !items.is_empty()) else {
        tree.say(at, format!("`{key}` is a list of conditions, of one at least"));
        return None;
    };
    let parts: Vec<Option<Condition>> = items.iter().map(|item| condition(item, negated, depth + 1, tree)).collect();
    // Not all is any not, and the other way round.
    let parts: Vec<Condition> = parts.into_iter().collect::<Option<_>>()?;
    Some(if (key == "all") == negated { Condition::Any(parts) } else { Condition::All(parts) })
}

fn comparison(table: &mut Table<'_, '_>, negated: bool, tree: &mut Tree<'_>) -> Option<Comparison> {
    let at = table.span.start;
    let code = table.text("indicator", tree);
    let known = code.as_ref().and_then(|code| {
        let known = indicators::indicator(code.get_ref());
        if known.is_none() {
            tree.say(code.span().start, unknown_indicator(code.get_ref()));
        }
        known
    });
    let sides = [Side::AtLeast, Side::Above, Side::AtMost, Side::Below];
    let limits = sides.map(|side| Some((side, table.number(side.name(), (i64::MIN, i64::MAX), tree)?)));
    let given = sides.iter().filter(|side| table.any(side.name()).is_some()).count();
    if given != 1 {
        tree.say(at, "a comparison has one of `at_least`, `above`, `at_most` and `below`");
    }
    let than = reference(table, known, tree);
    let (side, limit) = limits.into_iter().flatten().next().filter(|_| given == 1)?;
    let (indicator, than) = (known?, than?);
    let comparison = Comparison { indicator, side, limit: *limit.get_ref(), than };
    if let (Reference::Number, Some(what)) = (than, super::check::never_or_always(&comparison)) {
        tree.say(limit.span().start, what);
    }
    let side = if negated { side.opposite() } else { side };
    Some(Comparison { side, ..comparison })
}

fn reference(
    table: &mut Table<'_, '_>,
    indicator: Option<&'static Indicator>,
    tree: &mut Tree<'_>,
) -> Option<Reference> {
    let than = table.text("of", tree);
    let months = table.number("months", (1, PAST_MONTHS_MAX), tree);
    let Some(than) = than else {
        if let Some(months) = months {
            tree.say(months.span().start, "`months` goes with `of = \"own_past\"` alone");
        }
        return table.any("of").is_none().then_some(Reference::Number);
    };
    let at = than.span().start;
    if than.get_ref() == "own_past" {
        let Some(months) = months else {
            tree.say(at, "`of = \"own_past\"` lacks `months`: over how many months before");
            return None;
        };
        return i32::try_from(months.into_inner()).ok().map(Reference::OwnPast);
    }
    let Some((_, quantile)) = Quantile::ALL.into_iter().find(|(name, _)| name == than.get_ref()) else {
        let names = Quantile::ALL.map(|(name, _)| name).join(", ");
        tree.say(at, format!("of = \"{}\": give own_past, {names}, or nothing", than.get_ref()));
        return None;
    };
    if let Some(indicator) = indicator.filter(|indicator| indicator.peers.is_none()) {
        let compared = indicators::ALL.iter().filter(|indicator| indicator.peers.is_some());
        let compared = compared.map(|indicator| indicator.code).collect::<Vec<_>>().join(", ");
        tree.say(at, format!("`{}` is not compared with peers; these are: {compared}", indicator.code));
        return None;
    }
    Some(Reference::Peers(quantile))
}
