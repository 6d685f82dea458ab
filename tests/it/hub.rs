//! A firm that sold to thousands, accused as a source and cleared again. What one step may not do goes on in others, and
//! those of other firms come between them: a hub keeps nobody waiting, whatever its size, and a kill in the middle of it
//! loses nothing.
//!
//! `SUYUAN_CUSTOMERS` says to how many it sold (6,000).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant as Moment;

use suyuan::codec::journal::read_record;
use suyuan::drive::{STANDARD_RULES, World, parse};
use suyuan::fold::{EFFECTS_MAX, waiting_delivered};
use suyuan::intake::Input;
use suyuan::log::Reader;
use suyuan::model::{Body, Continue, Entity, Event, Fact, Id, Kind, Message, Position, Source};
use suyuan::runtime::{Engine, Persist, Policies, Progress, Settings};
use suyuan::state::{Key, Row};
use suyuan::store::{Options, Shared, SharedSettings, Store};

const HUB: &str = "HUB";
/// Most records that a message which may wait leads to, with the message: a hundred and more buyers are told, of whom each
/// tells its case, and its own clock or task may have to be told.
const LED_TO_MAX: u64 = 1_024;

fn customers() -> u32 {
    std::env::var("SUYUAN_CUSTOMERS").map_or(6_000, |text| text.parse().unwrap())
}

/// The hub's sales, and what their buyers did with them.
fn sales(customers: u32) -> String {
    let mut script = format!(
        "at 2025-01-02 | register {HUB} on=2001-01-01 | issue 1 OLD OLD2 1.00 tax=0.10\n\
         at 2026-03-02 | register OTHER on=2001-01-01\n"
    );
    for no in 0..customers {
        // All within a few days, so that many times that are set come at once.
        let minute = u64::from(no) * 4 * 1_440 / u64::from(customers);
        let (day, hour, minute) = (2 + minute / 1_440, minute / 60 % 24, minute % 60);
        let number = 1_000_000 + 2 * no;
        write!(
            script,
            "at 2026-03-{day:02}T{hour:02}:{minute:02} | issue {number} {HUB} C{no} 800000.00 tax=104000.00"
        )
        .unwrap();
        if no % 3 == 0 {
            write!(script, " | deduct {number} C{no} 2026-03 from={HUB}").unwrap();
        }
        if no % 5 == 0 {
            write!(script, " | issue {} C{no} D{} 700000.00 tax=91000.00", number + 1, no % 700).unwrap();
        }
        script.push('\n');
    }
    script
}

/// Others trade on, one invoice every ten minutes; `between` comes in the middle of it.
fn others(first_day: u32, invoices: u32, between: &str) -> String {
    let mut script = String::new();
    for at in 0..invoices {
        let (day, hour, minute) = (first_day + at / 144, at / 6 % 24, at % 6 * 10);
        let number = 10_000_000 + 1_000 * first_day + at;
        writeln!(script, "at 2026-03-{day:02}T{hour:02}:{minute:02} | issue {number} OTHER OLD 1.00 tax=0.10").unwrap();
        if at == invoices / 2 {
            writeln!(script, "{between}").unwrap();
        }
    }
    script
}

/// When the hub is cleared again.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cleared {
    Never,
    Later,
    /// In the epoch after the one in which it was accused.
    Soon,
}

/// Accused while others trade, and cleared.
fn script(customers: u32, cleared: Cleared) -> String {
    // So many epochs as it takes to tell all, and some more.
    let trade = (customers / 100 / u32::try_from(waiting_delivered(0)).unwrap() + 10).min(140);
    let (accused, normal) = (format!("status {HUB} missing"), format!("status {HUB} normal"));
    let soon = format!("{accused}\nat 2026-03-10T23:50 | {normal}");
    let mut script = sales(customers) + &others(10, trade, if cleared == Cleared::Soon { &soon } else { &accused });
    if cleared == Cleared::Later {
        script += &others(12, trade, &normal);
    }
    script + &others(14, 3, "")
}

fn events(script: &str) -> Vec<Event> {
    parse(script).unwrap()
}

