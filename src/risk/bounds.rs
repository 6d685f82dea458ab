//! What the limits of evidence ask for: a finding's number stands beside a limit, and this says on which side of it the
//! number is suspicious.

/// On which side of its limit a number speaks for the finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// At the limit or above.
    AtLeast,
    /// Above it.
    Above,
    /// At the limit or below.
    AtMost,
    /// Any but it.
    Other,
}

/// Every indicator that a check gives as evidence; a test beside `suyuan signals` reads them out of the checks.
static ALL: &[(&str, Bound)] = &[
    ("abnormal_share", Bound::AtLeast),
    ("abnormal_tax_deducted", Bound::Above),
    ("abnormal_tax_unclaimed", Bound::Above),
    ("buyers", Bound::AtMost),
    ("days_since_new_representative", Bound::AtMost),
    ("days_since_registration", Bound::AtMost),
    ("deductions_after_void", Bound::Above),
    ("hops_from_source", Bound::AtMost),
    ("idle_months", Bound::AtLeast),
    ("invoices_found", Bound::Other),
    ("mean_days_in_to_out", Bound::AtMost),
    ("near_cap_share", Bound::AtLeast),
    ("new_partner_share", Bound::AtLeast),
    ("other_shared_ties", Bound::Above),
    ("own_origin_share", Bound::AtLeast),
    ("own_origin_tax", Bound::AtLeast),
    ("registered_within_a_week", Bound::AtLeast),
    ("represented_and_served_firms", Bound::Above),
    ("retained_over_output", Bound::AtMost),
    ("returned_own_tax", Bound::AtLeast),
    ("returned_share", Bound::AtLeast),
    ("shared_bad_firms", Bound::Above),
    ("shared_firms", Bound::AtLeast),
    ("shared_grade_d_firms", Bound::Above),
    ("standing_deductions", Bound::Above),
    ("tainted_tax_deducted", Bound::AtLeast),
    ("tainted_tax_taken", Bound::Above),
    ("tax_deducted", Bound::Above),
    ("tax_deducted_after_void", Bound::Above),
    ("tax_deducted_again", Bound::Above),
];

/// On which side of its limit a number of this indicator speaks for the finding.
pub fn bound(indicator: &str) -> Option<Bound> {
    ALL.iter().find(|(name, _)| *name == indicator).map(|(_, bound)| *bound)
}
