//! Where state is kept.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};

use super::show::shell_word;

/// The folder that a command reads or writes.
#[derive(clap::Args)]
pub(super) struct DataArgs {
    /// The folder with journal and rows. Default: `suyuan` in the user's data folder.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

impl DataArgs {
    /// As it was given, to be repeated behind another command.
    pub(super) fn flag(&self) -> String {
        self.data.as_deref().map(|dir| format!(" --data {}", shell_word(dir))).unwrap_or_default()
    }

    /// The folder that was named, or the default one.
    pub(super) fn dir(&self) -> anyhow::Result<PathBuf> {
        if let Some(dir) = &self.data {
            return expect_folder(dir).map(Path::to_owned);
        }
        let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let home = || set("HOME").map(|home| home.join(".local/share"));
        let base = set("XDG_DATA_HOME").or_else(home);
        Ok(base.context("neither XDG_DATA_HOME nor HOME is set: name a folder with --data")?.join("suyuan"))
    }
}

/// Refuses a file where a folder is wanted; one that is not there yet may be made.
pub(super) fn expect_folder(dir: &Path) -> anyhow::Result<&Path> {
    ensure!(dir.is_dir() || !dir.exists(), "{} is a file, and a folder is wanted there", dir.display());
    Ok(dir)
}