type AllRows = BTreeMap<(Entity, Key), Row>;

/// Customers that hold value of the hub that stands accused.
fn tainted(rows: &AllRows) -> usize {
    let hub = Id::parse(HUB).unwrap();
    let of_customer = |entity: &Entity| entity.id.as_str().starts_with('C');
    rows.keys().filter(|(entity, key)| *key == Key::Tainted(hub) && of_customer(entity)).count()
}

fn world(events: &[Event], mut each: impl FnMut(&mut World)) -> (World, AllRows) {
    let mut world = World::new(STANDARD_RULES);
    for event in events {
        world.feed(event.clone());
        each(&mut world);
    }
    world.settle();
    let rows = world.rows().iter().map(|(key, row)| (*key, row.clone())).collect();
    (world, rows)
}

#[test]
fn an_accused_hub_goes_on_by_bounded_steps_and_others_come_between_them() {
    let customers = customers().min(20_000);
    let mut script = self::script(customers, Cleared::Later);
    // Times that come all at once, more than one step fires.
    let claims: String =
        (0..3_000).fold("at 2026-03-09\n".into(), |text, no| text + &format!("deduct {no} U{no} 2026-03 tax=13.00\n"));
    script = script.replace("at 2026-03-10T00:00", &(claims + "at 2026-03-10T00:00"));
    script += "at 2026-06-01 | issue 3 OTHER OLD 1.00 tax=0.10\nat 2026-06-02 | issue 4 OTHER OLD 1.00 tax=0.10";
    let mut while_at_work = 0;
    let (world, rows) = world(&events(&script), |world| while_at_work += u32::from(world.kept() > 0));
    assert!(while_at_work >= customers / 140 / 16, "events of others were folded meanwhile: {while_at_work}");
    assert!((1_000..=EFFECTS_MAX).contains(&world.most_effects()), "{}", world.most_effects());
    assert_eq!(tainted(&rows), 0, "it is cleared");
    let found = |code: &str| {
        let of = |row: &&Row| matches!(row, Row::Signal(signal) if *signal.0.typology == *code);
        rows.values().filter(of).count()
    };
    // Whoever took it, deducted or not: its customers, and those whom every fifth of them sold on to.
    let sold_on = (0..customers).step_by(5).map(|no| no % 700).collect::<BTreeSet<_>>();
    let taken = customers as usize + sold_on.len();
    assert_eq!([found("false_deduction"), found("source_burst"), found("deduct_without_invoice")], [taken, 1, 3_000]);
}

#[test]
fn every_customer_is_told_and_one_that_is_cleared_meanwhile_leaves_no_trace() {
    let customers = customers().min(20_000);
    let (_, rows) = world(&events(&script(customers, Cleared::Never)), |_| ());
    assert_eq!(tainted(&rows), customers as usize);
    let events = events(&script(customers, Cleared::Soon));
    let is_status = |event: &Event| matches!(event.fact, Fact::TaxpayerStatusChanged(_));
    let cleared = events.iter().rposition(is_status).unwrap();
    let mut kept = Vec::new();
    let (world, rows) = world(&events, |world| kept.push(world.kept()));
    assert!(kept[cleared] > 0 && kept[cleared + 1..].iter().any(|kept| *kept > 0), "it was still being told");
    assert_eq!((tainted(&rows), world.kept()), (0, 0));
    let open = rows.values().filter(|row| matches!(row, Row::Profile(profile) if profile.open_signals > 0)).count();
    assert_eq!(open, 0);
}

#[test]
fn a_customer_that_is_cleared_stays_so_where_the_next_accusation_does_not_reach_it() {
    let customers = customers().min(6_000);
    let last = customers - 1;
    let number = 1_000_000 + 2 * last;
    let (missing, normal) = (format!("status {HUB} missing"), format!("status {HUB} normal"));
    // Too little is left with the last customer to be told of it again; the lift is still on its way to it.
    let red = format!("issue 7 {HUB} C{last} -790000.00 tax=-103500.00 red={number}");
    let again = format!("{normal}\nat 2026-03-13T00:50 | {missing}");
    let script = sales(customers)
        + &others(10, 100, &missing)
        + &others(12, 3, &red)
        + &others(13, 3, &again)
        + &others(14, 100, "");
    let (world, rows) = world(&events(&script), |_| ());
    assert_eq!((tainted(&rows), world.kept()), (last as usize, 0));
}

