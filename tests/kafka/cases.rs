//! What goes wrong, and that nothing comes of it.

use std::path::Path;
use std::time::{Duration, Instant};

use suyuan::codec::journal::{read_record, write_record};
use suyuan::codec::{confluent, json};
use suyuan::log::kafka::{Frame, Journal};
use suyuan::model::{Body, Fact, Fen, Position};
use suyuan::state::ROWS_VERSION;

use crate::broker::Broker;
use crate::world::{Instance, World, run, suyuan};
use crate::{registry, sameness, security};

pub(crate) type Case = fn(&Broker, &str);

/// All cases, each with its name, which is also that of its group and the prefix of its topics.
pub(crate) const ALL: [(&str, Case); 14] = [
    ("whole", a_whole_run_is_as_replay_says_and_ends_soon_after_it_is_told),
    ("poison", poison_becomes_dead_letters_and_a_fact_in_a_wrong_partition_is_forwarded),
    ("partitions", topics_with_another_number_of_partitions_are_refused),
    ("kills", an_instance_killed_at_random_moments_loses_and_repeats_nothing),
    ("upgrade", an_upgrade_that_finds_other_things_goes_on_where_that_is_asked_for),
    ("rows-lost", lost_rows_are_folded_again_from_the_journal),
    ("zombie", an_instance_that_slept_through_its_session_is_fenced),
    ("late", a_transaction_that_outlives_its_time_costs_only_the_producer),
    ("three", instances_come_and_go),
    ("parked", what_is_wrong_with_one_partition_stops_that_one_alone),
    ("lost-broker", of_three_brokers_one_may_be_lost),
    ("registry", registry::schemas_are_those_of_a_registry),
    ("incompatible", registry::an_incompatible_schema_is_refused),
    ("security", security::only_who_knows_the_password_and_whom_to_trust_comes_in),
];

/// A clean end waits for nothing as long as an instance waits for brokers, which is 30 s and more. That it takes less than five
/// seconds is a matter of the machine, too: it is printed. After ten, systemd would kill it.
pub(crate) fn ended_soon(took: Duration) {
    println!("  it took {took:.1?} to end");
    assert!(took < Duration::from_secs(10), "it took {took:?} to end");
}

fn a_whole_run_is_as_replay_says_and_ends_soon_after_it_is_told(broker: &Broker, name: &str) {
    let world = World::new(broker, name, 4, 4_000, "");
    let (ok, said, error) = run(&mut world.import());
    assert!(ok && said.contains("\"refused\":0"), "{said}{error}");
    // Twice: every record of the second time is a duplicate.
    assert!(run(&mut world.import()).0);
    let mut instance = world.start("one");
    world.wait_until_quiet(&mut [&mut instance]);
    let took = instance.stop();
    ended_soon(took);
    assert!(instance.said().contains("\"turns_aborted\":0"), "{}", instance.said());
    sameness::check(&world);
    let (ok, said, error) = run(suyuan().args(["audit", "verify", "--topology"]).arg(&world.topology_file));
    assert!(ok && said.contains("partition    3"), "{said}{error}");
}

fn an_instance_killed_at_random_moments_loses_and_repeats_nothing(broker: &Broker, name: &str) {
    let kills = std::env::var("SUYUAN_KAFKA_KILLS").map_or(5, |kills| kills.parse().unwrap()).max(1);
    let world = World::new(broker, name, 4, 1_200 * kills, "turn_events = 512\ncommit_interval_ms = 20");
    assert!(run(&mut world.import()).0);
    // Not drawn from a clock or a seed: what the machine is doing meanwhile makes the moments random enough.
    let moments = [3, 31, 1, 17, 50].into_iter().cycle();
    let mut written = 0;
    for (kill, milliseconds) in (1..=kills).zip(moments) {
        let mut instance = world.start("one");
        world.wait_until_written(written + 1);
        std::thread::sleep(Duration::from_millis(milliseconds));
        instance.kill();
        written = world.written(&world.topology.kafka.journal());
        let left = world.lag();
        println!("  kill {kill} with {left} records left");
        assert!(left > 0, "there was no load any more");
    }
    let mut instance = world.start("one");
    world.wait_until_quiet(&mut [&mut instance]);
    instance.stop();
    sameness::check(&world);
}

