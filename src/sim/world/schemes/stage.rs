//! What schemes are planned with: finding and founding firms, choosing days, writing down what is to happen.

use crate::model::{
    CreditGrade, Fact, Fen, Instant, InvoiceKind, InvoiceQuotaGranted, Period, Status, TaxpayerKind,
    TaxpayerStatusChanged, TaxpayerVerified, VerificationOutcome,
};

use super::super::agenda::{Action, Agenda, Mark, Planned};
use super::super::calendar::{Calendar, DayNo, Hours, days_ms};
use super::super::chance::Chance;
use super::super::filed_at;
use super::super::firm::{Filing, Firm, FirmNo, index};
use super::super::goods::{INDUSTRIES, TRADES, Tier};
use super::super::population::{Founding, Population};
use super::super::sheet::tax_on;
use super::super::trade::Network;
use super::{EVIDENT_TAX, Part, Plot, YUAN, reached};
use crate::sim::label::Label;

/// Shells that let a bookkeeping agent handle their tax, as honest small firms do, in basis points.
const BEHIND_AGENTS_BP: u64 = 2_500;

/// What a scheme is planned with.
pub(in crate::sim::world) struct Stage<'a> {
    pub(in crate::sim::world) population: &'a mut Population,
    pub(in crate::sim::world) network: &'a Network,
    pub(in crate::sim::world) calendar: &'a Calendar,
    pub(in crate::sim::world) agenda: &'a mut Agenda,
    pub(in crate::sim::world) labels: &'a mut Vec<Label>,
    pub(in crate::sim::world) chance: &'a mut Chance,
    /// Only schemes in which one of these appears; any where there is none.
    pub(in crate::sim::world) typologies: &'a [String],
    /// How many firms there are to be in the end.
    pub(in crate::sim::world) taxpayers: usize,
    /// How many of them are to take part in schemes.
    pub(in crate::sim::world) in_schemes: usize,
}

