//! The world of a seed: a small economy with planted schemes, roughly handled. What the shell has to cope with is here:
//! voids, red letters, reversals and marks where they are not expected, lines that come again, contradict others or are no
//! events, several files, late events, and a clock that jumps.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::PathBuf;

use suyuan::codec::json;
use suyuan::drive::STANDARD_RULES;
use suyuan::intake::{Order, SORT_BYTES_MAX};
use suyuan::model::TaxpayerStatusChanged;
use suyuan::model::{DAY_MS, Date, Event, Fact, Fen, HOUR_MS, Instant, Invoice, Status};
use suyuan::model::{DeductionReversed, InvoiceMark, InvoiceVoided, RulesPublished, TaxpayerChanged};
use suyuan::sim::world;

use crate::chance::Chance;

/// A world, written down.
pub(crate) struct World {
    pub(crate) files: Vec<(PathBuf, Vec<u8>)>,
    pub(crate) order: Order,
    /// How much of what is not in order of time is sorted in memory, in bytes.
    pub(crate) sort_bytes_max: usize,
    /// What must become of its lines.
    pub(crate) expected: Expected,
}

/// Known by whoever wrote the lines, and not by folding them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Expected {
    pub(crate) rows: u64,
    pub(crate) duplicates: u64,
    pub(crate) conflicting: u64,
    pub(crate) refused: u64,
    /// Each event that is to be on the journal, once, as it is written there, sorted.
    pub(crate) facts: Vec<String>,
    /// Whether some firm is a later identifier of another, which hands on what comes: its own verdict counts, and what the
    /// books say of it that it handed on to is a dead letter and no count.
    pub(crate) hands_on: bool,
    /// Those of them that contradict each other: of two, one is refused, each time that it comes.
    pub(crate) disputed: BTreeSet<String>,
}

/// A line of input on its way into a file.
struct Line {
    at: Instant,
    text: String,
}

/// The most events of a world.
const EVENTS_MAX: usize = 700;
/// The most events of a small one.
const EVENTS_OF_SMALL_MAX: usize = 170;

impl World {
    /// Makes the world of a seed.
    pub(crate) fn new(seed: u64) -> Self {
        let mut chance = Chance::new(seed, 1);
        let mut events = economy(seed, &mut chance);
        events.extend(meddling(&events, &mut chance));
        events.extend(published(&events, &mut chance));
        jump(&mut events, &mut chance);
        let order = if chance.percent(70) { Order::Time } else { Order::Given };
        let sort_bytes_max = *chance.pick(&[2_000, 20_000, SORT_BYTES_MAX]);
        let late_percent = if order == Order::Given { 80 } else { 30 };
        Self::of(events, order, late_percent, sort_bytes_max, &mut chance)
    }

    /// Makes a small one, in which everything has its place all the same, and which is sorted outside memory.
    pub(crate) fn small(seed: u64) -> Self {
        let mut chance = Chance::new(seed, 3);
        let mut events = trade(seed, 40, 2, 2_000);
        events.extend(meddling(&events, &mut chance));
        // Who is registered, and then every so many of the others.
        let (mut kept, others): (Vec<Event>, Vec<Event>) =
            events.into_iter().partition(|event| matches!(event.fact, Fact::TaxpayerRegistered(_)));
        let step = others.len().div_ceil(EVENTS_OF_SMALL_MAX.saturating_sub(kept.len()).max(1)).max(1);
        kept.extend(others.into_iter().step_by(step));
        Self::of(kept, Order::Time, 100, 4_000, &mut chance)
    }

