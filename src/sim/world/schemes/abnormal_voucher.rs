//! Abnormal vouchers kept: a source sold a little at a time over months and vanished; what it issued is marked abnormal, and
//! traders that had most of their input from it neither transfer the tax out nor stop selling.

use crate::model::{Instant, Period};

use super::super::agenda::{Mark, Planned};
use super::super::firm::{Filing, FirmNo};
use super::{Part, Plot, Scheme, Stage, YUAN, reached};

pub(super) static SCHEME: Scheme =
    Scheme { name: "abnormal", typologies: &["abnormal_voucher", "source_burst"], weight: 8, firms_min: 2, plant };

fn plant(stage: &mut Stage<'_>, plot: &Plot) -> Option<()> {
    let (industry, good) = stage.pretended_trade();
    let span = if plot.hard { stage.span(70, 110) } else { stage.span(40, 70) };
    let first = stage.first_day(span + 110);
    let cap = if plot.hard { 200_000 } else { 500_000 } * YUAN;
    let delay_days = stage.chance.place(30);
    let source = stage.shell(industry, Some(first.saturating_sub(20 + delay_days)), cap, 50);
    let never = stage.chance.happens(5_000);
    stage.files(source, if never { Filing::Never } else { Filing::Zero }, Period(i32::MIN));
    let most = i64::try_from(plot.room.saturating_sub(1).clamp(1, 3)).unwrap_or(3);
    let mut holders = Vec::new();
    for _ in 0..stage.chance.between(1, most) {
        let born = first.saturating_sub(60 + stage.chance.place(200));
        let born = stage.chance.happens(5_000).then_some(born);
        holders.push((stage.shell(industry, born, cap * 2, 50), Vec::new()));
    }
    let mut customers = Vec::new();
    for _ in 0..stage.chance.between(2, 4) {
        customers.push(stage.pick(|firm, output| firm.industry != industry && output > 200_000 * YUAN)?);
    }
    let sheets = stage.chance.between(8, 14) * i64::try_from(holders.len()).unwrap_or(1);
    let moments = stage.moments(first, span, sheets);
    let last = *moments.last()?;
    let vanished = last.plus_days(stage.chance.between(10, 35));
    stage.vanish(source, vanished);
    let days = stage.chance.between(8, 35);
    let marked = stage.office(stage.calendar.day_of(vanished.plus_days(days)));
    let mark = Some(Mark { at: marked, lifted_at: None, reversed_at: None })
        .filter(|_| stage.is_seen(vanished.plus_days(days)))?;
    let mut issued = Vec::new();
    for (number, at) in moments.into_iter().enumerate() {
        let amount = cap / 100 * stage.chance.between(55, 99);
        let place = number % holders.len();
        let holder = holders[place].0;
        let order = i64::try_from(number).unwrap_or(0);
        let mark = Some(Mark { at: Instant(mark.at.0 + order * 8_000), ..mark });
        stage.issue(at, Planned { mark, ..Planned::feigned(source, holder, good, amount) });
        let tax = stage.tax(source, good, amount);
        issued.push((at, tax));
        holders[place].1.push((at, tax));
        sell_on(stage, plot, (holder, &customers), good, at, amount);
    }
    let all: i64 = issued.iter().map(|(_, tax)| tax).sum();
    let evident = reached(issued.iter().copied(), all / 2)?;
    stage.label(plot, "source_burst", source, Part::Source, issued[0].0, evident);
    for (holder, took) in holders {
        stage.label_taker(plot, ("abnormal_voucher", Part::Beneficiary), holder, &took, mark.at);
    }
    Some(())
}

/// The holder's own customers pay for goods that came from elsewhere without an invoice: what they got is real.
fn sell_on(
    stage: &mut Stage<'_>,
    plot: &Plot,
    (holder, customers): (FirmNo, &[FirmNo]),
    good: usize,
    at: Instant,
    amount: i64,
) {
    let customer = customers[stage.chance.place(customers.len())];
    let delay_days = stage.chance.place(12);
    let sold = stage.office(stage.calendar.day_of(at) + 2 + delay_days);
    if stage.is_traded(sold) {
        let percent = stage.chance.between(106, 118);
        stage.issue(sold, Planned::real(holder, customer, good, amount / 100 * percent));
        stage.bystander_once(plot, "abnormal_voucher", customer, sold);
    }
}
