//! The facts noted about a taxpayer, and its papers as they stood at a time: read from the facts themselves, so that any
//! time can be asked for.

use std::collections::BTreeMap;

use super::error::Error;
use super::folder::Folder;
use super::words;
use crate::codec::avro;
use crate::model::{
    CreditGrade, Date, Entity, Event, Fact, Fen, Instant, InvoiceKind, InvoiceNo, Person, Position, Status, TaxpayerId,
    TaxpayerKind, Text,
};
use crate::state::{HistoryOf, Key, NotedFact, Quota};

/// A fact, and where it stands.
#[derive(Clone, Debug)]
pub struct Noted {
    /// In the journal.
    pub position: Position,
    /// What was said.
    pub event: Event,
}

/// What a taxpayer's papers said at a time.
#[derive(Clone, Debug, Default)]
pub struct Papers {
    /// Name.
    pub name: Option<Text>,
    /// When it registered.
    pub registered_on: Option<Date>,
    /// GB/T 4754.
    pub industry: Option<Text>,
    /// GB/T 2260.
    pub region: Option<Text>,
    /// Address.
    pub address: Option<Text>,
    /// Registered capital.
    pub capital: Option<Fen>,
    /// General or small-scale.
    pub kind: Option<TaxpayerKind>,
    /// Credit grade.
    pub credit_grade: Option<CreditGrade>,
    /// Status, since when, and why.
    pub status: Option<(Status, Instant, Option<Text>)>,
    /// The four officers, each once.
    pub people: Vec<Person>,
    /// Who it was before its identifier changed.
    pub former_taxpayer_id: Option<TaxpayerId>,
    /// Quotas, by the contract's name of the invoice kind.
    pub quotas: BTreeMap<&'static str, Quota>,
}

impl Folder {
    /// All facts noted about a taxpayer with an event time not after `until`, oldest first.
    pub fn noted(&self, taxpayer_id: TaxpayerId, until: Instant) -> Result<Vec<Noted>, Error> {
        self.noted_of(taxpayer_id, &OF_TAXPAYERS, until)
    }

    /// The same, of some kinds.
    pub(super) fn noted_of(
        &self,
        taxpayer_id: TaxpayerId,
        kinds: &[HistoryOf],
        until: Instant,
    ) -> Result<Vec<Noted>, Error> {
        let mut noted = Vec::new();
        for of in kinds {
            let Some(type_name) = of.type_name() else { continue };
            let from = Key::History { of: *of, detail: 0, at: Instant(i64::MIN) };
            self.each_row(Entity::taxpayer(taxpayer_id), from, END, |key, row: NotedFact| {
                let Key::History { of: found, .. } = key else { return false };
                // What a later version of the contract would refuse is passed over.
                if found == *of
                    && row.at <= until
                    && let Ok(event) = avro::read_event(type_name, &row.event)
                {
                    noted.push(Noted { position: row.position, event });
                }
                found == *of
            })?;
        }
        noted.sort_by_key(|noted| (noted.event.occurred_at, noted.position));
        Ok(noted)
    }
}

/// After all facts.
const END: Key = Key::Issued(InvoiceNo::FIRST);
const OF_TAXPAYERS: [HistoryOf; 9] = [
    HistoryOf::Registered,
    HistoryOf::Changed,
    HistoryOf::StatusChanged,
    HistoryOf::QuotaGranted,
    HistoryOf::MarkedAbnormal,
    HistoryOf::MarkLifted,
    HistoryOf::Verified,
    HistoryOf::Declared,
    HistoryOf::Observed,
];

impl Papers {
    /// What the facts, oldest first, come to.
    pub fn of(noted: &[Noted]) -> Self {
        let mut papers = Self::default();
        for Noted { event, .. } in noted {
            papers.take(event);
        }
        papers
    }

    fn take(&mut self, event: &Event) {
        match &event.fact {
            Fact::TaxpayerRegistered(registered) => {
                let said = registered.as_ref().clone();
                (self.name, self.registered_on) = (Some(said.name), Some(said.registered_on));
                (self.industry, self.region) = (Some(said.industry), Some(said.region));
                (self.address, self.capital, self.kind) = (Some(said.address), Some(said.capital), Some(said.kind));
                self.credit_grade = said.credit_grade.or(self.credit_grade);
                self.name_people(said.people);
            }
            Fact::TaxpayerChanged(changed) => {
                let said = changed.as_ref().clone();
                over(&mut self.name, said.name);
                over(&mut self.industry, said.industry);
                over(&mut self.region, said.region);
                over(&mut self.address, said.address);
                over(&mut self.capital, said.capital);
                over(&mut self.kind, said.kind);
                over(&mut self.credit_grade, said.credit_grade);
                over(&mut self.former_taxpayer_id, said.former_taxpayer_id);
                self.name_people(said.people);
            }
            Fact::TaxpayerStatusChanged(changed) => {
                self.status = Some((changed.status, event.occurred_at, changed.reason.clone()));
            }
            Fact::InvoiceQuotaGranted(granted) => {
                let quota = Quota { max_amount: granted.max_amount, monthly_count: granted.monthly_count };
                self.quotas.insert(words::invoice_kind(granted.invoice_kind), quota);
            }
            // Say nothing about papers.
            Fact::InvoiceIssued(_)
            | Fact::InvoiceVoided(_)
            | Fact::InvoiceReceived(_)
            | Fact::InvoiceDeducted(_)
            | Fact::DeductionReversed(_)
            | Fact::InvoiceMarkedAbnormal(_)
            | Fact::InvoiceMarkLifted(_)
            | Fact::TaxpayerVerified(_)
            | Fact::VatDeclared(_)
            | Fact::Observed(_)
            | Fact::OrgDefined(_)
            | Fact::GridDefined(_)
            | Fact::OfficerDefined(_)
            | Fact::TaskActed(_)
            | Fact::RulesPublished(_)
            | Fact::ModelPublished(_) => {}
        }
    }

