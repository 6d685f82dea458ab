//! The random sample, as transcripts.

use insta::assert_snapshot;

use super::probe::world_under;
use super::{STANDARD_RULES, transcript};

/// Under the standard rules, but with everybody drawn who is from Guangdong.
fn told(script: &str) -> String {
    let rate = "strata = [";
    let rules = STANDARD_RULES.replace(rate, "strata = [{ region = 44, rate_ppm = 1_000_000 }, { rate_ppm = 0 }, ");
    assert_ne!(rules, STANDARD_RULES);
    transcript::write(world_under(&rules, script).said())
}

#[test]
fn a_firm_of_a_stratum_is_drawn_when_a_month_has_passed() {
    assert_snapshot!(told("
        at 2026-03-02 | register F on=2001-01-01 region=440305 | register G on=2001-01-01 region=310101
        issue 1 F - 100.00 | issue 2 G - 100.00
        at 2026-05-01 | issue 3 G - 100.00
    "), @r"
    #5 found random_check F: 2026-03, 0.00 at stake, score 10
    #5 task F level 1 score 10: random_check
    ");
}

#[test]
fn who_is_flagged_already_is_not_drawn() {
    assert_snapshot!(told("
        at 2026-03-02 | register F on=2001-01-01 region=440305
        issue 1 A F 9000.00 | deduct 1 F 2026-03 from=A | deduct 1 F 2026-04 from=A
        at 2026-05-01 | issue 3 A - 100.00
        at 2026-05-03
        reverse 1 F 2026-03 from=A
        at 2026-07-01 | issue 4 A - 100.00
    "), @r"
    #4 found double_deduction F: legacy:1 of A, 1170.00 at stake, score 600
    #4 task F level 3 score 600: double_deduction
    #6 withdrawn double_deduction F: legacy:1 of A
    #6 task F withdrawn
    #7 found random_check F: 2026-04, 0.00 at stake, score 10
    #7 task F level 1 score 10: random_check
    ");
}
