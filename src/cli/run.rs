//! `suyuan run`: an instance of the service.

use std::path::PathBuf;

use serde::Serialize;
use tracing::info;

use super::LogFormat;
use super::data::DataArgs;
use super::folding::EngineArgs;
use super::interrupt::Interrupt;
use super::read::tell;
use super::show::print_json;
use super::topology::read_kafka;
use crate::files::Place;
use crate::runtime::{Settings, worker};
use crate::telemetry::Telemetry;

/// Arguments of `suyuan run`.
#[derive(clap::Args)]
#[command(
    after_help = "Any number of instances share the partitions; each has a name and a folder of its own, and keeps both when it \
    is started again; on one machine, each has an address for telemetry, too. The folder holds rows alone: lost, they are \
    folded again from the journal's topic. SIGTERM ends it cleanly; after a kill it goes on from what was committed.\n\nExamples:\n  \
    suyuan topics create --topology topologies/kafka.toml\n  \
    suyuan run --topology topologies/kafka.toml --data /srv/suyuan\n  \
    suyuan run --topology topologies/kafka.toml --data /srv/suyuan2 --instance suyuan-2 \
    --telemetry 127.0.0.1:9465"
)]
pub(super) struct Args {
    /// What runs where; see topologies/kafka.toml.
    #[arg(long, value_name = "FILE")]
    topology: PathBuf,
    #[command(flatten)]
    data: DataArgs,
    /// This instance's name in the group, in place of the topology's.
    #[arg(long, value_name = "NAME", env = "SUYUAN_INSTANCE")]
    instance: Option<String>,
    /// Where figures and health are served, in place of the topology's [telemetry] address: HOST:PORT, port 0 for any that
    /// is free, and nothing for nowhere.
    #[arg(long, value_name = "ADDRESS", env = "SUYUAN_TELEMETRY")]
    telemetry: Option<String>,
    #[command(flatten)]
    engine: EngineArgs,
}

/// The summary: one line of JSON.
#[derive(Serialize)]
struct Summary {
    turns: u64,
    turns_aborted: u64,
    accepted: u64,
    duplicates: u64,
    conflicting: u64,
    dead_letters: u64,
    outputs: u64,
}

pub(super) fn run(args: &Args, format: LogFormat) -> anyhow::Result<()> {
    let mut topology = read_kafka(&args.topology)?;
    if let Some(instance) = &args.instance {
        topology.kafka.instance_id.clone_from(instance);
    }
    if let Some(address) = &args.telemetry {
        topology.telemetry.address.clone_from(address);
    }
    let stop = Interrupt::listen()?.flag();
    let place = Place::from(&args.data.dir()?);
    let rules = topology.rules.as_ref().map(|rules| args.topology.parent().unwrap_or("".as_ref()).join(rules));
    let cache_mib = topology.cache_mib as usize;
    let settings: Settings = args.engine.settings(rules.as_deref(), topology.partitions, cache_mib)?;
    let kafka = &topology.kafka;
    let said = format!("instance {} of group {} at {}", kafka.instance_id, kafka.group_id, kafka.bootstrap_servers);
    let telemetry = Telemetry::open(&topology.telemetry)?;
    let at = telemetry.address().map(|address| format!(", telemetry at http://{address}/metrics")).unwrap_or_default();
    match format {
        LogFormat::Text => tell(&(said + &at)),
        LogFormat::Json => info!(instance = kafka.instance_id, group = kafka.group_id, "Starting."),
    }
    let tally = worker::serve(&place, &topology, &settings, &telemetry, &stop)?;
    let counters = tally.counters;
    print_json(&Summary {
        turns: tally.turns,
        turns_aborted: tally.aborted,
        accepted: counters.accepted,
        duplicates: counters.duplicates,
        conflicting: counters.conflicting,
        dead_letters: counters.dead_letters,
        outputs: tally.outputs,
    })
}
