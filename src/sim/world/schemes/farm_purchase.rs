//! Purchase vouchers for produce that nobody delivered: a mill issues them to itself, in the name of households that do not
//! exist, beyond what it can work and out of season, at prices far above the market; it deducts them, and sells what it
//! never made to firms that deduct that.

use crate::model::Instant;

use super::super::agenda::Planned;
use super::super::firm::Firm;
use super::super::goods::INDUSTRIES;
use super::{Part, Plot, Scheme, Stage, YUAN, plain};

pub(super) static SCHEME: Scheme =
    Scheme { name: "vouchers", typologies: &["farm_purchase", "false_deduction"], weight: 10, firms_min: 1, plant };

/// Mills that buy from farmers: rice and flour, cotton cloth.
const MILLS: [usize; 2] = [9, 10];

fn plant(stage: &mut Stage<'_>, plot: &Plot) -> Option<()> {
    let industry = MILLS[stage.chance.place(MILLS.len())];
    let span = if plot.hard { stage.span(60, 120) } else { stage.span(30, 70) };
    let first = stage.first_day(span + 30);
    let real = |firm: &Firm, output: i64| firm.industry == industry && output > 100_000 * YUAN;
    let mill = if plot.hard { stage.pick(real) } else { None };
    let born = first.saturating_sub(30 + stage.chance.place(60));
    let mill = mill.unwrap_or_else(|| stage.shell(industry, Some(born), 1_000_000 * YUAN, 50));
    let produce = INDUSTRIES[INDUSTRIES[industry].buys[0].0].sells[0];
    let (sheets, price) =
        if plot.hard { (stage.chance.between(15, 40), 130..=300) } else { (stage.chance.between(25, 90), 400..=1_200) };
    let price = u16::try_from(stage.chance.between(*price.start(), *price.end())).unwrap_or(1_000);
    let mut steps: Vec<(Instant, i64)> = Vec::new();
    let mut bought = 0;
    for at in stage.moments(first, span, sheets) {
        // Households sell little at a time; whoever makes them up is in a hurry.
        let worth = if plot.hard { stage.chance.between(30, 90) } else { stage.chance.between(70, 99) };
        let amount = worth * 1_000 * YUAN;
        stage.issue(at, Planned::voucher(mill, produce, amount, price));
        steps.push((at, amount / 100 * 9));
        bought += amount;
    }
    let evident = plain(&steps)?;
    stage.label(plot, "farm_purchase", mill, Part::Solo, steps[0].0, evident);
    if plot.hard || plot.room < 2 {
        return Some(());
    }
    let good = stage.first_good(mill);
    let buyers = stage.beneficiaries(bought / 100 * 9, plot)?;
    let mut took = vec![Vec::new(); buyers.len()];
    let sales = bought / (900_000 * YUAN) + 2;
    for (number, at) in stage.moments(first + 6, span, sales).into_iter().enumerate() {
        let amount = (bought / sales / 1_000).min(990 * YUAN) * stage.chance.between(990, 1_009);
        let place = number % buyers.len();
        stage.issue(at, Planned::feigned(mill, buyers[place], good, amount));
        took[place].push((at, stage.tax(mill, good, amount)));
    }
    for (buyer, took) in buyers.into_iter().zip(took) {
        stage.label_taker(plot, ("false_deduction", Part::Beneficiary), buyer, &took, evident);
    }
    Some(())
}
