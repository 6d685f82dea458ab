//! Red letters behind the buyer's back: months after its buyers deducted, a seller offsets its invoices as if the goods had
//! come back, and the buyers transfer nothing out.

use super::super::agenda::{Planned, Step, Then};
use super::super::calendar::days_ms;
use super::deduction::buyer_and_supplier;
use super::{Part, Plot, Scheme, Stage, YUAN, plain};
use crate::model::Instant;

pub(super) static SCHEME: Scheme = Scheme { name: "reds", typologies: &["red_abuse"], weight: 8, firms_min: 1, plant };

fn plant(stage: &mut Stage<'_>, plot: &Plot) -> Option<()> {
    let (buyer, seller) = buyer_and_supplier(stage, false)?;
    let firm = stage.firm_mut(seller);
    firm.cast = true;
    firm.behave();
    let good = stage.first_good(seller);
    let span = if plot.hard { stage.span(60, 120) } else { stage.span(20, 50) };
    let first = stage.first_day(span + 100);
    let sheets = if plot.hard { stage.chance.between(4, 8) } else { stage.chance.between(8, 20) };
    let mut reds = Vec::new();
    let mut began = None;
    for issued in stage.moments(first, span, sheets) {
        let delay_days = stage.chance.place(4);
        let received = stage.office(stage.calendar.day_of(issued) + 1 + delay_days);
        let delay_days = stage.chance.place(6);
        let deducted = stage.office(stage.calendar.day_of(received) + 1 + delay_days);
        let days = stage.chance.between(35, if plot.hard { 100 } else { 65 });
        let red = stage.office(stage.calendar.day_of(Instant(issued.0 + days_ms(days))));
        if !stage.is_seen(Instant(issued.0 + days_ms(days + 3))) {
            continue;
        }
        let worth = if plot.hard { stage.chance.between(40, 120) } else { stage.chance.between(80, 300) };
        let amount = worth * 1_000 * YUAN;
        let thousandths = if stage.chance.happens(6_000) {
            1_000
        } else {
            u16::try_from(stage.chance.between(400, 950)).unwrap_or(900)
        };
        let then = Then::Exactly(vec![
            (received, Step::Receive),
            (deducted, Step::Deduct(deducted.period())),
            (red, Step::Offset(thousandths)),
        ]);
        stage.issue(issued, Planned { then, ..Planned::feigned(seller, buyer, good, amount) });
        reds.push((red, stage.tax(seller, good, amount) / 1_000 * i64::from(thousandths)));
        began.get_or_insert(issued);
    }
    reds.sort_unstable();
    let evident = plain(&reds)?;
    stage.label(plot, "red_abuse", seller, Part::Solo, began?, evident);
    stage.bystander(plot, "red_abuse", buyer, began?);
    Some(())
}
