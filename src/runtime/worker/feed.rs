//! What was read from the topics and is not folded yet, by topic and partition, and in which order it is folded: by event
//! time, but never one record of a topic's partition before an earlier one of it.
//!
//! While a topic has more than was read of it, the others are not folded further ahead in event time than a bound: so a
//! backlog that comes in large pieces, now of one topic, now of another, is folded about as it happened.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::time::{Duration, Instant as Moment};

use crate::log::kafka::Frame;
use crate::model::{Event, Instant, Refused, Source};

/// A topic that has more and brings nothing for so long has no more: what transactions write counts as records, too.
const SILENCE: Duration = Duration::from_millis(200);

/// The registry is asked again about a record that is held after this.
const HELD_FOR: Duration = Duration::from_secs(1);

/// A place in the log: an input topic's number, or the inbox, and a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Spot {
    pub(super) topic: usize,
    pub(super) partition: u32,
}

/// A record of an input topic.
pub(super) struct Arrived {
    pub(super) source: Source,
    pub(super) offset: i64,
    pub(super) bytes: usize,
    /// When it was written to its topic, in milliseconds, as its record says.
    pub(super) written_ms: Option<i64>,
    /// The event; or why it is none, with the key of its record.
    pub(super) body: Result<Event, (Box<Refused>, Vec<u8>)>,
}

/// A record of an input topic of which the schema registry could not say yet what it is.
pub(super) struct Held {
    pub(super) spot: Spot,
    pub(super) offset: i64,
    pub(super) written_ms: Option<i64>,
    pub(super) key: Vec<u8>,
    pub(super) value: Vec<u8>,
}

/// What is not handed over yet of a place.
pub(super) struct Lag {
    pub(super) spot: Spot,
    pub(super) records: u64,
    /// When the oldest of them was written, in milliseconds, as far as that is known.
    pub(super) since_ms: Option<i64>,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Arrived>,
    bytes: usize,
    /// Event time of the last record read, and when it was written.
    last_at: Option<Instant>,
    last_written_ms: Option<i64>,
    /// Kafka's offset of what is read next.
    position: i64,
    /// Kafka's end of it when that was asked last, and the end beyond which nothing came.
    end: i64,
    silent_end: i64,
    paused: bool,
}

impl Queue {
    fn is_behind(&self) -> bool {
        self.waiting.is_empty() && self.position < self.end && self.silent_end < self.end
    }
}

/// Everything that was read and is not folded yet.
pub(super) struct Feed {
    queues: BTreeMap<Spot, Queue>,
    /// Frames of inboxes, with Kafka's offset of each.
    inbox: VecDeque<(u32, i64, Frame)>,
    inbox_bytes: usize,
    inbox_positions: BTreeMap<u32, i64>,
    /// In the order they were read. As long as there are any, no more is read of the input topics.
    held: VecDeque<Held>,
    held_since: Moment,
    bytes: usize,
    count: usize,
    queue_bytes_max: usize,
    inbox_bytes_max: usize,
    skew_ms: i64,
    last_read: Moment,
}

impl Feed {
    pub(super) fn new(bytes_max: usize, skew_ms: i64) -> Self {
        Self {
            queues: BTreeMap::new(),
            inbox: VecDeque::new(),
            inbox_bytes: 0,
            inbox_positions: BTreeMap::new(),
            held: VecDeque::new(),
            held_since: Moment::now(),
            bytes: 0,
            count: 0,
            queue_bytes_max: bytes_max,
            inbox_bytes_max: bytes_max,
            skew_ms,
            last_read: Moment::now(),
        }
    }

    /// Begins anew with these places, each with where it goes on; the inbox apart.
    pub(super) fn begin(&mut self, inputs: &[(Spot, i64)], inbox: &[(u32, i64)], bytes_max: usize) {
        self.queues.clear();
        for (spot, position) in inputs {
            let queue = Queue { position: *position, silent_end: -1, ..Queue::default() };
            self.queues.insert(*spot, queue);
        }
        self.inbox.clear();
        self.held.clear();
        self.inbox_positions = inbox.iter().copied().collect();
        (self.bytes, self.count, self.inbox_bytes) = (0, 0, 0);
        self.queue_bytes_max = (bytes_max / inputs.len().max(1)).max(QUEUE_BYTES_MIN);
        self.inbox_bytes_max = bytes_max / 4;
        self.last_read = Moment::now();
    }

    /// Takes a record of an input topic. Returns whether its place has enough for now.
    pub(super) fn take(&mut self, spot: Spot, arrived: Arrived) -> bool {
        self.last_read = Moment::now();
        let Some(queue) = self.queues.get_mut(&spot) else { return false };
        queue.position = arrived.offset + 1;
        queue.last_written_ms = arrived.written_ms;
        if let Ok(event) = &arrived.body {
            queue.last_at = Some(queue.last_at.map_or(event.occurred_at, |last| last.max(event.occurred_at)));
        }
        queue.bytes += arrived.bytes;
        self.bytes += arrived.bytes;
        self.count += 1;
        queue.waiting.push_back(arrived);
        let has_enough = queue.bytes > self.queue_bytes_max && !queue.paused;
        queue.paused |= has_enough;
        has_enough
    }

