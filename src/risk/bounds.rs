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
    ("burden_over_own_past", Bound::AtMost),
    ("burden_over_peers", Bound::AtMost),
    ("buyers", Bound::AtMost),
    ("days_since_new", Bound::AtMost),
    ("days_since_new_representative", Bound::AtMost),
    ("days_since_registration", Bound::AtMost),
    ("declared_sales", Bound::AtMost),
    ("deductions_after_void", Bound::Above),
    ("goods_claimed_for", Bound::Above),
    ("goods_not_seen_leaving", Bound::AtLeast),
    ("headcount", Bound::AtMost),
    ("headcount_over_trade", Bound::AtMost),
    ("hops_from_source", Bound::AtMost),
    ("idle_months", Bound::AtLeast),
    ("inflow_over_trade", Bound::AtMost),
    ("input_tax_beyond_invoices", Bound::AtLeast),
    ("invoiced_output_tax", Bound::AtLeast),
    ("invoices_found", Bound::Other),
    ("invoices_issued", Bound::AtLeast),
    ("mean_days_in_to_out", Bound::AtMost),
    ("money_received", Bound::AtMost),
    ("monthly_quota", Bound::Above),
    ("months_without_return", Bound::AtLeast),
    ("near_cap_share", Bound::AtLeast),
    ("new_partner_share", Bound::AtLeast),
    ("other_shared_ties", Bound::Above),
    ("output_over_deductions", Bound::AtLeast),
    ("overdeclared_input_share", Bound::AtLeast),
    ("overdeclared_input_tax", Bound::AtLeast),
    ("own_origin_share", Bound::AtLeast),
    ("own_origin_tax", Bound::AtLeast),
    ("power_over_trade", Bound::AtMost),
    ("power_used", Bound::AtMost),
    ("refund_tax_claimed", Bound::Above),
    ("refund_tax_of_suspected_sources", Bound::AtLeast),
    ("registered_within_a_week", Bound::AtLeast),
    ("represented_and_served_firms", Bound::Above),
    ("retained_over_output", Bound::AtMost),
    ("returned_own_tax", Bound::AtLeast),
    ("returned_share", Bound::AtLeast),
    ("returns_filed_before", Bound::Above),
    ("returns_that_differ", Bound::AtLeast),
    ("sample_draw", Bound::AtMost),
    ("shared_bad_firms", Bound::Above),
    ("shared_firms", Bound::AtLeast),
    ("shared_grade_d_firms", Bound::Above),
    ("sources_far_off", Bound::AtLeast),
    ("standing_deductions", Bound::Above),
    ("tainted_share_of_claims", Bound::AtLeast),
    ("tainted_tax_deducted", Bound::AtLeast),
    ("tainted_tax_taken", Bound::Above),
    ("tax_below_peers", Bound::AtLeast),
    ("tax_deducted", Bound::Above),
    ("tax_deducted_after_void", Bound::Above),
    ("tax_deducted_again", Bound::Above),
    ("trade_over_own_past", Bound::AtLeast),
    ("undeclared_output_share", Bound::AtLeast),
    ("undeclared_output_tax", Bound::AtLeast),
    ("undeclared_sales_share", Bound::AtLeast),
    ("voucher_share_of_input", Bound::AtLeast),
    ("voucher_tax", Bound::AtLeast),
    ("vouchers_over_own_past", Bound::AtLeast),
    ("wages", Bound::AtMost),
    ("wages_over_trade", Bound::AtMost),
    ("waybills", Bound::AtMost),
    ("waybills_over_trade", Bound::AtMost),
    ("zero_payable_returns", Bound::AtLeast),
];

/// On which side of its limit a number of this indicator speaks for the finding.
pub fn bound(indicator: &str) -> Option<Bound> {
    ALL.iter().find(|(name, _)| *name == indicator).map(|(_, bound)| *bound)
}
