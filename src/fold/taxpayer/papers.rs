//! A taxpayer's papers: registration, status, quota, credit, declarations, marks. Each value holds since its own event
//! time, so papers that come late or out of order leave the same papers; what was folded meanwhile is counted again where
//! it rests on them.

use super::Step;
use crate::fold::register::hash;
use crate::model::{
    About, Continue, Entity, Event, Fact, Fen, Instant, InvoiceKind, InvoiceMark, Marked, Message, Observed, Period,
    Person, Role, Status, TaxpayerChanged, TaxpayerKind, TaxpayerRegistered,
};
use crate::risk::ToldBy;
use crate::state::{Course, Issued, Key, Mark, Metric, Month, Quota, Readings};

/// Months back from the last with trade that a paper may make a finding about: ten years.
const PAPERS_MONTHS_MAX: i32 = 120;

impl Step<'_> {
    /// Folds a fact that was noted for the first time.
    pub(super) fn paper(&mut self, event: &Event) {
        let at = event.occurred_at;
        match &event.fact {
            Fact::TaxpayerRegistered(registered) => {
                let kind = self.profile.kind.clone();
                if registered.taxpayer_id == self.books.entity.id {
                    self.registered(registered, at);
                } else {
                    self.registered_again(registered, at);
                }
                self.kind_was(&kind);
                self.weigh_months(Period(i32::MIN));
                self.touch_papers();
            }
            Fact::TaxpayerChanged(changed) => {
                let kind = self.profile.kind.clone();
                self.changed(changed, at);
                self.kind_was(&kind);
                self.weigh_months(Period(i32::MIN));
                self.touch_papers();
            }
            Fact::TaxpayerStatusChanged(changed) => {
                if !self.is_given_up(changed.taxpayer_id, changed.status) {
                    self.status_changed(changed.status, at);
                    self.parties_due = true;
                }
                self.touch_papers();
            }
            Fact::InvoiceQuotaGranted(granted) => {
                if granted.invoice_kind == InvoiceKind::Special {
                    let quota = Quota { max_amount: granted.max_amount, monthly_count: granted.monthly_count };
                    self.profile.quota.say(quota, at);
                    self.touch(About::Period(at.period()));
                }
            }
            Fact::InvoiceMarkedAbnormal(mark) => self.marked(mark, at, true),
            Fact::InvoiceMarkLifted(mark) => self.marked(mark, at, false),
            Fact::VatDeclared(declared) => {
                let figures = [
                    declared.sales,
                    declared.output_tax,
                    declared.input_tax,
                    declared.transferred_out,
                    declared.payable_tax,
                ];
                self.month(declared.period).declared.say(figures, at);
                self.profile.last_declared = self.profile.last_declared.max(declared.period);
                self.touch(About::Period(declared.period));
            }
            Fact::Observed(observed) => self.observed(observed, at),
            // Kept as history alone; or with rows of their own; or about others.
            Fact::TaxpayerVerified(_)
            | Fact::InvoiceIssued(_)
            | Fact::InvoiceVoided(_)
            | Fact::InvoiceReceived(_)
            | Fact::InvoiceDeducted(_)
            | Fact::DeductionReversed(_)
            | Fact::OrgDefined(_)
            | Fact::GridDefined(_)
            | Fact::OfficerDefined(_)
            | Fact::TaskActed(_)
            | Fact::RulesPublished(_)
            | Fact::ModelPublished(_) => {}
        }
    }

    /// Where a firm with invoices turns out to be of another kind than it was taken for, they are counted again.
    fn kind_was(&mut self, before: &Course<TaxpayerKind>) {
        let is_general = |kind: &Course<TaxpayerKind>, at| kind.at(at) != Some(TaxpayerKind::SmallScale);
        if self.profile.last_month > Period::default() && self.profile.kind.differs(before, is_general) {
            self.go_on(Continue::Gone { after: None });
        }
    }

    /// Findings about a month may rest on who the firm is: all months are asked again in which it sold or for which it filed,
    /// and all that stand against it as a source.
    pub(super) fn touch_papers(&mut self) {
        let last = self.profile.last_month.max(self.profile.last_declared);
        if last > Period::default() {
            self.touch(About::Period(last));
        }
        let (from, to) = (Key::Month(last.minus(PAPERS_MONTHS_MAX)), Key::Month(last.minus(-1)));
        for key in self.books.scan(&from, &to, usize::try_from(PAPERS_MONTHS_MAX).unwrap_or_default()) {
            let may_matter =
                |month: &Month| month.sold.count > 0 || month.originated > Fen::ZERO || month.declared.value.is_some();
            let may_matter = self.books.find::<Month>(&key).is_some_and(may_matter);
            if let (Key::Month(period), true) = (key, may_matter) {
                self.touch(About::Period(period));
            }
        }
        if self.profile.open_bursts > 0 {
            self.touch_bursts_from(Period(i32::MIN));
        }
    }

    fn observed(&mut self, observed: &Observed, at: Instant) {
        let metric = Metric::of(observed.source, &observed.metric);
        let (readings, _) = self.books.edit_or_new::<Readings>(Key::Readings(observed.period));
        readings.say(metric, observed.value, at);
        self.touch_told(observed.period, ToldBy::ThirdParties);
    }

    fn registered(&mut self, registered: &TaxpayerRegistered, at: Instant) {
        let was_older = self.opening.is_older(self.profile.registered_on);
        let profile = &mut self.profile;
        profile.registered_on = Some(registered.registered_on);
        profile.kind.say(registered.kind, at);
        profile.industry.say(number(&registered.industry), at);
        profile.region.say(number(&registered.region), at);
        if let Some(grade) = registered.credit_grade {
            profile.credit_grade.say(grade, at);
            self.task_due = true;
        }
        let since = registered.registered_on.start().min(at);
        self.people(&registered.people, since);
        self.note_address(&registered.address, since);
        if was_older && !self.opening.is_older(Some(registered.registered_on)) {
            self.open_without_stock();
        }
    }

    pub(super) fn changed(&mut self, changed: &TaxpayerChanged, at: Instant) {
        let profile = &mut self.profile;
        if let Some(kind) = changed.kind {
            profile.kind.say(kind, at);
        }
        if let Some(industry) = &changed.industry {
            profile.industry.say(number(industry), at);
        }
        if let Some(region) = &changed.region {
            profile.region.say(number(region), at);
        }
        if let Some(grade) = changed.credit_grade {
            profile.credit_grade.say(grade, at);
            self.task_due = true;
        }
        self.parties_due = true;
        self.people(&changed.people, at);
        if let Some(address) = &changed.address {
            self.note_address(address, at);
        }
    }

    fn people(&mut self, people: &[Person], at: Instant) {
        self.note_people(people, at);
        let Some(person) = people.iter().find(|person| person.role == Role::LegalRepresentative) else { return };
        self.profile.representative.say(hash(&[&person.person_id]), at);
    }

    fn marked(&mut self, mark: &InvoiceMark, at: Instant, abnormal: bool) {
        let (issued, _) = self.books.edit_or_new::<Issued>(Key::Issued(mark.invoice_no));
        // Of a mark and a lift of the same moment the mark counts, whichever came first.
        if issued.mark.is_some_and(|earlier| (earlier.at, earlier.abnormal) > (at, abnormal)) {
            return;
        }
        issued.mark = Some(Mark { at, abnormal });
        let issue = issued.issue;
        if let Some(issue) = issue {
            self.doubt_closed(mark.invoice_no, issue.issued_at);
        }
        if let Some(buyer) = issue.and_then(|issue| issue.buyer_id) {
            let seller_id = self.seller_of(mark.invoice_no);
            let marked = Marked { invoice_no: mark.invoice_no, seller_id, at, abnormal };
            self.send(Entity::taxpayer(buyer), Message::Marked(marked));
        }
    }

    /// A firm that is deregistered takes nothing further: what is left in its pool has expired. Where the status is set
    /// back, it is there again. The status in force decides, so a deregistration that comes after what superseded it
    /// takes nothing away.
    pub(super) fn status_changed(&mut self, status: Status, at: Instant) {
        let profile = &mut self.profile;
        let was_gone = profile.deregistered_since().is_some();
        let before = profile.status.clone();
        profile.status.say(status, at);
        if was_gone != profile.deregistered_since().is_some() {
            std::mem::swap(&mut profile.pool, &mut profile.expired);
        }
        self.gone_was(&before, at);
    }
}

/// A code of digits, checked at the edge, as a number.
fn number<N: std::str::FromStr + Default>(digits: &str) -> N {
    digits.parse().unwrap_or_default()
}
