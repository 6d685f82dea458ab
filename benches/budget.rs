//! What the budget of origins loses: the oracle of `tests/oracle/` works out a generated world of 3,000 taxpayers twice, as
//! the standard rules have it and with room for every origin (`SUYUAN_BENCH_INVOICES` for another size). Not a matter of
//! speed: the oracle is slow on purpose.
//!
//! Expect next to nothing in chains: what they follow is large, and the budget keeps the largest. Remainders are what
//! many small origins leave in the pools of those who trade with everybody.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    reason = "a bench prints what it found"
)]

#[path = "../tests/oracle/mod.rs"]
#[allow(dead_code, reason = "the agreement of the fold with it is a test")]
mod oracle;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use oracle::books::{Books, fold};
use oracle::chains::{Chain, chains};
use oracle::{Rules, read};
use serde_json::json;

const SUYUAN: &str = env!("CARGO_BIN_EXE_suyuan");
const STANDARD: &str = include_str!("../topologies/rules-standard.toml");
const TAXPAYERS: u64 = 3_000;
const INVOICES: u64 = 50_000;

fn main() {
    let invoices = std::env::var("SUYUAN_BENCH_INVOICES").map_or(INVOICES, |text| text.parse().expect("a number"));
    let begun = Instant::now();
    let folder = tempfile::tempdir().unwrap();
    let events = read(&make_world(folder.path(), invoices));
    let rules = Rules::read(STANDARD);
    let kept = fold(&events, &rules, false);
    let all = fold(&events, &rules.clone().without_budget(), false);
    let lost = Lost::of(&kept, &all);
    let row = |name: &str, value: String| println!("{name:<58}{value:>14}");
    row("taxpayers, invoices", format!("{}, {invoices}", kept.firms.len()));
    row("budget of a pool, of a vector", format!("{}, {}", rules.pool_origins, rules.vector_origins));
    row("tax in remainders of pools", percent(lost.pools));
    row("tax in remainders of vectors", percent(lost.vectors));
    row("origins in the fullest pool without a budget", lost.origins_most.to_string());
    row("chains (sources with somebody behind them)", lost.chains.to_string());
    row("  missed by the budget", lost.chains_missed.to_string());
    row("taxpayers on chains", lost.members.to_string());
    row("  missed by the budget", lost.members_missed.to_string());
    row("  with less tax than without it", lost.members_less.to_string());
    row("tax of the sources found at them", percent(lost.tax_found));
    row("deducted of it found", percent(lost.deducted_found));
    row("seconds, of the oracle twice", format!("{:.1}", begun.elapsed().as_secs_f64()));
    let path = target().join("bench-budget.json");
    std::fs::write(&path, serde_json::to_string_pretty(&lost.as_json(&rules, invoices)).unwrap() + "\n").unwrap();
    println!("\nwritten to {}", path.display());
}

/// The folder that cargo builds into: the binary is in a folder of its profile in there.
fn target() -> PathBuf {
    Path::new(SUYUAN).ancestors().nth(2).unwrap().to_owned()
}

fn make_world(folder: &Path, invoices: u64) -> String {
    let (input, labels) = (folder.join("events.jsonl"), folder.join("labels.jsonl"));
    let (taxpayers, invoices) = (TAXPAYERS.to_string(), invoices.to_string());
    let arguments = ["generate", "--seed", "1", "--taxpayers", &taxpayers, "--invoices", &invoices];
    let mut command = Command::new(SUYUAN);
    command.args(arguments).arg("--out").arg(&input).arg("--labels").arg(&labels);
    let status = command.stdout(Stdio::null()).status().unwrap();
    assert!(status.success(), "the world could not be made");
    std::fs::read_to_string(input).unwrap()
}

fn percent((part, whole): (i64, i64)) -> String {
    format!("{:.3} %", 100.0 * part as f64 / whole.max(1) as f64)
}

/// What the budget loses, as parts of wholes and as counts.
#[derive(Debug, Default)]
struct Lost {
    pools: (i64, i64),
    vectors: (i64, i64),
    origins_most: usize,
    chains: usize,
    chains_missed: usize,
    members: usize,
    members_missed: usize,
    members_less: usize,
    tax_found: (i64, i64),
    deducted_found: (i64, i64),
}

impl Lost {
    fn of(kept: &Books, all: &Books) -> Self {
        let mut lost = Self::default();
        for firm in kept.firms.values() {
            lost.pools = (lost.pools.0 + firm.pool.rest, lost.pools.1 + firm.pool.total());
        }
        for sale in kept.sales.values() {
            lost.vectors = (lost.vectors.0 + sale.vector.rest, lost.vectors.1 + sale.vector.total());
        }
        lost.origins_most = all.firms.values().map(|firm| firm.pool.parts.len()).max().unwrap_or(0);
        let (found, all) = (chains(kept), chains(all));
        for (origin, chain) in &all {
            lost.compare(origin, found.get(origin), chain);
        }
        lost
    }

    fn compare(&mut self, origin: &str, found: Option<&Chain>, chain: &Chain) {
        let behind = |chain: &Chain| -> BTreeMap<String, (i64, i64)> {
            let members = chain.members.iter().filter(|(firm, member)| *firm != origin && member.taken > 0);
            members.map(|(firm, member)| (firm.clone(), (member.taken, member.deducted))).collect()
        };
        let (found, all) = (found.map(behind).unwrap_or_default(), behind(chain));
        self.chains += usize::from(!all.is_empty());
        self.chains_missed += usize::from(!all.is_empty() && found.is_empty());
        for (firm, (taken, deducted)) in &all {
            let (taken_found, deducted_found) = found.get(firm).copied().unwrap_or_default();
            self.members += 1;
            self.members_missed += usize::from(taken_found == 0);
            self.members_less += usize::from(taken_found > 0 && taken_found < *taken);
            self.tax_found = (self.tax_found.0 + taken_found.min(*taken), self.tax_found.1 + taken);
            let part = self.deducted_found.0 + deducted_found.min(*deducted);
            self.deducted_found = (part, self.deducted_found.1 + deducted);
        }
    }

    fn as_json(&self, rules: &Rules, invoices: u64) -> serde_json::Value {
        let share = |(part, whole): (i64, i64)| part as f64 / whole.max(1) as f64;
        json!({
            "taxpayers": TAXPAYERS,
            "invoices": invoices,
            "pool_origins": rules.pool_origins,
            "vector_origins": rules.vector_origins,
            "pool_tax_in_remainders": share(self.pools),
            "vector_tax_in_remainders": share(self.vectors),
            "chains": self.chains,
            "chains_missed": self.chains_missed,
            "memberships": self.members,
            "memberships_missed": self.members_missed,
            "memberships_with_less_tax": self.members_less,
            "tax_found": share(self.tax_found),
            "deducted_found": share(self.deducted_found),
        })
    }
}
