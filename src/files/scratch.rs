//! Files without a name, for what does not fit into memory: nothing of them stays behind, whatever ends the process.

use std::fs;
use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};

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
