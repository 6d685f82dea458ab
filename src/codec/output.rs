//! Outputs on the wire as one union, for frames and digests. New kinds go to the end.

use serde::{Deserialize, Serialize};

use super::case::Case;
use super::dead_letter::{DeadLetter, Doubt};
use super::form::{Boxed, Form, mirrors};
use super::signal::Signal;
use super::task::Task;
use crate::model;

/// One record for the outside.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::Output")]
pub(super) enum Output {
    Signal(#[serde(with = "Boxed::<Signal>")] Box<model::Signal>),
    Case(#[serde(with = "Boxed::<Case>")] Box<model::Case>),
    Task(#[serde(with = "Boxed::<Task>")] Box<model::Task>),
    DeadLetter(#[serde(with = "Boxed::<DeadLetter>")] Box<model::DeadLetter>),
    Doubt(#[serde(with = "Boxed::<Doubt>")] Box<model::Doubt>),
}

mirrors! { Output: model::Output }
