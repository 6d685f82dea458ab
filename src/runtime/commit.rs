//! Turns on their way to the journal. Where more than one thread is to work, a turn is packed and made durable while the next
//! one is folded: what was folded is not built upon on disk, nor said to anybody, before that has happened.

use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};

use crate::log::{Error, Log, Turn};

/// A journal, and the turn that is being written to it.
pub(super) struct Commits {
    log: Arc<Mutex<Log>>,
    /// Whether turns are written beside the folding of the next.
    beside: bool,
    /// What is being written.
    committing: Option<JoinHandle<Result<(), Error>>>,
    /// Number of the last turn that was taken, committed or not.
    last_turn: u64,
}

impl Commits {
    pub(super) fn new(log: Log, beside: bool) -> Self {
        Self { last_turn: log.last_turn(), log: Arc::new(Mutex::new(log)), beside, committing: None }
    }

    /// The journal as far as it is written: a turn that was taken may be in it or not, before [`Self::finish`].
    pub(super) fn log(&self) -> MutexGuard<'_, Log> {
        locked(&self.log)
    }

    /// Number of the last turn that was taken, committed or not.
    pub(super) fn last_turn(&self) -> u64 {
        self.last_turn
    }

    /// Takes a turn: it is committed when this returns, or soon. The one before it is.
    pub(super) fn take(&mut self, turn: Turn) -> Result<(), Error> {
        self.finish()?;
        self.last_turn = turn.number;
        if !self.beside {
            return self.log().append(&turn);
        }
        let log = Arc::clone(&self.log);
        self.committing = Some(thread::spawn(move || locked(&log).append(&turn)));
        Ok(())
    }

    /// Waits until the last turn is committed.
    pub(super) fn finish(&mut self) -> Result<(), Error> {
        let committing = self.committing.take().map(JoinHandle::join);
        committing.unwrap_or(Ok(Ok(()))).unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

/// An engine that is given up lets go of its folder with nothing under way.
impl Drop for Commits {
    fn drop(&mut self) {
        if let Some(committing) = self.committing.take() {
            committing.join().ok();
        }
    }
}

fn locked(log: &Mutex<Log>) -> MutexGuard<'_, Log> {
    log.lock().expect("who writes to a journal returns errors and does not panic")
}
