//! The service against Apache Kafka itself: real brokers, real processes, real faults. Each case has topics of its own on a
//! broker that is started here, on a free port, and ended when all are done; `SUYUAN_KAFKA_CASE=name` runs those whose name
//! has it in it.
//!
//! | module | holds |
//! |---|---|
//! | `broker` | the broker |
//! | `world` | an input, its topics, the instances at work on it |
//! | `sameness` | what must hold in the end, as the architecture says it of any log |
//! | `scrape` | what an instance says of itself over HTTP |
//! | `cases` | what goes wrong |
//! | `registry` | with a schema registry, a real one as well |
//! | `security` | with TLS and passwords |
//! | `watched` | what operators see of it, and how an instance ends |
//!
//! A case that fails is run again by its name; what its instances said is printed with it.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    clippy::float_cmp,
    reason = "tests, whose figures are whole numbers"
)]

mod broker;
mod cases;
mod registry;
mod sameness;
mod scrape;
mod security;
mod watched;
mod world;

use std::panic::AssertUnwindSafe;
use std::process::ExitCode;
use std::time::Instant;

use broker::Broker;

fn main() -> ExitCode {
    // As one test among others, by whose name nobody asked.
    if std::env::args().skip(1).any(|asked| asked == "--list" || !(asked.starts_with('-') || "kafka".contains(&asked)))
    {
        return ExitCode::SUCCESS;
    }
    let wanted = std::env::var("SUYUAN_KAFKA_CASE").unwrap_or_default();
    let broker = Broker::start(1);
    let mut failed = Vec::new();
    for (name, case) in cases::ALL.iter().chain(&watched::ALL).filter(|(name, _)| name.contains(&wanted)) {
        let began = Instant::now();
        let done = std::panic::catch_unwind(AssertUnwindSafe(|| case(&broker, name)));
        let said = if done.is_ok() { "ok" } else { "FAILED" };
        println!("kafka {name} ... {said} in {:.1} s", began.elapsed().as_secs_f64());
        if done.is_err() {
            failed.push(*name);
        }
    }
    drop(broker);
    if failed.is_empty() {
        return ExitCode::SUCCESS;
    }
    println!("failed: {}. One again: SUYUAN_KAFKA_CASE={} cargo test --test kafka", failed.join(", "), failed[0]);
    ExitCode::FAILURE
}
