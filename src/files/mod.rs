//! Everything that the journal asks of a file system, in a dozen operations, so that a test can put itself in its place: a
//! machine of memory alone, which loses, tears and refuses what it is told to ([`Simulated`]). Rows are asked of RocksDB,
//! and of the same machine where there is one.

mod database;
mod faults;
mod machine;
mod scratch;
mod simulated;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::fs;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

pub use database::{Database, Rows, spoiled};
pub use faults::{End, Fault, Operation};
pub use scratch::Scratch;
pub use simulated::Simulated;
use simulated::{Lock as SimulatedLock, Open};

/// Whose files.
#[derive(Clone, Debug, Default)]
pub enum Files {
    /// Those of the machine that this runs on.
    #[default]
    Real,
    /// Those of a machine that a test has made.
    Simulated(Simulated),
}

/// A folder, and whose.
#[derive(Clone, Debug)]
pub struct Place {
    /// Whose files.
    pub files: Files,
    /// The folder.
    pub dir: PathBuf,
}

impl From<&Path> for Place {
    fn from(dir: &Path) -> Self {
        Self { files: Files::Real, dir: dir.to_owned() }
    }
}

impl From<&PathBuf> for Place {
    fn from(dir: &PathBuf) -> Self {
        dir.as_path().into()
    }
}

impl From<&Place> for Place {
    fn from(place: &Place) -> Self {
        place.clone()
    }
}

impl Place {
    /// A folder of a made machine.
    pub fn simulated(machine: &Simulated, dir: impl Into<PathBuf>) -> Self {
        Self { files: Files::Simulated(machine.clone()), dir: dir.into() }
    }

    /// A folder in this one.
    #[must_use]
    pub fn join(&self, name: impl AsRef<Path>) -> Self {
        Self { files: self.files.clone(), dir: self.dir.join(name) }
    }
}

/// The longest document that is read whole, in bytes: rule sets, topologies, mapping files.
pub const DOCUMENT_BYTES_MAX: u64 = 16 << 20;

/// Reads a document that people write, which is short.
pub fn read_document(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let read = fs::File::open(path)?.take(DOCUMENT_BYTES_MAX + 1).read_to_string(&mut text)?;
    if read as u64 > DOCUMENT_BYTES_MAX {
        let what = format!("it has more than {DOCUMENT_BYTES_MAX} bytes, which no such document has");
        return Err(io::Error::new(io::ErrorKind::InvalidData, what));
    }
    Ok(text)
}

/// An open file.
#[derive(Debug)]
pub enum File {
    /// Of the machine that this runs on.
    Real(fs::File),
    /// Of a made machine.
    Simulated(Open),
}

/// A lock on a file: given back when this is dropped, or its process ends.
#[derive(Debug)]
pub enum Lock {
    /// On a file of the machine that this runs on.
    Real(fs::File),
    /// On a file of a made machine.
    Simulated(SimulatedLock),
}

impl Files {
    /// Makes a folder, and those it stands in.
    pub fn create_folders(&self, dir: &Path) -> io::Result<()> {
        match self {
            Self::Real => fs::create_dir_all(dir),
            Self::Simulated(machine) => machine.create_folders(dir),
        }
    }

    /// Whether a file or folder is there.
    pub fn exists(&self, path: &Path) -> io::Result<bool> {
        match self {
            Self::Real => path.try_exists(),
            Self::Simulated(machine) => machine.exists(path),
        }
    }

    /// The names in a folder, in no order.
    pub fn names(&self, dir: &Path) -> io::Result<Vec<OsString>> {
        match self {
            Self::Real => fs::read_dir(dir)?.map(|entry| Ok(entry?.file_name())).collect(),
            Self::Simulated(machine) => machine.names(dir),
        }
    }

    /// Opens a file to read it.
    pub fn open(&self, path: &Path) -> io::Result<File> {
        match self {
            Self::Real => fs::File::open(path).map(File::Real),
            Self::Simulated(machine) => machine.open(path).map(File::Simulated),
        }
    }

    /// How large a file of input is; `None` for what is no file, such as a pipe.
    pub fn input_bytes(&self, path: &Path) -> io::Result<Option<u64>> {
        match self {
            Self::Real => {
                let metadata = path.metadata()?;
                if metadata.is_dir() {
                    return Err(io::ErrorKind::IsADirectory.into());
                }
                Ok(metadata.is_file().then_some(metadata.len()))
            }
            Self::Simulated(machine) => machine.input_bytes(path)?.map(Some).ok_or(io::ErrorKind::IsADirectory.into()),
        }
    }

