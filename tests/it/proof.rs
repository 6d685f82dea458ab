//! Which test says what each kind of row should hold. All rows must be the same however the work is divided, interrupted or
//! repeated; that is proof of nothing where they are always wrong. A new kind of row does not compile here until somebody has
//! said what holds it to account.

use suyuan::state::Key;

/// Who says what a row should hold, from outside the fold.
enum By {
    /// These tests, under `tests/it` or `src/drive`, name the row.
    Tests(&'static [&'static str]),
    /// Nobody: only what is found with it is held against anything. Why that is thought to be enough.
    Findings(&'static str),
}
use By::{Findings, Tests};

macro_rules! rows {
    ($($name:literal, $pattern:pat => $by:expr;)*) => {
        /// Exhaustive on purpose.
        fn name(key: &Key) -> &'static str {
            match key { $($pattern => $name),* }
        }

        const ROWS: &[(&str, By)] = &[$(($name, $by)),*];
    };
}

rows! {
    "Profile", Key::Profile => Tests(&["agreement/rows.rs", "properties/books.rs", "abnormal/said.rs"]);
    "History", Key::History { .. } => Findings("it decides what is a duplicate, which `agreement` and the simulator count");
    "Month", Key::Month(_) => Tests(&["agreement/rows.rs", "properties/books.rs"]);
    "Issued", Key::Issued(_) => Tests(&["agreement/rows.rs", "properties/books.rs"]);
    "Held", Key::Held { .. } => Tests(&["agreement/rows.rs", "properties/books.rs"]);
    "Partner", Key::Partner(..) => Tests(&["agreement/rows.rs", "properties/books.rs"]);
    "Goods", Key::Goods(..) => Findings("counts that evidence shows beside what was found");
    "Origin", Key::Origin(_) => Tests(&["agreement/rows.rs", "properties/books.rs"]);
    "OriginNames", Key::OriginNames(_) => Findings("the other way round than `Origin`; a wrong name is a wrong edge in `agreement`");
    "Passed", Key::Passed(..) => Tests(&["agreement/rows.rs", "properties/books.rs"]);
    "Deficit", Key::Deficit(..) => Tests(&["properties/books.rs"]);
    "WaitingRed", Key::WaitingRed { .. } => Tests(&["agreement/rows.rs", "properties/books.rs"]);
    "Signal", Key::Signal(_) => Tests(&["agreement/rows.rs", "properties/findings.rs"]);
    "Task", Key::Task => Tests(&["agreement/rows.rs", "properties/books.rs"]);
    "Taint", Key::Taint { .. } => Tests(&["properties/chains.rs"]);
    "CaseHead", Key::CaseHead => Tests(&["agreement/rows.rs", "properties/chains.rs"]);
    "CaseNode", Key::CaseNode(_) => Tests(&["properties/chains.rs"]);
    "CaseRank", Key::CaseRank { .. } => Tests(&["properties/chains.rs"]);
    "CaseEdge", Key::CaseEdge { .. } => Tests(&["agreement/rows.rs", "properties/chains.rs"]);
    "Timer", Key::Timer { .. } => Findings("a time that is missed leaves a finding out, which `properties/findings.rs` asks anew");
    "Rules", Key::Rules => Tests(&["src/drive/bounds.rs"]);
    "Ticked", Key::Ticked => Tests(&["properties/findings.rs"]);
    "Settled", Key::Settled(..) => Tests(&["properties/books.rs"]);
    "Standing", Key::Standing { .. } => Tests(&["properties/books.rs"]);
    "TaintName", Key::TaintName { .. } => Tests(&["properties/books.rs"]);
    "Tainted", Key::Tainted(_) => Tests(&["properties/chains.rs", "properties/accusations.rs"]);
    "TaintTold", Key::TaintTold { .. } => Tests(&["properties/chains.rs"]);
    "TaintSent", Key::TaintSent { .. } => Tests(&["properties/chains.rs"]);
    "FlowedOn", Key::FlowedOn(..) => Tests(&["properties/books.rs"]);
    "TaintDue", Key::TaintDue { .. } => Findings("gone when all is told; what was told is held against the books by `properties/chains.rs`");
    "Party", Key::Party(_) => Tests(&["src/drive/gangs.rs", "src/drive/identities.rs"]);
    "Peers", Key::Peers(_) => Tests(&["src/drive/peers.rs"]);
    "PeersMonth", Key::PeersMonth(_) => Tests(&["src/drive/peers.rs"]);
    "WithFindings", Key::WithFindings(_) => Tests(&["src/drive/published.rs"]);
    "Readings", Key::Readings(_) => Findings("the latest of each figure; `state/readings.rs` tests their order");
    "GoodsMonth", Key::GoodsMonth(_) => Findings("sums by class; `state/ways.rs` tests that what is taken off is what was added");
    "Abnormal", Key::Abnormal(_) => Tests(&["abnormal/said.rs"]);
    "AbnormalFrom", Key::AbnormalFrom { .. } => Findings("whose invoices a finding names; their tax is that of `Abnormal`");
}

#[test]
fn every_row_is_named_by_the_tests_that_are_said_to_hold_it() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    for (row, by) in ROWS {
        match by {
            Tests(files) => {
                assert!(!files.is_empty(), "{row}");
                for file in *files {
                    let folder = if file.starts_with("src/") { root.to_owned() } else { root.join("tests/it") };
                    let text = std::fs::read_to_string(folder.join(file)).unwrap();
                    let names = ["Key::", "Row::"].map(|prefix| format!("{prefix}{row}"));
                    let stands = |name: &String| {
                        text.match_indices(name.as_str()).any(|(at, _)| {
                            !text[at + name.len()..].starts_with(|next: char| next.is_alphanumeric() || next == '_')
                        })
                    };
                    assert!(names.iter().any(stands), "{file} says nothing of {row}");
                }
            }
            Findings(why) => assert!(why.len() > 20, "{row}"),
        }
    }
    assert_eq!(name(&Key::Profile), ROWS[0].0);
}
