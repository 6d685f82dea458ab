//! How many threads pay. Threads wait for one another's arrivals, and on a busy machine a waiting thread costs more than it
//! brings; what comes out does not depend on their number. So now and then a turn is folded on one thread, and whatever was
//! faster per event is kept for a while.

use std::time::Duration;

/// Turns folded the faster way between two comparisons.
const TURNS_KEPT: u32 = 24;

/// Compares folding on all threads with folding on one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    threads: usize,
    /// Whether it is tried out.
    compares: bool,
    /// Turns since the comparison began: the first on all threads, the second on one.
    turn: u32,
    all_ns: u128,
    one_ns: u128,
}

impl Pace {
    pub(super) fn new(threads: usize, compares: bool) -> Self {
        Self { threads, compares: compares && threads > 1, turn: 0, all_ns: 0, one_ns: 0 }
    }

    /// On how many threads to fold the next turn.
    pub(super) fn threads(&self) -> usize {
        match self.turn {
            _ if !self.compares => self.threads,
            0 => self.threads,
            1 => 1,
            _ if self.one_ns < self.all_ns => 1,
            _ => self.threads,
        }
    }

    /// Takes what a turn cost.
    pub(super) fn took(&mut self, time: Duration, events: usize) {
        let each = time.as_nanos() / events.max(1) as u128;
        match self.turn {
            0 => self.all_ns = each,
            1 => self.one_ns = each,
            _ => {}
        }
        self.turn = if self.turn > TURNS_KEPT { 0 } else { self.turn + 1 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_nothing_is_to_be_tried_out_all_threads_fold() {
        let mut pace = Pace::new(2, false);
        for _ in 0..3 {
            assert_eq!(pace.threads(), 2);
            pace.took(Duration::from_millis(20), 100);
        }
    }

    #[test]
    fn the_faster_way_is_kept_until_it_is_compared_again() {
        let mut pace = Pace::new(2, true);
        for (threads, milliseconds) in [(2, 30), (1, 20), (1, 20), (1, 20)] {
            assert_eq!(pace.threads(), threads);
            pace.took(Duration::from_millis(milliseconds), 100);
        }
        while pace.turn != 0 {
            pace.took(Duration::from_millis(20), 100);
        }
        for (threads, milliseconds) in [(2, 10), (1, 20), (2, 10)] {
            assert_eq!(pace.threads(), threads);
            pace.took(Duration::from_millis(milliseconds), 100);
        }
    }
}
