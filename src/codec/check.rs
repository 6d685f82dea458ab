//! What the contract asks of an event beyond its shape: limits of amounts, texts and times, and codes of so many digits.
//! Held against events from outside only; each check names the field, and the record around it adds the path.

use super::Refusal;
use super::{
    directory, invoice_issued, published, receipt_and_deduction, status_and_quota, task_acted, taxpayer_changed,
    taxpayer_registered, verified_and_declared, void_and_marks,
};
use crate::model::{Date, Event, Fact, Fen, Instant, Period, TEXT_BYTES_MAX, Text};

/// Refuses an event that the contract does not allow.
pub(super) fn event(event: &Event) -> Result<(), Refusal> {
    moment("occurred_at", event.occurred_at)?;
    optional_text("event_id", event.event_id.as_ref())?;
    optional_text("source_system", event.source_system.as_ref())?;
    match &event.fact {
        Fact::TaxpayerRegistered(fact) => taxpayer_registered::check(fact),
        Fact::TaxpayerChanged(fact) => taxpayer_changed::check(fact),
        Fact::TaxpayerStatusChanged(fact) => status_and_quota::check_status(fact),
        Fact::InvoiceQuotaGranted(fact) => status_and_quota::check_quota(fact),
        Fact::InvoiceIssued(fact) => invoice_issued::check(fact),
        Fact::InvoiceVoided(_) | Fact::InvoiceReceived(_) => Ok(()),
        Fact::InvoiceDeducted(fact) => receipt_and_deduction::check_deduction(fact),
        Fact::DeductionReversed(fact) => receipt_and_deduction::check_reversal(fact),
        Fact::InvoiceMarkedAbnormal(fact) | Fact::InvoiceMarkLifted(fact) => void_and_marks::check_mark(fact),
        Fact::TaxpayerVerified(fact) => verified_and_declared::check_verification(fact),
        Fact::VatDeclared(fact) => verified_and_declared::check_declaration(fact),
        Fact::Observed(fact) => verified_and_declared::check_observation(fact),
        Fact::OrgDefined(fact) => directory::check_org(fact),
        Fact::GridDefined(fact) => directory::check_grid(fact),
        Fact::OfficerDefined(fact) => directory::check_officer(fact),
        Fact::TaskActed(fact) => task_acted::check(fact, event.event_id.as_ref()),
        Fact::RulesPublished(fact) => published::check_rules(fact),
        Fact::ModelPublished(fact) => published::check_model(fact),
    }
}

fn moment(field: &str, at: Instant) -> Result<(), Refusal> {
    if (Instant::EVENT_MIN..Instant::EVENT_MAX).contains(&at) {
        return Ok(());
    }
    let (earliest, latest) = (Instant::EVENT_MIN, Instant::EVENT_MAX);
    Err(Refusal::new(field, format!("{at} is not between {earliest} and {latest}")))
}

/// A month of the years 0 to 9999, which is what JSON can say.
pub(super) fn period(field: &str, period: Period) -> Result<(), Refusal> {
    if (Period::of(0, 1)..=Period::of(9_999, 12)).contains(&period) {
        return Ok(());
    }
    Err(Refusal::new(field, format!("month {} is not one of the years 0 to 9999", period.0)))
}

/// A day of the years 0 to 9999, which is what JSON can say.
pub(super) fn day(field: &str, day: Date) -> Result<(), Refusal> {
    if (FIRST_DAY..=LAST_DAY).contains(&day) {
        return Ok(());
    }
    Err(Refusal::new(field, format!("day {} is not one of the years 0 to 9999", day.0)))
}

const FIRST_DAY: Date = Date(-719_528);
const LAST_DAY: Date = Date(2_932_896);

/// At most 100 billion yuan either way.
pub(super) fn money(field: &str, amount: Fen) -> Result<(), Refusal> {
    if amount.abs() <= Fen::EVENT_MAX {
        return Ok(());
    }
    Err(Refusal::new(
        field,
        format!("{} fen is beyond {} fen, the most an event may carry", amount.0, Fen::EVENT_MAX.0),
    ))
}

/// Not too long.
pub(super) fn text(field: &str, text: &Text) -> Result<(), Refusal> {
    text_of(field, text, TEXT_BYTES_MAX)
}

/// Not longer than `bytes_max`.
pub(super) fn text_of(field: &str, text: &Text, bytes_max: usize) -> Result<(), Refusal> {
    if text.len() <= bytes_max {
        return Ok(());
    }
    Err(Refusal::new(field, format!("has {} bytes, and may have at most {bytes_max}", text.len())))
}

/// Not too long, where it is there.
pub(super) fn optional_text(field: &str, value: Option<&Text>) -> Result<(), Refusal> {
    value.map_or(Ok(()), |value| text(field, value))
}

/// None of them too long.
pub(super) fn texts(field: &str, values: &[Text]) -> Result<(), Refusal> {
    items(field, values, |value| text("", value))
}

/// So many digits.
pub(super) fn digits(field: &str, text: &Text, count: usize) -> Result<(), Refusal> {
    if text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(());
    }
    let shown: String = text.chars().take(48).collect();
    Err(Refusal::new(field, format!("`{shown}` has not just {count} digits")))
}

/// So many digits, where it is there.
pub(super) fn optional_digits(field: &str, text: Option<&Text>, count: usize) -> Result<(), Refusal> {
    text.map_or(Ok(()), |text| digits(field, text, count))
}

/// Every item holds the check.
pub(super) fn items<T>(field: &str, items: &[T], check: impl Fn(&T) -> Result<(), Refusal>) -> Result<(), Refusal> {
    for (index, item) in items.iter().enumerate() {
        check(item).map_err(|refusal| refusal.at(index).within(field))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limits_are_inclusive() {
        assert!(money("tax_fen", Fen::EVENT_MAX).is_ok() && money("tax_fen", -Fen::EVENT_MAX).is_ok());
        assert!(money("tax_fen", Fen::EVENT_MAX + Fen(1)).is_err() && money("tax_fen", Fen(i64::MIN)).is_err());
        assert!(text("name", &"x".repeat(TEXT_BYTES_MAX).into()).is_ok());
        assert!(text("name", &"x".repeat(TEXT_BYTES_MAX + 1).into()).is_err());
    }

    #[test]
    fn days_and_months_have_four_digits_of_year() {
        assert_eq!((FIRST_DAY.to_string(), LAST_DAY.to_string()), ("0000-01-01".into(), "9999-12-31".into()));
        assert!(day("registered_on", LAST_DAY).is_ok() && day("registered_on", Date(i32::MAX)).is_err());
        assert!(period("period", Period::of(9_999, 12)).is_ok() && period("period", Period(-1)).is_err());
    }

    #[test]
    fn the_reason_says_what_would_be_right() {
        let refusal = digits("industry", &"F5123".into(), 4).unwrap_err();
        assert_eq!(refusal.to_string(), "industry: `F5123` has not just 4 digits");
        let refusal = moment("occurred_at", Instant(0)).unwrap_err();
        assert!(refusal.reason.contains("1994-01-01"), "{refusal}");
    }
}
