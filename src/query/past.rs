//! What of a taxpayer had happened by an event time: told from facts, invoices, claims and findings, each of which carries
//! its own. Value, whose flow only the present state knows, is left out: it is not pretended to be known.

use std::collections::BTreeMap;

use super::error::Error;
use super::facts::Papers;
use super::folder::Folder;
use super::taxpayer::findings;
use crate::model::{Entity, Fen, Id, Instant, InvoiceNo, Period, Purpose, Signal, SignalStatus, TaxpayerId};
use crate::state::{ClaimKind, Held, Issued, Key, Profile, Side, Totals};

/// A taxpayer at a time.
#[derive(Clone, Debug)]
pub struct Past {
    /// Who.
    pub taxpayer_id: TaxpayerId,
    /// When.
    pub at: Instant,
    /// What its papers said.
    pub papers: Papers,
    /// Sums by month over what had happened, oldest first.
    pub months: BTreeMap<Period, Sums>,
    /// Findings whose cause had happened and that stood.
    pub standing: Vec<Signal>,
    /// Findings that had been withdrawn.
    pub withdrawn: Vec<Signal>,
}

/// Sums of a month over what had happened by a time: invoices by the month of issue, without those voided by then.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Issued, red letters taken off.
    pub sold: Totals,
    /// Received as a buyer, red letters taken off.
    pub bought: Totals,
    /// Deducted for the period, net of reversals; `count` counts deductions.
    pub deducted: Totals,
}

/// A taxpayer at a time; `None` where the journal never spoke of it.
pub fn past(folder: &Folder, id: TaxpayerId, at: Instant) -> Result<Option<Past>, Error> {
    let id = folder.subject(id)?;
    if folder.row::<Profile>(id, &Key::Profile)?.is_none() {
        return Ok(None);
    }
    let papers = Papers::of(&folder.noted(id, at)?);
    let (mut standing, mut withdrawn) = (Vec::new(), Vec::new());
    for mut signal in findings(folder, id)?.into_iter().filter(|signal| signal.raised_at <= at) {
        if signal.withdrawn_at.is_some_and(|withdrawn_at| withdrawn_at <= at) {
            withdrawn.push(signal);
        } else {
            (signal.status, signal.withdrawn_at) = (SignalStatus::Open, None);
            standing.push(signal);
        }
    }
    Ok(Some(Past { taxpayer_id: id, at, papers, months: months(folder, id, at)?, standing, withdrawn }))
}

fn months(folder: &Folder, id: TaxpayerId, at: Instant) -> Result<BTreeMap<Period, Sums>, Error> {
    let mut months: BTreeMap<Period, Sums> = BTreeMap::new();
    let entity = Entity::taxpayer(id);
    let held = Key::Held { invoice_no: InvoiceNo::FIRST, place: 0 };
    folder.each_row(entity, Key::Issued(InvoiceNo::FIRST), held, |_, row: Issued| {
        let voided = row.void.is_some_and(|void| void.at <= at);
        if let Some(issue) = row.issue.filter(|issue| issue.issued_at <= at && !voided) {
            months.entry(issue.issued_at.period()).or_default().sold.add(issue.amount, issue.tax);
        }
        true
    })?;
    folder.each_row(entity, held, Key::Partner(Side::Sold, Id::EMPTY), |_, row: Held| {
        let voided = row.voided_at.is_some_and(|voided_at| voided_at <= at);
        if let Some(arrived) = row.arrived.filter(|arrived| arrived.issued_at <= at && !voided) {
            months.entry(arrived.issued_at.period()).or_default().bought.add(arrived.amount, arrived.tax);
        }
        for claim in row.claims.iter().filter(|claim| claim.at <= at) {
            let deducted = &mut months.entry(claim.period).or_default().deducted;
            match claim.kind {
                ClaimKind::Deduct(Purpose::Deduct | Purpose::ExportRefund) => deducted.add(Fen::ZERO, claim.tax),
                ClaimKind::Deduct(Purpose::NotDeductible) => {}
                ClaimKind::Reverse(_) => deducted.tax -= claim.tax,
            }
        }
        true
    })?;
    Ok(months)
}
