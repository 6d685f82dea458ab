//! What operators see of an instance: its figures against what is known, when it is ready and when it is unwell, its log; and
//! that it ends soon after it is told, with work in hand or without brokers.

use std::collections::BTreeSet;

use serde_json::Value;
use suyuan::log::kafka::Records;

use crate::broker::Broker;
use crate::cases::{Case, ended_soon};
use crate::sameness;
use crate::scrape::{figures, page, sum, wait_for_figures, wait_for_status};
use crate::world::{World, run};

/// All cases: see [`crate::cases::ALL`].
pub(crate) const ALL: [(&str, Case); 4] = [
    ("figures", figures_are_what_is_known_of_the_input),
    ("ready", an_instance_is_ready_when_it_has_partitions_and_unwell_when_its_loop_stands_still),
    ("term", an_instance_with_work_in_hand_ends_soon_and_loses_nothing),
    ("away", an_instance_without_brokers_ends_soon_and_loses_nothing),
];

fn figures_are_what_is_known_of_the_input(broker: &Broker, name: &str) {
    let world = World::new(broker, name, 3, 3_000, "turn_events = 64\ncommit_interval_ms = 20\nbuffered_mib = 1");
    for _ in 0..2 {
        assert!(run(&mut world.import()).0);
    }
    let poison = [&b"{}"[..], b"", b"\0\0\0\x4e\x20"];
    for value in poison {
        world.produce(&format!("{name}.invoice.issuance"), Some(1), b"K", value);
    }
    let mut instance = world.start("one");
    wait_for_status(&mut instance, "/readyz", 200);
    let lag = |figures: &_| sum(figures, "suyuan_lag_records");
    // Its age is known once something was read.
    wait_for_figures(&mut instance, "behind", |figures| lag(figures) > 0.0 && sum(figures, "suyuan_lag_seconds") > 0.0);
    let mut buffered_max = 0.0_f64;
    wait_for_figures(&mut instance, "done", |figures| {
        buffered_max = buffered_max.max(sum(figures, "suyuan_buffered_bytes"));
        lag(figures) == 0.0
    });
    // 256 KiB of each partition of each topic, and of each a record more.
    let most = f64::from(3 * 9 * ((256 << 10) + 2_000));
    assert!(buffered_max > 0.0 && buffered_max < most, "{buffered_max}");
    world.wait_until_quiet(&mut [&mut instance]);
    let end = wait_for_figures(&mut instance, "done", |figures| lag(figures) == 0.0);
    assert_eq!(sum(&end, "suyuan_lag_seconds"), 0.0);
    assert_eq!(sum(&end, "suyuan_owned_partitions"), 3.0);

    let lines = std::fs::read_to_string(&world.input).unwrap().lines().count() as f64;
    let events = |verdict: &str| end[&format!("suyuan_events_total{{verdict=\"{verdict}\"}}")];
    assert_eq!(events("refused"), poison.len() as f64);
    assert_eq!(end["suyuan_dead_letters_total{reason=\"unreadable\"}"], poison.len() as f64);
    let twice = events("accepted") + events("duplicate") + events("conflicting");
    assert_eq!(twice, 2.0 * lines);
    assert!(events("duplicate") >= lines, "{} of {lines}", events("duplicate"));
    assert!(sum(&end, "suyuan_folds_total") > events("accepted"), "messages are folded, too");
    assert_eq!(sum(&end, "suyuan_turns_total"), sum(&end, "suyuan_commit_seconds_count"));
    assert_eq!(sum(&end, "suyuan_turn_aborts_total") + sum(&end, "suyuan_fencings_total"), 0.0);
    assert_eq!(sum(&end, "suyuan_producers_total"), 1.0);
    assert!(sum(&end, "suyuan_row_reads_total") > 0.0 && sum(&end, "suyuan_row_cache_bytes") > 0.0);
    assert!(sum(&end, "suyuan_rocksdb_memory_bytes") > 0.0, "{end:#?}");
    for topic in ["risk.signals", "risk.tasks", "dead.letters"] {
        let topic = format!("{name}.{topic}");
        let records = |partition| Records::open(&world.topology.kafka, &topic, partition, 0).unwrap().count();
        let written = (0..3).map(records).sum::<usize>() as f64;
        assert_eq!(end[&format!("suyuan_outputs_total{{topic=\"{topic}\"}}")], written);
    }
    let (_, text) = page(&instance, "/metrics");
    let input = std::fs::read_to_string(&world.input).unwrap();
    let field = |line: &str, name: &str| {
        let event: Value = serde_json::from_str(line).unwrap();
        event[name].as_str().map(str::to_owned)
    };
    let known: BTreeSet<String> = input
        .lines()
        .flat_map(|line| ["taxpayer_id", "seller_id", "buyer_id", "invoice_no"].map(|name| field(line, name)))
        .flatten()
        .collect();
    assert!(known.len() > 100);
    let named: Vec<_> = known.iter().filter(|id| text.contains(&***id)).collect();
    assert!(named.is_empty(), "{named:?}");
    instance.stop();
}

