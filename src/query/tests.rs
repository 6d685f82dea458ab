//! Answers from small folders that the engine wrote.

use std::path::Path;

use super::*;
use crate::codec::fingerprint;
use crate::drive;
use crate::intake::Input;
use crate::model::{ChainRole, Event, Fact, Fen, Id, Instant, InvoiceNo, Refused, SignalStatus, Source};
use crate::runtime::{Engine, Settings};

/// A source, a washer and its two beneficiaries: the third month of which is quiet. Names are Chinese.
pub(crate) const CHAIN: &str = "
    register S on=2026-02-20 rep=P1
    quota S 100000.00 25
    register W on=2026-01-20
    register B on=2015-01-20
    at 2026-03-02
    issue 1 S W 99000.00 | issue 2 S W 99000.00 | issue 3 S W 99000.00 | issue 4 S W 99000.00 | issue 5 S W 99000.00
    issue 6 S W 99000.00 | issue 7 S W 99000.00 | issue 8 S W 99000.00 | issue 9 S W 99000.00 | issue 10 S W 99000.00
    at 2026-03-03
    issue 11 W B 99100.00 | issue 12 W B 99100.00 | issue 13 W B 99100.00 | issue 14 W B 99100.00
    issue 15 W C 99100.00 | issue 16 W C 99100.00
    deduct 11 B 2026-03 | deduct 12 B 2026-03 | deduct 13 B 2026-03 | deduct 15 C 2026-03
    at 2026-03-20
    status S missing
    at 2026-04-20
    issue 20 B D 10.00
";

pub(crate) fn settings(partitions: u32) -> Settings {
    Settings {
        partitions,
        threads: 2,
        rules: drive::STANDARD_RULES.into(),
        rules_version: "standard".into(),
        cache_bytes_max: 1 << 20,
        durable: false,
    }
}

/// Inputs of a script, as lines of a file.
pub(crate) fn inputs(script: &str) -> Vec<Input> {
    let named = |mut event: Event| {
        if let Fact::TaxpayerRegistered(registered) = &mut event.fact {
            registered.name = format!("{}号商贸有限公司", registered.taxpayer_id).into();
            event.fingerprint = fingerprint(event.occurred_at, &event.fact);
        }
        event
    };
    let events = drive::parse(script).unwrap().into_iter().map(named);
    let input = |(line, event)| Input { source: Source { file: 0, line }, row_head: true, body: Ok(event) };
    (1..).zip(events).map(input).collect()
}

/// Feeds a folder and closes it.
pub(crate) fn feed(dir: &Path, inputs: Vec<Input>) {
    let mut engine = Engine::open(dir, settings(3)).unwrap();
    engine.begin_input("test", &["march.jsonl".into()]);
    for input in inputs {
        engine.feed(input).unwrap();
    }
    engine.end_input().unwrap();
    engine.close().unwrap();
}

/// A folder made of a script.
pub(crate) fn folder(script: &str) -> (tempfile::TempDir, Folder) {
    let dir = tempfile::tempdir().unwrap();
    feed(dir.path(), inputs(script));
    let folder = Folder::open(dir.path()).unwrap();
    (dir, folder)
}

fn id(text: &str) -> Id {
    Id::parse(text).unwrap()
}

fn number(text: &str) -> InvoiceNo {
    InvoiceNo::parse(&format!("legacy:{text}")).unwrap()
}

fn question(direction: Direction, taxpayer: &str) -> Question {
    Question {
        taxpayer_id: id(taxpayer),
        direction,
        origin: None,
        since: None,
        depth: 6,
        width: 12,
        tax_min: Fen::ZERO,
    }
}

fn edges(graph: &Graph) -> Vec<String> {
    graph.edges.iter().map(|edge| format!("{}>{} {}", edge.seller, edge.buyer, edge.tax)).collect()
}

fn yuan(text: &str) -> Fen {
    Fen(text.replace('.', "").parse().unwrap())
}

