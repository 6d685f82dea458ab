//! What stands in a journal: records, each addressed to one entity and folded once, in order.

use serde::{Deserialize, Serialize};

use std::fmt;

use super::{Event, Id, Instant, Message, Text};

/// The kinds of entity. Each is folded by its own folder under `fold/`; the engine treats all alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// A firm.
    Taxpayer,
    /// A person, phone, address or device.
    Party,
    /// A chain or a gang.
    Case,
    /// A desk with its tasks.
    Grid,
    /// A unit of the authority.
    Organisation,
    /// An officer.
    Officer,
    /// What an officer did about a task, by the name its sender gave it.
    Feedback,
    /// Rules and models: one in every partition.
    Control,
    /// A partition's timers: one in every partition.
    Clock,
    /// Firms of one industry and scale.
    Peers,
}

/// What a record is addressed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Entity {
    /// Which kind.
    pub kind: Kind,
    /// Which one.
    pub id: Id,
}

impl Entity {
    /// A firm.
    pub fn taxpayer(id: Id) -> Self {
        Self { kind: Kind::Taxpayer, id }
    }

    /// A chain or gang.
    pub fn case(id: Id) -> Self {
        Self { kind: Kind::Case, id }
    }

    /// The firms of one industry, the first two digits of GB/T 4754, and one scale.
    pub fn peers(industry: u16, scale: u8) -> Self {
        Self { kind: Kind::Peers, id: Id::parse(&format!("{industry:02}-{scale}")).expect("a few digits and a dash") }
    }

    /// The timers of whatever partition this stands in.
    pub const CLOCK: Self = Self { kind: Kind::Clock, id: Id::EMPTY };
    /// The rules in force in whatever partition this stands in.
    pub const CONTROL: Self = Self { kind: Kind::Control, id: Id::EMPTY };
}

/// A place in the journal: a partition and the running number of a record in it, from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Position {
    /// Which journal.
    pub partition: u32,
    /// Which record of it.
    pub offset: u64,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.partition, self.offset)
    }
}

/// Names an input event for good: its place in the input as a whole where one process folds all partitions, otherwise the
/// position of its fact in its owner's journal. What is said of causes uses this, so that findings do not depend on how
/// many partitions there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Root(pub u64);

impl Root {
    const OFFSET_BITS: u32 = 48;
    /// To be named by the place that it gets in its journal.
    pub const BY_PLACE: Self = Self(u64::MAX);

    /// The input event whose fact stands there.
    pub fn at(position: Position) -> Self {
        Self(u64::from(position.partition) << Self::OFFSET_BITS | position.offset)
    }

    /// As a position: partition 0 where the input is numbered as a whole.
    pub fn position(self) -> Position {
        let partition = u32::try_from(self.0 >> Self::OFFSET_BITS).expect("sixteen bits are left");
        Position { partition, offset: self.0 & ((1 << Self::OFFSET_BITS) - 1) }
    }
}

/// Where an input came from: a line of a file, or an offset of a topic's partition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Source {
    /// Number of the file or topic partition, in the order they were named.
    pub file: u32,
    /// Line, from 1, or offset.
    pub line: u64,
}

/// One entry of a journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Where it stands.
    pub position: Position,
    /// The journal's clock: the largest event time folded so far, never going back.
    pub at: Instant,
    /// The input event that led to it.
    pub root: Root,
    /// Whose rows it changes.
    pub to: Entity,
    /// What it says.
    pub body: Body,
}

/// What a record says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// An input event, and where it came from.
    Fact(Source, Box<Event>),
    /// What another entity, or this one earlier, has to tell.
    Message(Message),
    /// Input that could not be read: kept, so that nothing is lost.
    Refused(Box<Refused>),
    /// The clock has passed an hour: `Record::at` is the mark.
    Tick,
}

impl Record {
    /// The input event that it is, read here or forwarded from where it was read, and where it came from.
    pub fn fact(&self) -> Option<(Source, &Event)> {
        match &self.body {
            Body::Fact(source, event) | Body::Message(Message::Forwarded(source, event)) => Some((*source, event)),
            Body::Message(_) | Body::Refused(_) | Body::Tick => None,
        }
    }
}

impl Body {
    /// What it is, as a stable code: of a fact, the contract's name of its type.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Fact(_, event) => event.fact.type_name(),
            Self::Message(message) => message.code(),
            Self::Refused(_) => "refused",
            Self::Tick => "hour_passed",
        }
    }
}

/// Input that is no event of the contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Where it came from.
    pub source: Source,
    /// What is wrong, with the field's name.
    pub reason: Text,
    /// The input itself, cut to [`REFUSED_BYTES_MAX`].
    pub bytes: Text,
}

/// How much of a refused input is kept, in bytes.
pub const REFUSED_BYTES_MAX: usize = 4_096;
/// The longest reason that is given for refusing something, in bytes.
pub const REASON_BYTES_MAX: usize = 2_048;

/// A reason without the middle of what it cites: its place is at its beginning, and what would be right at its end.
pub fn shortened(reason: String) -> String {
    if reason.len() <= REASON_BYTES_MAX {
        return reason;
    }
    let head = reason.floor_char_boundary(REASON_BYTES_MAX / 4);
    let tail = reason.ceil_char_boundary(reason.len() - REASON_BYTES_MAX / 2);
    format!("{} […] {}", &reason[..head], &reason[tail..])
}
