//! The binary: parse, run, exit code. 0 on success, 2 on wrong usage (clap's own), 1 otherwise.

use std::io::{self, Write as _};
use std::process::{Command, ExitCode};

use clap::Parser;
use suyuan::cli::Cli;

/// The fold allocates and frees small rows all the time; with this allocator it is faster than with glibc's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What clap ends with, too.
const WRONG_USAGE: u8 = 2;

/// How long mimalloc waits before it gives free memory back to the system: by its environment alone it can be told.
const PURGE_DELAY: &str = "MIMALLOC_PURGE_DELAY";
const NEVER: &str = "-1";

fn main() -> ExitCode {
    if let Some(error) = keep_memory() {
        writeln!(
            io::stderr(),
            "suyuan: cannot begin anew with {PURGE_DELAY}={NEVER}: {error}; set that before it is started"
        )
        .ok();
        return ExitCode::FAILURE;
    }
    let cli = Cli::parse();
    match cli.run() {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads our output has seen enough.
        Err(error) if suyuan::cli::is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // Where nobody can read it, the exit code says it.
            writeln!(io::stderr(), "suyuan: {error:#}").ok();
            if suyuan::cli::is_wrong_usage(&error) { ExitCode::from(WRONG_USAGE) } else { ExitCode::FAILURE }
        }
    }
}

/// Begins anew as a program whose allocator keeps what is free: a turn takes tens of megabytes and lets go of them, and to
/// have them back from the system, cleared, took a tenth of the processor's time. Where its own file is gone, it goes on as it
/// is; where the system refuses, it ends, for by then its signals are no longer what they should be.
fn keep_memory() -> Option<io::Error> {
    #[cfg(unix)]
    if std::env::var_os(PURGE_DELAY).is_none()
        && let Ok(program) = std::env::current_exe()
        && program.exists()
    {
        use std::os::unix::process::CommandExt as _;
        let mut arguments = std::env::args_os();
        let mut command = Command::new(program);
        command.arg0(arguments.next().unwrap_or_default()).args(arguments).env(PURGE_DELAY, NEVER);
        return Some(command.exec());
    }
    None
}
