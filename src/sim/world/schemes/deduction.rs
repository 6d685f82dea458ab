//! Frauds a buyer commits alone: it deducts an invoice that does not exist, one invoice in two periods, or one that its
//! seller has voided. The seller knows nothing, and has no label.

use crate::model::{Fact, Fen, Instant, InvoiceDeducted, Purpose};

use super::super::agenda::{Planned, Step, Then};
use super::super::calendar::{DayNo, days_ms};
use super::super::firm::FirmNo;
use super::super::identity::InvoiceRef;
use super::{Part, Plot, Scheme, Stage, YUAN};

pub(super) static WITHOUT_INVOICE: Scheme = Scheme {
    name: "phantom",
    typologies: &["deduct_without_invoice"],
    weight: 8,
    firms_min: 1,
    plant: plant_without_invoice,
};
pub(super) static TWICE: Scheme =
    Scheme { name: "twice", typologies: &["double_deduction"], weight: 8, firms_min: 1, plant: plant_twice };
pub(super) static AFTER_VOID: Scheme =
    Scheme { name: "after-void", typologies: &["deduct_after_void"], weight: 8, firms_min: 1, plant: plant_after_void };

/// A real buyer, and a real supplier of it.
pub(super) fn buyer_and_supplier(stage: &mut Stage<'_>, paper: bool) -> Option<(FirmNo, FirmNo)> {
    for _ in 0..40 {
        let buyer = stage.pick(|_, output| output > 100_000 * YUAN)?;
        let suppliers = stage.network.suppliers(buyer, |seller| {
            let firm = stage.firm(seller);
            firm.established && firm.paper == paper && firm.is_general() && firm.closes.is_none()
        });
        if !suppliers.is_empty() {
            return Some((buyer, suppliers[stage.chance.place(suppliers.len())]));
        }
        stage.firm_mut(buyer).cast = false;
    }
    None
}

/// How many times, and what each is worth without tax, in fen.
fn extent(stage: &mut Stage<'_>, plot: &Plot) -> (i64, i64) {
    if plot.hard {
        (1, stage.chance.between(50_000, 150_000) * YUAN)
    } else {
        (stage.chance.between(1, 4), stage.chance.between(150_000, 900_000) * YUAN)
    }
}

fn plant_without_invoice(stage: &mut Stage<'_>, plot: &Plot) -> Option<()> {
    let (buyer, seller) = buyer_and_supplier(stage, false)?;
    let first = stage.first_day(60);
    let (times, amount) = extent(stage, plot);
    let mut moments = Vec::new();
    for time in 0..times {
        let at = stage.office(first + DayNo::try_from(time).unwrap_or(0) * 3);
        // Numbers from the far end of what the supplier will ever issue.
        let serial = 9_900_000 + u32::try_from(stage.chance.below(99_999)).unwrap_or(0);
        let invoice = InvoiceRef { seller, serial, year: year_of(at), paper: false };
        let deduction = InvoiceDeducted {
            invoice_no: invoice.number(stage.firm(seller).region_code()),
            buyer_id: stage.firm(buyer).id,
            seller_id: Some(stage.firm(seller).id),
            period: at.period(),
            tax: Fen(stage.tax(seller, stage.first_good(seller), amount)),
            purpose: Purpose::Deduct,
        };
        stage.say(at, Fact::InvoiceDeducted(deduction));
        moments.push(at);
    }
    let first_at = moments.into_iter().min()?;
    stage.label(plot, "deduct_without_invoice", buyer, Part::Solo, first_at, first_at);
    Some(())
}

fn plant_twice(stage: &mut Stage<'_>, plot: &Plot) -> Option<()> {
    let (buyer, seller) = buyer_and_supplier(stage, false)?;
    let first = stage.first_day(120);
    let (times, amount) = extent(stage, plot);
    let mut moments = Vec::new();
    for time in 0..times {
        let issued = stage.office(first + DayNo::try_from(time).unwrap_or(0) * 4);
        let received = stage.office(stage.calendar.day_of(issued) + 2);
        let once = stage.office(stage.calendar.day_of(received) + 1);
        let months = if plot.hard { 62 } else { 31 };
        let again = Instant(once.0 + days_ms(months));
        if !stage.is_traded(issued) || !stage.is_seen(again) {
            break;
        }
        let then = Then::Exactly(vec![
            (received, Step::Receive),
            (once, Step::Deduct(once.period())),
            (again, Step::Deduct(again.period())),
        ]);
        let good = stage.first_good(seller);
        stage.issue(issued, Planned { then, ..Planned::real(seller, buyer, good, amount) });
        moments.push((once, again));
    }
    let &(once, again) = moments.first()?;
    stage.label(plot, "double_deduction", buyer, Part::Solo, once, again);
    Some(())
}

fn plant_after_void(stage: &mut Stage<'_>, plot: &Plot) -> Option<()> {
    let (buyer, seller) = buyer_and_supplier(stage, true)?;
    let (times, amount) = extent(stage, plot);
    let day = stage.first_day(90);
    // From the start of a month on, so that the void falls into the month of issue.
    let first = stage.calendar.next_month(day).filter(|&day| day + 60 < stage.calendar.trading)?;
    let mut evident = None;
    for time in 0..times {
        let issued = stage.office(first + 1 + DayNo::try_from(time).unwrap_or(0) * 2);
        let voided = stage.office(stage.calendar.day_of(issued) + 3);
        let deducted = stage.office(stage.calendar.day_of(voided) + if plot.hard { 30 } else { 9 });
        let then = Then::Exactly(vec![(voided, Step::Void), (deducted, Step::Deduct(deducted.period()))]);
        let good = stage.first_good(seller);
        stage.issue(issued, Planned { then, ..Planned::real(seller, buyer, good, amount) });
        evident = evident.or(Some(deducted));
    }
    stage.label(plot, "deduct_after_void", buyer, Part::Solo, evident?, evident?);
    Some(())
}

fn year_of(at: Instant) -> u8 {
    u8::try_from(at.period().0.div_euclid(12).rem_euclid(100)).unwrap_or(0)
}
