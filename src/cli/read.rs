//! How a command that only reads opens a data folder.

use std::io::{self, Write as _};

use super::data::DataArgs;
use crate::query::Folder;

/// What is read, and how.
#[derive(clap::Args)]
pub(crate) struct ReadArgs {
    /// Where it is.
    #[command(flatten)]
    pub(crate) data: DataArgs,
    /// Read although another process writes there: shows what it has committed so far.
    #[arg(long)]
    pub(crate) beside: bool,
}

impl ReadArgs {
    /// Opens the folder for as long as the process runs: to give back what it takes would take longer than many an answer.
    /// Says on standard error where its rows are behind its journal.
    pub(crate) fn open(&self) -> anyhow::Result<&'static Folder> {
        let dir = self.data.dir()?;
        let folder = if self.beside { Folder::open_beside(&dir) } else { Folder::open(&dir) }?;
        if let Some(lag) = folder.lag() {
            tell(&format!("note: {lag}."));
        }
        let progress = folder.progress();
        if !progress.input_ended {
            tell(&format!(
                "note: an input into {} has not come to its end: this is as of its first {} events. To finish it, run \
                 the command that began it again.",
                dir.display(),
                progress.counters.events
            ));
        }
        Ok(Box::leak(Box::new(folder)))
    }
}

/// Says something beside the answer, on standard error. Where nobody can read that, nobody can be told so either.
pub(crate) fn tell(text: &str) {
    writeln!(io::stderr(), "{text}").ok();
}
