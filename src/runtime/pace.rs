//! How many threads pay. Threads wait for one another's arrivals, and on a busy machine whoever waits loses its turn on the
//! processor; what comes out does not depend on their number. So now and then turns are folded on one thread, and whatever was
//! faster per event is kept for a while. Turns are not alike (months pass in some of them, and ask everything again): so two
//! of each way are compared, one of them before and one after those of the other, and one thread has to be clearly faster.

use std::time::Duration;

/// Whether the first turns after a comparison began are folded on one thread.
const COMPARED: [bool; 4] = [false, true, true, false];
/// Turns on all threads before the first comparison: the first one brings its rows into memory, and is dearer than any later.
const TURNS_BEFORE: usize = 1;
/// Turns folded the faster way between two comparisons.
const TURNS_KEPT: usize = 60;
/// In per cent of the time on all threads: what one thread may take at most to be preferred. Where the machine has nothing else
/// to do, one takes half as long again.
const CLEARLY_FASTER: u128 = 80;

/// Compares folding on all threads with folding on one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    threads: usize,
    /// Whether it is tried out.
    compares: bool,
    /// Turns since the comparison began.
    turn: usize,
    all_ns: u128,
    one_ns: u128,
}

impl Pace {
    pub(super) fn new(threads: usize, compares: bool) -> Self {
        let turn = COMPARED.len() + TURNS_KEPT - TURNS_BEFORE;
        Self { threads, compares: compares && threads > 1, turn, all_ns: 0, one_ns: 0 }
    }

    /// On how many threads to fold the next turn.
    pub(super) fn threads(&self) -> usize {
        let is_one = match COMPARED.get(self.turn) {
            _ if !self.compares => false,
            Some(is_one) => *is_one,
            None => self.one_ns * 100 < self.all_ns * CLEARLY_FASTER,
        };
        if is_one { 1 } else { self.threads }
    }

    /// Takes what a turn cost.
    pub(super) fn took(&mut self, time: Duration, events: usize) {
        let each = time.as_nanos() / events.max(1) as u128;
        if self.turn == 0 {
            (self.all_ns, self.one_ns) = (0, 0);
        }
        match COMPARED.get(self.turn) {
            Some(true) => self.one_ns += each,
            Some(false) => self.all_ns += each,
            None => {}
        }
        self.turn = if self.turn + 1 < COMPARED.len() + TURNS_KEPT { self.turn + 1 } else { 0 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_nothing_is_to_be_tried_out_all_threads_fold() {
        let mut pace = Pace::new(2, false);
        for _ in 0..5 {
            assert_eq!(pace.threads(), 2);
            pace.took(Duration::from_millis(20), 100);
        }
    }

    #[test]
    fn the_faster_way_is_kept_until_it_is_compared_again() {
        let mut pace = Pace::new(2, true);
        for _ in 0..TURNS_BEFORE {
            assert_eq!(pace.threads(), 2);
            pace.took(Duration::from_millis(50), 100);
        }
        for (threads, milliseconds) in [(2, 30), (1, 20), (1, 20), (2, 30), (1, 20), (1, 20)] {
            assert_eq!(pace.threads(), threads);
            pace.took(Duration::from_millis(milliseconds), 100);
        }
        while pace.turn != 0 {
            pace.took(Duration::from_millis(20), 100);
        }
        // One turn that is dearer than others says nothing of threads.
        for (threads, milliseconds) in [(2, 30), (1, 20), (1, 20), (2, 12), (2, 12)] {
            assert_eq!(pace.threads(), threads);
            pace.took(Duration::from_millis(milliseconds), 100);
        }
        while pace.turn != 0 {
            pace.took(Duration::from_millis(20), 100);
        }
        for (threads, milliseconds) in [(2, 10), (1, 20), (1, 20), (2, 10), (2, 10)] {
            assert_eq!(pace.threads(), threads);
            pace.took(Duration::from_millis(milliseconds), 100);
        }
    }
}
