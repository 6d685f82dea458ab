//! Goods that were never made: a factory invoices two or three times what it makes, to firms that deduct it. It buys the
//! material for it and sells that off the books, so its input looks right; its power, wages and lorries do not move.

use crate::model::{Instant, Period};

use super::super::agenda::Planned;
use super::super::firm::Firm;
use super::super::goods::{INDUSTRIES, Tier};
use super::{Part, Plot, Scheme, Stage, YUAN};

pub(super) static SCHEME: Scheme = Scheme {
    name: "factory",
    typologies: &["third_party_mismatch", "false_deduction"],
    weight: 8,
    firms_min: 2,
    plant,
};

fn plant(stage: &mut Stage<'_>, plot: &Plot) -> Option<()> {
    let months = i64::try_from(stage.calendar.months()).unwrap_or(12);
    let maker = |firm: &Firm, output: i64| {
        firm.tier() == Tier::Maker && firm.export_tax == 0 && (150_000 * YUAN..6_000_000 * YUAN).contains(&output)
    };
    let factory = stage.pick(maker)?;
    let usual_tax = stage.network.output[factory as usize] / months;
    let times = if plot.hard { stage.chance.between(90, 150) } else { stage.chance.between(180, 320) };
    let stay = if plot.hard { 4 } else { 2 };
    let first = stage.first_day(stay * 31 + 45);
    let tax = (usual_tax / 100 * times).max(40_000 * YUAN) * i64::try_from(stay).unwrap_or(2);
    let good = stage.first_good(factory);
    let industry = stage.firm(factory).industry;
    let buyers = stage.beneficiaries(tax, plot)?;
    let mut took = vec![Vec::new(); buyers.len()];
    let sheets = (tax / (50_000 * YUAN)).clamp(8, 60);
    let amount = tax / sheets * 100 / 13;
    let mut issued: Vec<(Instant, i64)> = Vec::new();
    for (number, at) in stage.moments(first, stay * 31, sheets).into_iter().enumerate() {
        let amount = amount / 100 * stage.chance.between(75, 125);
        let place = number % buyers.len();
        stage.issue(at, Planned::feigned(factory, buyers[place], good, amount));
        let tax = stage.tax(factory, good, amount);
        issued.push((at, tax));
        took[place].push((at, tax));
        // The material for it, from whom it has it anyway, or somebody of their trade.
        let Some(supplier) = stage.supplier(INDUSTRIES[industry].buys[0].0) else { continue };
        let material = stage.first_good(supplier);
        let day = stage.calendar.day_of(at).saturating_sub(stage.chance.place(12));
        let bought = stage.office(day);
        let percent = stage.chance.between(72, 84);
        stage.issue(bought, Planned::real(supplier, factory, material, amount / 100 * percent));
    }
    let began = issued.first()?.0;
    // With the return for the first whole month come the readings that cannot carry it.
    let evident = stage.files_at(factory, Period(began.period().0 + 1))?;
    stage.label(plot, "third_party_mismatch", factory, Part::Solo, began, evident);
    for (buyer, took) in buyers.into_iter().zip(took) {
        stage.label_taker(plot, ("false_deduction", Part::Beneficiary), buyer, &took, evident);
    }
    Some(())
}