fn settings(partitions: u32, threads: usize, turn_bytes: usize) -> Settings {
    let policies = Policies { turn_events: 2, turn_bytes, persist: Persist::AfterTurns(301), ..Policies::default() };
    Settings {
        partitions,
        threads,
        rules: STANDARD_RULES.into(),
        rules_version: "standard-2026-11".into(),
        keeps_rules: false,
        takes_changes: false,
        cache_bytes_max: 64 << 20,
        durable: false,
        policies,
    }
}

fn inputs(events: &[Event]) -> impl Iterator<Item = Input> {
    let source = |line| Source { file: 0, line };
    (1..).zip(events).map(move |(line, event)| Input { source: source(line), row_head: true, body: Ok(event.clone()) })
}

/// Feeds what a folder lacks of an input, until `stop` says so after an event; `None` where it did.
fn feed(dir: &Path, settings: Settings, events: &[Event], mut stop: impl FnMut(&Engine) -> bool) -> Option<Progress> {
    let mut engine = Engine::open(dir, settings).unwrap();
    let skipped = engine.begin_input("hub", &["hub".into()]);
    for input in inputs(events).skip(usize::try_from(skipped).unwrap()) {
        engine.feed(input).unwrap();
        if stop(&engine) {
            return None;
        }
    }
    engine.end_input().unwrap();
    Some(engine.close().unwrap())
}

fn rows(dir: &Path) -> AllRows {
    crate::support::rows(dir)
}

/// What was said in all turns, in order.
fn said(dir: &Path) -> Vec<u8> {
    let (reader, _) = Reader::open(&dir.join("journal")).unwrap();
    reader.turns().flat_map(|turn| turn.unwrap().outputs).collect()
}

#[test]
fn a_kill_while_a_hub_is_at_work_loses_nothing_and_no_division_changes_anything() {
    let events = events(&script((customers() / 4 * 3).min(50_000), Cleared::Later));
    let (world, of_world) = world(&events, |_| ());
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole");
    let expected = feed(&whole, settings(4, 2, 32 << 20), &events, |_| false).unwrap();
    let (said_whole, rows_whole) = (said(&whole), rows(&whole));
    // Counts that only the clock's own rows may differ in: each partition has one.
    let of_others = |rows: &AllRows| -> AllRows {
        let own = |entity: &Entity| !matches!(entity.kind, Kind::Clock | Kind::Control);
        rows.iter().filter(|((entity, _), _)| own(entity)).map(|(key, row)| (*key, row.clone())).collect()
    };
    assert!(of_others(&of_world) == of_others(&rows_whole), "the plain driver agrees");
    assert!(!world.said().is_empty());
    // As users have it, with many epochs to a turn: what waits goes on in each of them.
    for threads in [1, 2] {
        let dir = folder.path().join(format!("large-turns-{threads}"));
        let settings = Settings { policies: Policies::default(), ..settings(4, threads, 0) };
        feed(&dir, settings, &events, |_| false).unwrap();
        assert!(of_others(&of_world) == of_others(&rows(&dir)), "large turns on {threads} threads");
    }

    for (partitions, threads, turn_bytes) in [(1, 1, 1), (4, 1, 300_000), (7, 3, 1)] {
        let dir = folder.path().join(format!("{partitions}-{turn_bytes}"));
        let settings = settings(partitions, threads, turn_bytes);
        let (mut killed, mut last) = (0, 0);
        // Every few turns, and less often each time, while there is something that waits; with the rows there or not.
        while feed(&dir, settings.clone(), &events, |engine| {
            let turn = engine.log().last_turn();
            !engine.progress().kept.is_empty() && turn > last + 2 + killed && {
                last = turn;
                true
            }
        })
        .is_none()
        {
            killed += 1;
            if killed % 2 == 0 {
                std::fs::remove_dir_all(dir.join("state")).unwrap();
            }
        }
        assert!(killed >= 2, "{killed}");
        assert!(rows(&dir) == rows_whole || partitions != 4);
        assert!(of_others(&rows(&dir)) == of_others(&rows_whole), "{partitions} partitions");
        assert!(said(&dir) == said_whole, "{partitions} partitions");
        let undisturbed = folder.path().join(format!("undisturbed-{partitions}"));
        let undisturbed = feed(&undisturbed, self::settings(partitions, 2, 32 << 20), &events, |_| false).unwrap();
        let digest = Reader::open(&dir.join("journal")).unwrap().0.turns().last().unwrap().unwrap().progress;
        assert_eq!(Progress::read(&digest).unwrap().digest(), undisturbed.digest());
        assert!(partitions != 4 || undisturbed.digest() == expected.digest());
    }
}

