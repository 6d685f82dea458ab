//! Nine coal traders: registered one after another, each one's representative the next one's clerk; for three months each
//! issues every invoice at the cap, to customers in other provinces, with hardly any coal behind it.

use crate::model::{Instant, Period};

use super::super::agenda::Planned;
use super::super::calendar::DayNo;
use super::super::firm::{Filing, FirmNo};
use super::super::identity::REGIONS;
use super::{Part, Plot, Scheme, Stage, YUAN, reached};

pub(super) static SCHEME: Scheme =
    Scheme { name: "coal", typologies: &["cap_issuing", "false_deduction"], weight: 10, firms_min: 4, plant };

/// Coal trade, coal mines, and who burns coal: power, steel, cement, chemicals.
const TRADE: usize = 20;
const MINES: usize = 2;
const BURNERS: [usize; 4] = [6, 7, 8, 12];
const GOODS: [usize; 2] = [2, 3];

fn plant(stage: &mut Stage<'_>, plot: &Plot) -> Option<()> {
    let most = plot.room.saturating_sub(1).clamp(3, if plot.hard { 5 } else { 9 });
    let count = 3 + stage.chance.place(most - 2);
    let span = stage.span(60, 92);
    let apart = if plot.hard { 22 } else { 9 };
    let first = stage.first_day(span + count * apart + 15);
    let home = stage.chance.place(REGIONS.len());
    let cap = if plot.hard { 100_000 } else { 1_000_000 } * YUAN;
    let mut buyers = Vec::new();
    for _ in 0..stage.chance.between(1, i64::try_from(count).unwrap_or(3).min(4)) {
        let burner = stage
            .pick(|firm, output| BURNERS.contains(&firm.industry) && firm.region != home && output > 200_000 * YUAN);
        buyers.push((
            burner.or_else(|| stage.pick(|firm, output| firm.region != home && output > 200_000 * YUAN))?,
            Vec::new(),
        ));
    }
    let mut representative = None;
    let mut evident_first: Option<Instant> = None;
    let mut born = first;
    for _ in 0..count {
        let sheets = if plot.hard { stage.chance.between(25, 50) } else { stage.chance.between(30, 70) };
        let trader = stage.shell(TRADE, Some(born), cap, 100);
        let firm = stage.firm_mut(trader);
        firm.region = home;
        if let Some(before) = representative {
            firm.people[2] = before;
        }
        representative = Some(firm.people[0]);
        let filing = if stage.chance.happens(6_000) { Filing::Zero } else { Filing::Understated(90) };
        stage.files(trader, filing, Period(i32::MIN));
        let issued = trade(stage, plot, (trader, home), (born, span), (cap, sheets), &mut buyers);
        let all: i64 = issued.iter().map(|(_, tax)| tax).sum();
        let evident = reached(issued.iter().copied(), all / 2)?;
        stage.label(plot, "cap_issuing", trader, Part::Source, issued.first()?.0, evident);
        evident_first = Some(evident_first.map_or(evident, |first| first.min(evident)));
        let last = issued.last()?.0;
        let days = stage.chance.between(25, 80);
        stage.vanish(trader, last.plus_days(days));
        born = (born + 2 + stage.chance.place(apart)).min(stage.calendar.trading.saturating_sub(20));
    }
    for (buyer, mut took) in buyers {
        took.sort_unstable();
        stage.label_taker(plot, ("false_deduction", Part::Beneficiary), buyer, &took, evident_first?);
    }
    Some(())
}

/// One trader's months: sales at the cap, and a little coal from far away.
fn trade(
    stage: &mut Stage<'_>,
    plot: &Plot,
    (trader, home): (FirmNo, usize),
    (born, span): (DayNo, DayNo),
    (cap, sheets): (i64, i64),
    buyers: &mut [(FirmNo, Vec<(Instant, i64)>)],
) -> Vec<(Instant, i64)> {
    let good = GOODS[stage.chance.place(GOODS.len())];
    let mut issued = Vec::new();
    for at in stage.moments(born + 6, span, sheets) {
        let full = !plot.hard || stage.chance.happens(7_500);
        let share = if full { stage.chance.between(940, 1_000) } else { stage.chance.between(300, 900) };
        let (amount, place) = (cap / 1_000 * share, stage.chance.early_place(buyers.len()));
        stage.issue(at, Planned::feigned(trader, buyers[place].0, good, amount));
        let tax = stage.tax(trader, good, amount);
        issued.push((at, tax));
        buyers[place].1.push((at, tax));
    }
    let coal = if plot.hard { sheets / 4 } else { sheets / 12 };
    for at in stage.moments(born + 6, span, coal) {
        let mine = stage.known(|firm, output| firm.industry == MINES && firm.region != home && output > 10_000 * YUAN);
        let Some(mine) = mine else { break };
        let amount = cap / 100 * stage.chance.between(50, 95);
        stage.issue(at, Planned::real(mine, trader, good, amount));
    }
    issued
}
