//! Goods that change their name: a trader buys one thing and invoices another that it cannot have made of it. The supplier
//! delivers what it says; the buyers need the other name, for a tax on fuel or for a deduction, and may know nothing.

use crate::model::Instant;

use super::super::agenda::Planned;
use super::super::calendar::days_ms;
use super::super::firm::Firm;
use super::super::goods::Tier;
use super::{Part, Plot, Scheme, Stage, YUAN, plain};

pub(super) static SCHEME: Scheme =
    Scheme { name: "switch", typologies: &["goods_switch"], weight: 10, firms_min: 1, plant };

/// The trade that switches, which industry it buys from and what, and what it calls it: places in the tables of `goods`.
const SWITCHES: [(usize, usize, usize, usize); 5] = [
    (18, 3, 4, 27),   // crude oil, sold as petrol
    (18, 12, 19, 28), // methanol, sold as diesel
    (21, 4, 5, 10),   // iron ore, sold as steel bars
    (22, 5, 7, 11),   // sand, sold as cement
    (25, 12, 20, 25), // polyethylene, sold as circuit boards
];

fn plant(stage: &mut Stage<'_>, plot: &Plot) -> Option<()> {
    let (trade, from, bought, sold) = SWITCHES[stage.chance.place(SWITCHES.len())];
    let span = if plot.hard { stage.span(90, 150) } else { stage.span(50, 100) };
    let first = stage.first_day(span + 20);
    // Hard to see in a trader whose other trade is real.
    let real = |firm: &Firm, output: i64| firm.industry == trade && output > 50_000 * YUAN;
    let trader = if plot.hard { stage.pick(real) } else { None };
    let born = first.saturating_sub(60 + stage.chance.place(200));
    let born = stage.chance.happens(5_000).then_some(born);
    let trader = trader.unwrap_or_else(|| stage.shell(trade, born, 1_000_000 * YUAN, 50));
    let supplier = stage.supplier(from)?;
    let mut buyers = Vec::new();
    for _ in 0..stage.chance.between(2, 4) {
        buyers.push(stage.pick(|firm, output| firm.tier() != Tier::Trader && output > 100_000 * YUAN)?);
    }
    let parcels = if plot.hard { stage.chance.between(10, 22) } else { stage.chance.between(14, 40) };
    let mut steps: Vec<(Instant, i64)> = Vec::new();
    for at in stage.moments(first, span, parcels) {
        let worth = if plot.hard { stage.chance.between(60, 200) } else { stage.chance.between(150, 600) };
        let amount = worth * 1_000 * YUAN;
        stage.issue(at, Planned::real(supplier, trader, bought, amount));
        let delay_days = stage.chance.between(2, 12);
        let later = stage.office(stage.calendar.day_of(Instant(at.0 + days_ms(delay_days))));
        if !stage.is_traded(later) {
            continue;
        }
        let amount = amount / 100 * stage.chance.between(102, 109);
        let place = stage.chance.place(buyers.len());
        let sale = Planned::real(trader, buyers[place], sold, amount);
        stage.issue(later, sale);
        steps.push((later, stage.tax(trader, sold, amount)));
        stage.bystander_once(plot, "goods_switch", buyers[place], later);
    }
    steps.sort_unstable();
    let evident = plain(&steps)?;
    stage.label(plot, "goods_switch", trader, Part::Solo, steps[0].0, evident);
    Some(())
}
