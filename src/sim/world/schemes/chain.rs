//! The chain: a source issues most of its quota within days, without input; washers pass it on at a margin of next to
//! nothing, at times round a ring of their own; beneficiaries deduct it. Then the source goes missing.

use crate::model::{
    Fact, Fen, Instant, InvoiceKind, InvoiceQuotaGranted, Status, TaxpayerChanged, TaxpayerStatusChanged,
};

use super::super::agenda::{Planned, Then};
use super::super::calendar::{DayNo, days_ms};
use super::super::firm::{Filing, Firm, FirmNo};
use super::super::goods::Tier;
use super::{EVIDENT_TAX, Part, Plot, Scheme, Stage, YUAN};

pub(super) static SCHEME: Scheme = Scheme { name: "chain", weight: 50, plant };

/// What one firm hands on to another.
#[derive(Clone, Copy, Debug)]
struct Parcel {
    at: Instant,
    from: FirmNo,
    to: FirmNo,
    /// Without tax, in fen.
    amount: i64,
}

/// Everything a chain is made of.
struct Cast {
    source: FirmNo,
    revived: bool,
    washers: Vec<FirmNo>,
    beneficiaries: Vec<FirmNo>,
}

fn plant(stage: &mut Stage<'_>, plot: &Plot) -> Option<()> {
    let (industry, good) = stage.pretended_trade();
    let span = if plot.hard { stage.chance.between(25, 55) } else { stage.chance.between(5, 25) };
    let span = DayNo::try_from(span).unwrap_or(25).min(stage.calendar.trading / 3 + 1);
    let first = stage.first_day(span + 40);
    let caps: &[i64] = if plot.hard { &[100_000, 200_000, 500_000] } else { &[100_000, 1_000_000, 1_000_000] };
    let cap = caps[stage.chance.place(caps.len())] * YUAN;
    let sheets = if plot.hard { stage.chance.between(15, 40) } else { stage.chance.between(25, 80) };

    let cast = cast(stage, plot, industry, first, (cap, sheets))?;
    let issued = burst(stage, plot, &cast, (first, span), (cap, sheets));
    let last = issued.iter().map(|parcel| parcel.at).max()?;
    let flows = wash(stage, plot, &cast, issued);
    for parcel in &flows {
        let &Parcel { at, from, to, amount } = parcel;
        stage.issue(at, Planned { seller: from, buyer: to, good, amount, then: Then::Usual });
    }
    label(stage, plot, &cast, &flows, good);
    if stage.chance.happens(4_000) {
        add_bystander(stage, plot, &cast, good, last);
    }
    vanish(stage, plot, &cast, last);
    if plot.hard {
        buy_a_little(stage, &cast, good, first, cap);
    }
    Some(())
}

/// Finds or founds everybody.
fn cast(stage: &mut Stage<'_>, plot: &Plot, industry: usize, first: DayNo, quota: (i64, i64)) -> Option<Cast> {
    let (cap, sheets) = quota;
    // One worth 100,000 yuan of tax each, at most eight.
    let worth = cap * sheets * 13 / 100 / (100_000 * YUAN);
    let wanted = stage.chance.between(1, worth.clamp(1, 8));
    let mut beneficiaries = Vec::new();
    for _ in 0..wanted {
        // Somebody who owes enough tax for the claim to be worth it.
        let buyer = stage.pick(|firm, output| firm.tier() != Tier::Trader && output > 300_000 * YUAN);
        beneficiaries.push(buyer.or_else(|| stage.pick(|_, output| output > 100_000 * YUAN))?);
    }
    let revived = stage.chance.happens(3_000);
    let born = if revived { None } else { Some(first.saturating_sub(stage.chance.place(35) + 6)) };
    let monthly_count = u32::try_from(sheets * 11 / 10).unwrap_or(100);
    let (cap_at_first, count_at_first) = if revived { (100_000 * YUAN, 25) } else { (cap, monthly_count) };
    let source = stage.shell(industry, born, cap_at_first, count_at_first);
    let mut washers = Vec::new();
    for _ in 0..stage.chance.weighted([20, 35, 30, 15].into_iter()) {
        let trader = |firm: &Firm, output: i64| firm.industry == industry && output > 50_000 * YUAN;
        let washer = if plot.hard { stage.pick(trader) } else { None };
        let born = stage.chance.happens(6_000).then(|| first.saturating_sub(stage.chance.place(60) + 8));
        washers.push(washer.unwrap_or_else(|| stage.shell(industry, born, cap * 10, 100)));
    }
    if revived {
        revive(stage, source, first, cap, monthly_count);
    }
    stage.firm_mut(source).filing = if stage.chance.happens(6_000) { Filing::Zero } else { Filing::Never };
    Some(Cast { source, revived, washers, beneficiaries })
}

