//! Ctrl-c, once: the work at hand is brought to a clean end. Twice: the process ends, and what was committed stands.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether somebody wants us to stop.
#[derive(Clone)]
pub(super) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Listens for ctrl-c and SIGTERM from now on.
    pub(super) fn listen() -> anyhow::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&stop);
        ctrlc::set_handler(move || {
            if seen.swap(true, Ordering::Relaxed) {
                std::process::exit(1);
            }
        })?;
        Ok(Self(stop))
    }

    pub(super) fn wants_stop(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
