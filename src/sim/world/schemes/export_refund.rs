//! Refunds of tax that nobody paid: an exporter claims back the tax on what a source invoiced, for goods that never left,
//! or left under another name. Two kinds: goods bought on paper only; and batteries, where lead-acid ones are bought and
//! lithium ones are said to be exported, by several exporters in one hand.

use crate::model::{Instant, Period};

use super::super::agenda::{Mark, Nature, Planned, Then};
use super::super::calendar::days_ms;
use super::super::firm::{Filing, Firm, FirmNo};
use super::super::goods::{LEAD_ACID_BATTERIES, LITHIUM_BATTERIES};
use super::{Part, Plot, Scheme, Stage, YUAN, reached};

pub(super) static SCHEME: Scheme = Scheme {
    name: "export",
    typologies: &["export_refund", "source_burst"],
    weight: 10,
    firms_min: 2,
    plant: |stage, plot| plant(stage, plot, false),
};
pub(super) static BATTERIES: Scheme = Scheme {
    name: "batteries",
    typologies: &["export_refund", "source_burst"],
    weight: 5,
    firms_min: 2,
    plant: |stage, plot| plant(stage, plot, true),
};

/// Trades in goods that go abroad: clothes, electronics.
const TRADES: [usize; 2] = [24, 25];

fn plant(stage: &mut Stage<'_>, plot: &Plot, batteries: bool) -> Option<()> {
    let industry = if batteries { 25 } else { TRADES[stage.chance.place(TRADES.len())] };
    let span = if plot.hard { stage.span(60, 110) } else { stage.span(25, 60) };
    let first = stage.first_day(span + 60);
    let exporters = exporters(stage, plot, industry, batteries, first)?;
    let sheets = if plot.hard { stage.chance.between(16, 36) } else { stage.chance.between(30, 80) };
    let cap = if plot.hard { 200_000 } else { 1_000_000 } * YUAN;
    let delay_days = stage.chance.place(40);
    let source = stage.shell(industry, Some(first.saturating_sub(20 + delay_days)), cap, 100);
    stage.files(source, Filing::Zero, Period(i32::MIN));
    let (taken_in, sent_out) = if batteries {
        (LEAD_ACID_BATTERIES, LITHIUM_BATTERIES)
    } else {
        let good = stage.first_good(exporters[0]);
        (good, good)
    };
    let moments = stage.moments(first, span, sheets);
    let last = *moments.last()?;
    let vanished = Instant(last.0 + days_ms(stage.chance.between(30, 80)));
    stage.vanish(source, vanished);
    let mark = stage.mark_after(vanished, plot);
    let mut issued = Vec::new();
    let mut took = vec![Vec::new(); exporters.len()];
    for (order, (number, at)) in (0_i64..).zip(moments.into_iter().enumerate()) {
        let share = if plot.hard { stage.chance.between(400, 950) } else { stage.chance.between(850, 999) };
        let (amount, place) = (cap / 1_000 * share, number % exporters.len());
        let exporter = exporters[place];
        let mark = mark.map(|mark| Mark { at: Instant(mark.at.0 + order * 9_000), ..mark });
        let then = Then::Refund;
        stage.issue(at, Planned { then, mark, ..Planned::feigned(source, exporter, taken_in, amount) });
        let tax = stage.tax(source, taken_in, amount);
        issued.push((at, tax));
        took[place].push((at, tax));
        export(stage, plot, exporter, sent_out, amount, at);
    }
    let all: i64 = issued.iter().map(|(_, tax)| tax).sum();
    let evident = reached(issued.iter().copied(), all / 2)?;
    stage.label(plot, "source_burst", source, Part::Source, issued[0].0, evident);
    for (exporter, took) in exporters.into_iter().zip(took) {
        stage.label_taker(plot, ("export_refund", Part::Beneficiary), exporter, &took, evident);
    }
    Some(())
}

/// An exporter with trade of its own, or shells that were founded to export.
fn exporters(
    stage: &mut Stage<'_>,
    plot: &Plot,
    industry: usize,
    batteries: bool,
    first: usize,
) -> Option<Vec<FirmNo>> {
    if plot.hard {
        let exporter = |firm: &Firm, _: i64| firm.export_tax > 0;
        return Some(vec![stage.pick(exporter).or_else(|| stage.pick(|firm, _| firm.industry == industry))?]);
    }
    let most = if batteries { 5 } else { 2 };
    let count = stage.chance.between(1, most).min(i64::try_from(plot.room.saturating_sub(1)).unwrap_or(1)).max(1);
    let mut exporters = Vec::new();
    for _ in 0..count {
        let born = first.saturating_sub(70 + stage.chance.place(60));
        exporters.push(stage.shell(industry, Some(born), 5_000_000 * YUAN, 50));
    }
    if exporters.len() > 1 {
        stage.tie_by_hand(&exporters);
    }
    Some(exporters)
}

/// What is said to have left, some days after it was said to be bought. Customs saw part of it at most; the careful send
/// something over the border.
fn export(stage: &mut Stage<'_>, plot: &Plot, exporter: FirmNo, good: usize, amount: i64, bought: Instant) {
    let delay_days = stage.chance.between(3, 20);
    let at = stage.office(stage.calendar.day_of(Instant(bought.0 + days_ms(delay_days))));
    if !stage.is_traded(at) {
        return;
    }
    let crossed_bp = if plot.hard { 6_500 } else { 1_500 };
    let nature = if stage.chance.happens(crossed_bp) { Nature::Export } else { Nature::FeignedExport };
    let amount = amount / 100 * stage.chance.between(104, 125);
    stage.issue(at, Planned::exported(exporter, good, amount, nature));
}
