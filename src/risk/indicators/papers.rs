//! Who a firm is: how new, how long it lay idle, what it was granted, how it is graded.

use super::{COUNT, Indicator, IndicatorUnit};
use crate::model::{CreditGrade, Instant, Period};
use crate::state::Month;

/// Idle months that are looked for, at most.
const IDLE_MONTHS_MAX: i32 = 36;

pub(super) static DAYS_SINCE_REGISTRATION: Indicator = Indicator {
    code: "days_since_registration",
    name_zh: "登记天数",
    formula: "days from the registration to the end of the month",
    unit: IndicatorUnit::Days,
    range: COUNT,
    window: "at the month's end",
    peers: None,
    doc: "How new a firm is (05, new and bursting). Nothing where its registration is not known.",
    measure: |view, period| {
        let since = view.profile.registered_on?.start();
        Some(end(period).days_since(since)).filter(|days| *days >= 0)
    },
};

pub(super) static DAYS_SINCE_NEW_REPRESENTATIVE: Indicator = Indicator {
    code: "days_since_new_representative",
    name_zh: "更换法定代表人天数",
    formula: "days from the last change of legal representative to the end of the month",
    unit: IndicatorUnit::Days,
    range: COUNT,
    window: "at the month's end",
    peers: None,
    doc: "A firm that changes hands may be a shell that was bought (01, dormant_revival). Nothing where the \
          representative never changed.",
    measure: |view, period| {
        let changed = view.profile.representative.changed_by(Instant(end(period).0 - 1))?;
        Some(end(period).days_since(changed))
    },
};

pub(super) static IDLE_MONTHS: Indicator = Indicator {
    code: "idle_months",
    name_zh: "停业月数",
    formula: "months running before this one in which nothing was issued, of months since the firm is known",
    unit: IndicatorUnit::Months,
    range: (0, 36),
    window: "up to 36 months",
    peers: None,
    doc: "Dormant (05: at least six months idle, a change of representative, then a surge). Counted since the firm first \
          appears in the journal, for what was before is not known; a seasonal seller has half a year every year.",
    measure: |view, period| {
        view.month_if(period, |month| month.sold.count > 0)?;
        let known_since = view.profile.known_since.period();
        let known = period.0.saturating_sub(known_since.0).min(IDLE_MONTHS_MAX);
        let has_sold = |month: &Month| month.sold.count > 0;
        let idle = (1..=known).take_while(|back| !view.read_month(period.minus(*back), has_sold)).count();
        i64::try_from(idle).ok()
    },
};

pub(super) static QUOTA_RAISES: Indicator = Indicator {
    code: "quota_raises",
    name_zh: "增版增量次数",
    formula: "grants that raised the cap or the count of special invoices",
    unit: IndicatorUnit::Times,
    range: COUNT,
    window: "3 months",
    peers: None,
    doc: "Frequent quota raises 增版增量 (05: two or more in three months). The first grant is no raise.",
    measure: |view, period| {
        let from = period.minus(2).start();
        let mut raises = 0;
        let mut before: Option<crate::state::Quota> = None;
        for (at, quota) in view.profile.quota.said().filter(|(at, _)| *at < end(period)) {
            let is_more =
                |old: crate::state::Quota| quota.max_amount > old.max_amount || quota.monthly_count > old.monthly_count;
            raises += i64::from(at >= from && before.is_some_and(is_more));
            before = Some(quota);
        }
        before.map(|_| raises)
    },
};

pub(super) static CREDIT_RANK: Indicator = Indicator {
    code: "credit_rank",
    name_zh: "纳税信用等级序号",
    formula: "1 for grade A, 2 for B, 3 for M, 4 for C, 5 for D",
    unit: IndicatorUnit::Rank,
    range: (1, 5),
    window: "as last said",
    peers: None,
    doc: "Credit grade 纳税信用等级 as a number, so that rules may ask for it. Nothing where no grade was given.",
    measure: |view, _| {
        Some(match view.profile.credit_grade.value? {
            CreditGrade::A => 1,
            CreditGrade::B => 2,
            CreditGrade::M => 3,
            CreditGrade::C => 4,
            CreditGrade::D => 5,
        })
    },
};

/// The first moment after a month.
fn end(period: Period) -> Instant {
    period.minus(-1).start()
}
