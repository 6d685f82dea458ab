//! Honest firms that look like fraudsters in one respect, and must not be flagged for it: cast before anybody trades, so
//! that their trade is as real as everybody's. Those who do something particular besides are in `acts`.

mod acts;

use crate::model::Instant;

use super::calendar::{Calendar, Season};
use super::chance::Chance;
use super::firm::{Firm, FirmNo, index};
use super::goods::Tier;
use super::population::Population;
use crate::sim::label::{Label, Part};
pub(super) use acts::act;

/// Casts about as many look-alikes of each kind as there are firms of one kind of scheme. Returns the firms that trade
/// both ways.
pub(super) fn cast(
    population: &mut Population,
    calendar: &Calendar,
    in_schemes: usize,
    chance: &mut Chance,
    labels: &mut Vec<Label>,
) -> Vec<(FirmNo, FirmNo)> {
    let mut pairs = Vec::new();
    if in_schemes == 0 {
        return pairs;
    }
    for _ in 0..in_schemes.div_ceil(12) {
        let mut casting = Casting { population, calendar, chance, labels };
        casting.fast_growth();
        casting.thin_margin();
        casting.shared_officer();
        casting.returns();
        casting.seasonal();
        casting.near_cap();
        casting.many_voids();
        casting.careless();
        casting.exporter();
        casting.mill();
        casting.work_put_out();
        casting.clients();
        pairs.extend(casting.both_ways());
    }
    pairs
}

struct Casting<'a> {
    population: &'a mut Population,
    calendar: &'a Calendar,
    chance: &'a mut Chance,
    labels: &'a mut Vec<Label>,
}

impl Casting<'_> {
    /// A new firm that sells a lot within weeks, and buys what it sells.
    fn fast_growth(&mut self) {
        let wanted = |firm: &Firm| !firm.established && firm.is_general() && firm.tier() != Tier::Producer;
        let Some(firm) = self.pick(wanted) else { return };
        let born = self.chance.place(self.calendar.trading / 2 + 1);
        let growing = &mut self.population.firms[index(firm)];
        growing.born = born;
        growing.registered_on = self.calendar.days[born].start.date();
        growing.end_sales_tax = growing.end_sales_tax.max(40_000_000);
        self.label(firm, "source_burst");
    }

    /// A commodity trader that keeps one to two per cent.
    fn thin_margin(&mut self) {
        let Some(firm) = self.pick(|firm| firm.established && firm.tier() == Tier::Trader) else { return };
        self.population.firms[index(firm)].input_percent = 98;
        self.label(firm, "pass_through");
    }

    /// A group: three to five firms, one finance officer.
    fn shared_officer(&mut self) {
        let mut officer = None;
        for _ in 0..self.chance.between(3, 5) {
            let Some(firm) = self.pick(|firm| firm.established && firm.is_general()) else { return };
            let people = &mut self.population.firms[index(firm)].people;
            people[1] = *officer.get_or_insert(people[1]);
            self.label(firm, "shared_control");
        }
    }

    /// One invoice in twelve is red-lettered in the month of issue.
    fn returns(&mut self) {
        let Some(firm) = self.pick(|firm| firm.established && firm.is_general() && !firm.paper) else { return };
        self.population.firms[index(firm)].returns_bp = 800;
        self.label(firm, "red_abuse");
    }

    /// Silent for most of the year, then two thirds of it in two months.
    fn seasonal(&mut self) {
        let wanted = |firm: &Firm| firm.established && firm.is_general() && firm.tier() >= Tier::Trader;
        let Some(firm) = self.pick(wanted) else { return };
        self.population.firms[index(firm)].season = Season::Peak;
        self.label(firm, "dormant_revival");
    }

    /// A trader whose quota is too small for it: nearly all its invoices are near the cap.
    fn near_cap(&mut self) {
        let Some(firm) = self.pick(|firm| firm.established && firm.tier() == Tier::Trader) else { return };
        self.population.firms[index(firm)].sheet_percent = 12;
        self.label(firm, "cap_issuing");
    }

    /// A third of its invoices on paper are voided, before anybody booked them.
    fn many_voids(&mut self) {
        let Some(firm) = self.pick(|firm| firm.established && firm.paper) else { return };
        self.population.firms[index(firm)].voids_bp = 3_800;
        self.label(firm, "void_abuse");
    }

    /// Files late, and wrong, and puts it right.
    fn careless(&mut self) {
        let Some(firm) = self.pick(|firm| firm.established && firm.is_general()) else { return };
        self.population.firms[index(firm)].careless_bp = 4_500;
        self.label(firm, "declared_mismatch");
    }

    /// Sells abroad, and has the tax refunded.
    fn exporter(&mut self) {
        let wanted = |firm: &Firm| firm.established && firm.export_tax > 0;
        let Some(firm) = self.pick(wanted) else { return };
        self.label(firm, "export_refund");
    }

    /// Buys most of a year's harvest from farmers within three months, on its own vouchers.
    fn mill(&mut self) {
        let Some(firm) = self.pick(|firm| firm.established && firm.line_of_business().farm_percent > 0) else { return };
        self.label(firm, "farm_purchase");
    }

    /// A maker that has half of its work done elsewhere, and uses half the power.
    fn work_put_out(&mut self) {
        let Some(firm) = self.pick(|firm| firm.established && firm.tier() == Tier::Maker) else { return };
        self.population.firms[index(firm)].power_percent = 45;
        self.label(firm, "third_party_mismatch");
    }

    /// Clients of one bookkeeping agent.
    fn clients(&mut self) {
        let agents = self.population.agents.clone();
        for _ in 0..3 {
            let Some(firm) = self.pick(|firm| firm.established && agents.contains(&firm.people[2])) else { return };
            self.label(firm, "shared_control");
        }
    }

    /// Two makers that buy each other's goods.
    fn both_ways(&mut self) -> Option<(FirmNo, FirmNo)> {
        let maker = |firm: &Firm| firm.established && firm.tier() == Tier::Maker;
        let one = self.pick(maker)?;
        let industry = self.population.firms[index(one)].industry;
        let other = self.pick(|firm| maker(firm) && firm.industry != industry)?;
        self.label(one, "circular");
        self.label(other, "circular");
        Some((one, other))
    }

    /// A firm nobody has cast yet, and that goes on to the end.
    fn pick(&mut self, wanted: impl Fn(&Firm) -> bool) -> Option<FirmNo> {
        let firms = &mut self.population.firms;
        for _ in 0..400 {
            let place = self.chance.place(firms.len());
            if !firms[place].cast && wanted(&firms[place]) {
                (firms[place].cast, firms[place].closes) = (true, None);
                return FirmNo::try_from(place).ok();
            }
        }
        None
    }

    fn label(&mut self, firm: FirmNo, typology: &str) {
        let firm = &self.population.firms[index(firm)];
        let at: Instant = self.calendar.days[firm.born].start;
        self.labels.push(Label {
            scheme: "honest".into(),
            typology: typology.into(),
            taxpayer_id: firm.id,
            role: Part::Lookalike,
            first_at: at,
            evident_at: at,
        });
    }
}
