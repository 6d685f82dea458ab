//! `suyuan audit`: proof that what was said followed from the journal.

use std::path::PathBuf;

use anyhow::{Context, bail};

use super::show::{print, put};
use super::topology::read_kafka;
use crate::files::Place;
use crate::job;

/// Arguments of `suyuan audit`.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  suyuan audit verify --topology topologies/kafka.toml")]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Folds the journal's topic again from its beginning, in a folder of its own that is removed afterwards, and holds every
    /// digest and every output against what was committed. To be run while no instance writes.
    Verify {
        /// The topology whose journal it is.
        #[arg(long, value_name = "FILE")]
        topology: PathBuf,
    },
}

pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    let What::Verify { topology } = &args.what;
    let topology = read_kafka(topology)?;
    let scratch = tempfile::tempdir().context("cannot make a folder to fold in")?;
    let verified = job::verify(&Place::from(scratch.path()), &topology, &mut |_, _| {})?;
    let mut text = String::new();
    for refolded in &verified.partitions {
        let digest = blake3::Hash::from_bytes(refolded.digest).to_hex();
        put(
            &mut text,
            format_args!("partition {:>4}  {:>12} records  {digest}\n", refolded.partition, refolded.records),
        );
    }
    put(&mut text, format_args!("{} outputs\n", verified.outputs));
    print(text.as_bytes())?;
    if verified.is_whole() {
        return Ok(());
    }
    let list = |of: &std::collections::BTreeMap<String, u64>| {
        of.iter().map(|(topic, count)| format!("{count} in {topic}")).collect::<Vec<_>>().join(", ")
    };
    bail!(
        "the digests agree, but the topics of outputs have not what the journals lead to: missing {}; there without a cause, or \
         again, {}. If an instance writes, or a topic has let go of old records, that is why",
        if verified.missing.is_empty() { "nothing".into() } else { list(&verified.missing) },
        if verified.surplus.is_empty() { "nothing".into() } else { list(&verified.surplus) },
    )
}