    /// Writes down events, roughly: of a hundred files, so many have lines that come late.
    fn of(mut events: Vec<Event>, order: Order, late_percent: u64, sort_bytes_max: usize, chance: &mut Chance) -> Self {
        events.sort_by_key(|event| event.occurred_at);
        let mut expected = Expected::default();
        let mut lines = Vec::new();
        for event in &events {
            lines.push(fresh(event, &mut expected));
            if chance.percent(4) {
                lines.push(again(event, &mut expected, chance));
            } else if chance.percent(3) {
                lines.extend(contradicted(event, &mut expected));
            }
            if chance.percent(3) {
                lines.push(refused(event, &mut expected, chance));
            }
        }
        expected.facts.sort();
        let hands_on =
            |fact: &Fact| matches!(fact, Fact::TaxpayerChanged(changed) if changed.former_taxpayer_id.is_some());
        expected.hands_on = events.iter().any(|event| hands_on(&event.fact));
        let files = write_files(lines, late_percent, chance);
        Self { files, order, sort_bytes_max, expected }
    }

    /// Where its files are.
    pub(crate) fn paths(&self) -> Vec<PathBuf> {
        self.files.iter().map(|(path, _)| path.clone()).collect()
    }
}

/// Firms, their trade, and schemes among them.
fn economy(seed: u64, chance: &mut Chance) -> Vec<Event> {
    let small = |number: usize| u32::try_from(number).expect("small");
    let mut events = trade(seed, chance.within(60..170), 1 + small(chance.below(5)), 300 + small(chance.below(1_500)));
    // Some worlds end in the middle of it.
    if chance.percent(30) {
        let left = events.len() / 2 + chance.below(events.len() / 2);
        events.truncate(left);
    }
    events.truncate(EVENTS_MAX);
    events
}

/// The plan.
fn trade(seed: u64, invoices: u64, months: u32, fraud_bp: u32) -> Vec<Event> {
    let start = Date::parse("2025-01-01").expect("a date");
    let taxpayers = 50 + u32::try_from(seed % 15).expect("small");
    let settings = world::Settings { seed, taxpayers, invoices, months, start, fraud_bp, typologies: Vec::new() };
    world::World::new(settings).expect("lawful settings").collect()
}

/// What officers, sellers and buyers do beyond the plan; each with an identity of its own.
fn meddling(events: &[Event], chance: &mut Chance) -> Vec<Event> {
    let voided: Vec<_> = events.iter().filter_map(|event| voided(&event.fact)).collect();
    let (mut more, mut former) = (Vec::new(), None);
    for event in events {
        let at = Instant(event.occurred_at.0 + later(chance));
        let fact = match &event.fact {
            Fact::InvoiceIssued(invoice) => of_invoice(invoice, &voided, chance),
            Fact::InvoiceDeducted(claim) if chance.percent(8) => Some(Fact::DeductionReversed(DeductionReversed {
                invoice_no: claim.invoice_no,
                buyer_id: claim.buyer_id,
                seller_id: claim.seller_id,
                period: claim.period,
                tax: claim.tax,
                reason: "simulated".into(),
            })),
            // A second time, for the month after.
            Fact::InvoiceDeducted(claim) if chance.percent(5) => {
                let mut claim = claim.clone();
                claim.period.0 += 1;
                Some(Fact::InvoiceDeducted(claim))
            }
            // It is the same firm as the one before.
            Fact::TaxpayerRegistered(firm) if chance.percent(4) => former.replace(firm.taxpayer_id).map(|former| {
                let taxpayer_id = firm.taxpayer_id;
                let changed =
                    TaxpayerChanged { taxpayer_id, former_taxpayer_id: Some(former), ..world::no_change(taxpayer_id) };
                Fact::TaxpayerChanged(Box::new(changed))
            }),
            Fact::TaxpayerRegistered(firm) if chance.percent(6) => {
                let status = *chance.pick(&[Status::Missing, Status::Abnormal, Status::Deregistered, Status::Normal]);
                let status = TaxpayerStatusChanged { taxpayer_id: firm.taxpayer_id, status, reason: None };
                Some(Fact::TaxpayerStatusChanged(status))
            }
            _ => None,
        };
        more.extend(fact.map(|fact| event_of(at, fact)));
    }
    more
}