    /// Opens a file of input, which is read beside everything else.
    pub fn open_input(&self, path: &Path) -> io::Result<File> {
        match self {
            Self::Real => fs::File::open(path).map(File::Real),
            Self::Simulated(machine) => machine.open_input(path).map(File::Simulated),
        }
    }

    /// Opens a file that is there, to go on writing it.
    pub fn edit(&self, path: &Path) -> io::Result<File> {
        match self {
            Self::Real => fs::OpenOptions::new().write(true).open(path).map(File::Real),
            Self::Simulated(machine) => machine.open(path).map(File::Simulated),
        }
    }

    /// Makes an empty file, in the place of one that may be there.
    pub fn create(&self, path: &Path) -> io::Result<File> {
        match self {
            Self::Real => fs::File::create(path).map(File::Real),
            Self::Simulated(machine) => machine.create(path).map(File::Simulated),
        }
    }

    /// Gives a file another name in its folder.
    pub fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        match self {
            Self::Real => fs::rename(from, to),
            Self::Simulated(machine) => machine.rename(from, to),
        }
    }

    /// Makes the names in a folder durable.
    pub fn sync_folder(&self, dir: &Path) -> io::Result<()> {
        match self {
            // Elsewhere a folder cannot be opened as a file, and renaming is durable by itself.
            Self::Real if cfg!(unix) => fs::File::open(dir)?.sync_all(),
            Self::Real => Ok(()),
            Self::Simulated(machine) => machine.sync_folder(dir),
        }
    }

    /// Takes the lock on a file, which is made where it is not there; `None` where somebody else has it.
    pub fn lock(&self, path: &Path) -> io::Result<Option<Lock>> {
        match self {
            Self::Real => {
                let file = fs::OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
                let taken = within_patience(|| match file.try_lock() {
                    Ok(()) => Ok(Some(())),
                    Err(fs::TryLockError::WouldBlock) => Ok(None),
                    Err(fs::TryLockError::Error(error)) => Err(error),
                })?;
                Ok(taken.map(|()| Lock::Real(file)))
            }
            Self::Simulated(machine) => Ok(machine.lock(path)?.map(Lock::Simulated)),
        }
    }
}

/// Looks at a lock a few times before it is said to be somebody's. A process that starts another one has its locks twice
/// from the fork to the exec, so that one which was given up may seem to be held for a moment more.
pub fn within_patience<T>(look: impl Fn() -> io::Result<Option<T>>) -> io::Result<Option<T>> {
    for _ in 0..LOCK_LOOKS {
        if let Some(found) = look()? {
            return Ok(Some(found));
        }
        std::thread::sleep(LOCK_PAUSE);
    }
    look()
}

/// Looks at a lock that is held, and the pause between two: a twentieth of a second in all.
const LOCK_LOOKS: u32 = 10;
const LOCK_PAUSE: std::time::Duration = std::time::Duration::from_millis(5);

impl File {
    /// Its size in bytes.
    pub fn length(&self) -> io::Result<u64> {
        match self {
            Self::Real(file) => Ok(file.metadata()?.len()),
            Self::Simulated(file) => file.length(),
        }
    }

    /// Cuts it off, or fills it up with zeros.
    pub fn set_length(&mut self, length: u64) -> io::Result<()> {
        match self {
            Self::Real(file) => file.set_len(length),
            Self::Simulated(file) => file.set_length(length),
        }
    }

    /// Makes durable what was written, and as much of what is known about the file as reading it takes.
    pub fn sync(&self) -> io::Result<()> {
        match self {
            Self::Real(file) => file.sync_data(),
            Self::Simulated(file) => file.sync(),
        }
    }
}

impl Read for File {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Real(file) => file.read(buffer),
            Self::Simulated(file) => file.read(buffer),
        }
    }
}

impl Write for File {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Real(file) => file.write(bytes),
            Self::Simulated(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Real(file) => file.flush(),
            Self::Simulated(_) => Ok(()),
        }
    }
}

impl Seek for File {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match self {
            Self::Real(file) => file.seek(to),
            Self::Simulated(file) => file.seek(to),
        }
    }
}
