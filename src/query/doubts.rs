//! Accepted input that somebody should look at, read from what the journal's turns said to the outside.

use std::collections::{BTreeMap, VecDeque};

use super::error::Error;
use super::folder::Folder;
use super::journal::Journal;
use super::said::{Place, Said};
use crate::model::{Doubt, InvoiceNo, Output, TaxpayerId};

/// The last doubts of a journal.
#[derive(Clone, Debug, Default)]
pub struct Doubts {
    /// Oldest first, each with the event that raised it.
    pub doubts: Vec<(Doubt, Option<Place>)>,
    /// How many there are of each code, whatever was asked for.
    pub counts: BTreeMap<String, u64>,
    /// How many that were asked for were left out: those before.
    pub left_out: usize,
    /// Whether an input has not come to its end yet.
    pub unfinished: bool,
}

/// All doubts about the invoices of a number, oldest first.
pub(super) fn doubts_about(folder: &Folder, no: InvoiceNo) -> Result<Vec<Doubt>, Error> {
    let mut found = Vec::new();
    let mut said = Said::of(folder.journal());
    while let Some(turn) = said.next_turn()? {
        for output in turn.outputs {
            match output {
                Output::Doubt(doubt) if doubt.invoice_no == Some(no) => found.push(*doubt),
                Output::Doubt(_) | Output::Signal(_) | Output::Case(_) | Output::Task(_) | Output::DeadLetter(_) => {}
            }
        }
    }
    Ok(found)
}

/// The last `limit` doubts of a code and about a taxpayer, or of all; all of them where the limit is 0.
pub fn doubts(
    journal: &Journal,
    code: Option<&str>,
    taxpayer_id: Option<TaxpayerId>,
    limit: usize,
) -> Result<Doubts, Error> {
    let mut found = Doubts::default();
    let mut last: VecDeque<Doubt> = VecDeque::new();
    let mut said = Said::of(journal);
    while let Some(turn) = said.next_turn()? {
        for output in turn.outputs {
            let Output::Doubt(doubt) = output else { continue };
            *found.counts.entry(doubt.code.to_string()).or_default() += 1;
            let of_taxpayer = taxpayer_id.is_none_or(|wanted| wanted == doubt.taxpayer_id);
            if of_taxpayer && code.is_none_or(|code| *doubt.code == *code) {
                last.push_back(*doubt);
            }
            if limit > 0 && last.len() > limit {
                last.pop_front();
                found.left_out += 1;
            }
        }
    }
    found.unfinished = !said.progress().input_ended;
    let places = said.places(last.iter().map(|doubt| doubt.position))?;
    found.doubts = last
        .into_iter()
        .map(|doubt| {
            let place = places.get(&doubt.position).cloned();
            (doubt, place)
        })
        .collect();
    Ok(found)
}
