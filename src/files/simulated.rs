//! A machine with files in memory, for tests: it knows of each file and each name what was written and what was synced, does
//! what it is told to do wrong, and can be started again after its process was killed or its power was lost.

use std::ffi::OsString;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use super::database::Rows;
use super::faults::{Chance, End, Fate, Fault, fate, part_of};
use super::machine::{Content, Edit, Machine, Node, apply};

/// A machine. Cheap to clone; all clones are the same one.
#[derive(Clone, Debug, Default)]
pub struct Simulated {
    machine: Arc<Mutex<Machine>>,
}

impl Simulated {
    /// Tells it what to do wrong from now on; operations are counted since it was started.
    pub fn plan(&self, faults: Vec<Fault>) {
        self.machine().faults = faults;
    }

    /// How many operations there were since it was started.
    pub fn operations(&self) -> u64 {
        self.machine().operations
    }

    /// Whether a fault has ended the process.
    pub fn is_stopped(&self) -> bool {
        self.machine().stopped
    }

    /// Ends the process, if it still runs, and starts the machine again, with nothing more to do wrong.
    pub fn restart(&self, end: End) {
        let mut machine = self.machine();
        if let End::PowerLost(seed) = end {
            machine.lose(&mut Chance(seed));
        }
        machine.locked.clear();
        machine.start += 1;
        (machine.operations, machine.stopped) = (0, false);
        machine.faults.clear();
    }

    /// All files, with their sizes.
    pub fn all_files(&self) -> Vec<(PathBuf, usize)> {
        let machine = self.machine();
        let file = |(path, node): (&PathBuf, &Node)| match node {
            Node::Folder => None,
            Node::File(number) => Some((path.clone(), machine.contents[number].written.len())),
        };
        machine.names.iter().filter_map(file).collect()
    }

    /// Flips bits of a byte of a file, for good.
    pub fn spoil(&self, path: &Path, at: usize, bits: u8) {
        let mut machine = self.machine();
        let Some(Node::File(number)) = machine.names.get(path).copied() else { return };
        let content = machine.content(number);
        for bytes in [&mut content.written, &mut content.synced] {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= bits;
            }
        }
    }

    pub(super) fn create_folders(&self, dir: &Path) -> io::Result<()> {
        self.operation()?.done()?;
        let mut machine = self.machine();
        let ancestors: Vec<PathBuf> =
            dir.ancestors().filter(|path| !path.as_os_str().is_empty()).map(Path::to_owned).collect();
        for path in ancestors.into_iter().rev() {
            if !machine.names.contains_key(&path) {
                machine.change(&path, vec![(path.clone(), Some(Node::Folder))]);
            }
        }
        Ok(())
    }

    pub(super) fn exists(&self, path: &Path) -> io::Result<bool> {
        self.operation()?.done()?;
        Ok(self.machine().names.contains_key(path))
    }

    pub(super) fn names(&self, dir: &Path) -> io::Result<Vec<OsString>> {
        self.operation()?.done()?;
        let machine = self.machine();
        if machine.names.get(dir) != Some(&Node::Folder) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let inside = machine.names.keys().filter(|path| path.parent() == Some(dir));
        Ok(inside.filter_map(|path| path.file_name().map(ToOwned::to_owned)).collect())
    }

    pub(super) fn open(&self, path: &Path) -> io::Result<Open> {
        self.operation()?.done()?;
        let machine = self.machine();
        match machine.names.get(path) {
            Some(Node::File(number)) => Ok(self.handle(&machine, *number)),
            Some(Node::Folder) => Err(io::ErrorKind::IsADirectory.into()),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    pub(super) fn create(&self, path: &Path) -> io::Result<Open> {
        self.operation()?.done()?;
        let mut machine = self.machine();
        if path.parent().is_none_or(|folder| machine.names.get(folder) != Some(&Node::Folder)) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let number = match machine.names.get(path).copied() {
            Some(Node::Folder) => return Err(io::ErrorKind::IsADirectory.into()),
            Some(Node::File(number)) => {
                machine.content(number).edit(Edit::Length(0));
                number
            }
            None => {
                let number = machine.contents.keys().last().map_or(0, |last| last + 1);
                machine.contents.insert(number, Content::default());
                machine.change(path, vec![(path.to_owned(), Some(Node::File(number)))]);
                number
            }
        };
        Ok(self.handle(&machine, number))
    }

    pub(super) fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.operation()?.done()?;
        let mut machine = self.machine();
        let node = machine.names.get(from).copied().ok_or(io::ErrorKind::NotFound)?;
        machine.change(to, vec![(from.to_owned(), None), (to.to_owned(), Some(node))]);
        Ok(())
    }

    pub(super) fn sync_folder(&self, dir: &Path) -> io::Result<()> {
        self.operation()?.done()?;
        let mut machine = self.machine();
        let renamed = std::mem::take(&mut machine.renamed);
        let (synced, renamed): (Vec<_>, Vec<_>) = renamed.into_iter().partition(|change| change.folder == dir);
        machine.renamed = renamed;
        for change in &synced {
            apply(change, &mut machine.synced_names);
        }
        Ok(())
    }

    pub(super) fn lock(&self, path: &Path) -> io::Result<Option<Lock>> {
        self.operation()?.done()?;
        let mut machine = self.machine();
        let (start, path) = (machine.start, path.to_owned());
        Ok(machine.locked.insert(path.clone()).then(|| Lock { machine: self.clone(), start, path }))
    }

    /// The rows of a database, to be read or exchanged by an operation that was counted.
    pub(super) fn with_rows<T>(&self, dir: &Path, with: impl FnOnce(&mut Rows) -> T) -> T {
        with(self.machine().databases.entry(dir.to_owned()).or_default())
    }

    /// Counts an operation, and says what becomes of it.
    pub(super) fn operation(&self) -> io::Result<Fate> {
        let mut machine = self.machine();
        if machine.stopped {
            return Err(stopped());
        }
        let fate = fate(&machine.faults, machine.operations);
        machine.operations += 1;
        machine.stopped = matches!(fate, Fate::Stops(_));
        Ok(fate)
    }

    /// Which start of the machine this is.
    pub(super) fn start(&self) -> u64 {
        self.machine().start
    }

    fn handle(&self, machine: &Machine, number: u64) -> Open {
        Open { machine: self.clone(), start: machine.start, number, position: 0 }
    }

    fn machine(&self) -> MutexGuard<'_, Machine> {
        self.machine.lock().expect("nobody panics holding it")
    }
}

