//! The same input gives the same bytes: whatever the threads, the partitions, the files it comes in, and whether the
//! parallel engine folds it or the plain driver.

use std::io::Write as _;

use suyuan::codec::json;
use suyuan::drive;
use suyuan::state::Row;

use crate::support::{file, findings, lines, outputs, replay, world};

#[test]
fn threads_and_partitions_change_no_finding_and_threads_not_the_digest() {
    let folder = tempfile::tempdir().unwrap();
    let events = world(7, 150, 5_000);
    // With what cannot be used: a line that is none, a repeat, and another of the same identity.
    let mut bytes = lines(&events);
    let mut texts = events.iter().map(|event| String::from_utf8(lines([event])).unwrap());
    let line = texts.find(|line| line.contains("invoice_issued") && line.contains("buyer_id")).unwrap();
    bytes.extend_from_slice(line.as_bytes());
    bytes.extend_from_slice(line.replace("\"buyer_id\":\"", "\"buyer_id\":\"X").as_bytes());
    bytes.extend_from_slice(b"{\"type\":\"invoice_issued\"}\n");
    let input = file(folder.path(), "events.jsonl", &bytes);

    let out = |name: &str| folder.path().join(name);
    let summary = replay(&[&input], &out("1"), &["--threads", "1"]);
    assert_eq!(
        (&summary["duplicates"], &summary["conflicting"], &summary["dead_letters"]),
        (&1.into(), &1.into(), &1.into())
    );
    assert!(summary["signals"].as_u64() > Some(20) && summary["cases"].as_u64() > Some(0), "{summary}");
    let one = outputs(&out("1"));
    assert_eq!(one["dead-letters.jsonl"].lines().count(), 2);
    for threads in ["2", "3", "4"] {
        let again = replay(&[&input], &out(threads), &["--threads", threads]);
        assert_eq!(again["digest"], summary["digest"], "{threads} threads");
        assert_eq!(outputs(&out(threads)), one, "{threads} threads");
    }
    for partitions in ["1", "3", "16"] {
        let name = format!("p{partitions}");
        replay(&[&input], &out(&name), &["--partitions", partitions, "--cache-mib", "1"]);
        assert_eq!(findings(&out(&name)), findings(&out("1")), "{partitions} partitions");
    }
}

#[test]
fn the_parallel_engine_agrees_with_the_plain_driver() {
    let folder = tempfile::tempdir().unwrap();
    let events = world(7, 150, 4_000);
    let input = file(folder.path(), "events.jsonl", &lines(&events));
    let out = folder.path().join("out");
    replay(&[&input], &out, &["--partitions", "5"]);

    let mut driver = drive::World::new(drive::STANDARD_RULES);
    for event in events {
        driver.feed(event);
    }
    driver.settle();
    let (mut signals, mut tasks) = (Vec::new(), Vec::new());
    for (_, row) in driver.rows().iter() {
        let lines = match row {
            Row::Signal(signal) => {
                json::write_signal(&signal.0, &mut signals);
                &mut signals
            }
            Row::Task(task) => {
                json::write_task(&task.0, &mut tasks);
                &mut tasks
            }
            _ => continue,
        };
        lines.push(b'\n');
    }
    let outputs = findings(&out);
    assert_eq!(outputs["signals.jsonl"], String::from_utf8(signals).unwrap());
    assert_eq!(outputs["tasks.jsonl"], String::from_utf8(tasks).unwrap());
    assert!(outputs["tasks.jsonl"].lines().count() > 1 && outputs["signals.jsonl"].lines().count() > 5);
}

#[test]
fn the_files_an_input_comes_in_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let events = world(3, 100, 2_500);
    let whole = file(folder.path(), "whole.jsonl", &lines(&events));
    let expected = folder.path().join("expected");
    replay(&[&whole], &expected, &[]);

    // Events of one time stay in one file: their order among files is the files' own.
    let (even, odd): (Vec<_>, Vec<_>) = events.iter().partition(|event| event.occurred_at.0 / 1_000 % 2 == 0);
    assert!(even.len() > 100 && odd.len() > 100);
    let even = file(folder.path(), "even.jsonl", &lines(even));
    let odd = file(folder.path(), "odd.jsonl", &lines(odd));
    let parts = folder.path().join("parts");
    replay(&[&even, &odd], &parts, &[]);
    assert_eq!(findings(&parts), findings(&expected));

    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&lines(&events)).unwrap();
    let gzip = file(folder.path(), "whole.gz", &gzip.finish().unwrap());
    let zipped = folder.path().join("zipped");
    replay(&[&gzip], &zipped, &[]);
    assert_eq!(outputs(&zipped), outputs(&expected));
}
