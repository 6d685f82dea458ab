//! `org_defined`, `grid_defined` and `officer_defined` on the wire: who owns which taxpayers.

use serde::{Deserialize, Serialize};

use super::Refusal;
use super::check;
use super::form::{Form, List, Optional, OptionalList, Words, mirrors};
use super::identifiers::Identifier;
use crate::model::{self, Id, TaxpayerId, Text};

/// An organisation of the tax authority.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::OrgDefined")]
pub(super) struct OrgDefined {
    #[serde(with = "Identifier")]
    org_id: Id,
    name: Text,
    #[serde(with = "OrgLevel")]
    level: model::OrgLevel,
    #[serde(default, with = "Optional::<Identifier>", skip_serializing_if = "Option::is_none")]
    parent_id: Option<Id>,
    regions: Vec<Text>,
}

pub(super) fn check_org(fact: &model::OrgDefined) -> Result<(), Refusal> {
    check::text("name", &fact.name)?;
    check::texts("regions", &fact.regions)
}

/// Level of an organisation.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::OrgLevel", rename_all = "snake_case")]
enum OrgLevel {
    Nation,
    Province,
    City,
    County,
    Station,
}

/// A grid 网格.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::GridDefined")]
pub(super) struct GridDefined {
    #[serde(with = "Identifier")]
    grid_id: Id,
    #[serde(with = "Identifier")]
    org_id: Id,
    name: Text,
    #[serde(with = "GridKind")]
    kind: model::GridKind,
    #[serde(default, with = "OptionalList::<Words>", skip_serializing_if = "Vec::is_empty")]
    regions: Vec<Text>,
    #[serde(default, with = "OptionalList::<Words>", skip_serializing_if = "Vec::is_empty")]
    industries: Vec<Text>,
    #[serde(default, with = "OptionalList::<Identifier>", skip_serializing_if = "Vec::is_empty")]
    taxpayers: Vec<TaxpayerId>,
}

pub(super) fn check_grid(fact: &model::GridDefined) -> Result<(), Refusal> {
    check::text("name", &fact.name)?;
    check::texts("regions", &fact.regions)?;
    check::texts("industries", &fact.industries)
}

/// Kind of grid.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::GridKind", rename_all = "snake_case")]
enum GridKind {
    Area,
    Industry,
    Specialist,
}

/// An officer 网格员.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::OfficerDefined")]
pub(super) struct OfficerDefined {
    #[serde(with = "Identifier")]
    officer_id: Id,
    name: Text,
    #[serde(skip_serializing_if = "Option::is_none")]
    person_id: Option<Text>,
    #[serde(with = "List::<Post>")]
    posts: Vec<model::Post>,
    expertise: Vec<Text>,
    active: bool,
}

pub(super) fn check_officer(fact: &model::OfficerDefined) -> Result<(), Refusal> {
    check::text("name", &fact.name)?;
    check::optional_text("person_id", fact.person_id.as_ref())?;
    check::texts("expertise", &fact.expertise)
}

/// An officer's place in a grid.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::Post")]
struct Post {
    #[serde(with = "Identifier")]
    grid_id: Id,
    #[serde(with = "PostKind")]
    post: model::PostKind,
}

/// Main post 主岗 or secondary post 副岗.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::PostKind", rename_all = "snake_case")]
enum PostKind {
    Main,
    Secondary,
}

mirrors! { Post: model::Post }