    /// Holds a record until the registry can say what it is, and all that come after it.
    pub(super) fn hold(&mut self, held: Held) {
        if self.held.is_empty() {
            self.held_since = Moment::now();
        }
        self.held.push_back(held);
    }

    /// Whether any record is held.
    pub(super) fn holds(&self) -> bool {
        !self.held.is_empty()
    }

    /// The first record that is held, if it is time to ask again.
    pub(super) fn held_and_due(&mut self) -> Option<Held> {
        if self.held_since.elapsed() < HELD_FOR { None } else { self.held.pop_front() }
    }

    /// Holds the first record again.
    pub(super) fn hold_again(&mut self, held: Held) {
        self.held_since = Moment::now();
        self.held.push_front(held);
    }

    /// Takes a frame of an inbox.
    pub(super) fn take_frame(&mut self, partition: u32, offset: i64, frame: Frame) {
        self.last_read = Moment::now();
        self.inbox_bytes += frame.bytes.len();
        self.inbox.push_back((partition, offset, frame));
    }

    /// Whether so much waits that nothing more is to be read.
    pub(super) fn is_full(&self) -> bool {
        self.inbox_bytes > self.inbox_bytes_max
    }

    /// The next frame of an inbox: its partition and Kafka's offset.
    pub(super) fn next_frame(&mut self) -> Option<(u32, i64, Frame)> {
        let (partition, offset, frame) = self.inbox.pop_front()?;
        self.inbox_bytes -= frame.bytes.len();
        self.inbox_positions.insert(partition, offset + 1);
        Some((partition, offset, frame))
    }

    /// Kafka's offset from which an inbox goes on.
    pub(super) fn inbox_position(&self, partition: u32) -> i64 {
        self.inbox_positions.get(&partition).copied().unwrap_or_default()
    }

    /// Places that were paused and have room again.
    pub(super) fn resumed(&mut self) -> Vec<Spot> {
        let most = self.queue_bytes_max / 2;
        let ready = self.queues.iter_mut().filter(|(_, queue)| queue.paused && queue.bytes <= most);
        ready
            .map(|(spot, queue)| {
                queue.paused = false;
                *spot
            })
            .collect()
    }

    /// Places that have enough for now.
    pub(super) fn paused(&self) -> Vec<Spot> {
        self.queues.iter().filter(|(_, queue)| queue.paused).map(|(spot, _)| *spot).collect()
    }

    /// Records of the input topics that wait.
    pub(super) fn waiting(&self) -> usize {
        self.count
    }

    /// Whether anything of the input topics waits.
    pub(super) fn has_input(&self) -> bool {
        self.count > 0
    }

    /// Whether some place may have more than was read of it, so that its end is to be asked for.
    pub(super) fn has_gaps(&self) -> bool {
        self.queues.values().any(|queue| queue.waiting.is_empty())
    }

    /// Whether there is more in some place than was read of it.
    pub(super) fn is_behind(&self) -> bool {
        self.queues.values().any(Queue::is_behind)
    }

    /// Takes the ends of places as Kafka says them.
    pub(super) fn learn_ends(&mut self, ends: &[(Spot, i64)]) {
        for (spot, end) in ends {
            if let Some(queue) = self.queues.get_mut(spot) {
                queue.end = *end;
            }
        }
    }

    /// The places.
    pub(super) fn spots(&self) -> impl Iterator<Item = Spot> {
        self.queues.keys().copied()
    }

    /// What is not handed over yet of each place.
    pub(super) fn lags(&self) -> impl Iterator<Item = Lag> {
        self.queues.iter().map(|(spot, queue)| {
            // What is held was read, and is no silence.
            let is_unread = queue.position < queue.end && (self.holds() || queue.silent_end < queue.end);
            let unread = if is_unread { queue.end - queue.position } else { 0 };
            let oldest = queue.waiting.front().map(|arrived| arrived.written_ms);
            // Of what was not read, only that it is younger than what was.
            let since_ms = oldest.or_else(|| is_unread.then_some(queue.last_written_ms)).flatten();
            Lag { spot: *spot, records: unread.cast_unsigned() + queue.waiting.len() as u64, since_ms }
        })
    }

    /// Frames of inboxes that wait.
    pub(super) fn frames(&self) -> usize {
        self.inbox.len()
    }

    /// Memory of all that waits, in bytes.
    pub(super) fn bytes(&self) -> usize {
        let held = self.held.iter().map(|held| held.key.len() + held.value.len()).sum::<usize>();
        self.bytes + self.inbox_bytes + held
    }

