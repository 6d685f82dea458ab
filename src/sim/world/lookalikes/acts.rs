//! Look-alikes who do something particular, besides trading as everybody does: planned like schemes, and honest.

use crate::model::{Fact, Instant, TaxpayerChanged, VerificationOutcome};

use super::super::agenda::{Mark, Planned, Step, Then};
use super::super::firm::{Firm, FirmNo};
use super::super::goods::{INDUSTRIES, Tier};
use super::super::no_change;
use super::super::schemes::{SHELLS_MAX, Stage};
use crate::sim::label::{Label, Part};

/// One yuan, in fen.
const YUAN: i64 = 100;
/// Machine works; logistics and building, who buy fuel; petrol stations.
const MACHINES: usize = 15;
const FUEL_BUYERS: [usize; 2] = [19, 28];
const STATIONS: usize = 32;

/// Has one of each kind act for every dozen fraudsters.
pub(in crate::sim::world) fn act(stage: &mut Stage<'_>) {
    if stage.in_schemes == 0 || stage.calendar.trading < 120 {
        return;
    }
    let acts: [fn(&mut Stage<'_>) -> Option<()>; 9] = [
        wrongly_marked,
        claimed_twice_by_mistake,
        claimed_a_void,
        invests,
        lands_a_large_order,
        takes_up_other_goods,
        sells_fuel_to_firms,
        takes_its_time_to_begin,
        hands_over_to_the_next,
    ];
    for _ in 0..stage.in_schemes.div_ceil(12) {
        for act in acts {
            act(stage);
        }
    }
}

fn label(stage: &mut Stage<'_>, typology: &str, firm: FirmNo, at: Instant) {
    let (scheme, typology, taxpayer_id) = ("honest".into(), typology.into(), stage.firm(firm).id);
    let role = Part::Lookalike;
    stage.labels.push(Label { scheme, typology, taxpayer_id, role, first_at: at, evident_at: at });
}

/// Holds invoices that are marked for weeks, gives the claims back, and claims them again when the marks are lifted.
fn wrongly_marked(stage: &mut Stage<'_>) -> Option<()> {
    let buyer = stage.pick(|_, output| output > 150_000 * YUAN)?;
    let seller = stage.network.suppliers(buyer, |_| true).into_iter().find(|&seller| {
        let firm = stage.firm(seller);
        firm.established && firm.is_general() && !firm.paper && !firm.cast
    })?;
    let first = stage.first_day(150);
    let delay_days = stage.chance.place(20);
    let marked = stage.office(first + 45 + delay_days);
    let reversed_at = Some(marked.plus_days(stage.chance.between(4, 18)));
    let lifted_at = Some(marked.plus_days(stage.chance.between(25, 55)));
    let good = stage.first_good(seller);
    for (number, at) in (0..).zip(stage.moments(first, 12, 3)) {
        let mark = Some(Mark { at: Instant(marked.0 + number * 7_000), lifted_at, reversed_at });
        let amount = stage.chance.between(60_000, 250_000) * YUAN;
        stage.issue(at, Planned { mark, ..Planned::real(seller, buyer, good, amount) });
    }
    stage.verified(seller, lifted_at?.plus_days(-1), VerificationOutcome::Genuine);
    label(stage, "abnormal_voucher", buyer, marked);
    Some(())
}

/// A real supplier of a real buyer, and the days on which one invoice goes between them.
fn trade_once(stage: &mut Stage<'_>, paper: bool) -> Option<(FirmNo, FirmNo, [Instant; 3])> {
    for _ in 0..30 {
        let buyer = stage.pick(|_, output| output > 100_000 * YUAN)?;
        let seller = stage.network.suppliers(buyer, |_| true).into_iter().find(|&seller| {
            let firm = stage.firm(seller);
            firm.established && firm.is_general() && firm.paper == paper && firm.closes.is_none()
        });
        let Some(seller) = seller else {
            stage.firm_mut(buyer).cast = false;
            continue;
        };
        let first = stage.first_day(100);
        let first = stage.calendar.next_month(first).filter(|&day| day + 60 < stage.calendar.trading)?;
        let delay_days = stage.chance.place(6);
        let issued = stage.office(first + 1 + delay_days);
        let received = stage.office(stage.calendar.day_of(issued) + 2);
        let claimed = stage.office(stage.calendar.day_of(received) + 2);
        return Some((seller, buyer, [issued, received, claimed]));
    }
    None
}

/// Claims an invoice for the wrong month, gives it back within days, and claims it for the right one.
fn claimed_twice_by_mistake(stage: &mut Stage<'_>) -> Option<()> {
    let (seller, buyer, [issued, received, claimed]) = trade_once(stage, false)?;
    let (given_back, again) = (claimed.plus_days(stage.chance.between(2, 6)), claimed.plus_days(20));
    let then = Then::Exactly(vec![
        (received, Step::Receive),
        (claimed, Step::Deduct(claimed.period())),
        (given_back, Step::Reverse),
        (again, Step::Deduct(again.period())),
    ]);
    let (good, amount) = (stage.first_good(seller), stage.chance.between(80_000, 400_000) * YUAN);
    stage.issue(issued, Planned { then, ..Planned::real(seller, buyer, good, amount) });
    label(stage, "double_deduction", buyer, again);
    Some(())
}

/// Claims what its seller has voided, is told so, and gives it back.
fn claimed_a_void(stage: &mut Stage<'_>) -> Option<()> {
    let (seller, buyer, [issued, received, claimed]) = trade_once(stage, true)?;
    let given_back = claimed.plus_days(stage.chance.between(1, 4));
    let then = Then::Exactly(vec![
        (received, Step::Void),
        (claimed, Step::Deduct(claimed.period())),
        (given_back, Step::Reverse),
    ]);
    let (good, amount) = (stage.first_good(seller), stage.chance.between(80_000, 300_000) * YUAN);
    stage.issue(issued, Planned { then, ..Planned::real(seller, buyer, good, amount) });
    label(stage, "deduct_after_void", buyer, claimed);
    Some(())
}

/// Buys machines, and owes no tax for months.
fn invests(stage: &mut Stage<'_>) -> Option<()> {
    let wanted = |firm: &Firm, output: i64| {
        matches!(firm.tier(), Tier::Maker | Tier::Shop) && firm.industry != MACHINES && output > 100_000 * YUAN
    };
    let firm = stage.pick(wanted)?;
    // About what it owes in half a year.
    let owed = stage.network.output[firm as usize] / 100 * (100 - stage.firm(firm).input_percent) / 2;
    let first = stage.first_day(120);
    for at in stage.moments(first, 25, 3) {
        let supplier = stage.supplier(MACHINES)?;
        let (good, amount) = (stage.first_good(supplier), (owed / 3 * 100 / 13).max(100_000 * YUAN));
        stage.issue(at, Planned::real(supplier, firm, good, amount));
    }
    let at = stage.office(first);
    label(stage, "low_burden", firm, at);
    Some(())
}

/// A trader gets an order three times its size: asks for a larger quota, buys the goods, and delivers them.
fn lands_a_large_order(stage: &mut Stage<'_>) -> Option<()> {
    let firm = stage
        .pick(|firm, output| firm.tier() == Tier::Trader && (50_000 * YUAN..1_500_000 * YUAN).contains(&output))?;
    let industry = stage.firm(firm).industry;
    let months = i64::try_from(stage.calendar.months()).unwrap_or(12);
    let tax = (stage.network.output[firm as usize] / months * 6).max(80_000 * YUAN);
    let first = stage.first_day(90);
    let customer = stage.known(|other, output| other.industry != industry && output > 300_000 * YUAN)?;
    let sheets = 12;
    let amount = (tax / sheets * 100 / 13).max(50_000 * YUAN);
    let good = stage.first_good(firm);
    for (place, at) in stage.moments(first, 50, sheets).into_iter().enumerate() {
        let supplier = stage.supplier(INDUSTRIES[industry].buys[0].0)?;
        let percent = stage.chance.between(86, 93);
        stage.issue(at, Planned::real(supplier, firm, good, amount / 100 * percent));
        let sold = stage.office(stage.calendar.day_of(at) + 2 + place % 5);
        if stage.is_traded(sold) {
            stage.issue(sold, Planned::real(firm, customer, good, amount));
        }
    }
    // Its cap fits the order from the first; what it asks for is more sheets.
    stage.firm_mut(firm).asks_before(first);
    let at = stage.office(first);
    label(stage, "quota_surge", firm, at);
    Some(())
}

/// A trader that buys and sells goods of another trade besides its own.
fn takes_up_other_goods(stage: &mut Stage<'_>) -> Option<()> {
    let firm = stage.pick(|firm, output| firm.tier() == Tier::Trader && output > 50_000 * YUAN)?;
    let (other, good) = stage.pretended_trade();
    let first = stage.first_day(150);
    for at in stage.moments(first, 130, 14) {
        let supplier = stage.supplier(INDUSTRIES[other].buys[0].0)?;
        let customer = stage.known(|customer, output| customer.industry != other && output > 100_000 * YUAN)?;
        let amount = stage.chance.between(60_000, 300_000) * YUAN;
        stage.issue(at, Planned::real(supplier, firm, good, amount));
        let delay_days = stage.chance.place(10);
        let sold = stage.office(stage.calendar.day_of(at) + 1 + delay_days);
        if stage.is_traded(sold) {
            let percent = stage.chance.between(105, 112);
            stage.issue(sold, Planned::real(firm, customer, good, amount / 100 * percent));
        }
    }
    let at = stage.office(first);
    label(stage, "goods_switch", firm, at);
    Some(())
}

/// A petrol station with firms among its customers, which really fill up there.
fn sells_fuel_to_firms(stage: &mut Stage<'_>) -> Option<()> {
    let station = stage.pick(|firm, _| firm.industry == STATIONS)?;
    let good = stage.first_good(station);
    let trading = stage.calendar.trading;
    // It buys for them what it does not sell at the pump.
    let end_sales = stage.firm(station).end_sales_tax;
    let worth = (end_sales / 40 * 100 / 13 / 12).clamp(5_000 * YUAN, 60_000 * YUAN);
    for _ in 0..4 {
        let customer = stage.known(|firm, output| FUEL_BUYERS.contains(&firm.industry) && output > 30_000 * YUAN)?;
        for at in stage.moments(0, trading, 12) {
            let amount = worth / 100 * stage.chance.between(70, 130);
            stage.issue(at, Planned::real(station, customer, good, amount));
        }
    }
    let at = stage.office(10);
    label(stage, "surplus_invoice", station, at);
    Some(())
}

/// A new firm that has its quota from the first day, sells nothing for a quarter, and files so.
fn takes_its_time_to_begin(stage: &mut Stage<'_>) -> Option<()> {
    if stage.taxpayers < stage.population.firms.len() + SHELLS_MAX {
        return None;
    }
    let (industry, good) = stage.pretended_trade();
    let born = stage.chance.place(stage.calendar.trading / 3);
    let firm = stage.shell(industry, Some(born), 500_000 * YUAN, 25);
    stage.firm_mut(firm).staff = stage.chance.between(3, 9);
    let begins = born + 95;
    let left = stage.calendar.trading.saturating_sub(begins + 15);
    for at in stage.moments(begins, left, 12) {
        let supplier = stage.supplier(INDUSTRIES[industry].buys[0].0)?;
        let customer = stage.known(|customer, output| customer.industry != industry && output > 100_000 * YUAN)?;
        let amount = stage.chance.between(50_000, 300_000) * YUAN;
        stage.issue(at, Planned::real(supplier, firm, good, amount));
        let delay_days = stage.chance.place(8);
        let sold = stage.office(stage.calendar.day_of(at) + 1 + delay_days);
        if stage.is_traded(sold) {
            let percent = stage.chance.between(106, 118);
            stage.issue(sold, Planned::real(firm, customer, good, amount / 100 * percent));
        }
    }
    let at = stage.office(born + 1);
    label(stage, "zero_declaration", firm, at);
    Some(())
}

/// The founder hands over to the next generation, and trade goes on as before.
fn hands_over_to_the_next(stage: &mut Stage<'_>) -> Option<()> {
    let firm = stage.pick(|_, output| output > 50_000 * YUAN)?;
    let day = stage.first_day(60);
    let at = stage.office(day);
    let stranger = stage.population.stranger();
    let seed = stage.population.seed();
    let mut successor = stage.firm(firm).clone();
    successor.people[0] = stranger;
    let mut people = successor.named_people(seed);
    people.truncate(1);
    let change = TaxpayerChanged { people, ..no_change(successor.id) };
    stage.say(at, Fact::TaxpayerChanged(Box::new(change)));
    label(stage, "dormant_revival", firm, at);
    Some(())
}
