//! The chain: a source issues most of its quota within days, without input; washers pass it on at a margin of next to
//! nothing, at times round a ring of their own; beneficiaries deduct it. Then the source goes missing, and weeks later the
//! authority marks what it issued. The source is a new firm, or one that was silent until it got a new representative, or
//! a small one whose quota was raised.

use crate::model::{Fact, Instant, TaxpayerChanged, VerificationOutcome};

use super::super::agenda::{Mark, Planned};
use super::super::calendar::{DayNo, days_ms};
use super::super::firm::{Filing, Firm, FirmNo};
use super::super::goods::INDUSTRIES;
use super::super::no_change;
use super::{Part, Plot, Scheme, Stage, YUAN, reached};

pub(super) static NEW_SOURCE: Scheme = Scheme {
    name: "chain",
    typologies: &["source_burst", "pass_through", "false_deduction"],
    weight: 30,
    firms_min: 2,
    plant: |stage, plot| plant(stage, plot, Origin::New),
};
pub(super) static REVIVED: Scheme = Scheme {
    name: "revival",
    typologies: &["dormant_revival", "pass_through", "false_deduction"],
    weight: 14,
    firms_min: 2,
    plant: |stage, plot| plant(stage, plot, Origin::Revived),
};
pub(super) static RAISED: Scheme = Scheme {
    name: "quota",
    typologies: &["quota_surge", "pass_through", "false_deduction"],
    weight: 10,
    firms_min: 2,
    plant: |stage, plot| plant(stage, plot, Origin::Raised),
};

/// What kind of firm the source is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    New,
    Revived,
    Raised,
}

impl Origin {
    fn typology(self) -> &'static str {
        match self {
            Self::New => "source_burst",
            Self::Revived => "dormant_revival",
            Self::Raised => "quota_surge",
        }
    }
}

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
    origin: Origin,
    washers: Vec<FirmNo>,
    beneficiaries: Vec<FirmNo>,
}

fn plant(stage: &mut Stage<'_>, plot: &Plot, origin: Origin) -> Option<()> {
    let (industry, good) = stage.pretended_trade();
    let span = if plot.hard { stage.span(25, 75) } else { stage.span(5, 25) };
    let first = stage.first_day(span + 40);
    let caps: &[i64] = if plot.hard { &[100_000, 200_000, 500_000] } else { &[100_000, 1_000_000, 1_000_000] };
    let cap = caps[stage.chance.place(caps.len())] * YUAN;
    let sheets = if plot.hard { stage.chance.between(15, 40) } else { stage.chance.between(25, 80) };

    let cast = cast(stage, plot, origin, industry, first, (cap, sheets))?;
    let issued = burst(stage, plot, &cast, (first, span), (cap, sheets));
    let last = issued.iter().map(|parcel| parcel.at).max()?;
    let vanished = vanish(stage, plot, &cast, last);
    let mark = stage.mark_after(vanished, plot);
    let flows = wash(stage, plot, &cast, issued);
    for (number, parcel) in (0..).zip(&flows) {
        let &Parcel { at, from, to, amount } = parcel;
        // A clerk works through the list.
        let mark =
            mark.filter(|_| from == cast.source).map(|mark| Mark { at: Instant(mark.at.0 + number * 7_000), ..mark });
        stage.issue(at, Planned { mark, ..Planned::feigned(from, to, good, amount) });
    }
    label(stage, plot, &cast, &flows, good);
    if stage.chance.happens(4_000) {
        add_bystander(stage, plot, &cast, good, (last, mark));
    }
    if let Some(mark) = mark.filter(|_| stage.chance.happens(3_000)) {
        stage.verified(cast.source, mark.at.plus_days(9), VerificationOutcome::False);
    }
    if plot.hard {
        buy_a_little(stage, &cast, good, first, cap);
    }
    Some(())
}

/// Finds or founds everybody.
fn cast(
    stage: &mut Stage<'_>,
    plot: &Plot,
    origin: Origin,
    industry: usize,
    first: DayNo,
    (cap, sheets): (i64, i64),
) -> Option<Cast> {
    let washers_wanted = stage.chance.weighted([20, 35, 30, 15].into_iter()) + usize::from(plot.hard);
    let washers_wanted = washers_wanted.min(plot.room.saturating_sub(2));
    let beneficiaries = stage.beneficiaries(cap * sheets * 13 / 100, plot)?;
    let born = (origin == Origin::New).then(|| first.saturating_sub(stage.chance.place(35) + 6));
    let monthly_count = u32::try_from(sheets * 11 / 10).unwrap_or(100);
    let (cap_at_first, count_at_first) =
        if origin == Origin::New { (cap, monthly_count) } else { (cap.min(100_000 * YUAN), 25) };
    let source = stage.shell(industry, born, cap_at_first, count_at_first);
    let mut washers = Vec::new();
    let mut shells = vec![source];
    for _ in 0..washers_wanted {
        let trader = |firm: &Firm, output: i64| firm.industry == industry && output > 50_000 * YUAN;
        let washer = if plot.hard { stage.pick(trader) } else { None };
        let born = stage.chance.happens(6_000).then(|| first.saturating_sub(stage.chance.place(60) + 8));
        washers.push(washer.unwrap_or_else(|| {
            let shell = stage.shell(industry, born, cap * 10, 100);
            shells.push(shell);
            shell
        }));
    }
    if shells.len() > 1 && stage.chance.happens(if plot.hard { 3_000 } else { 6_000 }) {
        stage.tie_by_hand(&shells);
    }
    match origin {
        Origin::New => {}
        Origin::Revived => revive(stage, source, first, cap, monthly_count),
        Origin::Raised => raise(stage, source, first, cap, monthly_count),
    }
    let filing = match stage.chance.below(10) {
        0..=4 => Filing::Zero,
        5..=7 => Filing::Never,
        _ => Filing::Understated(95),
    };
    stage.files(source, filing, stage.period_of(first));
    Some(Cast { source, origin, washers, beneficiaries })
}