#[test]
fn a_case_is_a_chain_from_its_source_on_with_roles_and_names() {
    let (_dir, folder) = folder(CHAIN);
    let case = cases(&folder, &Filter::default()).unwrap().items.remove(0);
    let chain = chain(&folder, case.case_id).unwrap().unwrap();
    assert_eq!(edges(&chain.graph), ["S>W 128700.00", "W>B 51532.00", "W>C 25766.00"]);
    let nodes: Vec<_> = chain.graph.nodes.iter().map(|node| (node.id.as_str(), node.role, node.deducted)).collect();
    let (b, c) = (Some(yuan("38649.00")), Some(yuan("12883.00")));
    assert_eq!(
        nodes[..4],
        [
            ("S", Some(ChainRole::Source), None),
            ("W", Some(ChainRole::Washer), Some(Fen::ZERO)),
            ("B", Some(ChainRole::Beneficiary), b),
            ("C", Some(ChainRole::Beneficiary), c),
        ]
    );
    assert_eq!(chain.graph.nodes[0].name.as_deref(), Some("S号商贸有限公司"));
    assert_eq!((chain.graph.nodes[0].level, chain.graph.nodes[2].level), (Some(5), Some(2)));
    assert!(super::chain(&folder, id("nobody")).unwrap().is_none());
}

#[test]
fn value_of_an_origin_is_followed_down_as_far_as_it_went() {
    let (_dir, folder) = folder(CHAIN);
    let asked = Question { origin: Some(id("S")), ..question(Direction::Down, "S") };
    let graph = flow(&folder, &asked).unwrap();
    assert_eq!(edges(&graph), ["S>W 128700.00", "W>B 51532.00", "W>C 25766.00", "B>D 1.30"]);
    let b = graph.node(id("B")).unwrap();
    assert_eq!((b.taken, b.deducted), (Some(yuan("51532.00")), Some(yuan("38649.00"))));
    assert_eq!((b.role, b.level), (Some(ChainRole::Beneficiary), Some(2)));

    let narrow = Question { width: 1, depth: 2, tax_min: yuan("10.00"), ..asked };
    let graph = flow(&folder, &narrow).unwrap();
    assert_eq!(edges(&graph), ["S>W 128700.00", "W>B 51532.00"]);
    assert_eq!(graph.node(id("W")).unwrap().rest, Some(Rest { count: 1, tax: yuan("25766.00") }));
    assert!(graph.node(id("B")).unwrap().cut && !graph.node(id("W")).unwrap().cut);
}

#[test]
fn value_of_an_origin_is_followed_up_to_where_it_began() {
    let (_dir, folder) = folder(CHAIN);
    let asked = Question { origin: Some(id("S")), ..question(Direction::Up, "D") };
    assert_eq!(edges(&flow(&folder, &asked).unwrap()), ["B>D 1.30", "W>B 51532.00", "S>W 128700.00"]);
    let other = Question { origin: Some(id("C")), ..asked };
    assert_eq!(edges(&flow(&folder, &other).unwrap()), Vec::<String>::new());
}

#[test]
fn value_in_the_name_of_a_seller_who_bought_after_it_sold_is_followed_through_it() {
    // The purchase was issued before the sale and came after it: in what was sent, W stands for S.
    let mut late = inputs(
        "at 2026-03-02T09:00
         issue 1 S W 10000.00
         issue 2 W B 10000.00
         deduct 2 B 2026-03",
    );
    late.swap(0, 1);
    let dir = tempfile::tempdir().unwrap();
    feed(dir.path(), late);
    let folder = Folder::open(dir.path()).unwrap();
    let asked = Question { origin: Some(id("S")), ..question(Direction::Down, "S") };
    let graph = flow(&folder, &asked).unwrap();
    assert_eq!(edges(&graph), ["S>W 1300.00", "W>B 1300.00"]);
    assert_eq!(graph.node(id("B")).unwrap().deducted, Some(yuan("1300.00")));
    let up = Question { direction: Direction::Up, taxpayer_id: id("B"), ..asked };
    assert_eq!(edges(&flow(&folder, &up).unwrap()), ["W>B 1300.00", "S>W 1300.00"]);
    let life = lives(&folder, number("2"), None).unwrap().remove(0);
    let settled: Vec<_> = life.provenance.settled.iter().map(|share| (share.origin, share.tax)).collect();
    assert_eq!((settled, life.provenance.own), (vec![(id("S"), yuan("1300.00"))], yuan("1300.00")));
}

