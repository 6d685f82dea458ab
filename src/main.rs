//! The binary: parse, run, exit code. 0 on success, 2 on wrong usage (clap's own), 1 otherwise.

use std::process::ExitCode;

use clap::Parser;
use suyuan::cli::Cli;

/// The fold allocates and frees small rows all the time; with this allocator it is faster than with glibc's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.run() {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads our output has seen enough.
        Err(error) if suyuan::cli::is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("suyuan: {error:#}");
            ExitCode::FAILURE
        }
    }
}
