//! Planted fraud: one file per scheme, one line in [`ALL`]. A scheme is planned as a whole before the first event: its
//! invoices with their moments, whatever else it does, and its labels. About two fifths are *hard*: slower, smaller,
//! and mixed with real trade.

mod chain;
mod circular;
mod deduction;

use crate::model::{Fact, Instant, TaxpayerKind};

use super::agenda::{Action, Agenda, Planned};
use super::calendar::{Calendar, DayNo, Season};
use super::chance::Chance;
use super::firm::{Firm, FirmNo, index};
use super::goods::{INDUSTRIES, TRADES, Tier};
use super::population::{Founding, Population};
use super::sheet::tax_on;
use super::trade::Network;
use crate::sim::label::{Label, Part};

/// A kind of scheme.
pub(super) struct Scheme {
    /// What its labels are called after.
    name: &'static str,
    /// How common it is.
    weight: u64,
    /// Plans one. `None` where the firms it needs cannot be found.
    plant: fn(&mut Stage<'_>, &Plot) -> Option<()>,
}

/// Every kind of scheme.
static ALL: [&Scheme; 5] =
    [&chain::SCHEME, &circular::SCHEME, &deduction::WITHOUT_INVOICE, &deduction::TWICE, &deduction::AFTER_VOID];

/// The most new firms a scheme founds.
pub(super) const SHELLS_MAX: usize = 6;
/// Hard to see, in basis points of all schemes.
const HARD_BP: u64 = 4_000;
/// In a shorter world nobody has the time for a scheme.
const TRADING_DAYS_MIN: DayNo = 28;
/// One yuan, in fen.
const YUAN: i64 = 100;
/// The tax from which on a chain is evident to a buyer, in fen: 03, Labels.
const EVIDENT_TAX: i64 = 50_000 * YUAN;

/// One scheme to be.
struct Plot {
    /// Such as `chain-3`.
    name: String,
    hard: bool,
}

/// What a scheme is planned with.
pub(super) struct Stage<'a> {
    pub(super) population: &'a mut Population,
    pub(super) network: &'a Network,
    pub(super) calendar: &'a Calendar,
    pub(super) agenda: &'a mut Agenda,
    pub(super) labels: &'a mut Vec<Label>,
    pub(super) chance: &'a mut Chance,
    /// How many firms there are to be in the end.
    pub(super) taxpayers: usize,
    /// How many of them are to take part in schemes.
    pub(super) in_schemes: usize,
}

/// Plants schemes until enough firms take part; returns how many schemes.
pub(super) fn plant(stage: &mut Stage<'_>) -> usize {
    let mut counts = [0_usize; ALL.len()];
    let mut failures = 0;
    if stage.calendar.trading < TRADING_DAYS_MIN {
        return 0;
    }
    while stage.fraudsters() < stage.in_schemes && failures < 20 {
        if stage.taxpayers < stage.population.firms.len() + SHELLS_MAX {
            break;
        }
        // Each kind once, in order; then as they are common.
        let place = counts.iter().position(|&count| count == 0 && failures == 0);
        let place = place.unwrap_or_else(|| stage.chance.weighted(ALL.iter().map(|scheme| scheme.weight)));
        let scheme = ALL[place];
        let hard = stage.chance.happens(HARD_BP);
        let plot = Plot { name: format!("{}-{}", scheme.name, counts[place] + 1), hard };
        match (scheme.plant)(stage, &plot) {
            Some(()) => counts[place] += 1,
            None => failures += 1,
        }
    }
    counts.iter().sum()
}

impl Stage<'_> {
    fn fraudsters(&self) -> usize {
        self.labels.iter().filter(|label| label.role.is_fraud()).count()
    }

    fn firm(&self, firm: FirmNo) -> &Firm {
        &self.population.firms[index(firm)]
    }

    fn firm_mut(&mut self, firm: FirmNo) -> &mut Firm {
        &mut self.population.firms[index(firm)]
    }

    /// Founds a firm that trades only as the scheme says.
    fn shell(&mut self, industry: usize, born: Option<DayNo>, cap: i64, monthly_count: u32) -> FirmNo {
        let founding = Founding { industry, kind: TaxpayerKind::General, born };
        let number = self.population.found(&founding, self.calendar, self.chance);
        let firm = self.firm_mut(number);
        (firm.cast, firm.paper, firm.end_sales_tax) = (true, false, 0);
        (firm.cap, firm.monthly_count) = (cap, monthly_count);
        number
    }

    /// Picks an established general taxpayer with real trade that nobody has cast yet, and casts it.
    fn pick(&mut self, wanted: impl Fn(&Firm, i64) -> bool) -> Option<FirmNo> {
        for _ in 0..1_000 {
            let place = self.chance.place(self.network.output.len());
            let firm = &mut self.population.firms[place];
            let free = firm.established && firm.is_general() && !firm.cast && firm.tier() != Tier::Producer;
            if free && wanted(firm, self.network.output[place]) {
                firm.cast = true;
                return FirmNo::try_from(place).ok();
            }
        }
        None
    }

    /// A day on which a scheme of so many days may begin: not in the first weeks, and early enough to be seen.
    fn first_day(&mut self, days: DayNo) -> DayNo {
        let trading = self.calendar.trading;
        let latest = trading.saturating_sub(days).max(trading / 4);
        let earliest = 40.min(latest);
        earliest + self.chance.place(latest - earliest + 1)
    }

    /// An office hour of the first worked day from `day` on; of `day` itself where trade would end before.
    fn office(&mut self, day: DayNo) -> Instant {
        let worked = self.calendar.worked_from(day);
        let trading = self.calendar.trading;
        let day = if day < trading && worked >= trading { day } else { worked };
        self.calendar.moment(day, Season::Business, self.chance)
    }

    /// Whether new invoices may still be issued then.
    fn is_traded(&self, at: Instant) -> bool {
        self.calendar.day_of(at) < self.calendar.trading
    }

    /// Whether anything happens then at all.
    fn is_seen(&self, at: Instant) -> bool {
        self.calendar.day_of(at) < self.calendar.days.len()
    }

    fn issue(&mut self, at: Instant, invoice: Planned) {
        let seller = self.firm_mut(invoice.seller);
        seller.planned_amount = seller.planned_amount.max(invoice.amount);
        self.agenda.add(self.calendar, at, Action::Issue(Box::new(invoice)));
    }

    fn say(&mut self, at: Instant, fact: Fact) {
        self.agenda.add(self.calendar, at, Action::Say(Box::new(fact)));
    }

    /// The tax on what a firm sells of a good.
    fn tax(&self, seller: FirmNo, good: usize, amount: i64) -> i64 {
        tax_on(amount, self.firm(seller).rate_bp(good))
    }

    /// A wholesale trade, and one of its goods: what a scheme pretends to deal in.
    fn pretended_trade(&mut self) -> (usize, usize) {
        let industry = TRADES[self.chance.place(TRADES.len())];
        let sells = INDUSTRIES[industry].sells;
        let good = sells[self.chance.place(sells.len())];
        (industry, good)
    }

    fn label(&mut self, plot: &Plot, typology: &str, firm: FirmNo, role: Part, first_at: Instant, evident_at: Instant) {
        let taxpayer_id = self.firm(firm).id;
        self.labels.push(Label {
            scheme: plot.name.clone(),
            typology: typology.into(),
            taxpayer_id,
            role,
            first_at,
            evident_at,
        });
    }
}
