//! The program of libFuzzer, for the target that `SUYUAN_FUZZ_TARGET` names: without it, it lists them. Writes what fuzzing
//! begins with, and the words of the contract, to the folder `SUYUAN_FUZZ_SEEDS` first.
#![no_main]
#![allow(clippy::unwrap_used, reason = "a fuzzer ends where something is wrong")]

mod seeds;
mod targets;

use std::path::Path;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use targets::{TARGETS, Target};

static TARGET: LazyLock<Target> = LazyLock::new(|| {
    let name = std::env::var("SUYUAN_FUZZ_TARGET").unwrap_or_default();
    let found = TARGETS.iter().find(|target| target.name == name);
    *found.unwrap_or_else(|| {
        TARGETS.iter().for_each(|target| println!("{}", target.name));
        std::process::exit(i32::from(!name.is_empty()));
    })
});

/// Writes seeds and a dictionary.
fn prepare() {
    let target = *TARGET;
    let Ok(folder) = std::env::var("SUYUAN_FUZZ_SEEDS") else { return };
    let folder = Path::new(&folder);
    std::fs::create_dir_all(folder.join("seeds")).unwrap();
    for (number, seed) in seeds::seeds(target.name).iter().enumerate() {
        std::fs::write(folder.join(format!("seeds/{number:03}")), seed).unwrap();
    }
    let words: String = seeds::words().iter().map(|word| format!("\"{word}\"\n")).collect();
    std::fs::write(folder.join("words.dict"), words).unwrap();
}

fuzz_target!(init: prepare(), |bytes: &[u8]| {
    (TARGET.run)(bytes);
});