/// A firm that has been silent gets a new representative, then a larger quota.
fn revive(stage: &mut Stage<'_>, source: FirmNo, first: DayNo, cap: i64, monthly_count: u32) {
    let stranger = stage.population.stranger();
    let id = stage.firm(source).id;
    let seed = stage.population.seed();
    let mut people = Firm::named_people(seed, [stranger; 4]);
    people.truncate(2);
    let changed = stage.office(first.saturating_sub(14));
    let change = TaxpayerChanged {
        taxpayer_id: id,
        name: None,
        industry: None,
        region: None,
        street: None,
        address: None,
        capital: None,
        kind: None,
        credit_grade: None,
        people,
        former_taxpayer_id: None,
    };
    stage.say(changed, Fact::TaxpayerChanged(Box::new(change)));
    let granted = stage.office(first.saturating_sub(5));
    let quota = InvoiceQuotaGranted {
        taxpayer_id: id,
        invoice_kind: InvoiceKind::Special,
        max_amount: Fen(cap),
        monthly_count,
    };
    stage.say(granted, Fact::InvoiceQuotaGranted(quota));
}

/// The source's invoices, each to the first washer or to a beneficiary, in order of time.
fn burst(
    stage: &mut Stage<'_>,
    plot: &Plot,
    cast: &Cast,
    (first, span): (DayNo, DayNo),
    (cap, sheets): (i64, i64),
) -> Vec<Parcel> {
    let mut parcels = Vec::new();
    for _ in 0..sheets {
        let day = (first + stage.chance.place(span)).min(stage.calendar.trading - 1);
        let at = stage.office(day);
        let share = if plot.hard { stage.chance.between(500, 960) } else { stage.chance.between(930, 999) };
        let to = match cast.washers.first() {
            Some(&washer) => washer,
            None => cast.beneficiaries[stage.chance.early_place(cast.beneficiaries.len())],
        };
        parcels.push(Parcel { at, from: cast.source, to, amount: cap / 1_000 * share });
    }
    // Nobody is promised a share and gets none.
    for (parcel, &buyer) in parcels.iter_mut().zip(&cast.beneficiaries) {
        if cast.washers.is_empty() {
            parcel.to = buyer;
        }
    }
    parcels.sort_by_key(|parcel| parcel.at);
    parcels
}

/// The source's invoices, and what washers make of them: each hop days later, a little dearer, now and then two parcels
/// in one. With two washers or more, some value goes round among them once more.
fn wash(stage: &mut Stage<'_>, plot: &Plot, cast: &Cast, issued: Vec<Parcel>) -> Vec<Parcel> {
    let mut flows = issued.clone();
    let mut level = issued;
    let rings = cast.washers.len() >= 2 && stage.chance.happens(4_000);
    let mut path: Vec<FirmNo> = cast.washers.clone();
    if rings {
        path.push(cast.washers[0]);
    }
    for (place, &washer) in path.iter().enumerate() {
        let mut next = Vec::new();
        let mut held: Option<Parcel> = None;
        for parcel in &level {
            let delay = if plot.hard { stage.chance.between(3, 18) } else { stage.chance.between(1, 6) };
            let at = stage.office(stage.calendar.day_of(Instant(parcel.at.0 + days_ms(delay))));
            let margin = stage.chance.between(30, 200);
            let amount = parcel.amount / 10_000 * (10_000 + margin);
            let to = match path.get(place + 1) {
                Some(&washer) => washer,
                None => cast.beneficiaries[next.len() % cast.beneficiaries.len()],
            };
            let joined = held.take().map_or(amount, |held: Parcel| held.amount + amount);
            let parcel = Parcel { at: at.max(Instant(parcel.at.0 + 3_600_000)), from: washer, to, amount: joined };
            // A cap of ten of the source's takes two parcels easily.
            let holds = joined == amount && next.len() >= cast.beneficiaries.len() && stage.chance.happens(3_000);
            if holds {
                held = Some(parcel);
            } else {
                next.push(parcel);
            }
        }
        next.extend(held);
        flows.extend_from_slice(&next);
        level = next;
    }
    flows.retain(|parcel| stage.is_traded(parcel.at));
    flows.sort_by_key(|parcel| parcel.at);
    flows
}

