//! What the events say that labels and tasks do not: what fraudsters deducted of each other's invoices, and when they went
//! missing. Only what is about labelled fraudsters is kept.

use std::collections::{BTreeMap, BTreeSet};

use super::super::label::Label;
use crate::model::{Event, Fact, Fen, Instant, InvoiceNo, Purpose, Status, TaxpayerId};

/// A claim of tax on an invoice between two fraudsters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deducted {
    /// Who issued it.
    pub seller: TaxpayerId,
    /// Who claims.
    pub buyer: TaxpayerId,
    /// What is claimed; negative where it is given back.
    pub tax: Fen,
    /// When.
    pub at: Instant,
}

/// What of the events is needed.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    fraudsters: BTreeSet<TaxpayerId>,
    /// Who issued what to a fraudster.
    issued: BTreeMap<(TaxpayerId, InvoiceNo), TaxpayerId>,
    deducted: Vec<Deducted>,
    missing: BTreeMap<TaxpayerId, Instant>,
}

impl Facts {
    /// Nothing yet.
    pub fn new(labels: &[Label]) -> Self {
        let fraudsters = labels.iter().filter(|label| label.role.is_fraud()).map(|label| label.taxpayer_id).collect();
        Self { fraudsters, ..Self::default() }
    }

    /// Takes note of an event, if it is about fraudsters. Events come in order of time.
    pub fn note(&mut self, event: &Event) {
        let at = event.occurred_at;
        match &event.fact {
            Fact::InvoiceIssued(invoice) => {
                let Some(buyer) = invoice.buyer_id else { return };
                if self.fraudsters.contains(&invoice.seller_id) && self.fraudsters.contains(&buyer) {
                    self.issued.insert((buyer, invoice.invoice_no), invoice.seller_id);
                }
            }
            Fact::InvoiceDeducted(fact) if fact.purpose != Purpose::NotDeductible => {
                self.claim(fact.buyer_id, fact.invoice_no, fact.tax, at);
            }
            Fact::DeductionReversed(fact) => {
                self.claim(fact.buyer_id, fact.invoice_no, -fact.tax, at);
            }
            Fact::TaxpayerStatusChanged(fact)
                if fact.status == Status::Missing && self.fraudsters.contains(&fact.taxpayer_id) =>
            {
                self.missing.entry(fact.taxpayer_id).or_insert(at);
            }
            _ => {}
        }
    }

    fn claim(&mut self, buyer: TaxpayerId, invoice_no: InvoiceNo, tax: Fen, at: Instant) {
        if let Some(&seller) = self.issued.get(&(buyer, invoice_no)) {
            self.deducted.push(Deducted { seller, buyer, tax, at });
        }
    }

    /// What some of them deducted of each other's invoices.
    pub fn deducted_among<'a>(&'a self, taxpayers: &'a BTreeSet<TaxpayerId>) -> impl Iterator<Item = &'a Deducted> {
        let among = |deducted: &&Deducted| taxpayers.contains(&deducted.seller) && taxpayers.contains(&deducted.buyer);
        self.deducted.iter().filter(among)
    }

    /// When a fraudster went missing.
    pub fn missing_since(&self, taxpayer: TaxpayerId) -> Option<Instant> {
        self.missing.get(&taxpayer).copied()
    }
}