impl Fate {
    /// For operations that are done or not, and never in part.
    pub(super) fn done(self) -> io::Result<()> {
        match self {
            Self::Done => Ok(()),
            Self::Fails(kind) => Err(kind.into()),
            Self::Stops(_) => Err(stopped()),
        }
    }
}

pub(super) fn stopped() -> io::Error {
    io::Error::other("the simulated process has ended")
}

/// A file of a made machine, open.
#[derive(Debug)]
pub struct Open {
    machine: Simulated,
    start: u64,
    number: u64,
    position: usize,
}

impl Open {
    fn operation(&self) -> io::Result<Fate> {
        if self.machine.start() != self.start {
            return Err(stopped());
        }
        self.machine.operation()
    }

    fn with<T>(&self, with: impl FnOnce(&mut Content) -> T) -> T {
        with(self.machine.machine().content(self.number))
    }

    pub(super) fn length(&self) -> io::Result<u64> {
        self.operation()?.done()?;
        Ok(self.with(|content| content.written.len()) as u64)
    }

    pub(super) fn set_length(&self, length: u64) -> io::Result<()> {
        self.operation()?.done()?;
        let length = usize::try_from(length).map_err(io::Error::other)?;
        self.with(|content| content.edit(Edit::Length(length)));
        Ok(())
    }

    pub(super) fn sync(&self) -> io::Result<()> {
        self.operation()?.done()?;
        self.with(|content| {
            content.edits.clear();
            content.synced.clone_from(&content.written);
        });
        Ok(())
    }
}

impl Read for Open {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.operation()?.done()?;
        let position = self.position;
        let count = self.with(|content| {
            let rest = content.written.get(position..).unwrap_or_default();
            let count = rest.len().min(buffer.len());
            buffer[..count].copy_from_slice(&rest[..count]);
            count
        });
        self.position += count;
        Ok(count)
    }
}

impl Write for Open {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let (written, stops) = match self.operation()? {
            Fate::Done => (bytes, false),
            Fate::Fails(kind) => return Err(kind.into()),
            Fate::Stops(part) => (&bytes[..part_of(bytes.len(), part)], true),
        };
        self.with(|content| content.edit(Edit::Write(self.position, written.to_vec())));
        self.position += written.len();
        if stops { Err(stopped()) } else { Ok(written.len()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Open {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let (from, by) = match to {
            SeekFrom::Start(at) => (0, i64::try_from(at).map_err(io::Error::other)?),
            SeekFrom::Current(by) => (self.position, by),
            SeekFrom::End(by) => (self.with(|content| content.written.len()), by),
        };
        let moved = i64::try_from(from).ok().and_then(|from| from.checked_add(by));
        let moved = moved.and_then(|at| usize::try_from(at).ok()).ok_or(io::ErrorKind::InvalidInput)?;
        self.position = moved;
        Ok(moved as u64)
    }
}

/// A lock of a made machine.
#[derive(Debug)]
pub struct Lock {
    machine: Simulated,
    start: u64,
    path: PathBuf,
}

impl Drop for Lock {
    fn drop(&mut self) {
        let mut machine = self.machine.machine();
        if machine.start == self.start {
            machine.locked.remove(&self.path);
        }
    }
}
