//! Voids behind the buyer's back: a seller on tax-control equipment voids, late in the month, what its buyer has deducted
//! already, and owes nothing for it. The buyer knows nothing.

use super::super::agenda::{Planned, Step, Then};
use super::deduction::buyer_and_supplier;
use super::{Part, Plot, Scheme, Stage, YUAN, plain};

pub(super) static SCHEME: Scheme =
    Scheme { name: "voids", typologies: &["void_abuse"], weight: 8, firms_min: 1, plant };

fn plant(stage: &mut Stage<'_>, plot: &Plot) -> Option<()> {
    let (buyer, seller) = buyer_and_supplier(stage, true)?;
    let firm = stage.firm_mut(seller);
    firm.cast = true;
    firm.voids_bp = firm.voids_bp.max(600);
    let months = if plot.hard { 4 } else { 2 };
    let each = if plot.hard { stage.chance.between(1, 2) } else { stage.chance.between(4, 9) };
    let good = stage.first_good(seller);
    let mut day = stage.first_day(months * 31 + 35);
    let mut voided = Vec::new();
    let mut bought = None;
    for _ in 0..months {
        // From the start of a month on, so that the void falls into the month of issue.
        let Some(first) = stage.calendar.next_month(day).filter(|&first| first + 31 < stage.calendar.trading) else {
            break;
        };
        for _ in 0..each {
            let delay_days = stage.chance.place(8);
            let issued = stage.office(first + 1 + delay_days);
            let delay_days = stage.chance.place(2);
            let received = stage.office(stage.calendar.day_of(issued) + 1 + delay_days);
            let delay_days = stage.chance.place(4);
            let deducted = stage.office(stage.calendar.day_of(received) + 1 + delay_days);
            let delay_days = stage.chance.place(4);
            let void = stage.office(first + 21 + delay_days);
            if void.period() != issued.period() || deducted >= void {
                continue;
            }
            let worth = if plot.hard { stage.chance.between(40, 120) } else { stage.chance.between(80, 400) };
            let amount = worth * 1_000 * YUAN;
            let then = Then::Exactly(vec![
                (received, Step::Receive),
                (deducted, Step::Deduct(deducted.period())),
                (void, Step::Void),
            ]);
            // What is voided for good is not issued again.
            stage.issue(issued, Planned { then, ..Planned::feigned(seller, buyer, good, amount) });
            voided.push((void, stage.tax(seller, good, amount)));
            bought.get_or_insert(issued);
        }
        day = first;
    }
    voided.sort_unstable();
    let evident = plain(&voided)?;
    stage.label(plot, "void_abuse", seller, Part::Solo, bought?, evident);
    stage.bystander(plot, "void_abuse", buyer, bought?);
    Some(())
}