#[test]
fn suppliers_are_shown_with_whose_value_came_through_them() {
    let (_dir, folder) = folder(CHAIN);
    let graph = flow(&folder, &question(Direction::Up, "B")).unwrap();
    assert_eq!(edges(&graph), ["W>B 51532.00", "S>W 128700.00"]);
    let origins: Vec<_> = graph.edges[0].origins.iter().map(|share| (share.origin, share.tax, share.hops)).collect();
    assert_eq!(origins, [(id("S"), yuan("51532.00"), 2)]);
    let later = Question { since: Instant::parse("2026-03-03T00:00:00+08:00"), ..question(Direction::Up, "B") };
    assert_eq!(edges(&flow(&folder, &later).unwrap()), ["W>B 51532.00"]);
}

#[test]
fn value_that_goes_round_ends_where_it_began() {
    let (_dir, folder) =
        folder("issue 1 A B 10000.00 | issue 2 B C 10000.00 | issue 3 C A 10000.00 | issue 4 A B 10000.00");
    let graph = flow(&folder, &question(Direction::Down, "A")).unwrap();
    assert_eq!(edges(&graph), ["A>B 2600.00", "B>C 1300.00", "C>A 1300.00"]);
    let of_a = Question { origin: Some(id("A")), ..question(Direction::Down, "A") };
    assert_eq!(edges(&flow(&folder, &of_a).unwrap()), ["A>B 2600.00", "B>C 1300.00", "C>A 1300.00"]);
}

#[test]
fn an_invoice_is_told_from_both_sides() {
    let (_dir, folder) = folder(
        "issue 1 A B 9000.00
         receive 1 B
         deduct 1 B 2026-03 from=A
         issue 2 A B -1000.00 tax=-130.00 red=1
         reverse 1 B 2026-03 from=A
         deduct 1 B 2026-03 from=A tax=1040.00 purpose=export_refund
         mark 1 A reason=missing | lift 1 A reason=verified",
    );
    let life = lives(&folder, number("1"), None).unwrap().remove(0);
    assert_eq!(life.seller_id, id("A"));
    let red: Vec<_> = life.red_letters.iter().map(|letter| (letter.invoice_no, letter.tax, letter.voided)).collect();
    assert_eq!(red, [(number("2"), yuan("-130.00"), false)]);
    let marks: Vec<_> = life.marks.iter().map(|(_, abnormal, reason)| (*abnormal, &**reason)).collect();
    assert_eq!(marks, [(true, "missing"), (false, "verified")]);
    assert_eq!((life.provenance.own, life.provenance.short), (yuan("1040.00"), yuan("1040.00")));
    let named: Vec<_> = life.holders.iter().map(|holding| (holding.unnamed, holding.held.claims.len())).collect();
    assert_eq!(named, [(true, 0), (false, 3)], "the receipt names no seller, the claims do");
    assert_eq!(life.holders[1].standing, yuan("1040.00"));
    assert_eq!(lives(&folder, number("1"), Some(id("A"))).unwrap().len(), 1);
    assert!(lives(&folder, number("1"), Some(id("Z"))).unwrap().is_empty());
    assert!(lives(&folder, number("9"), None).unwrap().is_empty());
}

