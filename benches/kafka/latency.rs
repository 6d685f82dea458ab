//! How soon a finding can be read after the issuance behind it was produced, on the issuer and on its buyer, while half of
//! what is sustained goes through.
//!
//! Each probe is a firm that registered last week and has sold for 90,000 yuan of tax that it did not buy, to a buyer who has
//! deducted it. With one more invoice it is a `source_burst`, and its buyer's deduction a `false_deduction`.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use chrono::Days;
use rdkafka::Message as _;
use rdkafka::producer::Producer as _;
use serde_json::{Value, json};
use suyuan::topology::Kafka;

use crate::stage::{Kind, Stage, consumed};
use crate::table::{heading, line, percentile};
use crate::wire::{Wired, event, events, load, now, producer, send, wired};

pub(crate) const RUN: &str = "latency";
pub(crate) const NAME: &str = "one";
const PROBES: usize = 300;
const PROBE_EVERY: Duration = Duration::from_millis(50);
/// Load before the first probe.
const WARM: Duration = Duration::from_secs(3);
const PATIENCE: Duration = Duration::from_mins(5);

fn seller(number: usize) -> String {
    format!("PROBE-S{number}")
}

fn buyer(number: usize) -> String {
    format!("PROBE-B{number}")
}

fn invoice(kafka: &Kafka, number: usize, second: usize, tax_fen: u64) -> Wired {
    let (seller, buyer, at) = (seller(number), buyer(number), now().to_rfc3339());
    let amount_fen = tax_fen * 100 / 13;
    wired(
        kafka,
        event(&format!(
            r#"{{"type":"invoice_issued","occurred_at":"{at}","invoice_no":"{:020}","invoice_kind":"special","seller_id":"{seller}","buyer_id":"{buyer}","lines":[],"amount_fen":{amount_fen},"tax_fen":{tax_fen}}}"#,
            9_000_000 + 2 * number + second
        )),
    )
}

/// What happened before the probe.
fn before(kafka: &Kafka, number: usize) -> [Vec<Wired>; 2] {
    let (at, day, month) = (now().to_rfc3339(), now().date_naive() - Days::new(10), now().format("%Y-%m"));
    let registered = |id: &str, day: &str| {
        wired(
            kafka,
            event(&format!(
                r#"{{"type":"taxpayer_registered","occurred_at":"{at}","taxpayer_id":"{id}","name":"{id}","registered_on":"{day}","industry":"5191","region":"440300","address":"{id}","capital_fen":100000000,"kind":"general","people":[]}}"#
            )),
        )
    };
    let deducted = wired(
        kafka,
        event(&format!(
            r#"{{"type":"invoice_deducted","occurred_at":"{at}","invoice_no":"{:020}","buyer_id":"{}","seller_id":"{}","period":"{month}","tax_fen":9000000,"purpose":"deduct"}}"#,
            9_000_000 + 2 * number,
            buyer(number),
            seller(number)
        )),
    );
    let first = vec![
        registered(&seller(number), &day.to_string()),
        registered(&buyer(number), "2015-01-01"),
        invoice(kafka, number, 0, 9_000_000),
    ];
    [first, vec![deducted]]
}

fn wait_for(stage: &Stage, kafka: &Kafka) {
    let (asker, began) = (stage.asker(kafka), Instant::now());
    let end = || stage.ends(kafka).iter().map(|(_, _, end)| end.cast_unsigned()).sum::<u64>();
    while consumed(&asker, kafka) < end() {
        assert!(began.elapsed() < PATIENCE, "the instance does not keep up");
        thread::sleep(Duration::from_millis(50));
    }
}

pub(crate) fn bench(stage: &Stage, per_second: f64) -> Value {
    let (_, topology) = stage.topology(RUN);
    let kafka = &topology.kafka;
    let mut instance = stage.start(RUN, NAME, Kind::Exactly, None);
    wait_for(stage, kafka);
    let own = producer(&kafka.bootstrap_servers);
    let [mut first, mut then]: [Vec<Wired>; 2] = Default::default();
    for number in 0..PROBES {
        let [one, other] = before(kafka, number);
        first.extend(one);
        then.extend(other);
    }
    for records in [first, then] {
        for record in &records {
            send(&own, record);
        }
        own.flush(PATIENCE).unwrap();
        wait_for(stage, kafka);
    }
    let load_events = events(&stage.more);
    let tail = stage.tail(&[kafka.named(&kafka.topics.signals)]);
    let (stop, ended) = (AtomicBool::new(false), AtomicBool::new(false));
    let (sent, seen, loaded) = thread::scope(|scope| {
        let loading = scope.spawn(|| {
            let began = Instant::now();
            let sent = load(kafka, &load_events, per_second, &stop);
            sent as f64 / began.elapsed().as_secs_f64()
        });
        let reading = scope.spawn(|| {
            let mut seen: HashMap<Vec<u8>, Instant> = HashMap::new();
            while !ended.load(Ordering::Relaxed) {
                if let Some(Ok(message)) = tail.poll(Duration::from_millis(1)) {
                    let key = message.key().unwrap_or_default();
                    if key.starts_with(b"PROBE-") {
                        seen.entry(key.to_vec()).or_insert_with(Instant::now);
                    }
                }
            }
            seen
        });
        thread::sleep(WARM);
        let mut sent = Vec::new();
        for number in 0..PROBES {
            let record = invoice(kafka, number, 1, 2_000_000);
            sent.push(Instant::now());
            send(&own, &record);
            let next = Instant::now() + PROBE_EVERY;
            while Instant::now() < next {
                own.poll(Duration::from_millis(5));
            }
        }
        thread::sleep(Duration::from_secs(2));
        stop.store(true, Ordering::Relaxed);
        let loaded = loading.join().unwrap();
        // An instance that does not keep up is late, and no finding is left out for it.
        wait_for(stage, kafka);
        thread::sleep(Duration::from_secs(1));
        ended.store(true, Ordering::Relaxed);
        (sent, reading.join().unwrap(), loaded)
    });
    instance.kill();
    let waits = |name: fn(usize) -> String| -> Vec<f64> {
        let wait = |(number, sent): (usize, &Instant)| {
            let seen = seen.get(name(number).as_bytes())?;
            Some(1e3 * seen.checked_duration_since(*sent)?.as_secs_f64())
        };
        sent.iter().enumerate().filter_map(wait).collect()
    };
    heading(&format!("milliseconds from an issuance to its finding, at {loaded:.0} events a second"));
    let mut figures = json!({ "events_per_second": loaded });
    for (who, waits, asked) in [
        ("issuer", waits(seller), "at most 80 and 400; 60 and 250 are the goal"),
        ("buyer", waits(buyer), "one commit more"),
    ] {
        assert!(waits.len() * 10 > PROBES * 9, "only {} of {PROBES} findings on the {who} came", waits.len());
        let (half, nearly_all) = (percentile(waits.clone(), 50), percentile(waits.clone(), 99));
        line(&format!("on the {who}, p50 and p99"), &format!("{half:.0} {nearly_all:.0}"), asked);
        figures[who] = json!({ "p50_ms": half, "p99_ms": nearly_all, "findings": waits.len() });
    }
    figures
}