fn label(stage: &mut Stage<'_>, plot: &Plot, cast: &Cast, flows: &[Parcel], good: usize) {
    let of_source: Vec<&Parcel> = flows.iter().filter(|parcel| parcel.from == cast.source).collect();
    let all: i64 = of_source.iter().map(|parcel| parcel.amount).sum();
    let half = reached(of_source.iter().map(|parcel| (parcel.at, parcel.amount)), all / 2);
    let (Some(first), Some(evident)) = (of_source.first(), half) else { return };
    let typology = if cast.revived { "dormant_revival" } else { "source_burst" };
    stage.label(plot, typology, cast.source, Part::Source, first.at, evident);
    for (&firm, role) in cast
        .washers
        .iter()
        .map(|washer| (washer, Part::Washer))
        .chain(cast.beneficiaries.iter().map(|buyer| (buyer, Part::Beneficiary)))
    {
        let took: Vec<(Instant, i64)> = flows
            .iter()
            .filter(|parcel| parcel.to == firm)
            .map(|parcel| (parcel.at, stage.tax(parcel.from, good, parcel.amount)))
            .collect();
        let Some(&(first, _)) = took.first() else { continue };
        let known = reached(took.into_iter(), EVIDENT_TAX).map_or(evident, |at| at.max(evident));
        let typology = if role == Part::Washer { "pass_through" } else { "false_deduction" };
        stage.label(plot, typology, firm, role, first, known);
    }
}

/// When a running sum goes above a limit; its last moment where it never does.
fn reached(mut steps: impl Iterator<Item = (Instant, i64)>, limit: i64) -> Option<Instant> {
    let mut sum = 0;
    let mut last = None;
    steps
        .find_map(|(at, value)| {
            sum += value;
            last = Some(at);
            (sum > limit).then_some(at)
        })
        .or(last)
}

/// Somebody who bought from the source or a washer once, knowing nothing.
fn add_bystander(stage: &mut Stage<'_>, plot: &Plot, cast: &Cast, good: usize, last: Instant) -> Option<()> {
    let buyer = stage.pick(|_, output| output > 100_000 * YUAN)?;
    let seller = cast.washers.last().copied().unwrap_or(cast.source);
    let amount = stage.chance.between(20_000, 90_000) * YUAN;
    let at = stage.office(stage.calendar.day_of(last));
    stage.issue(at, Planned { seller, buyer, good, amount, then: Then::Usual });
    stage.label(plot, "false_deduction", buyer, Part::Bystander, at, at);
    Some(())
}

/// The source cannot be found any more.
fn vanish(stage: &mut Stage<'_>, plot: &Plot, cast: &Cast, last: Instant) {
    let days = if plot.hard { stage.chance.between(40, 90) } else { stage.chance.between(10, 45) };
    let at = Instant(last.0 + days_ms(days));
    let reason = Some("实地核查查无下落，电话无法接通".into());
    let taxpayer_id = stage.firm(cast.source).id;
    stage.say(at, Fact::TaxpayerStatusChanged(TaxpayerStatusChanged { taxpayer_id, status: Status::Missing, reason }));
    stage.firm_mut(cast.source).gone = Some(at);
}

/// A careful source buys something: a tenth of what it issues, from a firm of the trade.
fn buy_a_little(stage: &mut Stage<'_>, cast: &Cast, good: usize, first: DayNo, cap: i64) -> Option<()> {
    let industry = stage.firm(cast.source).industry;
    let seller = stage.pick(|firm, _| firm.industry == industry && !firm.paper)?;
    stage.firm_mut(seller).cast = false;
    for _ in 0..stage.chance.between(2, 4) {
        let day = first.saturating_sub(2) + stage.chance.place(12);
        let (at, amount) = (stage.office(day), cap / 100 * stage.chance.between(40, 80));
        stage.issue(at, Planned { seller, buyer: cast.source, good, amount, then: Then::Usual });
    }
    Some(())
}
