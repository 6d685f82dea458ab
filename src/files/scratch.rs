//! Files without a name, for what does not fit into memory: nothing of them stays behind, whatever ends the process.

use std::fs;
use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::Files;
use super::simulated::Simulated;

/// Such a file, read and written by whoever made it.
#[derive(Debug)]
pub enum Scratch {
    /// Of the machine that this runs on, in its folder for such files.
    Real(fs::File),
    /// Of a made machine.
    Simulated(Made),
}

/// Such a file of a made machine, which fails where [`super::Fault::Scratch`] says. Sorting goes on beside everything else,
/// so what is asked of it is not counted among the operations.
#[derive(Debug)]
pub struct Made {
    machine: Simulated,
    bytes: Cursor<Vec<u8>>,
}

impl Files {
    /// Makes an empty one.
    pub fn scratch(&self) -> io::Result<Scratch> {
        match self {
            Self::Real => tempfile::tempfile().map(Scratch::Real),
            Self::Simulated(machine) => {
                Ok(Scratch::Simulated(Made { machine: machine.clone(), bytes: Cursor::default() }))
            }
        }
    }

    /// The same on the disk of a folder that is there.
    pub fn scratch_in(&self, dir: &Path) -> io::Result<Scratch> {
        match self {
            Self::Real => tempfile::tempfile_in(dir).map(Scratch::Real),
            Self::Simulated(_) => self.scratch(),
        }
    }
}

impl Scratch {
    /// Reads as much as there is room for, from a place on.
    pub fn read_exact_at(&mut self, buffer: &mut [u8], at: u64) -> io::Result<()> {
        match self {
            Self::Real(file) => file.read_exact_at(buffer, at),
            Self::Simulated(made) => {
                made.bytes.set_position(at);
                self.read_exact(buffer)
            }
        }
    }

    /// Writes over what is at a place, and on behind it.
    pub fn write_all_at(&mut self, bytes: &[u8], at: u64) -> io::Result<()> {
        match self {
            Self::Real(file) => file.write_all_at(bytes, at),
            Self::Simulated(made) => {
                made.bytes.set_position(at);
                self.write_all(bytes)
            }
        }
    }
}

impl Read for Scratch {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Real(file) => file.read(buffer),
            Self::Simulated(made) => {
                made.machine.read_scratch(buffer.len())?;
                made.bytes.read(buffer)
            }
        }
    }
}

impl Write for Scratch {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Real(file) => file.write(bytes),
            Self::Simulated(made) => {
                made.machine.write_scratch(bytes.len())?;
                made.bytes.write(bytes)
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Real(file) => file.flush(),
            Self::Simulated(_) => Ok(()),
        }
    }
}

impl Seek for Scratch {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match self {
            Self::Real(file) => file.seek(to),
            Self::Simulated(made) => made.bytes.seek(to),
        }
    }
}
