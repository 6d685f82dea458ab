//! What a made machine knows: of each name and each content what was written and what was synced. A power failure keeps
//! of each folder the first few changes of names that were not synced, and of each file the first few writes, the last of
//! them torn, or as long as it was to be and empty.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::database::Rows;
use super::faults::{Chance, Fault, Operation};

#[derive(Debug, Default)]
pub(super) struct Machine {
    /// As the process sees them.
    pub(super) names: Names,
    /// As they are after a power failure, at least.
    pub(super) synced_names: Names,
    /// Changes of names that are not synced, in order.
    pub(super) renamed: Vec<NameChange>,
    pub(super) contents: BTreeMap<u64, Content>,
    pub(super) databases: BTreeMap<PathBuf, Rows>,
    pub(super) locked: BTreeSet<PathBuf>,
    /// How often it was started: what an earlier process held is worth nothing.
    pub(super) start: u64,
    /// What was asked since.
    pub(super) asked: Vec<Operation>,
    /// How many bytes there is room for, in files and rows together; without end where it is not said.
    pub(super) room: Option<usize>,
    pub(super) faults: Vec<Fault>,
    /// How often each file of input was opened since.
    pub(super) opened: BTreeMap<PathBuf, usize>,
    /// How many bytes files without a name took since, and how many they gave back.
    pub(super) scratch_written: usize,
    pub(super) scratch_read: usize,
    /// How often something was refused since, that it was told to refuse.
    pub(super) refused: u64,
    pub(super) stopped: bool,
}

/// What stands under which path: a folder, or the number of a content.
pub(super) type Names = BTreeMap<PathBuf, Node>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Node {
    Folder,
    File(u64),
}

/// What a folder's next sync makes durable.
#[derive(Clone, Debug)]
pub(super) struct NameChange {
    pub(super) folder: PathBuf,
    edits: Vec<(PathBuf, Option<Node>)>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Content {
    pub(super) written: Vec<u8>,
    pub(super) synced: Vec<u8>,
    /// What was done since the last sync, whether that succeeded or not.
    pub(super) edits: Vec<Edit>,
}

#[derive(Clone, Debug)]
pub(super) enum Edit {
    Write(usize, Vec<u8>),
    Length(usize),
}

impl Edit {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Write(at, written) => {
                bytes.resize(bytes.len().max(at + written.len()), 0);
                bytes[*at..at + written.len()].copy_from_slice(written);
            }
            Self::Length(length) => bytes.resize(*length, 0),
        }
    }
}

impl Machine {
    pub(super) fn content(&mut self, number: u64) -> &mut Content {
        self.contents.get_mut(&number).expect("a content stays while its machine is there")
    }

    pub(super) fn change(&mut self, path: &Path, edits: Vec<(PathBuf, Option<Node>)>) {
        let change = NameChange { folder: path.parent().unwrap_or(Path::new("")).to_owned(), edits };
        apply(&change, &mut self.names);
        self.renamed.push(change);
    }

    /// Forgets what the process did to a name and has not made durable: somebody else has settled it.
    pub(super) fn settle_name(&mut self, path: &Path) {
        for change in &mut self.renamed {
            change.edits.retain(|(edited, _)| edited != path);
        }
    }

    /// How many bytes files without a name take, or give back.
    pub(super) fn scratch_limit(&self, which: impl Fn(usize, usize) -> usize) -> usize {
        let limit = |fault: &Fault| match fault {
            Fault::Scratch { written, read } => Some(which(*written, *read)),
            Fault::Fails { .. } | Fault::Stops { .. } | Fault::Waits { .. } | Fault::Unreadable { .. } => None,
        };
        self.faults.iter().find_map(limit).unwrap_or(usize::MAX)
    }

    /// Refuses something, and counts it.
    pub(super) fn refuse_if(&mut self, is_refused: bool, error: std::io::Error) -> std::io::Result<()> {
        self.refused += u64::from(is_refused);
        if is_refused { Err(error) } else { Ok(()) }
    }

    /// How many of so many bytes more there is room for.
    pub(super) fn room_for(&self, bytes: usize) -> usize {
        let Some(room) = self.room else { return bytes };
        bytes.min(room.saturating_sub(self.used()))
    }

    /// Bytes in files that have a name, and in rows.
    pub(super) fn used(&self) -> usize {
        let file = |node: &Node| match node {
            Node::Folder => 0,
            Node::File(number) => self.contents[number].written.len(),
        };
        self.names.values().map(file).sum::<usize>() + self.databases.values().map(Rows::bytes).sum::<usize>()
    }

    /// The power fails.
    pub(super) fn lose(&mut self, chance: &mut Chance) {
        let folders: BTreeSet<PathBuf> = self.renamed.iter().map(|change| change.folder.clone()).collect();
        for folder in folders {
            let changes: Vec<&NameChange> = self.renamed.iter().filter(|change| change.folder == folder).collect();
            let kept = chance.below(changes.len() + 1);
            for change in &changes[..kept] {
                apply(change, &mut self.synced_names);
            }
        }
        self.renamed.clear();
        // A name in a folder that is not there is none.
        let folders: BTreeSet<PathBuf> =
            self.synced_names.iter().filter(|(_, node)| **node == Node::Folder).map(|(path, _)| path.clone()).collect();
        let is_there = |path: &Path| path.ancestors().skip(1).all(|up| up.parent().is_none() || folders.contains(up));
        self.synced_names.retain(|path, _| is_there(path));
        self.names.clone_from(&self.synced_names);
        for content in self.contents.values_mut() {
            content.lose(chance);
        }
    }
}

pub(super) fn apply(change: &NameChange, names: &mut Names) {
    for (path, node) in &change.edits {
        match node {
            Some(node) => names.insert(path.clone(), *node),
            None => names.remove(path),
        };
    }
}

impl Content {
    pub(super) fn edit(&mut self, edit: Edit) {
        edit.apply(&mut self.written);
        self.edits.push(edit);
    }

    /// Makes durable what was done since the last sync; what that one failed to is not done again.
    pub(super) fn sync(&mut self) {
        for edit in self.edits.drain(..) {
            edit.apply(&mut self.synced);
        }
    }

    pub(super) fn lose(&mut self, chance: &mut Chance) {
        let edits = std::mem::take(&mut self.edits);
        let kept = chance.below(edits.len() + 1);
        for edit in &edits[..kept] {
            edit.apply(&mut self.synced);
        }
        if let Some(Edit::Write(at, bytes)) = edits.get(kept) {
            let torn = chance.below(bytes.len() + 1);
            Edit::Write(*at, bytes[..torn].to_vec()).apply(&mut self.synced);
            if chance.below(2) == 0 {
                // The length was written, and the contents were not.
                let length = self.synced.len().max(at + bytes.len());
                self.synced.resize(length, 0);
            }
        }
        self.written.clone_from(&self.synced);
    }
}
