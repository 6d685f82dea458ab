//! A machine with files in memory, for tests: it knows of each file and each name what was written and what was synced, does
//! what it is told to do wrong, and can be started again after its process was killed or its power was lost.

use std::ffi::OsString;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use super::database::Rows;
use super::faults::{Chance, End, Fate, Fault, INPUT_OUTPUT_ERROR, Operation, delay, fate, part_of};
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
        self.machine().asked.len() as u64
    }

    /// What they were, in order.
    pub fn asked(&self) -> Vec<Operation> {
        self.machine().asked.clone()
    }

    /// How often it has refused something since it was started, because it was told to.
    pub fn refused(&self) -> u64 {
        self.machine().refused
    }

    /// How many hold it, threads that still read for a process that has ended among them.
    pub fn holders(&self) -> usize {
        Arc::strong_count(&self.machine)
    }

    /// Leaves room for so many bytes beside what is there now, until it is told otherwise: who writes more writes what
    /// fits, and then finds the disk full. What is removed or written over makes room.
    pub fn leave_room(&self, bytes: Option<usize>) {
        let mut machine = self.machine();
        machine.room = bytes.map(|bytes| machine.used() + bytes);
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
        machine.asked.clear();
        machine.opened.clear();
        (machine.scratch_written, machine.scratch_read) = (0, 0);
        machine.refused = 0;
        machine.stopped = false;
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

    /// Spoils the row that stands at a place in the order of a database's keys.
    pub fn spoil_row(&self, dir: &Path, place: usize) {
        self.with_rows(dir, |rows| rows.spoil(place));
    }

    /// Makes spoiled rows what they were.
    pub fn heal_rows(&self) {
        self.machine().databases.values_mut().for_each(Rows::heal);
    }

    /// All databases, with their rows.
    pub fn all_rows(&self) -> Vec<(PathBuf, Rows)> {
        self.machine().databases.iter().map(|(dir, rows)| (dir.clone(), rows.clone())).collect()
    }

    /// Puts rows in the place of a database's.
    pub fn put_rows(&self, dir: &Path, other: Rows) {
        self.with_rows(dir, |rows| *rows = other);
    }

    /// What is in a file.
    pub fn read(&self, path: &Path) -> Option<Vec<u8>> {
        let machine = self.machine();
        let Some(Node::File(number)) = machine.names.get(path) else { return None };
        Some(machine.contents[number].written.clone())
    }

    /// Puts a file there, durably, with the folders it stands in; whoever does so has nothing to do with the process.
    pub fn put(&self, path: &Path, bytes: &[u8]) {
        let mut machine = self.machine();
        let number = machine.contents.keys().last().map_or(0, |last| last + 1);
        machine.contents.insert(number, Content { written: bytes.to_vec(), synced: bytes.to_vec(), edits: Vec::new() });
        for folder in path.ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty()) {
            machine.names.entry(folder.to_owned()).or_insert(Node::Folder);
            machine.synced_names.entry(folder.to_owned()).or_insert(Node::Folder);
        }
        machine.settle_name(path);
        machine.names.insert(path.to_owned(), Node::File(number));
        machine.synced_names.insert(path.to_owned(), Node::File(number));
    }

    /// Takes a file away, durably.
    pub fn remove(&self, path: &Path) {
        let mut machine = self.machine();
        machine.settle_name(path);
        machine.names.remove(path);
        machine.synced_names.remove(path);
    }

    /// How large a file of input is; `None` for a folder. Not counted among the operations.
    pub(super) fn input_bytes(&self, path: &Path) -> io::Result<Option<u64>> {
        let machine = self.machine();
        match machine.names.get(path).ok_or(io::ErrorKind::NotFound)? {
            Node::Folder => Ok(None),
            Node::File(number) => Ok(Some(machine.contents[number].written.len() as u64)),
        }
    }

    /// Opens a file of input.
    pub(super) fn open_input(&self, path: &Path) -> io::Result<Open> {
        let mut machine = self.machine();
        let Some(Node::File(number)) = machine.names.get(path).copied() else {
            return Err(io::ErrorKind::NotFound.into());
        };
        let opened = machine.opened.entry(path.to_owned()).or_default();
        let before = *opened;
        *opened += 1;
        let unreadable = machine.faults.iter().find_map(|fault| match fault {
            Fault::Unreadable { path: file, byte, opening } => (file == path && before >= *opening).then_some(*byte),
            Fault::Fails { .. } | Fault::Stops { .. } | Fault::Waits { .. } | Fault::Scratch { .. } => None,
        });
        let input = Some(unreadable.unwrap_or(usize::MAX));
        Ok(Open { input, ..self.handle(&machine, number) })
    }

    /// Takes so many bytes into a file without a name, or says that there is no room for them.
    pub(super) fn write_scratch(&self, bytes: usize) -> io::Result<()> {
        let machine = &mut *self.machine();
        machine.scratch_written += bytes;
        let room = machine.scratch_limit(|written, _| written);
        machine.refuse_if(machine.scratch_written > room, io::ErrorKind::StorageFull.into())
    }

    /// Gives back so many bytes of one, or says that they cannot be read.
    pub(super) fn read_scratch(&self, bytes: usize) -> io::Result<()> {
        let machine = &mut *self.machine();
        machine.scratch_read += bytes;
        let readable = machine.scratch_limit(|_, read| read);
        machine.refuse_if(machine.scratch_read > readable, io::Error::from_raw_os_error(INPUT_OUTPUT_ERROR))
    }

    pub(super) fn create_folders(&self, dir: &Path) -> io::Result<()> {
        self.operation(Operation::Folder)?.done()?;
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
        self.operation(Operation::Look)?.done()?;
        Ok(self.machine().names.contains_key(path))
    }

    pub(super) fn names(&self, dir: &Path) -> io::Result<Vec<OsString>> {
        self.operation(Operation::Look)?.done()?;
        let machine = self.machine();
        if machine.names.get(dir) != Some(&Node::Folder) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let inside = machine.names.keys().filter(|path| path.parent() == Some(dir));
        Ok(inside.filter_map(|path| path.file_name().map(ToOwned::to_owned)).collect())
    }

    pub(super) fn open(&self, path: &Path) -> io::Result<Open> {
        self.operation(Operation::Open)?.done()?;
        let machine = self.machine();
        match machine.names.get(path) {
            Some(Node::File(number)) => Ok(self.handle(&machine, *number)),
            Some(Node::Folder) => Err(io::ErrorKind::IsADirectory.into()),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    pub(super) fn create(&self, path: &Path) -> io::Result<Open> {
        self.operation(Operation::Create)?.done()?;
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
        self.operation(Operation::Rename)?.done()?;
        let mut machine = self.machine();
        let node = machine.names.get(from).copied().ok_or(io::ErrorKind::NotFound)?;
        machine.change(to, vec![(from.to_owned(), None), (to.to_owned(), Some(node))]);
        Ok(())
    }

    pub(super) fn sync_folder(&self, dir: &Path) -> io::Result<()> {
        self.operation(Operation::SyncFolder)?.done()?;
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
        self.operation(Operation::Look)?.done()?;
        let mut machine = self.machine();
        let (start, path) = (machine.start, path.to_owned());
        Ok(machine.locked.insert(path.clone()).then(|| Lock { machine: self.clone(), start, path }))
    }

    /// The rows of a database, to be read or exchanged by an operation that was counted.
    pub(super) fn with_rows<T>(&self, dir: &Path, with: impl FnOnce(&mut Rows) -> T) -> T {
        with(self.machine().databases.entry(dir.to_owned()).or_default())
    }

    /// Counts an operation, and says what becomes of it.
    pub(super) fn operation(&self, operation: Operation) -> io::Result<Fate> {
        let mut machine = self.machine();
        if machine.stopped {
            return Err(stopped());
        }
        let number = machine.asked.len() as u64;
        let fate = fate(&machine.faults, number);
        let delay = delay(&machine.faults, number);
        machine.asked.push(operation);
        machine.stopped = matches!(fate, Fate::Stops(_));
        machine.refused += u64::from(matches!(fate, Fate::Fails(_)));
        drop(machine);
        if let Some(micros) = delay {
            std::thread::sleep(Duration::from_micros(micros));
        }
        Ok(fate)
    }

    pub(super) fn note_refusal(&self) {
        self.machine().refused += 1;
    }

    /// How many of so many bytes more there is room for.
    pub(super) fn room_for(&self, bytes: usize) -> usize {
        self.machine().room_for(bytes)
    }

    /// Which start of the machine this is.
    pub(super) fn start(&self) -> u64 {
        self.machine().start
    }

    fn handle(&self, machine: &Machine, number: u64) -> Open {
        Open { machine: self.clone(), start: machine.start, number, position: 0, input: None }
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
    /// For input: from which byte on it cannot be read.
    input: Option<usize>,
}

impl Open {
    fn operation(&self, operation: Operation) -> io::Result<Fate> {
        if self.machine.start() != self.start {
            return Err(stopped());
        }
        if self.input.is_some() { Ok(Fate::Done) } else { self.machine.operation(operation) }
    }

    fn with<T>(&self, with: impl FnOnce(&mut Content) -> T) -> T {
        with(self.machine.machine().content(self.number))
    }

    pub(super) fn length(&self) -> io::Result<u64> {
        self.operation(Operation::Look)?.done()?;
        Ok(self.with(|content| content.written.len()) as u64)
    }

    pub(super) fn set_length(&self, length: u64) -> io::Result<()> {
        self.operation(Operation::Length)?.done()?;
        let length = usize::try_from(length).map_err(io::Error::other)?;
        self.with(|content| content.edit(Edit::Length(length)));
        Ok(())
    }

    pub(super) fn sync(&self) -> io::Result<()> {
        match self.operation(Operation::Sync)? {
            Fate::Done => self.with(Content::sync),
            // Where the disk did not take it, no later sync tries again, though it can still be read.
            Fate::Fails(kind) => {
                self.with(|content| content.edits.clear());
                return Err(kind.into());
            }
            Fate::Stops(_) => return Err(stopped()),
        }
        Ok(())
    }
}

impl Read for Open {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.operation(Operation::Read)?.done()?;
        let position = self.position;
        let mut wanted = buffer.len();
        if let Some(byte) = self.input {
            wanted = wanted.min(byte.saturating_sub(position));
            if wanted == 0 && !buffer.is_empty() {
                self.machine.note_refusal();
                return Err(io::Error::from_raw_os_error(INPUT_OUTPUT_ERROR));
            }
        }
        let count = self.with(|content| {
            let rest = content.written.get(position..).unwrap_or_default();
            let count = rest.len().min(wanted);
            buffer[..count].copy_from_slice(&rest[..count]);
            count
        });
        self.position += count;
        Ok(count)
    }
}

impl Write for Open {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let (written, stops) = match self.operation(Operation::Write)? {
            Fate::Done => (bytes, false),
            Fate::Fails(kind) => return Err(kind.into()),
            Fate::Stops(part) => (&bytes[..part_of(bytes.len(), part)], true),
        };
        let over = self.with(|content| content.written.len().saturating_sub(self.position).min(written.len()));
        let fits = over + self.machine.room_for(written.len() - over);
        if fits == 0 && !written.is_empty() {
            self.machine.note_refusal();
            return Err(io::ErrorKind::StorageFull.into());
        }
        let written = &written[..fits];
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
