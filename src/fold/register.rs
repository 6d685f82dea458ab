//! Facts that are kept and not folded further: the history of a taxpayer's papers, and, until their desks are built,
//! everything about grids, organisations, officers and tasks. Tells duplicates and conflicts apart.

use super::effects::{Effects, Seen};
use crate::model::{Event, Fact, Id, Instant, Record, Source};
use crate::state::{Books, HistoryOf, Key, NotedFact, Rows};

/// Room for nearly any fact that is kept, in bytes.
const FACT_BYTES_USUAL: usize = 256;

/// Folds a fact about an entity whose kind has no desk yet.
pub(super) fn step(rows: &mut dyn Rows, record: &Record, effects: &mut Effects) {
    let Some((source, event)) = record.fact() else { return };
    let mut books = Books::of(rows, record.to);
    note(&mut books, record, source, event, effects);
}

/// Notes a fact under its identity. `false` where it was seen before: nothing changes, and the effects say so.
pub(super) fn note(
    books: &mut Books<'_>,
    record: &Record,
    source: Source,
    event: &Event,
    effects: &mut Effects,
) -> bool {
    let Some((mut key, replaces)) = identity(event) else { return true };
    // Of one subject under two identifiers, each may say the like.
    let owner = event.owner();
    if let (Key::History { detail, .. }, true) = (&mut key, owner != books.entity) {
        *detail = hash(&[owner.id.as_str(), &detail.to_string()]);
    }
    if let Some(first) = books.find::<NotedFact>(&key) {
        let seen = Seen { fingerprint: first.fingerprint, position: first.position };
        if !replaces || seen.fingerprint == event.fingerprint {
            effects.seen(record, source, event, seen);
            return false;
        }
    }
    let noted = NotedFact {
        fingerprint: event.fingerprint,
        position: record.root.position(),
        at: event.occurred_at,
        event: encoded(event),
    };
    books.put(key, noted);
    true
}

/// Whether a fact is known by a row of its own here, and not by one of what it is about.
pub(super) fn has_row(event: &Event) -> bool {
    identity(event).is_some()
}

/// The row of a fact's identity, by the contract's table, and whether a later one of it replaces the earlier. `None` for
/// facts that have rows of their own.
fn identity(event: &Event) -> Option<(Key, bool)> {
    let always = Instant::default();
    let at = event.occurred_at;
    let (of, detail, at, replaces) = match &event.fact {
        Fact::TaxpayerRegistered(_) => (HistoryOf::Registered, 0, always, false),
        Fact::TaxpayerChanged(_) => (HistoryOf::Changed, 0, at, false),
        Fact::TaxpayerStatusChanged(_) => (HistoryOf::StatusChanged, 0, at, false),
        Fact::InvoiceQuotaGranted(f) => (HistoryOf::QuotaGranted, f.invoice_kind as u64, at, false),
        Fact::InvoiceMarkedAbnormal(f) => (HistoryOf::MarkedAbnormal, hash(&[f.invoice_no.as_str()]), at, false),
        Fact::InvoiceMarkLifted(f) => (HistoryOf::MarkLifted, hash(&[f.invoice_no.as_str()]), at, false),
        Fact::TaxpayerVerified(_) => (HistoryOf::Verified, 0, at, false),
        Fact::VatDeclared(f) => (HistoryOf::Declared, hash(&[&f.period.to_string()]), at, false),
        Fact::Observed(f) => {
            (HistoryOf::Observed, hash(&[f.source.code(), &f.metric, &f.period.to_string()]), at, false)
        }
        Fact::OrgDefined(_) | Fact::GridDefined(_) | Fact::OfficerDefined(_) => (HistoryOf::Defined, 0, always, true),
        Fact::TaskActed(_) => (HistoryOf::Acted, 0, always, false),
        Fact::RulesPublished(f) => (HistoryOf::Published, hash(&["rules", &f.version]), always, false),
        Fact::ModelPublished(f) => (HistoryOf::Published, hash(&["model", &f.version]), always, false),
        Fact::InvoiceIssued(_)
        | Fact::InvoiceVoided(_)
        | Fact::InvoiceReceived(_)
        | Fact::InvoiceDeducted(_)
        | Fact::DeductionReversed(_) => return None,
    };
    Some((Key::History { of, detail, at }, replaces))
}

/// A number for a part of an identity that is text.
pub(super) fn hash(parts: &[&str]) -> u64 {
    Id::derived_number("identity", parts)
}

fn encoded(event: &Event) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(FACT_BYTES_USUAL);
    crate::codec::avro::write_event(event, &mut bytes);
    bytes.shrink_to_fit();
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ObservationSource as Of;

    #[test]
    fn an_observation_is_identified_by_the_name_its_source_has_in_the_contract() {
        let all = [Of::Customs, Of::Electricity, Of::Logistics, Of::Payroll, Of::Bank, Of::Market, Of::Court];
        let observed =
            crate::codec::examples::events().into_iter().find(|event| matches!(event.fact, Fact::Observed(_)));
        let mut event = observed.unwrap();
        for source in all {
            let Fact::Observed(fact) = &mut event.fact else { unreachable!("it was chosen so") };
            fact.source = source;
            let parts = [source.code(), &*fact.metric, &fact.period.to_string()];
            let key = Key::History { of: HistoryOf::Observed, detail: hash(&parts), at: event.occurred_at };
            assert_eq!(identity(&event), Some((key, false)));
            let mut json = Vec::new();
            crate::codec::json::write_event(&event, &mut json);
            let json = String::from_utf8(json).unwrap();
            assert!(json.contains(&format!("\"source\":\"{}\"", source.code())), "{json}");
        }
    }
}