/// In some worlds other rules are published on the way, once or twice: every partition takes them up, and only one answers.
fn published(events: &[Event], chance: &mut Chance) -> Vec<Event> {
    if events.is_empty() || chance.percent(65) {
        return Vec::new();
    }
    let mut more = Vec::new();
    for number in 0..=chance.below(2) {
        let occurred_at = Instant(events[chance.below(events.len())].occurred_at.0 + later(chance));
        let version = format!("published-{number}");
        let rules = STANDARD_RULES.replacen("standard-2026-11", &version, 1);
        let rules = if chance.percent(50) { rules.replace("\ntax_min_fen = ", "\ntax_min_fen = 1 # ") } else { rules };
        let fact = RulesPublished { version: version.as_str().into(), rules: rules.as_str().into() };
        more.push(event_of(occurred_at, Fact::RulesPublished(fact)));
    }
    more
}

fn event_of(occurred_at: Instant, fact: Fact) -> Event {
    let fingerprint = suyuan::codec::fingerprint(occurred_at, &fact);
    Event { occurred_at, event_id: None, source_system: None, fingerprint, fact }
}

/// Some time, mostly days, in milliseconds.
fn later(chance: &mut Chance) -> i64 {
    let hours = if chance.percent(80) { chance.within(1..240) } else { chance.within(1..4_000) };
    i64::try_from(hours).expect("small") * HOUR_MS + i64::try_from(chance.below(3_600_000)).expect("small")
}

fn voided(fact: &Fact) -> Option<(&str, &str)> {
    match fact {
        Fact::InvoiceVoided(void) => Some((void.seller_id.as_str(), void.invoice_no.as_str())),
        _ => None,
    }
}

fn of_invoice(invoice: &Invoice, voided: &[(&str, &str)], chance: &mut Chance) -> Option<Fact> {
    let mark =
        || InvoiceMark { invoice_no: invoice.invoice_no, seller_id: invoice.seller_id, reason: "simulated".into() };
    match chance.below(30) {
        0 | 1 => {
            let (invoice_no, seller_id) = (invoice.invoice_no, invoice.seller_id);
            let is_new = !voided.contains(&(seller_id.as_str(), invoice_no.as_str()));
            is_new.then_some(Fact::InvoiceVoided(InvoiceVoided { invoice_no, seller_id }))
        }
        2 | 3 if invoice.red_of.is_none() && invoice.amount > Fen::ZERO => red(invoice, chance),
        4 => Some(Fact::InvoiceMarkedAbnormal(mark())),
        5 => Some(Fact::InvoiceMarkLifted(mark())),
        _ => None,
    }
}

/// A red letter over part of an invoice or all of it, without lines.
fn red(blue: &Invoice, chance: &mut Chance) -> Option<Fact> {
    let (_, digits) = blue.invoice_no.as_str().split_at(2);
    let invoice_no = suyuan::model::InvoiceNo::parse(&format!("99{digits}")).ok()?;
    let percent = *chance.pick(&[100, 50, 33]);
    let part = |whole: Fen| Fen(-(whole.0 * percent / 100));
    let (amount, tax) = (part(blue.amount), part(blue.tax));
    let red = Invoice { invoice_no, red_of: Some(blue.invoice_no), lines: Vec::new(), amount, tax, ..blue.clone() };
    Some(Fact::InvoiceIssued(Box::new(red)))
}

/// From some moment on everything is an hour, a day or months later.
fn jump(events: &mut [Event], chance: &mut Chance) {
    if events.is_empty() || chance.percent(50) {
        return;
    }
    let from = events[chance.below(events.len())].occurred_at;
    let by = *chance.pick(&[HOUR_MS, DAY_MS, 40 * DAY_MS, 400 * DAY_MS]);
    for event in events.iter_mut().filter(|event| event.occurred_at >= from) {
        event.occurred_at.0 += by;
    }
}

fn line(event: &Event) -> Line {
    let mut bytes = Vec::new();
    json::write_event(event, &mut bytes);
    Line { at: event.occurred_at, text: String::from_utf8(bytes).expect("JSON is text") }
}

