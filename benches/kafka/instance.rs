//! This program as an instance: the service's own loop, with transactions or without, or the bare limit. It ends when it is
//! told to, as the service does.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use suyuan::drive::STANDARD_RULES;
use suyuan::files::Place;
use suyuan::risk::RuleSet;
use suyuan::runtime::{Policies, Settings, worker};
use suyuan::telemetry::Telemetry;
use suyuan::topology::Topology;

use crate::bare;

/// Says that this process is an instance: kind, topology, folder, name, and whose frames a bare one writes.
pub(crate) const ASKED: &str = "--instance";

pub(crate) fn run(arguments: &[String]) {
    let [kind, topology, data, name, frames_of @ ..] = arguments else { panic!("{arguments:?}") };
    let mut topology = Topology::parse(&std::fs::read_to_string(topology).unwrap()).unwrap();
    topology.kafka.instance_id.clone_from(name);
    let stop = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&stop);
    ctrlc::set_handler(move || told.store(true, Ordering::Relaxed)).unwrap();
    let log = tracing_subscriber::fmt().with_max_level(tracing::Level::INFO).with_ansi(false);
    log.with_writer(std::io::stderr).init();
    if kind == "Bare" {
        bare::run(&topology, &frames_of[0], &stop);
        return;
    }
    let settings = Settings {
        partitions: topology.partitions,
        threads: std::thread::available_parallelism().map_or(1, usize::from),
        rules: STANDARD_RULES.to_owned(),
        rules_version: RuleSet::parse(STANDARD_RULES).unwrap().version.to_string(),
        keeps_rules: false,
        takes_changes: false,
        cache_bytes_max: (topology.cache_mib as usize) << 20,
        durable: true,
        policies: Policies { transactional: kind == "Exactly", ..Policies::default() },
    };
    worker::serve(&Place::from(Path::new(data)), &topology, &settings, &Telemetry::unheard(), &stop).unwrap();
}