    /// Hands over, in order, what may be folded now, until `each` has enough and says `false`.
    pub(super) fn hand_over(&mut self, mut each: impl FnMut(Spot, Arrived) -> bool) {
        if self.last_read.elapsed() > SILENCE {
            for queue in self.queues.values_mut().filter(|queue| queue.is_behind()) {
                queue.silent_end = queue.end;
            }
        }
        let mut heads: BinaryHeap<Reverse<(Instant, Spot)>> = BinaryHeap::new();
        let mut behind = None;
        for (spot, queue) in &self.queues {
            if queue.is_behind() {
                let last = queue.last_at.unwrap_or(Instant::NEVER);
                behind = Some(behind.map_or(last, |least: Instant| least.min(last)));
            }
            heads.extend(queue.waiting.front().map(|head| Reverse((time_of(head), *spot))));
        }
        while let Some(Reverse((at, spot))) = heads.pop() {
            if behind.is_some_and(|behind| at.0 > behind.0.saturating_add(self.skew_ms)) {
                return;
            }
            let queue = self.queues.get_mut(&spot).expect("its head was taken from it");
            let arrived = queue.waiting.pop_front().expect("its head was taken from it");
            queue.bytes -= arrived.bytes;
            self.bytes -= arrived.bytes;
            self.count -= 1;
            if let Some(head) = queue.waiting.front() {
                heads.push(Reverse((time_of(head), spot)));
            } else if queue.is_behind() {
                let last = queue.last_at.unwrap_or(Instant::NEVER);
                behind = Some(behind.map_or(last, |least| least.min(last)));
            }
            if !each(spot, arrived) {
                return;
            }
        }
    }
}

/// Room that every place has, however many there are, in bytes.
const QUEUE_BYTES_MIN: usize = 256 << 10;

/// What cannot be read has no time, and waits for nothing.
fn time_of(arrived: &Arrived) -> Instant {
    arrived.body.as_ref().map_or(Instant::NEVER, |event| event.occurred_at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::json;

    fn arrived(offset: i64, hour: i64) -> Arrived {
        let line = format!(
            r#"{{"type":"invoice_voided","occurred_at":"2026-03-01T{hour:02}:00:00+08:00","invoice_no":"{offset:020}","seller_id":"S"}}"#
        );
        let event = json::read_event(line.as_bytes()).unwrap();
        Arrived { source: Source::default(), offset, bytes: 100, written_ms: Some(hour * 1_000), body: Ok(event) }
    }

    fn spot(topic: usize) -> Spot {
        Spot { topic, partition: 0 }
    }

    fn handed_over(feed: &mut Feed) -> Vec<(usize, i64)> {
        let mut all = Vec::new();
        feed.hand_over(|spot, arrived| {
            all.push((spot.topic, arrived.offset));
            true
        });
        all
    }

    fn feed() -> Feed {
        let mut feed = Feed::new(1 << 20, 2 * 3_600_000);
        feed.begin(&[(spot(0), 0), (spot(1), 0)], &[(0, 0)], 1 << 20);
        feed
    }

    #[test]
    fn topics_are_merged_by_time_and_each_keeps_its_order() {
        let mut feed = feed();
        for (topic, offset, hour) in [(0, 0, 5), (0, 1, 3), (0, 2, 9), (1, 0, 4), (1, 1, 8)] {
            feed.take(spot(topic), arrived(offset, hour));
        }
        assert_eq!(handed_over(&mut feed), [(1, 0), (0, 0), (0, 1), (1, 1), (0, 2)]);
    }

    #[test]
    fn a_topic_that_has_more_holds_the_others_back() {
        let mut feed = feed();
        feed.learn_ends(&[(spot(0), 3), (spot(1), 2)]);
        for (offset, hour) in [(0, 1), (1, 2), (2, 9)] {
            feed.take(spot(0), arrived(offset, hour));
        }
        assert_eq!(handed_over(&mut feed), [], "nothing is known of the other yet");
        feed.take(spot(1), arrived(0, 1));
        assert_eq!(handed_over(&mut feed), [(0, 0), (1, 0), (0, 1)], "the last is more than two hours ahead");
        feed.take(spot(1), arrived(1, 8));
        assert_eq!(handed_over(&mut feed), [(1, 1), (0, 2)], "the other has no more");
    }

    #[test]
    fn the_lag_is_what_waits_and_what_was_not_read_and_its_age_that_of_the_oldest() {
        let mut feed = feed();
        let lags = |feed: &Feed| feed.lags().map(|lag| (lag.records, lag.since_ms)).collect::<Vec<_>>();
        feed.learn_ends(&[(spot(0), 5), (spot(1), 1)]);
        assert_eq!(lags(&feed), [(5, None), (1, None)]);
        feed.take(spot(0), arrived(0, 3));
        feed.take(spot(0), arrived(1, 4));
        feed.take(spot(1), arrived(0, 3));
        assert_eq!(lags(&feed), [(5, Some(3_000)), (1, Some(3_000))]);
        assert_eq!(handed_over(&mut feed).len(), 3);
        assert_eq!(lags(&feed), [(3, Some(4_000)), (0, None)], "the age of what was read last stands for the rest");
    }
}
