//! Small random worlds, written as scripts: a few firms, a few invoices, and what becomes of each, in order of time and
//! in the order they are fed.

use proptest::prelude::*;

const FIRMS: [&str; 5] = ["A", "B", "C", "D", "E"];
/// Everything happens within so many minutes of the eve of a month's end: about four days.
const MINUTES: u32 = 5_700;

/// The same events in two orders.
#[derive(Clone, Debug)]
pub(super) struct Script {
    /// In the order of their times.
    pub(super) in_time: String,
    /// As they are fed.
    pub(super) fed: String,
}

/// One invoice and what becomes of it.
#[derive(Clone, Debug)]
struct Life {
    seller: usize,
    /// `FIRMS.len()`: nobody in particular.
    buyer: usize,
    /// A voucher the seller issues to itself for what it buys of farmers.
    farm: bool,
    /// Of a kind that lets nobody deduct.
    ordinary: bool,
    /// Of the number of the invoice before it, where that is another seller's.
    number_again: bool,
    tax: i64,
    issued_at: Option<u32>,
    voided_at: Option<u32>,
    received: Option<(u32, bool)>,
    reds: Vec<Red>,
    claims: Vec<Claim>,
    /// When the authority marks it abnormal, or lifts the mark.
    marks: Vec<(u32, bool)>,
}

#[derive(Clone, Debug)]
struct Red {
    at: u32,
    /// Of what is not yet offset, in percent.
    share: i64,
    /// Names this firm as its buyer, whoever the invoice went to.
    elsewhere: Option<usize>,
    voided_at: Option<u32>,
}

#[derive(Clone, Debug)]
struct Claim {
    at: u32,
    named: bool,
    reverse: bool,
    purpose: usize,
    april: bool,
}

/// A paper of a firm.
#[derive(Clone, Debug)]
struct Paper {
    firm: usize,
    at: u32,
    what: usize,
}

/// What papers there are; `{}` is the firm.
const PAPERS: [&str; 8] = [
    "register {} on=2001-05-01",
    "register {} on=2026-03-01 rep=P2",
    "register {} on=2026-03-20 rep=P1",
    "register {} on=2020-01-01 kind=small_scale",
    "change {} kind=small_scale",
    "status {} deregistered",
    "status {} normal",
    "status {} missing",
];

/// A return of a firm, what somebody observed of it, or a larger quota.
#[derive(Clone, Debug)]
struct Figure {
    firm: usize,
    at: u32,
    what: usize,
}

/// What figures there are, each with what of a firm may be said only once at a time.
const FIGURES: [(usize, &str); 9] = [
    (0, "declare {} 2026-03"),
    (0, "declare {} 2026-03 sales=100.00 output=10.00 input=200.00 out=1.00"),
    (1, "declare {} 2026-04"),
    (1, "declare {} 2026-04 sales=20000.00 output=2000.00 input=0.50 payable=1999.50"),
    (2, "declare {} 2026-02 sales=1.00 output=0.10 payable=0.10"),
    (3, "observe {} 2026-03 customs/export_value 1000"),
    (4, "observe {} 2026-03 electricity/consumption 0"),
    (5, "observe {} 2026-03 bank/inflow 1"),
    (6, "quota {} 100000.00 25"),
];

/// Long before all else: with it, what firms have nothing behind is no stock of theirs.
pub(super) const PAST: &str = "at 2025-01-02 | issue 9 OLD OLD2 1.00 tax=0.10";

fn minute() -> impl Strategy<Value = u32> {
    0..MINUTES
}

fn red() -> impl Strategy<Value = Red> {
    let elsewhere = prop::option::weighted(0.2, 0..FIRMS.len());
    (minute(), 1..=100_i64, elsewhere, prop::option::weighted(0.4, minute()))
        .prop_map(|(at, share, elsewhere, voided_at)| Red { at, share, elsewhere, voided_at })
}

fn claim() -> impl Strategy<Value = Claim> {
    (minute(), prop::bool::weighted(0.7), prop::bool::weighted(0.3), 0..3_usize, prop::bool::ANY)
        .prop_map(|(at, named, reverse, purpose, april)| Claim { at, named, reverse, purpose, april })
}

fn life() -> impl Strategy<Value = Life> {
    let kind = prop_oneof![8 => Just((false, false)), 1 => Just((true, false)), 1 => Just((false, true))];
    let who = (0..FIRMS.len(), 0..=FIRMS.len(), kind, prop::bool::weighted(0.2));
    let what = (1..200_000_i64, prop::option::weighted(0.9, minute()), prop::option::weighted(0.2, minute()));
    let received = prop::option::of((minute(), prop::bool::ANY));
    let marks = prop::collection::vec((minute(), prop::bool::weighted(0.6)), 0..3);
    let claims = prop::collection::vec(claim(), 0..4);
    let after = (received, prop::collection::vec(red(), 0..3), claims, prop_oneof![Just(Vec::new()), marks]);
    (who, what, after).prop_map(
        |((seller, buyer, (farm, ordinary), number_again), (tax, issued_at, voided_at), after)| {
            let (received, reds, claims, marks) = after;
            let buyer = if farm { seller } else { buyer };
            Life {
                seller,
                buyer,
                farm,
                ordinary,
                number_again,
                tax,
                issued_at,
                voided_at,
                received,
                reds,
                claims,
                marks,
            }
        },
    )
}

