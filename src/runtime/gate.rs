//! A meeting point for the threads of an epoch. Epochs can be shorter than the time it takes to wake a sleeping thread: so who
//! waits stays awake for a while. Then it sleeps: on a busy machine, who only lets others run comes back when they have had
//! their time, which is a hundred epochs.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

/// How often to look between two looks at the clock.
const LOOKS: u32 = 64;
/// How long to stay awake.
const AWAKE: Duration = Duration::from_micros(100);
/// How long to sleep at most: of what comes about in the middle of something longer, nobody tells.
const ASLEEP: Duration = Duration::from_micros(200);

/// Where `threads` threads wait for one another, again and again.
pub(super) struct Gate {
    threads: usize,
    waiting: AtomicUsize,
    passed: AtomicUsize,
    failed: AtomicBool,
    /// How often something was told.
    news: AtomicUsize,
    asleep: AtomicUsize,
    bed: Mutex<()>,
    bell: Condvar,
}

impl Gate {
    pub(super) fn new(threads: usize) -> Self {
        let [waiting, passed, news, asleep] = [const { AtomicUsize::new(0) }; 4];
        let (failed, bed, bell) = (AtomicBool::new(false), Mutex::new(()), Condvar::new());
        Self { threads, waiting, passed, failed, news, asleep, bed, bell }
    }

    /// Waits until all threads are here. `false` when one of them has failed and nobody should go on.
    #[must_use]
    pub(super) fn meet(&self) -> bool {
        let passed = self.passed.load(Ordering::Acquire);
        if self.waiting.fetch_add(1, Ordering::AcqRel) + 1 == self.threads {
            self.waiting.store(0, Ordering::Release);
            self.passed.fetch_add(1, Ordering::AcqRel);
            self.tell();
        } else {
            return self.wait(|| self.passed.load(Ordering::Acquire) != passed);
        }
        !self.failed.load(Ordering::Acquire)
    }

    /// Waits for something another thread does, and tells of with [`Gate::tell`]. `false` when one has failed first.
    #[must_use]
    pub(super) fn wait(&self, mut done: impl FnMut() -> bool) -> bool {
        let (mut looks, mut began) = (0_u32, None);
        loop {
            looks = (looks + 1) % LOOKS;
            let news = self.news.load(Ordering::SeqCst);
            if done() {
                return true;
            }
            if self.failed.load(Ordering::Acquire) {
                return false;
            }
            if looks > 0 {
                std::hint::spin_loop();
            } else if began.get_or_insert_with(Instant::now).elapsed() > AWAKE {
                self.sleep(news);
            }
        }
    }

    /// Sleeps until there are other news, or for a little while.
    fn sleep(&self, news: usize) {
        let guard = self.bed.lock().expect("nobody panics holding it");
        self.asleep.fetch_add(1, Ordering::SeqCst);
        if self.news.load(Ordering::SeqCst) == news {
            drop(self.bell.wait_timeout(guard, ASLEEP));
        }
        self.asleep.fetch_sub(1, Ordering::SeqCst);
    }

    /// Tells those who wait that something has changed.
    pub(super) fn tell(&self) {
        self.news.fetch_add(1, Ordering::SeqCst);
        if self.asleep.load(Ordering::SeqCst) > 0 {
            let _guard = self.bed.lock();
            self.bell.notify_all();
        }
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
            self.gate.tell();
        }
    }
}
