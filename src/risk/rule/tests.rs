//! Rules as documents: what they find, and what is said of their mistakes.

use super::*;
use crate::model::Fen;
use crate::risk::{RuleSet, read_cases};

const STANDARD: &str = include_str!("../../../topologies/rules-standard.toml");

const NIGHT: &str = r#"
[[rules]]
code = "night_owl"
name_zh = "夜间开票偏多"
name_en = "much issued at night"
typology = "pass_through"
score = 320
stake = "issued_tax"
level_max = 2
from = "2026-01"
when = { all = [
  { indicator = "night_share", at_least = 2_000 },
  { indicator = "night_share", above = 15_000, of = "peers_p90" },
  { any = [
    { indicator = "invoices_issued", at_least = 20 },
    { not = { indicator = "sales_change", below = 20_000, of = "own_past", months = 4 } },
  ] },
] }
text_zh = "{period}夜间开票占{night_share}%（同行九成不超过{night_share.reference}%），税额{issued_tax}元；请了解原因。"
text_en = "In {period}, {night_share} % of invoices were issued at night (limit {night_share.limit} %), {issued_tax} yuan of tax; ask why."
"#;

fn document(rules: &str) -> String {
    format!("{STANDARD}\n{rules}")
}

fn mistakes(rules: &str) -> Vec<String> {
    let offset = STANDARD.matches('\n').count() + 1;
    let place = |mistake: Mistake| format!("{}:{}: {}", mistake.line - offset, mistake.column, mistake.what);
    RuleSet::mistakes(&document(rules)).into_iter().map(place).collect()
}

/// The codes that hold with these values.
fn found(rules: &str, values: &str) -> Vec<String> {
    let text = document(&format!("{rules}\n[[tests]]\nname = \"a\"\nexpect = []\n{values}"));
    let set = RuleSet::parse(&text).unwrap();
    let cases = read_cases(&text).unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
    let Given::Values(values) = &cases[0].given else { panic!("values were given") };
    let holds = |rule: &&Rule| ask(rule, &mut values.clone(), values.period).is_some();
    set.rules().filter(holds).map(|rule| rule.code.to_string()).collect()
}

#[test]
fn a_rule_holds_where_all_it_asks_for_is_there() {
    let peers = "peers = { night_share = [0, 0, 100, 500, 1_000] }\n";
    let holds = |values: &str| !found(NIGHT, &format!("{values}\n{peers}")).is_empty();
    assert!(holds("values = { night_share = 3_000, invoices_issued = 20 }"));
    assert!(!holds("values = { night_share = 1_500, invoices_issued = 20 }"), "1.5 times peers' p90 is not above it");
    assert!(!holds("values = { night_share = 3_000, invoices_issued = 19 }"), "neither of the two others");
    assert!(holds("values = { night_share = 3_000, sales_change = 200 }\npast = { sales_change = 100 }"));
    assert!(!holds("values = { night_share = 3_000, sales_change = 199 }\npast = { sales_change = 100 }"));
    assert!(
        !holds("values = { night_share = 3_000 }\npast = { sales_change = 100 }"),
        "what is not known denies nothing"
    );
    let alone = found(NIGHT, "values = { night_share = 9_000, invoices_issued = 99 }");
    assert_eq!(alone, [""; 0], "without peers nothing is above them");
    let before = found(
        NIGHT,
        &format!("period = \"2025-12\"\nvalues = {{ night_share = 3_000, invoices_issued = 20 }}\n{peers}"),
    );
    assert_eq!(before, [""; 0], "it is of 2026 and later");
}

#[test]
fn a_finding_of_a_rule_says_its_numbers_and_who_found_it() {
    let text = document(&format!(
        "{NIGHT}\n[[tests]]\nname = \"a\"\nexpect = []\nperiod = \"2026-03\"\n\
         values = {{ night_share = 3_050, invoices_issued = 20, issued_tax = 1_234_500 }}\n\
         peers = {{ night_share = [0, 0, 100, 500, 1_000] }}"
    ));
    let set = RuleSet::parse(&text).unwrap();
    let Given::Values(values) = read_cases(&text).unwrap().remove(0).given else { panic!("values were given") };
    let finding = ask(set.rules().next().unwrap(), &mut values.clone(), values.period).unwrap();
    assert_eq!((finding.score, finding.stake), (320, Fen(1_234_500)));
    assert_eq!(
        finding.sentence.en,
        "In 2026-03, 30.50 % of invoices were issued at night (limit 20 %), 12,345.00 yuan of tax; ask why."
    );
    assert!(
        finding.sentence.zh.contains("同行九成不超过20%"),
        "the first comparison of an indicator is named: {}",
        finding.sentence.zh
    );
    let evidence: Vec<String> = finding
        .evidence
        .iter()
        .map(|one| format!("{} {} {} {} {}", one.indicator, one.observed, one.threshold, one.unit, one.window))
        .collect();
    assert_eq!(
        evidence,
        [
            "rule:night_owl 320 0 score month",
            "night_share 3050 2000 bp month; at least",
            "night_share 3050 1500 bp month; above by peers p90",
            "invoices_issued 20 20 invoices month; at least",
        ]
    );
}