fn what_is_wrong_with_one_partition_stops_that_one_alone(broker: &Broker, name: &str) {
    let world = World::new(broker, name, 4, 1_000, "");
    assert!(run(&mut world.import()).0);
    let mut instance = world.start("one");
    world.wait_until_quiet(&mut [&mut instance]);
    instance.stop();
    let journal = world.topology.kafka.journal();
    world.produce(&journal, Some(1), b"", b"no frame");
    let last = Journal::open(&world.topology.kafka, &journal, 3, 0).unwrap().last().unwrap().unwrap().frame;
    let unreadable = Frame { first_offset: last.end(), count: 1, bytes: vec![0xff; 40], ..last };
    world.produce(&journal, Some(3), b"", &unreadable.write());
    let message = Frame { partition: 2, count: 1, bytes: vec![0xff; 40], ..Frame::default() };
    world.produce(&world.topology.kafka.inbox(), Some(2), b"", &message.write());
    // The same input: duplicates, of which every partition has some.
    assert!(run(&mut world.import()).0);
    let all = world.lag();
    let mut instance = world.start("one");
    instance.wait_for("A partition is parked", 3);
    let began = Instant::now();
    let mut lags = world.lags();
    while lags[0] > 0 {
        assert!(began.elapsed() < Duration::from_mins(2), "the others do not go on: {lags:?}: {}", instance.said());
        std::thread::sleep(Duration::from_millis(200));
        lags = world.lags();
    }
    assert!(lags[1..].iter().all(|lag| *lag > 0) && lags.iter().sum::<i64>() < all, "{lags:?}");
    let said = instance.said();
    assert!(said.contains(&format!("{journal}/1@")) && said.contains("cannot be read as a frame"), "{said}");
    assert!(said.contains(&format!("holds what this program cannot read at 3@{}", last.end())), "{said}");
    let inbox = world.topology.kafka.inbox();
    assert!(
        said.contains(&format!("cannot read at {inbox}/2@")) && said.contains("a message to partition 2"),
        "{said}"
    );
    assert_eq!(said.matches("A partition is parked").count(), 3, "{said}");
    instance.stop();
    // With one partition, there is nothing else to go on with.
    let alone = World::new(broker, "parked-alone", 1, 200, "");
    assert!(run(&mut alone.import()).0);
    alone.produce(&alone.topology.kafka.journal(), Some(0), b"", b"no frame");
    let (ok, _, error) = run(&mut alone.instance_command("one"));
    assert!(!ok && error.contains("cannot be read as a frame"), "{error}");
}

fn of_three_brokers_one_may_be_lost(_: &Broker, name: &str) {
    let brokers = Broker::start(3);
    // One that may well be the coordinator; in the long tests, each in its turn.
    let is_long = std::env::var("SUYUAN_KAFKA_KILLS").is_ok();
    let invoices = if is_long { 30_000 } else { 6_000 };
    let more = "replication = 3\nturn_events = 256\ncommit_interval_ms = 20";
    let world = World::new(&brokers, name, 4, invoices, more);
    assert!(run(&mut world.import()).0);
    let mut instance = world.start("one");
    for lost in if is_long { &[1, 2, 3][..] } else { &[2] } {
        let written = world.written(&world.topology.kafka.journal());
        world.wait_until_written(written + 2);
        brokers.kill(*lost);
        let left = world.lag();
        println!("  broker {lost} is lost with {left} records left");
        assert!(left > 0, "there was no load any more");
        let written = world.written(&world.topology.kafka.journal());
        world.wait_until_written(written + 2);
        brokers.start_again();
    }
    world.wait_until_quiet(&mut [&mut instance]);
    instance.stop();
    sameness::check(&world);
}

