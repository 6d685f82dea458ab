//! `suyuan completions`.

use clap::CommandFactory;
use clap_complete::Shell;

/// Arguments of `suyuan completions`.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  suyuan completions bash > ~/.local/share/bash-completion/completions/suyuan")]
pub(super) struct Args {
    /// For which shell.
    shell: Shell,
}

pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut super::Cli::command(), "suyuan", &mut text);
    super::show::print(&text)
}