    /// Who holds a role now, each role once.
    fn name_people(&mut self, people: Vec<Person>) {
        self.people.retain(|known| people.iter().all(|named| named.role != known.role));
        self.people.extend(people);
    }

    /// The quota for special invoices.
    pub fn special_quota(&self) -> Option<Quota> {
        self.quotas.get(words::invoice_kind(InvoiceKind::Special)).copied()
    }
}

fn over<T>(known: &mut Option<T>, said: Option<T>) {
    if said.is_some() {
        *known = said;
    }
}

/// One fact as a sentence of a timeline.
pub(super) fn sentence(fact: &Fact) -> String {
    let because = |reason: &Option<Text>| reason.as_ref().map(|text| format!(": {text}")).unwrap_or_default();
    match fact {
        Fact::TaxpayerRegistered(f) => {
            let people: Vec<_> = f.people.iter().map(person).collect();
            let kind = words::taxpayer_kind(f.kind);
            let list = if people.is_empty() { String::new() } else { format!("; {}", people.join(", ")) };
            format!(
                "registered on {} as {}, {kind}, industry {}, region {}{list}",
                f.registered_on, f.name, f.industry, f.region
            )
        }
        Fact::TaxpayerChanged(f) => {
            let mut said = Vec::new();
            said.extend(f.name.as_ref().map(|v| format!("name {v}")));
            said.extend(f.industry.as_ref().map(|v| format!("industry {v}")));
            said.extend(f.region.as_ref().map(|v| format!("region {v}")));
            said.extend(f.street.as_ref().map(|v| format!("street {v}")));
            said.extend(f.address.as_ref().map(|v| format!("address {v}")));
            said.extend(f.capital.map(|v| format!("capital {}", v.grouped())));
            said.extend(f.kind.map(|v| format!("kind {}", words::taxpayer_kind(v))));
            said.extend(f.credit_grade.map(|v| format!("credit grade {}", words::credit_grade(v))));
            said.extend(f.former_taxpayer_id.map(|v| format!("formerly {v}")));
            said.extend(f.people.iter().map(person));
            format!("changed: {}", said.join(", "))
        }
        Fact::TaxpayerStatusChanged(f) => format!("status {}{}", words::status(f.status), because(&f.reason)),
        Fact::InvoiceQuotaGranted(f) => {
            let kind = words::invoice_kind(f.invoice_kind);
            format!("may issue {} {kind} invoices a month, up to {} each", f.monthly_count, f.max_amount.grouped())
        }
        Fact::InvoiceMarkedAbnormal(f) => format!("its invoice {} is marked abnormal: {}", f.invoice_no, f.reason),
        Fact::InvoiceMarkLifted(f) => format!("the mark on its invoice {} is lifted: {}", f.invoice_no, f.reason),
        Fact::TaxpayerVerified(f) => {
            format!("verified {}: {}{}", f.subject, words::outcome(f.outcome), because(&f.reason))
        }
        Fact::VatDeclared(f) => format!(
            "declared {}: sales {}, output tax {}, input tax {}, transferred out {}, payable {}",
            f.period,
            f.sales.grouped(),
            f.output_tax.grouped(),
            f.input_tax.grouped(),
            f.transferred_out.grouped(),
            f.payable_tax.grouped()
        ),
        Fact::Observed(f) => {
            let source = f.source.code();
            format!("observed {source}/{} of {}: {} {}", f.metric, f.period, f.value, f.unit)
        }
        // Have rows of their own, or are about others.
        Fact::InvoiceIssued(_)
        | Fact::InvoiceVoided(_)
        | Fact::InvoiceReceived(_)
        | Fact::InvoiceDeducted(_)
        | Fact::DeductionReversed(_)
        | Fact::OrgDefined(_)
        | Fact::GridDefined(_)
        | Fact::OfficerDefined(_)
        | Fact::TaskActed(_)
        | Fact::RulesPublished(_)
        | Fact::ModelPublished(_) => fact.type_name().into(),
    }
}

fn person(person: &Person) -> String {
    format!("{} {}", words::officer(person.role), person.person_id)
}