fn lost_rows_are_folded_again_from_the_journal(broker: &Broker, name: &str) {
    let world = World::new(broker, name, 2, 2_000, "turn_events = 512");
    assert!(run(&mut world.import()).0);
    let mut instance = world.start("one");
    world.wait_until_written(3);
    instance.kill();
    std::fs::remove_dir_all(world.data("one")).unwrap();
    let mut instance = world.start("one");
    world.wait_until_quiet(&mut [&mut instance]);
    instance.stop();
    sameness::check(&world);
    // So are those of an earlier version, unless they are of another journal.
    let state = world.data("one").join("state");
    make_older(&state.join("0001"));
    let mut instance = world.start("one");
    instance.wait_for("Rows are of an earlier version", 1);
    world.wait_until_quiet(&mut [&mut instance]);
    instance.stop();
    sameness::check(&world);
    std::fs::remove_dir_all(state.join("0000")).unwrap();
    std::fs::rename(state.join("0001"), state.join("0000")).unwrap();
    let mut instance = world.start("one");
    instance.wait_for("A partition is parked", 1);
    instance.stop();
    make_older(&state.join("0000"));
    let mut instance = world.start("one");
    instance.wait_for("A partition is parked", 2);
    instance.stop();
    let said = instance.said();
    let told = format!("the rows of partition 0 in {}/state belong to another journal", world.data("one").display());
    assert_eq!(said.matches(&told).count(), 2, "{said}");
    assert_eq!(said.matches("Rows are of an earlier version").count(), 1, "they were given up: {said}");
}

/// Makes the rows in a folder those of an earlier version.
fn make_older(folder: &Path) {
    let db = rocksdb::DB::open_default(folder).unwrap();
    let position = db.get([255]).unwrap().unwrap();
    db.put([255], [&(ROWS_VERSION - 1).to_le_bytes()[..], &position[4..]].concat()).unwrap();
}

/// The journal of another version looks like one whose records were changed, and only rows tell that it is not.
fn an_upgrade_that_finds_other_things_goes_on_where_that_is_asked_for(broker: &Broker, name: &str) {
    let written = World::new(broker, &format!("{name}-written"), 2, 400, "");
    assert!(run(&mut written.import()).0);
    let mut instance = written.start("one");
    written.wait_until_quiet(&mut [&mut instance]);
    instance.stop();
    let world = World::new(broker, name, 2, 400, "");
    let (from, to) = (written.topology.kafka.journal(), world.topology.kafka.journal());
    let mut changed = 0;
    for placed in (0..2).flat_map(|partition| Journal::open(&written.topology.kafka, &from, partition, 0).unwrap()) {
        let mut frame = placed.unwrap().frame;
        changed += u32::from(changed == 0 && one_fen(&mut frame));
        world.produce(&to, Some(frame.partition.cast_signed()), b"", &frame.write());
    }
    assert_eq!(changed, 1);
    let mut instance = world.start("one");
    instance.wait_for("A partition is parked", 1);
    instance.stop();
    assert!(instance.said().contains("with --take-changes"), "{}", instance.said());
    std::fs::remove_dir_all(world.data("one")).unwrap();
    let mut instance = world.start_with("one", &["--take-changes"]);
    instance.wait_for("This version finds something else", 1);
    assert!(run(&mut world.import()).0);
    world.wait_until_quiet(&mut [&mut instance]);
    instance.stop();
    let mut instance = world.start("one");
    world.wait_until_quiet(&mut [&mut instance]);
    instance.stop();
    let said = instance.said_itself();
    assert!(!said.contains("A partition is parked") && !said.contains("finds something else"), "{said}");
}

/// Adds a fen to the tax of one invoice of a frame, if it has one.
fn one_fen(frame: &mut Frame) -> bool {
    let (mut rest, mut edited, mut found) = (frame.bytes.as_slice(), Vec::new(), false);
    for _ in 0..frame.count {
        let mut record = read_record(&mut rest, Position::default()).unwrap();
        if let Body::Fact(_, event) = &mut record.body
            && let Fact::InvoiceIssued(invoice) = &mut event.fact
        {
            invoice.tax += Fen(i64::from(!found));
            found = true;
        }
        write_record(&record, &mut edited);
    }
    frame.bytes = edited;
    found
}

