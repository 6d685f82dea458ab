//! `taxpayer_registered` on the wire, with the people and words that registrations share.

use serde::{Deserialize, Serialize};

use super::Refusal;
use super::check;
use super::form::{Form, List, Optional, mirrors};
use super::identifiers::Identifier;
use super::measures::{Day, Money};
use crate::model::{self, Date, Fen, TaxpayerId, Text};

/// A registration 税务登记.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::TaxpayerRegistered")]
pub(super) struct TaxpayerRegistered {
    #[serde(with = "Identifier")]
    taxpayer_id: TaxpayerId,
    name: Text,
    #[serde(with = "Day")]
    registered_on: Date,
    industry: Text,
    region: Text,
    #[serde(skip_serializing_if = "Option::is_none")]
    street: Option<Text>,
    address: Text,
    #[serde(rename = "capital_fen", with = "Money")]
    capital: Fen,
    #[serde(with = "TaxpayerKind")]
    kind: model::TaxpayerKind,
    #[serde(default, with = "Optional::<CreditGrade>", skip_serializing_if = "Option::is_none")]
    credit_grade: Option<model::CreditGrade>,
    #[serde(with = "List::<Person>")]
    people: Vec<model::Person>,
}

pub(super) fn check(fact: &model::TaxpayerRegistered) -> Result<(), Refusal> {
    check::text("name", &fact.name)?;
    check::day("registered_on", fact.registered_on)?;
    check::digits("industry", &fact.industry, INDUSTRY_DIGITS)?;
    check::digits("region", &fact.region, REGION_DIGITS)?;
    check::optional_digits("street", fact.street.as_ref(), STREET_DIGITS)?;
    check::text("address", &fact.address)?;
    check::money("capital_fen", fact.capital)?;
    check::items("people", &fact.people, check_person)
}

/// Digits of an industry, GB/T 4754.
pub(super) const INDUSTRY_DIGITS: usize = 4;
/// Digits of a region, GB/T 2260.
pub(super) const REGION_DIGITS: usize = 6;
/// Digits of a street or community.
pub(super) const STREET_DIGITS: usize = 9;

/// One of the four officers of a firm 四员.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::Person")]
pub(super) struct Person {
    #[serde(with = "Role")]
    role: model::Role,
    person_id: Text,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<Text>,
}

pub(super) fn check_person(person: &model::Person) -> Result<(), Refusal> {
    check::text("person_id", &person.person_id)?;
    check::optional_text("phone", person.phone.as_ref())
}

/// Which of the four.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::Role", rename_all = "snake_case")]
pub(super) enum Role {
    LegalRepresentative,
    FinanceOfficer,
    TaxHandler,
    InvoiceCollector,
}

/// General or small-scale.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::TaxpayerKind", rename_all = "snake_case")]
pub(super) enum TaxpayerKind {
    General,
    SmallScale,
}

/// Credit grade 纳税信用等级.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::CreditGrade")]
pub(super) enum CreditGrade {
    A,
    B,
    M,
    C,
    D,
}

mirrors! {
    Person: model::Person,
    TaxpayerKind: model::TaxpayerKind,
    CreditGrade: model::CreditGrade,
}
