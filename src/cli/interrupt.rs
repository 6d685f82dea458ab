//! Ctrl-c, once: the work at hand is brought to a clean end. Twice: the process ends, and what was committed stands.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// Whether somebody wants us to stop.
#[derive(Clone)]
pub(super) struct Interrupt(Arc<AtomicBool>);

/// Has ctrl-c and SIGTERM remove a folder and end the process: for work that leaves nothing behind.
pub(super) fn removed_when_interrupted(scratch: &Path) -> anyhow::Result<()> {
    let scratch = scratch.to_owned();
    ctrlc::set_handler(move || {
        // Other threads may be making files there meanwhile.
        let is_left = |_: &u32| std::fs::remove_dir_all(&scratch).is_err() && scratch.exists();
        let _tries = (0..100).take_while(is_left).count();
        // At once: those threads still use what an orderly exit would take down under them.
        signal_hook::low_level::exit(1);
    })?;
    Ok(())
}

impl Interrupt {
    /// Listens for ctrl-c and SIGTERM from now on; whoever asked before listens on.
    pub(super) fn listen() -> anyhow::Result<Self> {
        static LISTENING: Mutex<Option<Interrupt>> = Mutex::new(None);
        let mut listening = LISTENING.lock().expect("nobody panics holding it");
        if let Some(listening) = &*listening {
            return Ok(listening.clone());
        }
        let stop = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&stop);
        ctrlc::set_handler(move || {
            if seen.swap(true, Ordering::Relaxed) {
                // At once, as above.
                signal_hook::low_level::exit(1);
            }
        })?;
        Ok(listening.insert(Self(stop)).clone())
    }

    /// What is set from then on when somebody does.
    pub(super) fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.0)
    }

    pub(super) fn wants_stop(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