fn an_instance_that_slept_through_its_session_is_fenced(broker: &Broker, name: &str) {
    let world = World::new(broker, name, 4, 6_000, "turn_events = 512\ncommit_interval_ms = 20");
    assert!(run(&mut world.import()).0);
    let mut sleeper = world.start("one");
    world.wait_until_written(2);
    sleeper.signal("-STOP");
    let mut other = world.start("two");
    // The sleeper's partitions are given to the other when its session is over.
    other.wait_for("Partitions are taken over", 1);
    let journal = world.written(&world.topology.kafka.journal());
    world.wait_until_written(journal + 2);
    sleeper.signal("-CONT");
    world.wait_until_quiet(&mut [&mut sleeper, &mut other]);
    other.stop();
    sleeper.stop();
    sameness::check(&world);
}

fn a_transaction_that_outlives_its_time_costs_only_the_producer(broker: &Broker, name: &str) {
    let world =
        World::new(broker, name, 2, 20_000, "turn_events = 64\ncommit_interval_ms = 1\ntransaction_timeout_ms = 1000");
    assert!(run(&mut world.import()).0);
    let mut instance = world.start("one");
    world.wait_until_written(2);
    // Whether it is within a transaction that the broker knows is chance, but it mostly is where turns follow each other:
    // hence so much input, so short a time between, and only where it is at work again.
    let is_made_anew = |instance: &Instance| instance.said().contains("The producer is made anew");
    for _ in 0..12 {
        world.wait_until_written(world.written(&world.topology.kafka.journal()) + 2);
        if is_made_anew(&instance) {
            break;
        }
        instance.signal("-STOP");
        std::thread::sleep(Duration::from_millis(3_500));
        instance.signal("-CONT");
    }
    assert!(is_made_anew(&instance), "no transaction was ever too late: {}", instance.said());
    world.wait_until_quiet(&mut [&mut instance]);
    instance.stop();
    sameness::check(&world);
}

fn instances_come_and_go(broker: &Broker, name: &str) {
    let world = World::new(broker, name, 6, 6_000, "turn_events = 512");
    let mut import = world.import().spawn().unwrap();
    let mut one = world.start("one");
    world.wait_until_written(2);
    let mut two = world.start("two");
    let mut three = world.start("three");
    two.wait_for("Partitions are taken over", 1);
    three.wait_for("Partitions are taken over", 1);
    assert!(import.wait().unwrap().success());
    // One after another, each under its own name.
    for (name, instance) in [("one", &mut one), ("two", &mut two), ("three", &mut three)] {
        instance.stop();
        *instance = world.start(name);
        instance.wait_for("Partitions are taken over", 2);
    }
    two.kill();
    three.stop();
    // What they had is taken over when their sessions are over.
    world.wait_until_quiet(&mut [&mut one]);
    broker.restart();
    assert!(run(&mut world.import()).0);
    world.wait_until_quiet(&mut [&mut one]);
    one.stop();
    sameness::check(&world);
}