#[test]
fn a_number_of_several_issuers_is_several_invoices() {
    let (_dir, folder) = folder(
        "issue 1 A B 9000.00 | issue 1 C B 100.00 | issue 1 D E 200.00
         deduct 1 B 2026-03 tax=5.00
         deduct 1 E 2026-03 tax=26.00",
    );
    let found = lives(&folder, number("1"), None).unwrap();
    let sellers: Vec<_> = found.iter().map(|life| (life.seller_id.as_str(), life.holders.len())).collect();
    // B's claim could mean two invoices, so it stands alone; E's can only mean D's.
    assert_eq!(sellers, [("", 1), ("A", 1), ("C", 1), ("D", 2)]);
    assert_eq!(found[0].findings.len(), 1, "a claim that could mean several is a finding");
    // Asked for C's, the claim that may mean it is shown as well.
    let one = lives(&folder, number("1"), Some(id("C"))).unwrap();
    assert_eq!(one.iter().map(|life| life.seller_id).collect::<Vec<_>>(), [Id::EMPTY, id("C")]);
}

#[test]
fn a_claim_without_an_invoice_is_found_by_its_number() {
    let (_dir, folder) = folder("deduct 7 B 2026-03 from=A tax=13.00 | wait 40 | issue 8 X Y 1.00");
    let life = lives(&folder, number("7"), None).unwrap().remove(0);
    assert!(life.issued.is_none() && life.holders[0].held.overdue);
    assert_eq!((life.seller_id, life.findings.len()), (id("A"), 1));
    assert_eq!(lives(&folder, number("7"), Some(id("A"))).unwrap().len(), 1);
}

#[test]
fn a_taxpayer_is_told_as_it_is_and_as_it_was() {
    let (_dir, folder) = folder(CHAIN);
    let now = household(&folder, id("S")).unwrap().unwrap();
    assert_eq!(now.papers.status.as_ref().map(|(status, ..)| words::status(*status)), Some("missing"));
    assert_eq!(now.papers.special_quota().map(|quota| quota.monthly_count), Some(25));
    assert_eq!((now.months.len(), now.customers.count, now.suppliers.count), (1, 1, 0));
    assert_eq!(now.customers.largest[0].1.as_deref(), Some("W号商贸有限公司"));
    assert_eq!(now.findings.len(), 1);
    assert!(household(&folder, id("nobody")).unwrap().is_none());

    let washer = household(&folder, id("W")).unwrap().unwrap();
    let pool: Vec<_> = washer.pool.iter().map(|share| (share.origin, share.tax, share.hops)).collect();
    assert_eq!(pool, [(id("S"), yuan("51402.00"), 1)]);
    assert!(washer.profile.ledger.balances(yuan("51402.00")));

    let at = |text: &str| Instant::parse(text).unwrap();
    let early = past(&folder, id("S"), at("2026-03-02T09:02:30+08:00")).unwrap().unwrap();
    assert!(early.papers.status.is_none() && early.standing.is_empty());
    let sums: Vec<_> = early.months.values().map(|sums| (sums.sold.count, sums.sold.tax)).collect();
    assert_eq!(sums, [(3, yuan("38610.00"))]);
    let late = past(&folder, id("S"), at("2026-03-31T00:00:00+08:00")).unwrap().unwrap();
    assert_eq!((late.standing.len(), late.withdrawn.len()), (1, 0));
    let claimed = past(&folder, id("B"), at("2026-03-31T00:00:00+08:00")).unwrap().unwrap();
    let deducted: Vec<_> = claimed.months.values().map(|sums| (sums.deducted.count, sums.deducted.tax)).collect();
    assert_eq!(deducted, [(3, yuan("38649.00"))]);
}

#[test]
fn a_finding_that_was_withdrawn_later_stood_before() {
    let (_dir, folder) = folder(
        "issue 1 A B 9000.00
         deduct 1 B 2026-03 | deduct 1 B 2026-04
         wait 1
         reverse 1 B 2026-03",
    );
    let now = household(&folder, id("B")).unwrap().unwrap();
    assert!(now.findings.iter().all(|signal| signal.status == SignalStatus::Withdrawn) && !now.findings.is_empty());
    let withdrawn_at = now.findings[0].withdrawn_at.unwrap();
    let before = past(&folder, id("B"), Instant(withdrawn_at.0 - 1)).unwrap().unwrap();
    assert_eq!((before.standing.len(), before.withdrawn.len()), (1, 0));
    assert_eq!(before.standing[0].status, SignalStatus::Open);
    let after = past(&folder, id("B"), withdrawn_at).unwrap().unwrap();
    assert_eq!((after.standing.len(), after.withdrawn.len()), (0, 1));
    let open = Filter { standing: Some(true), ..Filter::default() };
    assert!(signals(&folder, &open).unwrap().items.is_empty());
    assert_eq!(signals(&folder, &Filter { standing: Some(false), ..open }).unwrap().items.len(), 1);
}

