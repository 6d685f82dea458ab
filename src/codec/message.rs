//! Messages on the wire: one union, of which each kind of message has its place. New kinds go to the end.

use serde::{Deserialize, Serialize};

use super::accusation::{Report, Taint};
use super::arrival::{Abnormal, Arrival, Claimed, Marked, Returned, Voided};
use super::event::Kept;
use super::form::{Boxed, Form, mirrors};
use super::identifiers::IdentifierOrEmpty;
use super::journal::Source;
use super::measures::{Moment, Month};
use super::party::{Identified, Membership, Shared, Tie};
use super::peers::{Measured, PeersTold};
use super::timer::{Continue, Timer};
use crate::model::{self, Event, Id, Instant, Period};

/// One entity's word to another.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::Message")]
pub(super) enum Message {
    Arrival(#[serde(with = "Boxed::<Arrival>")] Box<model::Arrival>),
    Voided(#[serde(with = "Boxed::<Voided>")] Box<model::Voided>),
    Returned(#[serde(with = "Boxed::<Returned>")] Box<model::Returned>),
    Marked(#[serde(with = "Marked")] model::Marked),
    Taint(#[serde(with = "Boxed::<Taint>")] Box<model::Taint>),
    Report(#[serde(with = "Boxed::<Report>")] Box<model::Report>),
    Timer(#[serde(with = "Timer")] model::Timer),
    Continue(#[serde(with = "Boxed::<Continue>")] Box<model::Continue>),
    Forwarded(#[serde(with = "Source")] model::Source, #[serde(with = "Boxed::<Kept>")] Box<Event>),
    Began(#[serde(with = "Moment")] Instant),
    Tied(#[serde(with = "Boxed::<Tie>")] Box<model::Tie>),
    Shared(#[serde(with = "Boxed::<Shared>")] Box<model::Shared>),
    Joined(#[serde(with = "Boxed::<Membership>")] Box<model::Membership>),
    Measured(#[serde(with = "Boxed::<Measured>")] Box<model::Measured>),
    Peers(#[serde(with = "Boxed::<PeersTold>")] Box<model::PeersTold>),
    Identified(#[serde(with = "Identified")] model::Identified),
    Claimed(#[serde(with = "Claimed")] model::Claimed),
    Abnormal(#[serde(with = "Abnormal")] model::Abnormal),
    Released(#[serde(with = "Month")] Period),
}

/// What a record or a message is addressed to.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::Entity")]
pub(super) struct Entity {
    #[serde(with = "Kind")]
    kind: model::Kind,
    #[serde(with = "IdentifierOrEmpty")]
    id: Id,
}

/// The kinds of entity.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::Kind", rename_all = "snake_case")]
enum Kind {
    Taxpayer,
    Party,
    Case,
    Grid,
    Organisation,
    Officer,
    Feedback,
    Control,
    Clock,
    Peers,
}

mirrors! { Message: model::Message, Entity: model::Entity }
