//! `suyuan topics`: the topics of a topology on Kafka.

use std::path::PathBuf;
use std::time::Duration;

use super::show::{print, put};
use super::topology::read_kafka;
use crate::log::kafka;

/// Arguments of `suyuan topics`.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    suyuan topics create --topology topologies/kafka.toml\n  \
    suyuan topics check --topology topologies/kafka.toml")]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
    /// The topology whose topics are meant.
    #[arg(long, global = true, value_name = "FILE")]
    topology: Option<PathBuf>,
}

#[derive(clap::Subcommand)]
enum What {
    /// Makes the topics that are missing, and leaves those that are there as they are
    Create,
    /// Says which topics are missing, or are not as the topology wants them
    Check,
}

/// How long it may take until the brokers know a topic that was made.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    let Some(file) = &args.topology else {
        return Err(super::wrong_usage("name the topology: --topology FILE"));
    };
    let topology = read_kafka(file)?;
    if let What::Create = args.what {
        let made = kafka::create(&topology)?;
        kafka::wait_until_there(&topology, PATIENCE)?;
        let mut text = String::new();
        for name in &made {
            put(&mut text, format_args!("made {name}\n"));
        }
        put(
            &mut text,
            format_args!("{} topics, {} partitions each\n", topology.kafka.all().len(), topology.partitions),
        );
        return print(text.as_bytes());
    }
    let differences = kafka::differences(&topology)?;
    if !differences.is_empty() {
        return Err(kafka::Error::Topics { differences }.into());
    }
    print(format!("{} topics, as the topology wants them\n", topology.kafka.all().len()).as_bytes())
}
