//! Surplus invoices: a shop whose customers take no invoice has sales to spare, and writes them out to firms that bought
//! nothing and deduct them. What it declares stays the same, and so does what it buys; nothing is missing anywhere but at
//! those firms, who have no use for such goods.

use crate::model::Instant;

use super::super::agenda::Planned;
use super::super::calendar::Season;
use super::super::firm::Firm;
use super::{Part, Plot, Scheme, Stage, YUAN, plain};

pub(super) static SCHEME: Scheme =
    Scheme { name: "surplus", typologies: &["surplus_invoice", "false_deduction"], weight: 10, firms_min: 2, plant };

/// Shops whose goods firms may deduct: supermarkets, clothes, computers, fuel.
const SHOPS: [usize; 4] = [26, 27, 31, 32];

fn plant(stage: &mut Stage<'_>, plot: &Plot) -> Option<()> {
    let span = if plot.hard { stage.span(100, 180) } else { stage.span(40, 90) };
    let first = stage.first_day(span + 20);
    let retail = |firm: &Firm, output: i64| SHOPS.contains(&firm.industry) && output > 150_000 * YUAN;
    let shop = stage.pick(retail)?;
    // Half of what it sells goes without an invoice.
    let percent = u8::try_from(stage.chance.between(45, 60)).unwrap_or(50);
    let firm = stage.firm_mut(shop);
    firm.uninvoiced_percent = percent;
    let spare = firm.end_sales_tax / 100 * i64::from(percent);
    let good = stage.first_good(shop);
    let used_percent = if plot.hard { stage.chance.between(15, 30) } else { stage.chance.between(40, 80) };
    let months = i64::try_from(stage.calendar.trading / 30).unwrap_or(12).max(1);
    let tax = (spare / months * i64::try_from(span / 30 + 1).unwrap_or(3) / 100 * used_percent).max(60_000 * YUAN);
    let mut buyers = Vec::new();
    let most = i64::try_from(plot.room.saturating_sub(1).clamp(1, 5)).unwrap_or(5);
    for _ in 0..stage.chance.between(1, (tax / (60_000 * YUAN)).clamp(1, most)) {
        let wanted = |firm: &Firm, output: i64| firm.season != Season::Retail && output > 200_000 * YUAN;
        buyers.push((stage.pick(wanted)?, Vec::<(Instant, i64)>::new()));
    }
    let sheets = stage.chance.between(tax / (11_000 * YUAN), tax / (6_000 * YUAN)).clamp(6, 120);
    let amount = tax / sheets * 100 / 13;
    let mut steps = Vec::new();
    for (number, at) in stage.moments(first, span, sheets).into_iter().enumerate() {
        let amount = amount / 100 * stage.chance.between(80, 120);
        let place = number % buyers.len();
        stage.issue(at, Planned::feigned(shop, buyers[place].0, good, amount));
        let tax = stage.tax(shop, good, amount);
        steps.push((at, tax));
        buyers[place].1.push((at, tax));
    }
    let evident = plain(&steps)?;
    stage.label(plot, "surplus_invoice", shop, Part::Solo, steps[0].0, evident);
    for (buyer, took) in buyers {
        stage.label_taker(plot, ("false_deduction", Part::Beneficiary), buyer, &took, evident);
    }
    Some(())
}