#[test]
fn every_mistake_is_said_with_its_place() {
    assert_eq!(mistakes(NIGHT), [""; 0]);
    let cases = [
        ("score = 320", "score = 1_001", "7:9: score = 1001: give 1 to 1000"),
        ("score = 320", "scoer = 320", "2:1: the rule lacks `score`"),
        ("score = 320", "score = 320\nscoer = 1", "8:1: a rule has no `scoer`; it has code, name_zh,"),
        ("score = 320", "score = \"high\"", "7:9: `score` is a whole number, and this is a text"),
        ("typology = \"pass_through\"", "typology = \"passthrough\"", "6:12: `passthrough` is no typology;"),
        (
            "typology = \"pass_through\"",
            "typology = \"double_deduction\"",
            "6:12: `double_deduction` is not about months",
        ),
        (
            "typology = \"pass_through\"",
            "typology = \"source_burst\"",
            "6:12: a finding of `source_burst` has value followed",
        ),
        (
            "indicator = \"invoices_issued\"",
            "indicator = \"invoices\"",
            "15:19: `invoices` is no indicator; there are tax_burden,",
        ),
        (
            "at_least = 2_000",
            "at_least = 10_001",
            "12:43: at_least = 10001 is never reached by `night_share`: it is 0 to 10000",
        ),
        ("at_least = 2_000", "at_least = 0", "12:43: at_least = 0 always holds of `night_share`: it is 0 to 10000"),
        ("at_least = 2_000", "at_least = 2_000, at_most = 3_000", "12:3: a comparison has one of `at_least`"),
        ("of = \"peers_p90\"", "of = \"peers_p95\"", "13:53: of = \"peers_p95\": give own_past, peers_p10,"),
        ("of = \"own_past\", months = 4", "of = \"own_past\"", "16:64: `of = \"own_past\"` lacks `months`"),
        (
            "{ indicator = \"invoices_issued\", at_least = 20 }",
            "{ indicator = \"buyers\", at_least = 200, of = \"peers_p75\" }",
            "15:50: `buyers` is not compared with peers; these are: tax_burden,",
        ),
        ("stake = \"issued_tax\"", "stake = \"night_share\"", "8:9: `night_share` is no amount of money; these are:"),
        ("level_max = 2", "level_min = 3\nlevel_max = 2", "10:13: level_max is below level_min, which is 3"),
        ("from = \"2026-01\"", "from = \"2026-02\"\nto = \"2026-01\"", "11:6: the rule ends before it begins"),
        ("from = \"2026-01\"", "from = \"January\"", "10:8: `January` is no month: write 2026-01"),
        ("{period}夜间", "{periode}夜间", "19:11: `{periode}`: `periode` is no indicator"),
        ("{night_share}%（", "{buyers}%（", "19:11: `{buyers}` is in none of the rule's comparisons"),
        ("code = \"night_owl\"", "code = \"Night owl\"", "3:8: `Night owl`: a code is of 1 to 48 small letters"),
        ("code = \"night_owl\"", "code = \"circular\"", "3:8: `circular` is a typology"),
        ("{ any = [", "{ some = [", "14:3: a condition has one of `all`, `any`, `not` and `indicator`"),
        (
            "all = [\n",
            "all = [\n  { indicator = \"night_share\", below = 2_000 },\n",
            "2:1: `night_share` cannot be below 2000 and at least 2000 at once",
        ),
    ];
    for (right, wrong, said) in cases {
        assert!(NIGHT.contains(right), "{right}");
        let mistakes = mistakes(&NIGHT.replacen(right, wrong, 1));
        assert!(
            mistakes.iter().any(|mistake| mistake.starts_with(said)),
            "{wrong}: {said}, and not\n{}",
            mistakes.join("\n")
        );
        assert!(RuleSet::parse(&document(&NIGHT.replacen(right, wrong, 1))).is_err(), "{wrong}");
    }
}

#[test]
fn all_mistakes_of_a_document_are_said_at_once_in_the_order_of_their_places() {
    let wrong = document(NIGHT)
        .replace("settle_days = 31", "settle_days = 999")
        .replace("margin_max_bp", "margin_bp")
        .replace("score_direct = 800", "score_direct = 8_000")
        .replace("at_least = 2_000", "at_least = 20_000");
    let mistakes: Vec<String> = RuleSet::mistakes(&wrong).into_iter().map(|mistake| mistake.what).collect();
    let said = |part: &str| {
        mistakes.iter().position(|mistake| mistake.contains(part)).unwrap_or_else(|| panic!("{part}: {mistakes:?}"))
    };
    let places = ["settle_days = 999", "`margin_bp`; it has", "score_direct = 8000", "never reached"].map(said);
    assert!(
        places.is_sorted() && mistakes.iter().any(|mistake| mistake.contains("lacks `margin_max_bp`")),
        "{mistakes:?}"
    );
}

#[test]
fn what_is_no_toml_is_said_with_its_place_and_read_as_far_as_it_goes() {
    let said = mistakes("[[rules]]\ncode = \n");
    assert!(said.iter().any(|mistake| mistake.starts_with("2:")), "{said:?}");
    assert!(!RuleSet::mistakes("= = =\n[limits").is_empty());
    assert!(!RuleSet::mistakes("").is_empty());
}

#[test]
fn two_rules_of_one_code_are_a_mistake() {
    let said = mistakes(&format!("{NIGHT}{NIGHT}"));
    assert_eq!(said, ["22:1: there is a rule `night_owl` already"]);
}

#[test]
fn what_several_found_of_one_month_is_one_finding_with_the_strongest_words() {
    use crate::risk::{Finding, Sentence};
    let finding = |score, stake, text: &str| {
        let sentence = Sentence { zh: text.into(), en: text.into() };
        Finding::new(score, Fen(stake), sentence).number(text, score, 0, "score", "month")
    };
    let all = together(Some(finding(300, 5, "own")), [finding(500, 2, "rule:a"), finding(400, 9, "rule:b")]).unwrap();
    assert_eq!((all.score, all.stake, all.sentence.en.as_str()), (500, Fen(9), "rule:a"));
    let names: Vec<_> = all.evidence.iter().map(|one| one.indicator.to_string()).collect();
    assert_eq!(names, ["own", "rule:a", "rule:b"], "what the check found on its own stands first");
    assert_eq!(together(None, []), None);
}
