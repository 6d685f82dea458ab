//! The binary: parse, run, exit code. 0 on success, 2 on wrong usage (clap's own), 1 otherwise.

use std::io::{self, Write as _};
use std::process::Command;

use clap::Parser;
use suyuan::cli::Cli;

/// The fold allocates and frees small rows all the time; with this allocator it is faster than with glibc's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const FAILURE: i32 = 1;
/// What clap ends with, too.
const WRONG_USAGE: i32 = 2;

/// How long mimalloc waits before it gives free memory back to the system: by its environment alone it can be told.
const PURGE_DELAY: &str = "MIMALLOC_PURGE_DELAY";
const NEVER: &str = "-1";

fn main() {
    leave(match keep_memory() {
        None => run(),
        Some(error) => {
            writeln!(
                io::stderr(),
                "suyuan: cannot begin anew with {PURGE_DELAY}={NEVER}: {error}; set that before it is started"
            )
            .ok();
            FAILURE
        }
    });
}

/// Does what the arguments ask for. Returns the exit code.
fn run() -> i32 {
    match Cli::parse().run() {
        Ok(()) => 0,
        // Whoever reads our output has seen enough.
        Err(error) if suyuan::cli::is_closed_pipe(&error) => 0,
        Err(error) => {
            // Where nobody can read it, the exit code says it.
            writeln!(io::stderr(), "suyuan: {error:#}").ok();
            if suyuan::cli::is_wrong_usage(&error) { WRONG_USAGE } else { FAILURE }
        }
    }
}

/// Ends the process at once. Threads may be at work that nobody waits for, as one whose call to the brokers does not come back:
/// an orderly exit would take down under them what they use, and end in a crash instead of with its code.
fn leave(code: i32) -> ! {
    io::stdout().flush().ok();
    signal_hook::low_level::exit(code)
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