fn fresh(event: &Event, expected: &mut Expected) -> Line {
    let line = line(event);
    expected.rows += 1;
    expected.facts.push(line.text.clone());
    line
}

/// The same event again, from here or from somewhere else.
fn again(event: &Event, expected: &mut Expected, chance: &mut Chance) -> Line {
    expected.rows += 1;
    expected.duplicates += 1;
    let mut event = event.clone();
    if chance.percent(40) {
        event.source_system = Some("elsewhere".into());
    }
    line(&event)
}

/// An event of the same identity that says something else, where the sort of event has such.
fn contradicted(event: &Event, expected: &mut Expected) -> Option<Line> {
    let mut other = event.clone();
    match &mut other.fact {
        Fact::InvoiceIssued(invoice) => invoice.remark = Some("another".into()),
        Fact::TaxpayerRegistered(firm) => firm.address = "elsewhere".into(),
        Fact::VatDeclared(declared) => declared.payable_tax += Fen(100),
        Fact::InvoiceVoided(_) | Fact::InvoiceReceived(_) => other.occurred_at.0 += 60_000,
        _ => return None,
    }
    expected.disputed.insert(line(event).text);
    let line = line(&other);
    expected.rows += 1;
    expected.conflicting += 1;
    expected.facts.push(line.text.clone());
    expected.disputed.insert(line.text.clone());
    Some(line)
}

/// A line that is no event.
fn refused(event: &Event, expected: &mut Expected, chance: &mut Chance) -> Line {
    expected.rows += 1;
    expected.refused += 1;
    let Line { at, text } = line(event);
    let text = match chance.below(4) {
        0 => text.chars().take(text.len() / 3).collect(),
        1 => text.replacen("\"type\":\"", "\"type\":\"un", 1),
        2 => text.replacen("occurred_at", "occurred", 1),
        _ => "not an event".into(),
    };
    Line { at, text }
}

/// Deals lines to files. Whatever their order in them, those that are merged by time come out in it; those that are taken
/// as given are late where they are.
fn write_files(lines: Vec<Line>, late_percent: u64, chance: &mut Chance) -> Vec<(PathBuf, Vec<u8>)> {
    let count = 1 + chance.below(4);
    let mut dealt: Vec<Vec<Line>> = (0..count).map(|_| Vec::new()).collect();
    let by_turns = chance.percent(60);
    let share = lines.len().div_ceil(count).max(1);
    for (number, line) in lines.into_iter().enumerate() {
        let to = if by_turns { chance.below(count) } else { number / share };
        dealt[to].push(line);
    }
    let file = |(number, mut lines): (usize, Vec<Line>)| {
        if chance.percent(late_percent) {
            delay(&mut lines, chance);
        }
        let mut bytes = Vec::new();
        for line in &lines {
            bytes.extend_from_slice(line.text.as_bytes());
            bytes.extend_from_slice(if chance.percent(2) { b"\n\n" } else { b"\n" });
        }
        let (end, bytes) = packed(bytes, chance);
        (PathBuf::from(format!("/in/{number}.jsonl{end}")), bytes)
    };
    dealt.into_iter().enumerate().map(file).collect()
}

/// Some lines come later than they happened.
fn delay(lines: &mut Vec<Line>, chance: &mut Chance) {
    if lines.is_empty() {
        return;
    }
    for _ in 0..=lines.len() / 20 {
        let from = chance.below(lines.len());
        let line = lines.remove(from);
        let to = from + chance.early(lines.len() + 1 - from);
        lines.insert(to, line);
    }
}

fn packed(bytes: Vec<u8>, chance: &mut Chance) -> (&'static str, Vec<u8>) {
    match chance.below(6) {
        0 => {
            let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            gzip.write_all(&bytes).expect("memory takes any write");
            (".gz", gzip.finish().expect("memory takes any write"))
        }
        1 => (".zst", zstd::encode_all(bytes.as_slice(), 1).expect("memory takes any write")),
        _ => ("", bytes),
    }
}