/// A firm that has been silent gets a new representative, then a larger quota.
fn revive(stage: &mut Stage<'_>, source: FirmNo, first: DayNo, cap: i64, monthly_count: u32) {
    let stranger = stage.population.stranger();
    let seed = stage.population.seed();
    let mut successor = stage.firm(source).clone();
    successor.people = [stranger; 4];
    let mut people = successor.named_people(seed);
    people.truncate(2);
    let changed = stage.office(first.saturating_sub(14));
    let change = TaxpayerChanged { people, ..no_change(successor.id) };
    stage.say(changed, Fact::TaxpayerChanged(Box::new(change)));
    let granted = stage.office(first.saturating_sub(5));
    stage.grant(source, granted, cap, monthly_count);
}

/// A small trader, buying and selling a little since the journal began, has its quota raised twice within weeks.
fn raise(stage: &mut Stage<'_>, source: FirmNo, first: DayNo, cap: i64, monthly_count: u32) {
    let industry = stage.firm(source).industry;
    let good = stage.first_good(source);
    for start in (5..first.saturating_sub(10)).step_by(20) {
        let Some(supplier) = stage.supplier(INDUSTRIES[industry].buys[0].0) else { break };
        let Some(customer) = stage.known(|firm, output| output > 50_000 * YUAN && firm.industry != industry) else {
            break;
        };
        let amount = stage.chance.between(10_000, 60_000) * YUAN;
        let delay_days = stage.chance.place(8);
        let bought = stage.office(start + delay_days);
        stage.issue(bought, Planned::real(supplier, source, good, amount));
        let delay_days = stage.chance.place(8);
        let sold = stage.office(start + 9 + delay_days);
        let percent = stage.chance.between(104, 115);
        stage.issue(sold, Planned::real(source, customer, good, amount / 100 * percent));
    }
    // Not more than its first cap until then.
    let at_first = stage.firm(source).cap;
    let earlier = stage.office(first.saturating_sub(40));
    stage.grant(source, earlier, (cap / 2).max(at_first), monthly_count / 2 + 25);
    let granted = stage.office(first.saturating_sub(6));
    stage.grant(source, granted, cap, monthly_count);
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
    for at in stage.moments(first, span, sheets) {
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
    stage.label(plot, cast.origin.typology(), cast.source, Part::Source, first.at, evident);
    let washers = cast.washers.iter().map(|&washer| (washer, ("pass_through", Part::Washer)));
    let buyers = cast.beneficiaries.iter().map(|&buyer| (buyer, ("false_deduction", Part::Beneficiary)));
    for (firm, part) in washers.chain(buyers) {
        let took: Vec<(Instant, i64)> = flows
            .iter()
            .filter(|parcel| parcel.to == firm)
            .map(|parcel| (parcel.at, stage.tax(parcel.from, good, parcel.amount)))
            .collect();
        stage.label_taker(plot, part, firm, &took, evident);
    }
}

/// Somebody who bought from the source or a washer once, knowing nothing; when the invoice is marked, it gives the claim
/// back, and the authority finds nothing wrong with it.
fn add_bystander(
    stage: &mut Stage<'_>,
    plot: &Plot,
    cast: &Cast,
    good: usize,
    (last, mark): (Instant, Option<Mark>),
) -> Option<()> {
    let buyer = stage.pick(|_, output| output > 100_000 * YUAN)?;
    let seller = cast.washers.last().copied().unwrap_or(cast.source);
    let amount = stage.chance.between(20_000, 90_000) * YUAN;
    let at = stage.office(stage.calendar.day_of(last));
    let mark = mark.filter(|_| seller == cast.source).map(|mark| {
        let reversed_at = Some(mark.at.plus_days(stage.chance.between(5, 25)));
        Mark { reversed_at, ..mark }
    });
    if let Some(mark) = mark {
        stage.verified(buyer, mark.at.plus_days(40), VerificationOutcome::Genuine);
    }
    stage.issue(at, Planned { mark, ..Planned::feigned(seller, buyer, good, amount) });
    stage.bystander(plot, "false_deduction", buyer, at);
    Some(())
}

/// The source cannot be found any more, some weeks after its last invoice.
fn vanish(stage: &mut Stage<'_>, plot: &Plot, cast: &Cast, last: Instant) -> Instant {
    let days = if plot.hard { stage.chance.between(40, 90) } else { stage.chance.between(10, 45) };
    let at = Instant(last.0 + days_ms(days));
    stage.vanish(cast.source, at);
    at
}

/// A careful source buys something: a tenth of what it issues, from a firm of the trade.
fn buy_a_little(stage: &mut Stage<'_>, cast: &Cast, good: usize, first: DayNo, cap: i64) -> Option<()> {
    let industry = stage.firm(cast.source).industry;
    let seller = stage.known(|firm, _| firm.industry == industry && !firm.paper)?;
    for _ in 0..stage.chance.between(2, 4) {
        let day = first.saturating_sub(2) + stage.chance.place(12);
        let (at, amount) = (stage.office(day), cap / 100 * stage.chance.between(40, 80));
        stage.issue(at, Planned::real(seller, cast.source, good, amount));
    }
    Some(())
}
