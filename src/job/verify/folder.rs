//! The journal of a data folder.

use std::path::Path;

use super::{Name, Owed, Verified, name};
use crate::codec::journal::write_output;
use crate::files::Place;
use crate::job::results;
use crate::log::Reader;
use crate::model::Output;
use crate::query::{self, Said};
use crate::runtime::{self, Progress, check_header};

/// What was found in a folder.
#[derive(Debug)]
pub struct VerifiedFolder {
    /// In its journal.
    pub verified: Verified,
    /// How far the journal has come.
    pub progress: Progress,
    /// Its last turn.
    pub turn: u64,
    /// What its `digest.txt` tells; `None` where there is none.
    pub stated: Option<Stated>,
}

/// What `digest.txt` tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stated {
    /// The journal as it is.
    Now,
    /// The journal as it was after this turn.
    After(u64),
    /// Something that the journal never was.
    Never,
}

/// Folds the journal of a folder again, in an empty one, and holds it against what it says itself; as far as it was committed
/// when this began. `told` hears of each record.
pub fn verify_folder(
    scratch: &Place,
    dir: &Path,
    threads: usize,
    told: &(dyn Fn() + Sync),
) -> anyhow::Result<VerifiedFolder> {
    // Before the journal, which may be gone on with meanwhile.
    let stated = results::stated_digest(&Place::from(dir))?;
    let journal = query::open_journal(dir)?;
    let (reader, header) = Reader::open(Place::from(dir).join("journal"))?;
    check_header(dir, &header, &reader)?;
    let mut said = Said::of(&journal);
    let (mut owed, mut agrees, mut last) = (Owed::default(), None, 0);
    while let Some(turn) = said.next_turn()? {
        for output in &turn.outputs {
            let (kind, name) = named(output, turn.number);
            owed.add(kind, name, -1);
        }
        last = turn.number;
        if stated.as_ref().is_some_and(|stated| *stated == results::digest(said.progress())) {
            agrees = Some(turn.number);
        }
    }
    let progress = said.progress().clone();
    let partitions = 0..journal.partitions();
    let share = |first: usize| -> anyhow::Result<(Owed, Verified)> {
        let (mut owed, mut verified) = (Owed::default(), Verified::default());
        for partition in partitions.clone().skip(first).step_by(threads) {
            let refolded =
                runtime::refold(scratch, dir, partition, journal.reader(), &progress, &mut |turn, effects| {
                    told();
                    for output in &effects.outputs {
                        let (kind, name) = named(output, turn);
                        owed.add(kind, name, 1);
                        verified.outputs += 1;
                    }
                })?;
            verified.partitions.push(refolded);
        }
        Ok((owed, verified))
    };
    let share = &share;
    let shares: Vec<_> = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..threads).map(|first| scope.spawn(move || share(first))).collect();
        handles.into_iter().map(|handle| handle.join().expect("folding again returns its errors")).collect()
    });
    let mut verified = Verified::default();
    for share in shares {
        let (of_share, Verified { partitions, outputs, .. }) = share?;
        owed.add_all(of_share);
        verified.partitions.extend(partitions);
        verified.outputs += outputs;
    }
    verified.partitions.sort_by_key(|refolded| refolded.partition);
    owed.settle(&mut verified);
    let stated = stated.map(|_| match agrees {
        Some(turn) if turn == last => Stated::Now,
        Some(turn) => Stated::After(turn),
        None => Stated::Never,
    });
    Ok(VerifiedFolder { verified, progress, turn: last, stated })
}

/// Of what kind an output is, and its name: what is said in another turn than it came of is something else.
fn named(output: &Output, turn: u64) -> (&'static str, Name) {
    let kind = match output {
        Output::Signal(_) => "signals",
        Output::Case(_) => "cases",
        Output::Task(_) => "tasks",
        Output::DeadLetter(_) => "dead letters",
        Output::Doubt(_) => "doubts",
    };
    let mut datum = turn.to_le_bytes().to_vec();
    write_output(output, &mut datum);
    (kind, name(kind, &datum))
}
