//! Chains and gangs on the wire.

use serde::{Deserialize, Serialize};

use super::form::{Form, List, OptionalList, mirrors};
use super::identifiers::Identifier;
use super::measures::{Moment, Money};
use super::party::{PartyKind, RoleNames};
use crate::model::{self, Fen, Id, Instant, Roles, TaxpayerId, Text};

/// One chain or gang.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::Case")]
pub(super) struct Case {
    #[serde(with = "Identifier")]
    case_id: Id,
    typology: Text,
    #[serde(with = "Identifier")]
    origin: TaxpayerId,
    standing: bool,
    #[serde(with = "List::<CaseNode>")]
    nodes: Vec<model::CaseNode>,
    #[serde(with = "List::<CaseEdge>")]
    edges: Vec<model::CaseEdge>,
    nodes_total: u64,
    edges_total: u64,
    #[serde(default, with = "OptionalList::<CaseTie>", skip_serializing_if = "Vec::is_empty")]
    ties: Vec<model::CaseTie>,
    version: u32,
}

/// A taxpayer on a chain.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::CaseNode")]
struct CaseNode {
    #[serde(with = "Identifier")]
    taxpayer_id: TaxpayerId,
    #[serde(with = "ChainRole")]
    role: model::ChainRole,
    hop: u8,
    #[serde(rename = "tax_fen", with = "Money")]
    tax: Fen,
    #[serde(rename = "deducted_fen", with = "Money")]
    deducted: Fen,
}

/// Place in a chain.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::ChainRole", rename_all = "snake_case")]
enum ChainRole {
    Source,
    Washer,
    Beneficiary,
    Associate,
}

/// Value that went from one taxpayer of a chain to another.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::CaseEdge")]
struct CaseEdge {
    #[serde(with = "Identifier")]
    from: TaxpayerId,
    #[serde(with = "Identifier")]
    to: TaxpayerId,
    #[serde(rename = "tax_fen", with = "Money")]
    tax: Fen,
    invoices: u32,
    #[serde(with = "Moment")]
    first_at: Instant,
    #[serde(with = "Moment")]
    last_at: Instant,
}

/// What ties a taxpayer to its gang.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::CaseTie")]
struct CaseTie {
    #[serde(with = "Identifier")]
    taxpayer_id: TaxpayerId,
    #[serde(with = "Identifier")]
    party_id: Id,
    #[serde(with = "PartyKind")]
    kind: model::PartyKind,
    #[serde(with = "RoleNames")]
    roles: Roles,
}

mirrors! {
    Case: model::Case,
    CaseNode: model::CaseNode,
    CaseEdge: model::CaseEdge,
    CaseTie: model::CaseTie,
}
