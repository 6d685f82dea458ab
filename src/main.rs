//! The binary: parse, run, exit code. 0 on success, 2 on wrong usage (clap's own), 1 otherwise.

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Parser;
use suyuan::cli::Cli;

/// The fold allocates and frees small rows all the time; with this allocator it is faster than with glibc's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What clap ends with, too.
const WRONG_USAGE: u8 = 2;

fn main() -> ExitCode {
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
