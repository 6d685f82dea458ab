//! Where state is kept.

use std::path::PathBuf;

use anyhow::Context;

/// The folder that a command reads or writes.
#[derive(clap::Args)]
pub(super) struct DataArgs {
    /// The folder with journal and rows. Default: `suyuan` in the user's data folder.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

impl DataArgs {
    /// The folder that was named, or the default one.
    pub(super) fn dir(&self) -> anyhow::Result<PathBuf> {
        if let Some(dir) = &self.data {
            return Ok(dir.clone());
        }
        let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let home = || set("HOME").map(|home| home.join(".local/share"));
        let base = set("XDG_DATA_HOME").or_else(home);
        Ok(base.context("neither XDG_DATA_HOME nor HOME is set: name a folder with --data")?.join("suyuan"))
    }
}
