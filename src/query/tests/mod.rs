//! Answers from small folders that the engine wrote.

mod books;
mod flows;
mod folders;
mod lists;

use std::path::Path;

use super::*;
use crate::codec::fingerprint;
use crate::drive;
use crate::intake::Input;
use crate::model::{ChainRole, Event, Fact, Fen, Id, Instant, InvoiceNo, Refused, SignalStatus, Source};
use crate::runtime::{Engine, Policies, Settings};

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
        rules: include_str!("rules.toml").into(),
        rules_version: "tests".into(),
        keeps_rules: false,
        takes_changes: false,
        cache_bytes_max: 1 << 20,
        durable: false,
        policies: Policies::default(),
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