/// Any small world.
pub(super) fn script() -> impl Strategy<Value = Script> {
    // The last of them accuses whoever sold what it had not bought.
    let what = prop_oneof![3 => 0..PAPERS.len(), 2 => Just(PAPERS.len() - 1)];
    let paper = (0..FIRMS.len(), minute(), what).prop_map(|(firm, at, what)| Paper { firm, at, what });
    let papers = prop::collection::vec(paper, 0..5);
    let late = prop::collection::vec(prop_oneof![Just(0_u32), 0..MINUTES], 1..40);
    let lives = prop::collection::vec(life(), 1..12);
    let figure = (0..FIRMS.len(), minute(), 0..FIGURES.len()).prop_map(|(firm, at, what)| Figure { firm, at, what });
    let figures = prop::collection::vec(figure, 0..8);
    (lives, papers, figures, late, prop::bool::ANY).prop_map(|(lives, papers, figures, late, past)| {
        let mut events = Vec::new();
        write_lives(&lives, &mut events);
        write_figures(&figures, &mut events);
        write_papers(&papers, &mut events);
        events.sort();
        events.dedup();
        let text = |events: &[(u32, String)]| {
            let events = events.iter().map(|(at, command)| format!("at {} | {command}", moment(*at)));
            past.then(|| PAST.to_owned()).into_iter().chain(events).collect::<Vec<_>>().join("\n")
        };
        let in_time = text(&events);
        let mut at = 0;
        events.sort_by_cached_key(|(minute, _)| {
            at += 1;
            minute + late[at % late.len()]
        });
        Script { in_time, fed: text(&events) }
    })
}

fn write_papers(papers: &[Paper], events: &mut Vec<(u32, String)>) {
    for (at, Paper { firm, at: minute, what }) in papers.iter().enumerate() {
        // A firm registers once, and is told one thing at a time: others would be conflicts.
        if papers[..at].iter().all(|earlier| earlier.firm != *firm) {
            events.push((*minute, PAPERS[*what].replace("{}", FIRMS[*firm])));
        }
    }
}

fn write_figures(figures: &[Figure], events: &mut Vec<(u32, String)>) {
    for Figure { firm, at, what } in figures {
        // Two returns of one moment would be a conflict; those of two are a correction.
        let (kind, text) = FIGURES[*what];
        let same = |other: &&Figure| other.firm == *firm && other.at == *at && FIGURES[other.what].0 == kind;
        if figures.iter().find(same).is_some_and(|first| first.what == *what) {
            events.push((*at, text.replace("{}", FIRMS[*firm])));
        }
    }
}

fn write_lives(lives: &[Life], events: &mut Vec<(u32, String)>) {
    let mut no = 100;
    for (at, life) in lives.iter().enumerate() {
        let again = life.number_again && at > 0 && lives[at - 1].seller != life.seller && !lives[at - 1].number_again;
        no += if again { 0 } else { 10 };
        let shared = again || lives.get(at + 1).is_some_and(|next| next.number_again);
        write_life(life, no, if again { 5 } else { 0 }, shared, events);
    }
}

fn write_life(life: &Life, no: u32, first_red: u32, shared: bool, events: &mut Vec<(u32, String)>) {
    let seller = FIRMS[life.seller];
    let buyer = FIRMS.get(life.buyer).copied();
    let shown = buyer.unwrap_or("-");
    let kind = match (life.farm, life.ordinary) {
        (true, _) => " kind=farm_purchase",
        (_, true) => " kind=ordinary",
        _ => "",
    };
    let (amount, tax) = (yuan(life.tax * 10), yuan(life.tax));
    if let Some(at) = life.issued_at {
        events.push((at, format!("issue {no} {seller} {shown} {amount} tax={tax}{kind}")));
    }
    events.extend(life.voided_at.map(|at| (at, format!("void {no} {seller}"))));
    let mut left = life.tax;
    for (red_no, red) in (no + first_red + 1..).zip(&life.reds) {
        let tax = left * red.share / 100;
        if tax == 0 {
            continue;
        }
        left -= tax;
        let (amount, tax) = (yuan(-tax * 10), yuan(-tax));
        let shown = red.elsewhere.map_or(shown, |firm| FIRMS[firm]);
        events.push((red.at, format!("issue {red_no} {seller} {shown} {amount} tax={tax} red={no}{kind}")));
        events.extend(red.voided_at.map(|at| (at, format!("void {red_no} {seller}"))));
    }
    for (at, abnormal) in &life.marks {
        events.push((*at, format!("{} {no} {seller}", if *abnormal { "mark" } else { "lift" })));
    }
    let Some(buyer) = buyer else { return };
    let from = |named: bool| if named { format!(" from={seller}") } else { String::new() };
    if let Some((at, named)) = life.received {
        // Two that share a number would be one receipt to a buyer who names no seller.
        events.push((at, format!("receive {no} {buyer}{}", from(named || shared))));
    }
    for Claim { at, named, reverse, purpose, april } in &life.claims {
        let period = if *april { "2026-04" } else { "2026-03" };
        let purpose = ["deduct", "export_refund", "not_deductible"][*purpose];
        let rest = format!("{no} {buyer} {period} tax={tax}{}", from(*named));
        let command = if *reverse { format!("reverse {rest}") } else { format!("deduct {rest} purpose={purpose}") };
        events.push((*at, command));
    }
}

/// Fen as the script writes yuan.
fn yuan(fen: i64) -> String {
    format!("{}{}.{:02}", if fen < 0 { "-" } else { "" }, fen.abs() / 100, fen.abs() % 100)
}

fn moment(minute: u32) -> String {
    let (day, hour, minute) = (minute / 1_440, minute / 60 % 24, minute % 60);
    let date = ["2026-03-30", "2026-03-31", "2026-04-01", "2026-04-02"][day as usize];
    format!("{date}T{hour:02}:{minute:02}")
}
