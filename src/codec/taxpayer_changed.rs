//! `taxpayer_changed` on the wire: what is absent stays as it was.

use serde::{Deserialize, Serialize};

use super::Refusal;
use super::check;
use super::form::{Form, Optional, OptionalList};
use super::identifiers::Identifier;
use super::measures::Money;
use super::taxpayer_registered::{
    CreditGrade, INDUSTRY_DIGITS, Person, REGION_DIGITS, STREET_DIGITS, TaxpayerKind, check_person,
};
use crate::model::{self, Fen, TaxpayerId, Text};

/// A change of a registration 变更登记.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::TaxpayerChanged")]
pub(super) struct TaxpayerChanged {
    #[serde(with = "Identifier")]
    taxpayer_id: TaxpayerId,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    industry: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    street: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<Text>,
    #[serde(default, rename = "capital_fen", with = "Optional::<Money>", skip_serializing_if = "Option::is_none")]
    capital: Option<Fen>,
    #[serde(default, with = "Optional::<TaxpayerKind>", skip_serializing_if = "Option::is_none")]
    kind: Option<model::TaxpayerKind>,
    #[serde(default, with = "Optional::<CreditGrade>", skip_serializing_if = "Option::is_none")]
    credit_grade: Option<model::CreditGrade>,
    #[serde(default, with = "OptionalList::<Person>", skip_serializing_if = "Vec::is_empty")]
    people: Vec<model::Person>,
    #[serde(default, with = "Optional::<Identifier>", skip_serializing_if = "Option::is_none")]
    former_taxpayer_id: Option<TaxpayerId>,
}

pub(super) fn check(fact: &model::TaxpayerChanged) -> Result<(), Refusal> {
    check::optional_text("name", fact.name.as_ref())?;
    check::optional_digits("industry", fact.industry.as_ref(), INDUSTRY_DIGITS)?;
    check::optional_digits("region", fact.region.as_ref(), REGION_DIGITS)?;
    check::optional_digits("street", fact.street.as_ref(), STREET_DIGITS)?;
    check::optional_text("address", fact.address.as_ref())?;
    check::money("capital_fen", fact.capital.unwrap_or_default())?;
    check::items("people", &fact.people, check_person)
}
