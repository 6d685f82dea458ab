//! `suyuan topology`: whether a topology is one, and what it looks like.

use std::path::{Path, PathBuf};

use anyhow::Context;

use super::show::print;
use crate::files::read_document;
use crate::topology::{Kind, Topology, mermaid};

/// Arguments of `suyuan topology`.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    suyuan topology check topologies/kafka.toml\n  \
    suyuan topology describe topologies/kafka.toml > topology.mmd")]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Says whether a file is a topology, and where it is not
    Check {
        /// The topology.
        file: PathBuf,
    },
    /// Draws a topology, as Mermaid
    Describe {
        /// The topology.
        file: PathBuf,
    },
}

pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    match &args.what {
        What::Check { file } => {
            let topology = read(file)?;
            let kind = match topology.kind {
                Kind::Embedded => "embedded".to_owned(),
                Kind::Kafka => format!("Kafka at {}", topology.kafka.bootstrap_servers),
            };
            print(format!("{}: {kind}, {} partitions\n", file.display(), topology.partitions).as_bytes())
        }
        What::Describe { file } => print(mermaid(&read(file)?).as_bytes()),
    }
}

/// Reads a topology from a file.
pub(super) fn read(file: &Path) -> anyhow::Result<Topology> {
    let shown = file.display();
    let document = read_document(file).with_context(|| format!("cannot read topology {shown}"))?;
    Topology::parse(&document).with_context(|| format!("{shown} is not a topology"))
}

/// Reads a topology from a file that must be one on Kafka.
pub(super) fn read_kafka(file: &Path) -> anyhow::Result<Topology> {
    let topology = read(file)?;
    anyhow::ensure!(
        topology.kind == Kind::Kafka,
        "{} is of the kind \"embedded\", which has no topics: begin with topologies/kafka.toml",
        file.display()
    );
    Ok(topology)
}
