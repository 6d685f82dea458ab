//! `suyuan audit`: proof that what was said followed from the journal.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use super::data::DataArgs;
use super::folding::records_bar;
use super::interrupt::removed_when_interrupted;
use super::show::{counted, print, put};
use super::topology::read_kafka;
use crate::files::Place;
use crate::job::{self, Stated, Verified, VerifiedFolder};

/// Arguments of `suyuan audit`.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  suyuan audit verify --data run1\n  suyuan audit verify --topology topologies/kafka.toml"
)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Folds a journal again from its beginning, in a folder of its own that is removed afterwards, and holds every digest and
    /// every output against what was committed. Of a data folder, as far as it was committed when this began, and whether the
    /// digest in its `digest.txt` was ever the journal's; on Kafka, while no instance writes. Other files that a replay leaves
    /// beside its journal are not looked at: the lists (`suyuan tasks` and so on) do not read them either.
    Verify {
        /// The topology whose journal it is, where that is on Kafka.
        #[arg(long, value_name = "FILE", conflicts_with = "data")]
        topology: Option<PathBuf>,
        #[command(flatten)]
        data: DataArgs,
    },
}

pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    let What::Verify { topology, data } = &args.what;
    let scratch = tempfile::tempdir().with_context(|| {
        let dir = std::env::temp_dir();
        format!("cannot make a folder to fold in under {}: see to it, or name another by TMPDIR", dir.display())
    })?;
    removed_when_interrupted(scratch.path())?;
    let scratch = Place::from(scratch.path());
    match topology {
        Some(path) => verify_topics(&scratch, path),
        None => verify_folder(&scratch, &data.dir()?),
    }
}

fn verify_topics(scratch: &Place, path: &Path) -> anyhow::Result<()> {
    let bar = records_bar();
    let verified = job::verify_topics(scratch, &read_kafka(path)?, &mut |_, _| bar.inc(1))?;
    bar.finish_and_clear();
    print(show(&verified).as_bytes())?;
    if let Some(differs) = differs(&verified) {
        bail!(
            "the digests agree, but the topics of outputs have not what the journals lead to: {differs}. If an instance \
             writes, or a topic has let go of old records, that is why"
        );
    }
    Ok(())
}

fn verify_folder(scratch: &Place, dir: &Path) -> anyhow::Result<()> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let bar = records_bar();
    let VerifiedFolder { verified, progress, turn, stated } =
        job::verify_folder(scratch, dir, threads, &|| bar.inc(1))?;
    bar.finish_and_clear();
    let mut text = show(&verified);
    put(&mut text, format_args!("whole {}, after turn {turn}\n", progress.digest()));
    match stated {
        Some(Stated::Now) => text += "digest.txt says the same\n",
        Some(Stated::After(then)) => put(&mut text, format_args!("digest.txt says what stood after turn {then}\n")),
        Some(Stated::Never) | None => {}
    }
    print(text.as_bytes())?;
    if let Some(differs) = differs(&verified) {
        bail!(
            "the digests agree, but what the turns of the journal in {} said is not what its records lead to: {differs}. \
             The journal was changed: put it back from a copy",
            dir.display()
        );
    }
    if stated == Some(Stated::Never) {
        bail!(
            "the digests of the journal in {0} agree with its records, but {0}/digest.txt tells of another: the journal was \
             cut or exchanged since, or that file was. Hold the digest above against one that was kept elsewhere",
            dir.display()
        );
    }
    Ok(())
}

/// The partitions and how many outputs there are.
fn show(verified: &Verified) -> String {
    let mut text = String::new();
    for refolded in &verified.partitions {
        let digest = blake3::Hash::from_bytes(refolded.digest).to_hex();
        put(
            &mut text,
            format_args!("partition {:>4}  {:>12} records  {digest}\n", refolded.partition, refolded.records),
        );
    }
    put(&mut text, format_args!("{}\n", counted(verified.outputs, "output", "outputs")));
    text
}

/// What was not said, and what was without a cause.
fn differs(verified: &Verified) -> Option<String> {
    let list = |of: &BTreeMap<String, u64>| match of.len() {
        0 => "nothing".to_owned(),
        _ => of.iter().map(|(place, count)| format!("{count} in {place}")).collect::<Vec<_>>().join(", "),
    };
    let (missing, surplus) = (list(&verified.missing), list(&verified.surplus));
    (!verified.is_whole()).then(|| format!("missing {missing}; there without a cause, or again, {surplus}"))
}