#[test]
fn a_timeline_is_in_order_and_keeps_the_last() {
    let (_dir, folder) = folder(CHAIN);
    let forever = Instant(i64::MAX);
    let all = timeline(&folder, id("B"), forever, 0).unwrap();
    assert!(all.entries.is_sorted_by_key(|entry| entry.at) && all.left_out == 0);
    let kinds: Vec<_> = all.entries.iter().map(|entry| entry.kind).collect();
    let count = |kind: &str| kinds.iter().filter(|found| **found == kind).count();
    assert_eq!(kinds[0], "taxpayer_registered");
    assert_eq!(["arrived", "invoice_deducted", "found", "invoice_issued"].map(count), [4, 3, 1, 1]);
    let last = timeline(&folder, id("B"), forever, 2).unwrap();
    assert_eq!(
        (last.entries.as_slice(), last.left_out),
        (&all.entries[all.entries.len() - 2..], all.entries.len() - 2)
    );
    let until = all.entries[2].at;
    assert!(timeline(&folder, id("B"), until, 0).unwrap().entries.iter().all(|entry| entry.at <= until));
}

#[test]
fn lists_are_filtered_and_the_heaviest_stand_first() {
    let (_dir, folder) = folder(CHAIN);
    let whom = |filter: &Filter| {
        let listed = signals(&folder, filter).unwrap();
        (listed.items.iter().map(|signal| signal.taxpayer_id.as_str().to_owned()).collect::<Vec<_>>(), listed.left_out)
    };
    let all = Filter::default();
    assert_eq!(whom(&all), (vec!["S".into(), "B".into(), "C".into()], 0));
    assert_eq!(whom(&Filter { limit: 1, ..all.clone() }), (vec!["S".into()], 2));
    assert_eq!(whom(&Filter { taxpayer_id: Some(id("C")), ..all.clone() }), (vec!["C".into()], 0));
    assert_eq!(whom(&Filter { typology: Some("source_burst".into()), ..all.clone() }), (vec!["S".into()], 0));
    assert_eq!(whom(&Filter { since: Instant::parse("2026-03-03T00:00:00+08:00"), ..all.clone() }).0.len(), 2);
    assert_eq!(whom(&Filter { level_min: Some(3), ..all.clone() }), (vec!["S".into()], 0));
    let b = signals(&folder, &all).unwrap().items.remove(1);
    assert_eq!(whom(&Filter { id: Some(b.signal_id), ..all.clone() }), (vec!["B".into()], 0));

    let listed = tasks(&folder, &Filter { level_max: Some(2), ..all.clone() }).unwrap();
    assert_eq!(listed.items.iter().map(|task| task.taxpayer_id).collect::<Vec<_>>(), [id("B"), id("C")]);
    assert_eq!(tasks(&folder, &Filter { taxpayer_id: Some(id("S")), ..all.clone() }).unwrap().items.len(), 1);
    let count = |filter: Filter| cases(&folder, &filter).unwrap().items.len();
    assert_eq!(count(Filter { taxpayer_id: Some(id("C")), ..all.clone() }), 1);
    assert_eq!(count(Filter { taxpayer_id: Some(id("Z")), ..all.clone() }), 0);
    assert_eq!(count(Filter { standing: Some(false), ..all.clone() }), 0);
    assert_eq!(count(Filter { id: b.case_id, ..all }), 1);
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
}

fn refusal(dir: &Path) -> String {
    Folder::open(dir).err().expect("it cannot be read").to_string()
}

