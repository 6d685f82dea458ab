//! Waiting that ends when somebody wants to stop: standard input may be silent for hours.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use super::Error;

/// How often somebody who waits looks whether to go on waiting.
const LOOKED_AT_EVERY: Duration = Duration::from_millis(50);

/// Whether somebody wants to stop. By default nobody ever does.
#[derive(Clone, Debug, Default)]
pub(super) struct Stop(Arc<AtomicBool>);

impl Stop {
    /// From when on `wanted` is set.
    pub(super) fn when(wanted: Arc<AtomicBool>) -> Self {
        Self(wanted)
    }

    /// Fails from then on.
    pub(super) fn check(&self) -> Result<(), Error> {
        if self.0.load(Ordering::Relaxed) { Err(Error::Stopped) } else { Ok(()) }
    }

    /// Waits for what comes next, which is nothing where no more can come.
    pub(super) fn receive<T>(&self, from: &Receiver<T>) -> Result<Option<T>, Error> {
        loop {
            self.check()?;
            match from.recv_timeout(LOOKED_AT_EVERY) {
                Ok(received) => return Ok(Some(received)),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(None),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn who_waits_for_nothing_can_be_stopped() {
        let wanted = Arc::new(AtomicBool::new(false));
        let stop = Stop::when(Arc::clone(&wanted));
        let (sender, receiver) = channel();
        sender.send(7).unwrap();
        assert_eq!(stop.receive(&receiver).unwrap(), Some(7));
        let waiting = std::thread::spawn(move || stop.receive(&receiver));
        wanted.store(true, Ordering::Relaxed);
        assert!(matches!(waiting.join().unwrap(), Err(Error::Stopped)));
        drop(sender);
    }
}
