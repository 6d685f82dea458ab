//! Lists of what was found, and of what could not be used.

use super::*;
use crate::model::{CaseEdge, CaseNode};

#[test]
fn lists_are_filtered_and_the_heaviest_stand_first() {
    let (_dir, folder) = folder(CHAIN);
    let whom = |filter: &Filter| {
        let listed = signals(&folder, filter).unwrap();
        (listed.items.iter().map(|signal| signal.taxpayer_id.as_str().to_owned()).collect::<Vec<_>>(), listed.left_out)
    };
    let all = Filter::default();
    assert_eq!(whom(&all), (vec!["S".into(), "B".into(), "C".into(), "W".into()], 0));
    assert_eq!(whom(&Filter { limit: 1, ..all.clone() }), (vec!["S".into()], 3));
    assert_eq!(whom(&Filter { limit: usize::MAX, ..all.clone() }).1, 0);
    assert_eq!(whom(&Filter { taxpayer_id: Some(id("C")), ..all.clone() }), (vec!["C".into()], 0));
    assert_eq!(whom(&Filter { typology: Some("source_burst".into()), ..all.clone() }), (vec!["S".into()], 0));
    assert_eq!(whom(&Filter { since: Instant::parse("2026-03-03T00:00:00+08:00"), ..all.clone() }).0.len(), 2);
    assert_eq!(whom(&Filter { level_min: Some(3), ..all.clone() }), (vec!["S".into()], 0));
    let b = signals(&folder, &all).unwrap().items.remove(1);
    assert_eq!(whom(&Filter { id: Some(b.signal_id), ..all.clone() }), (vec!["B".into()], 0));

    let listed = tasks(&folder, &Filter { level_max: Some(2), ..all.clone() }).unwrap();
    assert_eq!(listed.items.iter().map(|task| task.taxpayer_id).collect::<Vec<_>>(), [id("B"), id("C"), id("W")]);
    assert_eq!(tasks(&folder, &Filter { taxpayer_id: Some(id("S")), ..all.clone() }).unwrap().items.len(), 1);
    let count = |filter: Filter| cases(&folder, &filter).unwrap().items.len();
    assert_eq!(count(Filter { taxpayer_id: Some(id("C")), ..all.clone() }), 1);
    assert_eq!(count(Filter { taxpayer_id: Some(id("Z")), ..all.clone() }), 0);
    assert_eq!(count(Filter { standing: Some(false), ..all.clone() }), 0);
    assert_eq!(count(Filter { id: b.case_id, ..all }), 1);
}

#[test]
fn a_finding_says_how_much_was_bought_from_the_source_itself() {
    let both = CHAIN.replace("at 2026-03-03\n", "issue 30 S B 9000.00 | deduct 30 B 2026-03\n    at 2026-03-03\n");
    let (_dir, folder) = folder(&both);
    let found = signals(&folder, &Filter { taxpayer_id: Some(id("B")), ..Filter::default() }).unwrap().items.remove(0);
    let said = "39,819.00 yuan of the tax deducted here came from the suspected source S, of it 1,170.00 bought from it \
                directly, the rest, 38,649.00, through W and others";
    assert!(found.text_en.contains(said), "{}", found.text_en);
}

#[test]
fn a_case_counts_what_was_deducted_again_further_down_once() {
    let node = |name: &str, role, tax, deducted| CaseNode {
        taxpayer_id: id(name),
        role,
        hop: 1,
        tax: Fen(tax),
        deducted: Fen(deducted),
    };
    let edge = |from: &str, to: &str, tax| CaseEdge {
        from: id(from),
        to: id(to),
        tax: Fen(tax),
        invoices: 1,
        first_at: Instant(0),
        last_at: Instant(0),
    };
    let mut case = cases(&folder(CHAIN).1, &Filter::default()).unwrap().items.remove(0);
    case.nodes = vec![
        node("S", ChainRole::Source, 1_000, 0),
        node("W", ChainRole::Washer, 1_000, 1_000),
        node("B", ChainRole::Beneficiary, 900, 900),
        node("D", ChainRole::Beneficiary, 300, 200),
    ];
    // D deducts again what B deducted and sold it; W kept 100, and D has not deducted 100 yet.
    case.edges = vec![edge("S", "W", 1_000), edge("W", "B", 900), edge("B", "D", 300)];
    assert_eq!((begun(&case), deducted(&case)), (Fen(1_000), Fen(100 + 600 + 200)));
    case.edges.clear();
    assert_eq!(deducted(&case), Fen(1_000), "what is not known to be passed on cannot make it more than there is");
}