#[test]
fn a_folder_that_cannot_be_read_says_what_and_where_and_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let nothing = dir.path().join("nothing");
    let error = refusal(&nothing);
    assert!(error.contains(nothing.to_str().unwrap()) && error.contains("--data"), "{error}");

    feed(dir.path(), inputs("issue 1 A B 1.00"));
    let header = dir.path().join("journal/header");
    let text = std::fs::read_to_string(&header).unwrap();
    std::fs::write(&header, text.replacen("journal 1", "journal 99", 1)).unwrap();
    let error = refusal(dir.path());
    assert!(error.contains("format 99") && error.contains("the program that wrote it"), "{error}");
    std::fs::write(&header, text.replacen("partitions: 3", "partitions: 4", 1)).unwrap();
    assert!(refusal(dir.path()).contains("damaged"), "a header that was edited is not believed");
    std::fs::write(&header, &text).unwrap();

    std::fs::remove_dir_all(dir.path().join("state/0001")).unwrap();
    let error = refusal(dir.path());
    assert!(error.contains("state/0001") && error.contains("replay"), "{error}");
}

#[test]
fn a_folder_that_is_being_written_is_read_only_when_that_is_wanted() {
    let dir = tempfile::tempdir().unwrap();
    feed(dir.path(), inputs("issue 1 A B 1.00"));
    let writer = Engine::open(dir.path(), settings(3)).unwrap();
    let error = refusal(dir.path());
    assert!(error.contains("another process") && error.contains("--beside"), "{error}");
    let beside = Folder::open_beside(dir.path()).unwrap();
    assert!(household(&beside, id("A")).unwrap().is_some());
    assert!(Journal::open(dir.path()).is_ok());
    drop(writer);
    assert!(Folder::open(dir.path()).is_ok(), "the lock ends with its process");
}

#[test]
fn rows_that_are_behind_the_journal_are_owned_up_to() {
    let dir = tempfile::tempdir().unwrap();
    let mut engine = Engine::open(dir.path(), settings(3)).unwrap();
    engine.begin_input("test", &[]);
    for input in inputs("issue 1 A B 1.00") {
        engine.feed(input).unwrap();
    }
    engine.end_input().unwrap();
    // As a kill would: committed, and never written as rows.
    drop(engine);
    let folder = Folder::open(dir.path()).unwrap();
    let lag = folder.lag().expect("nothing was written").clone();
    assert!(lag.records > 0 && lag.records == lag.of, "{lag:?}");
    assert!(lag.to_string().contains("run the same command again"), "{lag}");
    assert!(household(&folder, id("A")).unwrap().is_none());
    drop(folder);
    Engine::open(dir.path(), settings(3)).unwrap().close().unwrap();
    let folder = Folder::open(dir.path()).unwrap();
    assert!(folder.lag().is_none() && household(&folder, id("A")).unwrap().is_some());
}

#[test]
fn a_journal_without_a_turn_has_no_answers() {
    let dir = tempfile::tempdir().unwrap();
    drop(Engine::open(dir.path(), settings(3)).unwrap());
    assert!(refusal(dir.path()).contains("still empty"));
}

#[test]
fn rows_of_one_kind_are_handed_over_page_by_page_each_once() {
    let many = (0..5_000).map(|buyer| format!("issue {buyer} A B{buyer} 10.00\n")).collect::<Vec<_>>().concat();
    let (_dir, folder) = folder(&many);
    let found = household(&folder, id("A")).unwrap().unwrap();
    assert_eq!((found.customers.count, found.customers.largest.len()), (5_000, 10));
    let graph = flow(&folder, &Question { width: 7, ..question(Direction::Down, "A") }).unwrap();
    assert_eq!(graph.nodes[0].rest, Some(Rest { count: 4_993, tax: Fen(4_993 * 130) }));
    let all = timeline(&folder, id("A"), Instant(i64::MAX), 10).unwrap();
    assert_eq!((all.entries.len(), all.left_out), (10, 4_990));
}