fn poison_becomes_dead_letters_and_a_fact_in_a_wrong_partition_is_forwarded(broker: &Broker, name: &str) {
    let world = World::without_topics(broker, name, 3, "");
    assert!(run(suyuan().args(["topics", "create", "--topology"]).arg(&world.topology_file)).0);
    let line = |taxpayer: &str, at: &str| {
        format!(
            r#"{{"type":"invoice_issued","occurred_at":"{at}","invoice_no":"{:0>20}","invoice_kind":"special","seller_id":"{taxpayer}","buyer_id":"B","lines":[],"amount_fen":1000000,"tax_fen":130000}}"#,
            taxpayer.len()
        )
    };
    let event = |taxpayer: &str, at: &str| {
        let mut value = Vec::new();
        confluent::write_event(&json::read_event(line(taxpayer, at).as_bytes()).unwrap(), &mut value);
        value
    };
    let past = "2025-03-01T09:00:00+08:00";
    let (issuance, receipt) = (format!("{name}.invoice.issuance"), format!("{name}.invoice.receipt"));
    let good = event("S", past);
    let bad: [(&str, &[u8], &[u8], &str); 6] = [
        (&issuance, b"magic", b"{\"type\":\"invoice_issued\"}", "begins with byte 123"),
        (&issuance, b"schema", &[&[0, 0, 0, 200, 7], &good[5..]].concat(), "names schema 51207"),
        (&issuance, b"cut", &good[..good.len() - 4], ""),
        (&issuance, b"empty", b"", "has 0 bytes"),
        (&receipt, b"topic", &good, "which is not of this topic"),
        (&issuance, b"future", &event("F", "2090-01-01T00:00:00+08:00"), "more than a day from now"),
    ];
    for (topic, key, value, _) in bad {
        world.produce(topic, Some(1), key, value);
    }
    // Each in a partition of its own choice: at most one of the three owns its seller.
    for partition in 0..3_u8 {
        world.produce(&issuance, Some(partition.into()), b"X", &event(&"S".repeat(2 + usize::from(partition)), past));
        world.produce(&issuance, Some(partition.into()), b"S", &good);
    }
    std::fs::write(&world.input, (1..=4).map(|count| line(&"S".repeat(count), past) + "\n").collect::<String>())
        .unwrap();
    // All partitions have them, and one answers for them.
    let rules =
        r#"{"type":"rules_published","occurred_at":"2025-03-01T09:00:00+08:00","version":"none","rules":"none"}"#;
    let mut value = Vec::new();
    confluent::write_event(&json::read_event(rules.as_bytes()).unwrap(), &mut value);
    world.produce(&format!("{name}.risk.control"), None, b"rules", &value);
    let mut instance = world.start("one");
    world.wait_until_quiet(&mut [&mut instance]);
    instance.stop();
    let letters = world.records("dead.letters");
    let of_rules = letters.iter().filter(|letter| letter.key == b"rules").count();
    assert_eq!((of_rules, letters.len()), (1, bad.len() + 1), "{letters:?}");
    for (offset, (topic, key, _, reason)) in bad.iter().enumerate() {
        let letter = letters.iter().find(|letter| letter.key == *key).unwrap();
        let header = |name: &str| letter.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        assert_eq!(header("topic"), Some(*topic));
        assert_eq!(header("partition"), Some("1"));
        assert!(header("reason").unwrap().contains(reason), "{letter:?}");
        let offset = if *topic == receipt { 0 } else { offset - usize::from(offset > 4) };
        assert_eq!(header("offset"), Some(offset.to_string().as_str()), "{letter:?}");
        assert_eq!(header("code"), Some("unreadable"));
    }
    sameness::check(&world);
}

fn topics_with_another_number_of_partitions_are_refused(broker: &Broker, name: &str) {
    let world = World::without_topics(broker, name, 3, "");
    let check = || run(suyuan().args(["topics", "check", "--topology"]).arg(&world.topology_file));
    let (ok, _, error) = check();
    assert!(!ok && error.contains(&format!("topic {name}.suyuan.journal is missing")), "{error}");
    assert!(run(suyuan().args(["topics", "create", "--topology"]).arg(&world.topology_file)).0);
    assert!(check().0);
    let document = std::fs::read_to_string(&world.topology_file).unwrap();
    std::fs::write(&world.topology_file, document.replace("partitions = 3", "partitions = 4")).unwrap();
    for (ok, _, error) in [check(), run(&mut world.instance_command("one"))] {
        let said = format!("topic {name}.invoice.issuance has 3 partitions, and the topology says 4");
        assert!(!ok && error.contains(&said), "{error}");
        assert!(error.contains("give it another name in the topology"), "{error}");
    }
}
