//! The mapping `contest-2020.toml` over the data that it is for, where that is at hand: real volumes and real dirt. The
//! numbers are those published with the data.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{Intake, Mapping, Order};
use crate::model::{Fact, Fen, Fingerprint, InvoiceNo, TaxpayerId};

/// What an import of one file comes to.
#[derive(Debug, Default, PartialEq, Eq)]
struct Outcome {
    rows: u64,
    invoices: u64,
    duplicates: u64,
    conflicting: u64,
    voided: u64,
    negative: u64,
    zero: u64,
    tax: i64,
    voided_tax: i64,
}

/// An invoice that stands: the first of its identity.
struct Standing {
    fingerprint: Fingerprint,
    tax: Fen,
    voided: bool,
}

fn folder() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/real-invoices");
    folder.is_dir().then_some(folder)
}

/// Imports files together, in order of time.
fn import(paths: &[PathBuf]) -> Vec<Outcome> {
    let mapping = Path::new(env!("CARGO_MANIFEST_DIR")).join("topologies/mappings/contest-2020.toml");
    let mapping = Mapping::load(&mapping).unwrap();
    let mut outcomes: Vec<Outcome> = paths.iter().map(|_| Outcome::default()).collect();
    let mut standing: BTreeMap<(u32, TaxpayerId, InvoiceNo), Standing> = BTreeMap::new();
    let mut last = None;
    for input in Intake::open(paths, Some(&mapping), Order::Time).unwrap() {
        let input = input.unwrap();
        let file = input.source.file;
        let outcome = &mut outcomes[file as usize];
        outcome.rows += u64::from(input.row_head);
        let event = input.body.unwrap();
        let at = Some((event.occurred_at, input.source));
        assert!(last <= at, "{last:?} before {at:?}");
        last = at;
        match event.fact {
            Fact::InvoiceIssued(invoice) => {
                let fingerprint = event.fingerprint;
                match standing.get(&(file, invoice.seller_id, invoice.invoice_no)) {
                    Some(first) if first.fingerprint == fingerprint => outcome.duplicates += 1,
                    Some(_) => outcome.conflicting += 1,
                    None => {
                        outcome.invoices += 1;
                        outcome.negative += u64::from(invoice.amount < Fen::ZERO);
                        outcome.zero += u64::from(invoice.amount == Fen::ZERO);
                        outcome.tax += invoice.tax.0;
                        let first = Standing { fingerprint, tax: invoice.tax, voided: false };
                        standing.insert((file, invoice.seller_id, invoice.invoice_no), first);
                    }
                }
            }
            Fact::InvoiceVoided(void) => {
                let invoice = standing.get_mut(&(file, void.seller_id, void.invoice_no)).unwrap();
                if !invoice.voided {
                    invoice.voided = true;
                    outcome.voided += 1;
                    outcome.voided_tax += invoice.tax.0;
                }
            }
            other => panic!("{other:?}"),
        }
    }
    outcomes
}

const SALES: Outcome = Outcome {
    rows: 162_484,
    invoices: 158_047,
    duplicates: 4_436,
    conflicting: 1,
    voided: 10_862,
    negative: 8_495,
    zero: 1_679,
    tax: 177_745_767_838,
    voided_tax: 9_479_464_768,
};

const PURCHASES: Outcome = Outcome {
    rows: 210_947,
    invoices: 210_144,
    duplicates: 803,
    conflicting: 0,
    voided: 7_563,
    negative: 1_870,
    zero: 0,
    tax: 133_355_246_030,
    voided_tax: 7_443_095_545,
};

#[test]
fn an_import_of_real_invoices_comes_out_to_the_fen() {
    let Some(folder) = folder() else {
        eprintln!("skipped: the data of real invoices is not at ../shared/data/real-invoices");
        return;
    };
    assert_eq!(import(&[folder.join("sales.csv.gz"), folder.join("purchases.csv.gz")]), [SALES, PURCHASES]);
}