fn an_instance_is_ready_when_it_has_partitions_and_unwell_when_its_loop_stands_still(broker: &Broker, name: &str) {
    let world = World::new(broker, name, 1, 300, "[telemetry]\nunhealthy_after_s = 1");
    assert!(run(&mut world.import()).0);
    let mut one = world.start("one");
    wait_for_status(&mut one, "/readyz", 200);
    world.wait_until_quiet(&mut [&mut one]);
    // There is one partition, and it is taken.
    let mut two = world.start_with("two", &["--log-format", "json"]);
    wait_for_figures(&mut two, "there", |figures| sum(figures, "suyuan_topology_partitions") == 1.0);
    assert_eq!(page(&two, "/readyz"), (503, "waiting for partitions\n".to_owned()));
    assert_eq!(page(&two, "/healthz").0, 200);
    one.kill();
    assert_eq!(wait_for_status(&mut two, "/readyz", 200), "running\n");
    assert_eq!(figures(&two)["suyuan_rebalances_total{kind=\"assigned\"}"], 1.0);
    broker.signal("-STOP");
    let said = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| wait_for_status(&mut two, "/healthz", 503)));
    broker.signal("-CONT");
    assert!(said.unwrap().contains("the loop turned"));
    wait_for_status(&mut two, "/healthz", 200);
    wait_for_status(&mut two, "/readyz", 200);
    world.wait_until_quiet(&mut [&mut two]);
    two.stop();
    let said = two.said();
    let lines: Vec<Value> =
        said.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}"))).collect();
    let brought = lines.iter().find(|line| line["message"] == "Rows brought up to the journal.").unwrap();
    assert!(brought["partition"] == 0 && brought["offset"].as_u64().unwrap() > 0, "{brought}");
}

fn an_instance_with_work_in_hand_ends_soon_and_loses_nothing(broker: &Broker, name: &str) {
    let world = World::new(broker, name, 4, 6_000, "turn_events = 256");
    assert!(run(&mut world.import()).0);
    for _ in 0..3 {
        let mut instance = world.start("one");
        wait_for_figures(&mut instance, "at work", |figures| sum(figures, "suyuan_turns_total") > 4.0);
        assert!(world.lag() > 0, "it is to be told while there is work");
        let took = instance.stop();
        ended_soon(took);
        assert!(!instance.said().contains("Rows brought up"), "rows were persisted: {}", instance.said());
        assert!(instance.said().contains("\"turns_aborted\":0"), "{}", instance.said());
    }
    let mut instance = world.start("one");
    world.wait_until_quiet(&mut [&mut instance]);
    instance.stop();
    sameness::check(&world);
}

fn an_instance_without_brokers_ends_soon_and_loses_nothing(broker: &Broker, name: &str) {
    let world = World::new(broker, name, 2, 6_000, "turn_events = 64\ncommit_interval_ms = 20");
    assert!(run(&mut world.import()).0);
    let mut instance = world.start("one");
    world.wait_until_written(2);
    broker.signal("-STOP");
    std::thread::sleep(std::time::Duration::from_millis(500));
    let took = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| instance.stop()));
    broker.signal("-CONT");
    ended_soon(took.unwrap());
    let mut instance = world.start("one");
    world.wait_until_quiet(&mut [&mut instance]);
    instance.stop();
    sameness::check(&world);
}
