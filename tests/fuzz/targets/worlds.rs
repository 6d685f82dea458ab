//! Whole lists of accepted events, folded: whatever they say, no step may panic, and what is said again changes nothing.

use std::fmt::Write as _;
use std::sync::LazyLock;

use suyuan::codec::json;
use suyuan::drive::{STANDARD_RULES, World};
use suyuan::fold::Verdict;
use suyuan::model::{Event, Fact, Instant};

/// The most events that are folded of one input: a step more is nothing new.
const EVENTS_MAX: usize = 128;

static FRESH: LazyLock<World> = LazyLock::new(|| World::new(STANDARD_RULES));

/// Folds events one after another, and what was accepted of them once more.
pub(crate) fn fold(events: impl IntoIterator<Item = Event>) {
    let events: Vec<Event> = events.into_iter().take(EVENTS_MAX).collect();
    let mut world = FRESH.clone();
    for event in &events {
        world.feed(event.clone());
    }
    world.settle();
    let (rows, said) = (world.rows().clone(), world.said().len());
    let again = accepted(&events, world.verdicts());
    for event in &again {
        world.feed(event.clone());
    }
    world.settle();
    let verdicts = &world.verdicts()[events.len()..];
    for (event, verdict) in again.iter().zip(verdicts) {
        assert_eq!(*verdict, Verdict::Duplicate, "said again: {event:?}");
    }
    assert_eq!(&world.said()[said..], []);
    assert_eq!(*world.rows(), rows);
}

/// What was accepted, without definitions: those replace each other, so that an earlier one said again is a new one.
fn accepted(events: &[Event], verdicts: &[Verdict]) -> Vec<Event> {
    let defines =
        |event: &Event| matches!(event.fact, Fact::OrgDefined(_) | Fact::GridDefined(_) | Fact::OfficerDefined(_));
    let accepted = events.iter().zip(verdicts).filter(|(_, verdict)| **verdict == Verdict::Accepted);
    accepted.map(|(event, _)| event.clone()).filter(|event| !defines(event)).collect()
}

/// Lines of JSON, those that are events.
pub(crate) fn lines(bytes: &[u8]) {
    fold(bytes.split(|byte| *byte == b'\n').filter_map(|line| json::read_event(line).ok()));
}

/// Eight bytes a move of a small trade: four firms, sixteen invoices, amounts from a fen to the most there may be.
pub(crate) fn moves(bytes: &[u8]) {
    let mut at = Instant(START);
    let events = bytes.chunks_exact(MOVE_BYTES).take(EVENTS_MAX).map(|bytes| {
        let step: Move = bytes.try_into().expect("chunks of so many");
        // Mostly on by up to days, now and then by months, or back.
        let by = i64::from(step[1] % 64) * i64::from(step[1] % 64) * 3_600_000;
        at = Instant((at.0 + if step[1] >= 224 { -by } else { by }).clamp(START, END));
        event(step, at)
    });
    fold(events);
}

const MOVE_BYTES: usize = 8;
type Move = [u8; MOVE_BYTES];
/// 2025, and what may come of it.
const START: i64 = 1_735_689_600_000;
const END: i64 = START + 5 * 365 * 86_400_000;
const FIRMS: [&str; 4] = ["A", "B", "C", "D"];
const KINDS: [&str; 4] = ["special", "ordinary", "farm_purchase", "transport"];
const GOODS: [&str; 3] = ["1020101010000000000", "3040502020200000000", "1070101010100000000"];
const STATUSES: [&str; 4] = ["normal", "abnormal", "missing", "deregistered"];
/// Tax in fen.
const TAXES: [i64; 12] =
    [1, 13, 100, 1_300, 99_999, 130_000, 1_000_000, 50_000_001, 700_000_000, 0, 123_456_789_012, 1_000_000_000_000];

fn pick<T: Copy>(of: &[T], by: u8) -> T {
    of[usize::from(by) % of.len()]
}

fn event([what, _, who, invoice, tax, how, other, more]: Move, at: Instant) -> Event {
    let (firm, buyer) = (pick(&FIRMS, who), pick(&FIRMS, who / 4));
    let [no, earlier] = [invoice, other].map(|number| format!("2533200002730000{:04}", number % 16));
    let tax = pick(&TAXES, tax);
    let signed = if how & 1 == 1 { -tax } else { tax };
    let period = at.period();
    let fields = match what % 16 {
        0..=4 => {
            let kind = pick(&KINDS, how / 2);
            let mut fields = format!(
                r#""invoice_issued","invoice_no":"{no}","invoice_kind":"{kind}","seller_id":"{firm}","buyer_id":"{buyer}","amount_fen":{signed},"tax_fen":{signed},"lines":[{{"goods_code":"{}","goods_name":"","amount_fen":{signed},"rate_bp":1300,"tax_fen":{signed}}}]"#,
                pick(&GOODS, more)
            );
            if how & 1 == 1 {
                write!(fields, r#","red_of":"{earlier}""#).unwrap();
            }
            fields
        }
        5 => format!(r#""invoice_voided","invoice_no":"{no}","seller_id":"{firm}""#),
        6 => format!(r#""invoice_received","invoice_no":"{no}","buyer_id":"{firm}","seller_id":"{buyer}""#),
        7..=9 => {
            let seller = if how & 1 == 1 { format!(r#","seller_id":"{buyer}""#) } else { String::new() };
            let (claim, rest) = if what % 16 == 9 {
                ("deduction_reversed", r#""reason":"""#)
            } else {
                ("invoice_deducted", r#""purpose":"deduct""#)
            };
            format!(
                r#""{claim}","invoice_no":"{no}","buyer_id":"{firm}"{seller},"period":"{period}","tax_fen":{tax},{rest}"#
            )
        }
        10 => {
            let mark = pick(&["invoice_marked_abnormal", "invoice_mark_lifted"], how);
            format!(r#""{mark}","invoice_no":"{no}","seller_id":"{firm}","reason":"""#)
        }
        11 => {
            let kind = pick(&["general", "small_scale"], how);
            format!(
                r#""taxpayer_registered","taxpayer_id":"{firm}","name":"","registered_on":"{}","industry":"5123","region":"440300","address":"","capital_fen":{tax},"kind":"{kind}","people":[]"#,
                at.plus_days(-i64::from(more)).date()
            )
        }
        12 => {
            let kind = pick(&["general", "small_scale"], how);
            format!(r#""taxpayer_changed","taxpayer_id":"{firm}","kind":"{kind}""#)
        }
        13 => {
            format!(r#""taxpayer_status_changed","taxpayer_id":"{firm}","status":"{}""#, pick(&STATUSES, how))
        }
        14 => format!(
            r#""vat_declared","taxpayer_id":"{firm}","period":"{period}","sales_fen":{tax},"output_tax_fen":{tax},"input_tax_fen":{tax},"transferred_out_fen":0,"payable_tax_fen":0"#
        ),
        _ => {
            let outcome = pick(&["genuine", "false"], how);
            format!(r#""taxpayer_verified","taxpayer_id":"{firm}","subject":"","outcome":"{outcome}""#)
        }
    };
    let line = format!(r#"{{"occurred_at":"{at}","type":{fields}}}"#);
    json::read_event(line.as_bytes()).unwrap_or_else(|refusal| panic!("{refusal}: {line}"))
}