impl Stage<'_> {
    pub(in crate::sim::world) fn fraudsters(&self) -> usize {
        self.labels.iter().filter(|label| label.role.is_fraud()).count()
    }

    pub(in crate::sim::world) fn firm(&self, firm: FirmNo) -> &Firm {
        &self.population.firms[index(firm)]
    }

    pub(in crate::sim::world) fn firm_mut(&mut self, firm: FirmNo) -> &mut Firm {
        &mut self.population.firms[index(firm)]
    }

    /// Founds a firm that trades only as the scheme says.
    pub(in crate::sim::world) fn shell(
        &mut self,
        industry: usize,
        born: Option<DayNo>,
        cap: i64,
        monthly_count: u32,
    ) -> FirmNo {
        let founding = Founding { industry, kind: TaxpayerKind::General, born };
        let number = self.population.found(&founding, self.calendar, self.chance);
        let staff = self.chance.between(0, 2);
        let grade = if self.chance.happens(7_000) { CreditGrade::M } else { CreditGrade::B };
        let agent = match self.population.agents.len() {
            0 => None,
            agents if self.chance.happens(BEHIND_AGENTS_BP) => {
                Some(self.population.agents[self.chance.early_place(agents)])
            }
            _ => None,
        };
        let firm = &mut self.population.firms[index(number)];
        (firm.cast, firm.paper, firm.end_sales_tax, firm.export_tax) = (true, false, 0, 0);
        (firm.cap, firm.monthly_count, firm.staff) = (cap, monthly_count, staff);
        (firm.uninvoiced_percent, firm.grade) = (0, Some(grade));
        firm.behave();
        if let Some(agent) = agent {
            firm.keep_books_at(agent, self.chance);
        }
        number
    }

    /// Picks an established general taxpayer with real trade that nobody has cast yet, and casts it.
    pub(in crate::sim::world) fn pick(&mut self, wanted: impl Fn(&Firm, i64) -> bool) -> Option<FirmNo> {
        let found = self.known(|firm, output| firm.tier() != Tier::Producer && wanted(firm, output))?;
        let firm = self.firm_mut(found);
        firm.cast = true;
        firm.behave();
        Some(found)
    }

    /// Somebody established, with real trade, who has no part in anything.
    pub(in crate::sim::world) fn known(&mut self, wanted: impl Fn(&Firm, i64) -> bool) -> Option<FirmNo> {
        for _ in 0..1_000 {
            let place = self.chance.place(self.network.output.len());
            let firm = &self.population.firms[place];
            let free = firm.established && firm.is_general() && !firm.cast && firm.closes.is_none();
            if free && wanted(firm, self.network.output[place]) {
                return FirmNo::try_from(place).ok();
            }
        }
        None
    }

    /// A supplier of goods of an industry, knowing nothing; nearly all fit, for it only sells.
    pub(in crate::sim::world) fn supplier(&mut self, industry: usize) -> Option<FirmNo> {
        self.known(|firm, output| firm.industry == industry && !firm.paper && output > 20_000 * YUAN)
    }

    /// Firms that owe enough tax for a false claim to be worth it: about one for each so much tax, at most eight.
    pub(in crate::sim::world) fn beneficiaries(&mut self, tax: i64, plot: &Plot) -> Option<Vec<FirmNo>> {
        let most = i64::try_from(plot.room.saturating_sub(1).clamp(1, 8)).unwrap_or(8);
        let wanted = self.chance.between(1, (tax / (100_000 * YUAN)).clamp(1, most));
        let mut buyers = Vec::new();
        for _ in 0..wanted {
            let buyer = self.pick(|firm, output| firm.tier() != Tier::Trader && output > 300_000 * YUAN);
            buyers.push(buyer.or_else(|| self.pick(|_, output| output > 100_000 * YUAN))?);
        }
        Some(buyers)
    }

    /// A day on which a scheme of so many days may begin: not in the first weeks, and early enough to be seen.
    pub(in crate::sim::world) fn first_day(&mut self, days: DayNo) -> DayNo {
        let trading = self.calendar.trading;
        let latest = trading.saturating_sub(days).max(trading / 4);
        let earliest = 40.min(latest);
        earliest + self.chance.place(latest - earliest + 1)
    }

    /// How long a scheme goes on: within a range of days, as far as the world is long enough.
    pub(in crate::sim::world) fn span(&mut self, first: i64, last: i64) -> DayNo {
        let span = DayNo::try_from(self.chance.between(first, last)).unwrap_or(25);
        span.min(self.calendar.trading / 3 + 1)
    }

    /// An office hour of the first worked day from `day` on; of `day` itself where trade would end before.
    pub(in crate::sim::world) fn office(&mut self, day: DayNo) -> Instant {
        let worked = self.calendar.worked_from(day);
        let trading = self.calendar.trading;
        let day = if day < trading && worked >= trading { day } else { worked };
        self.calendar.moment(day, Hours::Office, self.chance)
    }

    /// So many office hours within some days, in order.
    pub(in crate::sim::world) fn moments(&mut self, first: DayNo, span: DayNo, count: i64) -> Vec<Instant> {
        let last = self.calendar.trading - 1;
        let mut moments = Vec::new();
        for _ in 0..count {
            let day = (first + self.chance.place(span.max(1))).min(last);
            moments.push(self.office(day));
        }
        moments.sort_unstable();
        moments
    }

    /// Whether new invoices may still be issued then.
    pub(in crate::sim::world) fn is_traded(&self, at: Instant) -> bool {
        self.calendar.day_of(at) < self.calendar.trading
    }

    /// Whether anything happens then at all.
    pub(in crate::sim::world) fn is_seen(&self, at: Instant) -> bool {
        self.calendar.day_of(at) < self.calendar.days.len()
    }

    /// When a firm files for a period: never late, for firms in schemes are careful. `None` beyond the last day.
    pub(in crate::sim::world) fn files_at(&self, firm: FirmNo, period: Period) -> Option<Instant> {
        let filing_day = self.firm(firm).filing_day;
        let days = &self.calendar.days;
        let day = days.iter().position(|day| day.period == Period(period.0 + 1) && day.of_month == filing_day)?;
        Some(filed_at(self.calendar, self.population.seed(), firm, day))
    }

    /// The period a day belongs to.
    pub(in crate::sim::world) fn period_of(&self, day: DayNo) -> Period {
        self.calendar.days[day.min(self.calendar.days.len() - 1)].period
    }

    pub(in crate::sim::world) fn issue(&mut self, at: Instant, invoice: Planned) {
        let seller = self.firm_mut(invoice.seller);
        seller.planned_amount = seller.planned_amount.max(invoice.amount);
        self.agenda.add(self.calendar, at, Action::Issue(Box::new(invoice)));
    }

    pub(in crate::sim::world) fn say(&mut self, at: Instant, fact: Fact) {
        self.agenda.add(self.calendar, at, Action::Say(Box::new(fact)));
    }

    /// A quota of special invoices is granted.
    pub(in crate::sim::world) fn grant(&mut self, firm: FirmNo, at: Instant, cap: i64, monthly_count: u32) {
        let taxpayer_id = self.firm(firm).id;
        let (invoice_kind, max_amount) = (InvoiceKind::Special, Fen(cap));
        let quota = InvoiceQuotaGranted { taxpayer_id, invoice_kind, max_amount, monthly_count };
        self.say(at, Fact::InvoiceQuotaGranted(quota));
    }

    /// From a period on, a firm files otherwise than honestly.
    pub(in crate::sim::world) fn files(&mut self, firm: FirmNo, filing: Filing, since: Period) {
        let firm = self.firm_mut(firm);
        (firm.filing, firm.filing_since) = (filing, since);
    }

    /// A firm cannot be found any more. Nothing is heard of it from then on.
    pub(in crate::sim::world) fn vanish(&mut self, firm: FirmNo, at: Instant) {
        let reason = Some("实地核查查无下落，电话无法接通".into());
        let taxpayer_id = self.firm(firm).id;
        let status = Status::Missing;
        self.say(at, Fact::TaxpayerStatusChanged(TaxpayerStatusChanged { taxpayer_id, status, reason }));
        self.firm_mut(firm).gone = Some(at);
    }

    /// The authority marks the invoices of a firm that vanished weeks later.
    pub(in crate::sim::world) fn mark_after(&mut self, vanished: Instant, plot: &Plot) -> Option<Mark> {
        let days = if plot.hard { self.chance.between(20, 80) } else { self.chance.between(6, 45) };
        let at = self.office(self.calendar.day_of(Instant(vanished.0 + days_ms(days))));
        self.is_seen(Instant(vanished.0 + days_ms(days))).then_some(Mark { at, lifted_at: None, reversed_at: None })
    }

    /// Somebody has looked at a taxpayer.
    pub(in crate::sim::world) fn verified(&mut self, firm: FirmNo, at: Instant, outcome: VerificationOutcome) {
        let (taxpayer_id, subject) = (self.firm(firm).id, "发票业务真实性".into());
        self.say(at, Fact::TaxpayerVerified(TaxpayerVerified { taxpayer_id, subject, outcome, reason: None }));
    }

    /// Several firms in one hand: a clerk, a phone, a machine, in turns.
    pub(in crate::sim::world) fn tie_by_hand(&mut self, firms: &[FirmNo]) {
        let hand = self.population.stranger();
        let (by_clerk, by_phone, by_machine) =
            (self.chance.happens(6_000), self.chance.happens(5_000), self.chance.happens(5_000));
        for &number in firms {
            let firm = self.firm_mut(number);
            if by_clerk || !(by_phone || by_machine) {
                firm.people[2] = hand;
            }
            if by_phone {
                firm.contact = hand;
            }
            if by_machine {
                (firm.device, firm.network) = (u32::MAX - hand, u32::MAX - hand);
            }
        }
    }

    /// The tax on what a firm sells of a good.
    pub(in crate::sim::world) fn tax(&self, seller: FirmNo, good: usize, amount: i64) -> i64 {
        tax_on(amount, self.firm(seller).rate_bp(good))
    }

    /// The main goods of a firm.
    pub(in crate::sim::world) fn first_good(&self, seller: FirmNo) -> usize {
        self.firm(seller).line_of_business().sells[0]
    }

    /// A wholesale trade, and one of its goods: what a scheme pretends to deal in.
    pub(in crate::sim::world) fn pretended_trade(&mut self) -> (usize, usize) {
        let industry = TRADES[self.chance.place(TRADES.len())];
        let sells = INDUSTRIES[industry].sells;
        let good = sells[self.chance.place(sells.len())];
        (industry, good)
    }

    /// Who bought from a fraudster, knowing nothing of it.
    pub(in crate::sim::world) fn bystander(&mut self, plot: &Plot, typology: &str, firm: FirmNo, at: Instant) {
        self.label(plot, typology, firm, Part::Bystander, at, at);
    }

    /// The same, with its first purchase only.
    pub(in crate::sim::world) fn bystander_once(&mut self, plot: &Plot, typology: &str, firm: FirmNo, at: Instant) {
        let id = self.firm(firm).id;
        if !self.labels.iter().any(|label| label.taxpayer_id == id && label.scheme == plot.name) {
            self.bystander(plot, typology, firm, at);
        }
    }

    /// Labels whoever takes what a fraudster issues: evident with the arrival that brings the sum above 50,000 yuan of
    /// tax, and not before the fraudster is.
    pub(in crate::sim::world) fn label_taker(
        &mut self,
        plot: &Plot,
        (typology, role): (&str, Part),
        firm: FirmNo,
        took: &[(Instant, i64)],
        evident: Instant,
    ) {
        let Some(&(first, _)) = took.first() else { return };
        let known = reached(took.iter().copied(), EVIDENT_TAX).map_or(evident, |at| at.max(evident));
        self.label(plot, typology, firm, role, first, known);
    }

    pub(in crate::sim::world) fn label(
        &mut self,
        plot: &Plot,
        typology: &str,
        firm: FirmNo,
        role: Part,
        first_at: Instant,
        evident_at: Instant,
    ) {
        let taxpayer_id = self.firm(firm).id;
        let (scheme, typology) = (plot.name.clone(), typology.into());
        self.labels.push(Label { scheme, typology, taxpayer_id, role, first_at, evident_at });
    }
}
