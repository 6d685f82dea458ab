//! Whether a service is well, and whether it is ready: told by its loop, asked by whoever watches it.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How far a service is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum State {
    /// It has no partitions yet, or none any more.
    Waiting,
    /// State is taken up, or inboxes are read to their end.
    TakingUp,
    /// Input is folded.
    Running,
    /// It was told to end.
    Stopping,
}

impl State {
    const ALL: [Self; 4] = [Self::Waiting, Self::TakingUp, Self::Running, Self::Stopping];

    /// The state in words.
    pub fn said(self) -> &'static str {
        match self {
            Self::Waiting => "waiting for partitions",
            Self::TakingUp => "taking up state",
            Self::Running => "running",
            Self::Stopping => "stopping",
        }
    }
}

/// Whether a service is well and ready.
#[derive(Debug)]
pub struct Health {
    began: Instant,
    unhealthy_after: Duration,
    /// When the loop turned last, in milliseconds since the beginning.
    beat_ms: AtomicU64,
    state: AtomicU8,
}

impl Health {
    /// One that is unwell when its loop has not turned for so long.
    pub fn new(unhealthy_after: Duration) -> Self {
        let state = AtomicU8::new(State::Waiting as u8);
        Self { began: Instant::now(), unhealthy_after, beat_ms: AtomicU64::new(0), state }
    }

    /// The loop goes on.
    pub fn beat(&self) {
        self.beat_ms.store(self.now_ms(), Ordering::Relaxed);
    }

    /// Says how far the service is.
    pub fn is_now(&self, state: State) {
        self.state.store(state as u8, Ordering::Relaxed);
    }

    /// How far it is.
    pub fn state(&self) -> State {
        State::ALL[usize::from(self.state.load(Ordering::Relaxed))]
    }

    /// How long the loop has stood still.
    pub fn still_for(&self) -> Duration {
        Duration::from_millis(self.now_ms().saturating_sub(self.beat_ms.load(Ordering::Relaxed)))
    }

    /// Whether the loop turns.
    pub fn is_well(&self) -> bool {
        self.still_for() < self.unhealthy_after
    }

    /// Whether input is folded.
    pub fn is_ready(&self) -> bool {
        self.is_well() && self.state() == State::Running
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_ready_only_while_it_runs() {
        let health = Health::new(Duration::from_mins(1));
        health.beat();
        for state in State::ALL {
            health.is_now(state);
            assert_eq!(health.state(), state);
            assert_eq!(health.is_ready(), state == State::Running);
            assert!(health.is_well());
        }
    }

    #[test]
    fn a_loop_that_stands_still_is_unwell_and_not_ready() {
        let health = Health::new(Duration::ZERO);
        health.beat();
        health.is_now(State::Running);
        assert!(!health.is_well() && !health.is_ready());
    }
}