/// How long others waited for a hub, and how much was written at once.
#[derive(Debug, Default)]
struct Waits {
    records: u64,
    /// Steps of the hub's that tell more buyers.
    continuations: u64,
    /// Events folded between the first and the last of them.
    between: u64,
    /// The most records between two events.
    longest: u64,
    turns: u64,
    largest_turn_bytes: usize,
}

impl Waits {
    fn of(dir: &Path) -> Self {
        let (reader, _) = Reader::open(&dir.join("journal")).unwrap();
        let (mut waits, mut since, mut facts) = (Self::default(), 0, 0);
        for turn in reader.turns() {
            let turn = turn.unwrap();
            let frames: usize = turn.frames.iter().map(|frame| frame.bytes.len()).sum();
            waits.turns += 1;
            waits.largest_turn_bytes = waits.largest_turn_bytes.max(frames + turn.outputs.len());
            for frame in turn.frames {
                let mut bytes = frame.bytes.as_slice();
                for _ in 0..frame.count {
                    waits.records += 1;
                    since += 1;
                    match read_record(&mut bytes, Position::default()).unwrap().body {
                        Body::Fact(..) => {
                            waits.longest = waits.longest.max(since);
                            (since, facts) = (0, facts + u64::from(waits.continuations > 0));
                        }
                        Body::Message(Message::Continue(rest)) if matches!(*rest, Continue::Taint { .. }) => {
                            waits.continuations += 1;
                            waits.between = facts;
                        }
                        _ => {}
                    }
                }
            }
        }
        waits
    }
}

#[test]
fn nobody_waits_long_for_a_hub_however_many_it_sold_to() {
    let customers = customers();
    let events = events(&script(customers, Cleared::Later));
    let folder = tempfile::tempdir().unwrap();
    let began = Moment::now();
    let settings = Settings { policies: Policies::default(), cache_bytes_max: 256 << 20, ..settings(1, 1, 0) };
    feed(folder.path(), settings, &events, |_| false).unwrap();
    let time = began.elapsed();
    let waits = Waits::of(folder.path());
    let memory = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let memory = memory.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default();
    eprintln!("{customers} customers, {} events: {time:.1?}, {memory}, {waits:?}", events.len());
    let continuations = u64::from(customers / 140);
    // Accused and cleared again; a very large one is cleared while it is still being told.
    assert!(waits.continuations > continuations, "{waits:?}");
    let store = Store::open_read_only(
        &folder.path().join("state/0000"),
        &Shared::new(&SharedSettings::default()),
        &Options::default(),
    );
    let mut tainted = 0;
    let each = &mut |_: Entity, key: Key, _: Row| tainted += u32::from(matches!(key, Key::Tainted(_)));
    store.unwrap().for_each(Some(Kind::Taxpayer), &[], each).unwrap();
    assert_eq!(tainted, 0);
    assert!(waits.between >= (continuations / waiting_delivered(0) as u64).min(30), "{waits:?}");
    assert!(waits.longest <= LED_TO_MAX * waiting_delivered(0) as u64, "{waits:?}");
    assert!(waits.largest_turn_bytes < 96 << 20, "{waits:?}");
}
