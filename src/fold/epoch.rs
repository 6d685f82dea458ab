//! Where an epoch ends: every folder of the same input cuts it at the same events, whatever its threads and partitions.

use crate::model::{Event, Fact, HOUR_MS, Instant};

/// The most events of one epoch.
pub const EPOCH_EVENTS_MAX: usize = 4_096;
/// With an event by which its events weigh so much, it ends: see [`weight`].
const EPOCH_BYTES_MAX: usize = 8 << 20;
/// What an event weighs beside its lines, and a line, in bytes.
const EVENT_BYTES: usize = 512;
const INVOICE_LINE_BYTES: usize = 192;
/// At least so many messages are delivered at the end of an epoch of those that may wait
/// ([`crate::model::Message::may_wait`]): an epoch's end is then about as much work as its events.
const WAITING_PER_EPOCH_MIN: usize = 16;
/// Of more of them, so many parts are delivered, so that however many wait, they are soon few again.
const WAITING_PARTS: usize = 8;

/// How many messages that may wait are delivered at the end of an epoch before which so many waited.
pub fn waiting_delivered(waited: usize) -> usize {
    WAITING_PER_EPOCH_MIN.max(waited / WAITING_PARTS)
}

/// The longest epoch, of event time: windows begin at full hours, so that an hour ends with an epoch.
pub const EPOCH_MS: i64 = HOUR_MS / 6;

/// About how many bytes an event takes in memory: the same wherever it is read from.
pub fn weight(event: &Event) -> usize {
    let more = if let Fact::InvoiceIssued(invoice) = &event.fact {
        invoice.lines.len() * INVOICE_LINE_BYTES
    } else if let Fact::RulesPublished(published) = &event.fact {
        published.rules.len()
    } else if let Fact::ModelPublished(published) = &event.fact {
        published.model.len()
    } else {
        0
    };
    EVENT_BYTES + more
}

/// Cuts a sequence of events into epochs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EpochCutter {
    clock: Instant,
    ticked: Instant,
    events: usize,
    bytes: usize,
}

impl EpochCutter {
    /// Before the first event, or after a restart at these clocks: the largest event time so far and the last tick.
    pub fn new(clock: Instant, ticked: Instant) -> Self {
        Self { clock, ticked, events: 0, bytes: 0 }
    }

    /// Whether an event at this time begins a new epoch, so that the one before is to be ended first.
    pub fn ends_before(&self, at: Instant) -> bool {
        let window = |at: Instant| at.0.div_euclid(EPOCH_MS);
        let is_full = self.events >= EPOCH_EVENTS_MAX || self.bytes >= EPOCH_BYTES_MAX;
        self.events > 0 && (is_full || window(at.max(self.clock)) != window(self.clock))
    }

    /// Takes something that weighs so much into the present epoch.
    pub fn take(&mut self, at: Instant, bytes: usize) {
        self.events += 1;
        self.bytes += bytes;
        self.clock = self.clock.max(at);
    }

    /// Ends the epoch. Returns the tick to be written to all partitions where an hour has passed.
    pub fn end(&mut self) -> Option<Instant> {
        self.bytes = 0;
        if std::mem::take(&mut self.events) == 0 {
            return None;
        }
        let mark = self.clock.hour_mark();
        if mark <= self.ticked {
            return None;
        }
        self.ticked = mark;
        Some(mark)
    }

    /// The largest event time so far.
    pub fn clock(&self) -> Instant {
        self.clock
    }

    /// The last tick.
    pub fn ticked(&self) -> Instant {
        self.ticked
    }
}
