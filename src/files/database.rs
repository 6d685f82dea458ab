//! Rows of a made machine: what a database is asked, on a map in memory. What is written together is there together or not
//! at all, and durable at once.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::faults::Fate;
use super::simulated::{Simulated, stopped};

/// Rows by key; what is read goes on seeing them as they were.
pub type Rows = Arc<BTreeMap<Vec<u8>, Vec<u8>>>;

/// A database, open.
#[derive(Clone, Debug)]
pub struct Database {
    machine: Simulated,
    start: u64,
    dir: PathBuf,
}

impl Database {
    /// Opens the rows of a folder, which may be none.
    pub fn open(machine: &Simulated, dir: &Path) -> io::Result<Self> {
        machine.operation()?.done()?;
        Ok(Self { machine: machine.clone(), start: machine.start(), dir: dir.to_owned() })
    }

    /// The rows as they are now.
    pub fn rows(&self) -> io::Result<Rows> {
        self.operation()?.done()?;
        Ok(self.machine.with_rows(&self.dir, |rows| rows.clone()))
    }

    /// Puts and removes rows, all or none.
    pub fn write(&self, changes: Vec<(Vec<u8>, Option<Vec<u8>>)>) -> io::Result<()> {
        let fate = self.operation()?;
        // Where the process ends with it, it is done or it is not.
        if matches!(fate, Fate::Done) || matches!(fate, Fate::Stops(part) if part > u8::MAX / 2) {
            self.machine.with_rows(&self.dir, |rows| {
                let rows = Arc::make_mut(rows);
                for (key, row) in changes {
                    match row {
                        Some(row) => rows.insert(key, row),
                        None => rows.remove(&key),
                    };
                }
            });
        }
        fate.done()
    }

    /// Removes all rows.
    pub fn discard(machine: &Simulated, dir: &Path) -> io::Result<()> {
        machine.operation()?.done()?;
        machine.with_rows(dir, |rows| *rows = Rows::default());
        Ok(())
    }

    fn operation(&self) -> io::Result<Fate> {
        if self.machine.start() != self.start {
            return Err(stopped());
        }
        self.machine.operation()
    }
}