fn with_dead_letters() -> tempfile::TempDir {
    let mut all = inputs("issue 1 A B 9000.00 | issue 1 A B 8000.00 | issue 2 A B 1.00");
    let source = Source { file: 0, line: 4 };
    let refused = Refused { source, reason: "type: is missing".into(), bytes: "{}".into() };
    all.push(Input { source, row_head: true, body: Err(refused) });
    let dir = tempfile::tempdir().unwrap();
    feed(dir.path(), all);
    dir
}

#[test]
fn dead_letters_are_read_from_the_journal_with_their_place() {
    let dir = with_dead_letters();
    let journal = Journal::open(dir.path()).unwrap();
    let told = |code: Option<&str>, limit| {
        let found = dead_letters(&journal, code, limit).unwrap();
        let letters = found.letters.iter().map(|found| {
            format!("{} {}:{}", found.letter.code, found.file_name.as_deref().unwrap(), found.letter.source.line)
        });
        (letters.collect::<Vec<_>>(), found.left_out, found.counts)
    };
    let (letters, left_out, counts) = told(None, 0);
    assert_eq!(letters, ["conflicting march.jsonl:2", "unreadable march.jsonl:4"]);
    assert_eq!((left_out, counts), (0, [("conflicting".to_owned(), 1), ("unreadable".to_owned(), 1)].into()));
    assert_eq!(told(None, 1).0, ["unreadable march.jsonl:4"]);
    assert_eq!(told(None, 1).1, 1);
    assert_eq!(told(Some("conflicting"), 9).0, ["conflicting march.jsonl:2"]);

    // A conflict has no input of its own: it is the journal's, and so is the first of its identity.
    let conflicting = dead_letters(&journal, None, 0).unwrap().letters.remove(0);
    let sent = crate::codec::json::read_event(conflicting.letter.bytes.as_bytes()).unwrap();
    assert!(matches!(sent.fact, Fact::InvoiceIssued(invoice) if invoice.amount == yuan("8000.00")));
    let first = conflicting.first.unwrap();
    assert_eq!(first.to_string(), "march.jsonl:1");
    assert!(first.text.contains("\"amount_fen\":900000"), "{}", first.text);
}

#[test]
fn doubts_are_read_from_the_journal_with_the_event_that_raised_them() {
    let dir = tempfile::tempdir().unwrap();
    feed(dir.path(), inputs("issue 1 A B 9000.00 | issue 2 A B 0.00 | issue 3 C B 0.00"));
    let journal = Journal::open(dir.path()).unwrap();
    let told = |code: Option<&str>, whom: Option<&str>, limit| {
        let found = doubts(&journal, code, whom.map(id), limit).unwrap();
        let told = found.doubts.iter().map(|(doubt, place)| format!("{} {}", doubt.code, place.as_ref().unwrap()));
        (told.collect::<Vec<_>>(), found.left_out, found.counts["zero_amount"])
    };
    assert_eq!(
        told(None, None, 0),
        (vec!["zero_amount march.jsonl:2".into(), "zero_amount march.jsonl:3".into()], 0, 2)
    );
    assert_eq!(told(Some("zero_amount"), None, 1), (vec!["zero_amount march.jsonl:3".into()], 1, 2));
    assert_eq!(told(None, Some("A"), 0).0, ["zero_amount march.jsonl:2"]);
    assert_eq!(told(Some("unknown_rate"), None, 0).0, [""; 0]);
}
