//! Reads input without doing anything with it, and says what is in it: for `import --check`. Duplicates and what only
//! several events together can show are for the fold to find.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::{Error, Intake, Mapping, Order};
use crate::model::{EVENT_DOUBTS, Event, Instant, Source, Text};

/// What was found in some input.
#[derive(Debug, Default)]
pub struct Check {
    /// The files, by number.
    pub file_names: Vec<String>,
    /// Rows that were read; a mapped row may make several events.
    pub rows: u64,
    /// Events by type.
    pub events: BTreeMap<&'static str, u64>,
    /// Rows that are no event.
    pub refused: u64,
    /// The first of them.
    pub first_refused: Vec<RefusedAt>,
    /// Events that somebody should look at, by the code of the doubt; see [`EVENT_DOUBTS`].
    pub doubtful: BTreeMap<&'static str, Doubtful>,
    /// The earliest event time.
    pub first_at: Option<Instant>,
    /// The latest.
    pub last_at: Option<Instant>,
    /// What ended the reading before its time.
    pub failure: Option<Error>,
}

/// A refused row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedAt {
    /// Which file and line.
    pub source: Source,
    /// What is wrong with it.
    pub reason: Text,
}

/// How often a doubt came up, and where first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Doubtful {
    /// How many events.
    pub events: u64,
    /// The first of them.
    pub first: Source,
}

/// Reads everything and counts. Keeps the first `refused_max` refusals. A failure while reading is part of the result,
/// with what was found before it.
pub fn check(inputs: &[PathBuf], mapping: Option<&Mapping>, refused_max: usize) -> Result<Check, Error> {
    let mut intake = Intake::open(inputs, mapping, Order::Given)?;
    let mut check = Check { file_names: intake.file_names().to_vec(), ..Check::default() };
    loop {
        let batch = match intake.next_batch() {
            Ok(Some(batch)) => batch,
            Ok(None) => return Ok(check),
            Err(failure) => {
                check.failure = Some(failure);
                return Ok(check);
            }
        };
        for input in batch {
            check.rows += u64::from(input.row_head);
            match input.body {
                Ok(event) => check.count(&event, input.source),
                Err(refused) => {
                    check.refused += 1;
                    if check.first_refused.len() < refused_max {
                        check.first_refused.push(RefusedAt { source: refused.source, reason: refused.reason });
                    }
                }
            }
        }
    }
}

impl Check {
    fn count(&mut self, event: &Event, source: Source) {
        *self.events.entry(event.fact.type_name()).or_default() += 1;
        let at = event.occurred_at;
        self.first_at = Some(self.first_at.map_or(at, |first| first.min(at)));
        self.last_at = self.last_at.max(Some(at));
        for doubt in EVENT_DOUBTS.iter().filter(|doubt| (doubt.holds)(event)) {
            self.doubtful.entry(doubt.code).or_insert(Doubtful { events: 0, first: source }).events += 1;
        }
    }
}
