//! A meeting point for the threads of an epoch. Epochs can be shorter than the time it takes to wake a sleeping thread,
//! so waiting spins a little and then lets others run.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// How often to look before letting others run.
const SPINS: u32 = 64;

/// Where `threads` threads wait for one another, again and again.
pub(super) struct Gate {
    threads: usize,
    waiting: AtomicUsize,
    passed: AtomicUsize,
    failed: AtomicBool,
}

impl Gate {
    pub(super) fn new(threads: usize) -> Self {
        Self { threads, waiting: AtomicUsize::new(0), passed: AtomicUsize::new(0), failed: AtomicBool::new(false) }
    }

    /// Waits until all threads are here. `false` when one of them has failed and nobody should go on.
    #[must_use]
    pub(super) fn meet(&self) -> bool {
        let passed = self.passed.load(Ordering::Acquire);
        if self.waiting.fetch_add(1, Ordering::AcqRel) + 1 == self.threads {
            self.waiting.store(0, Ordering::Release);
            self.passed.fetch_add(1, Ordering::AcqRel);
        } else {
            return self.wait(|| self.passed.load(Ordering::Acquire) != passed);
        }
        !self.failed.load(Ordering::Acquire)
    }

    /// Waits for something another thread does. `false` when one has failed first.
    #[must_use]
    pub(super) fn wait(&self, done: impl Fn() -> bool) -> bool {
        let mut looks = 0_u32;
        while !done() {
            if self.failed.load(Ordering::Acquire) {
                return false;
            }
            looks += 1;
            if looks < SPINS {
                std::hint::spin_loop();
            } else {
                std::thread::yield_now();
            }
        }
        true
    }

    /// A guard that marks the gate as failed if its thread panics.
    pub(super) fn watch(&self) -> Watch<'_> {
        Watch { gate: self }
    }
}

pub(super) struct Watch<'a> {
    gate: &'a Gate,
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.gate.failed.store(true, Ordering::Release);
        }
    }
}
