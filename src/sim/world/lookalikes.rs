//! Honest firms that look like fraudsters in one respect, and must not be flagged for it: cast before anybody trades, so
//! that their trade is as real as everybody's.

use crate::model::Instant;

use super::calendar::{Calendar, Season};
use super::chance::Chance;
use super::firm::{Firm, FirmNo, index};
use super::goods::Tier;
use super::population::Population;
use crate::sim::label::{Label, Part};

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

    /// A firm nobody has cast yet.
    fn pick(&mut self, wanted: impl Fn(&Firm) -> bool) -> Option<FirmNo> {
        let firms = &mut self.population.firms;
        for _ in 0..400 {
            let place = self.chance.place(firms.len());
            if !firms[place].cast && wanted(&firms[place]) {
                firms[place].cast = true;
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
