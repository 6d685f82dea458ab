//! Findings as transcripts: what a script says, and what comes of it.

use super::*;

fn told(script: &str) -> String {
    drive(script).unwrap()
}

#[test]
fn a_second_deduction_is_found_until_the_first_is_reversed() {
    insta::assert_snapshot!(told(
        "issue 101 A B 9000.00
         deduct 101 B 2026-03
         deduct 101 B 2026-04
         reverse 101 B 2026-03"
    ));
}

#[test]
fn a_chain() {
    insta::assert_snapshot!(told(
        "register S on=2026-02-20 rep=P1
         quota S 100000.00 25
         register W on=2026-01-20
         register B on=2015-01-20
         at 2026-03-02
         issue 1 S W 99000.00 | issue 2 S W 99000.00 | issue 3 S W 99000.00 | issue 4 S W 99000.00 | issue 5 S W 99000.00
         at 2026-03-03
         issue 11 W B 99100.00 | issue 12 W B 99100.00 | issue 13 W B 99100.00 | issue 14 W B 99100.00 | issue 15 W B 99100.00
         deduct 11 B 2026-03 | deduct 12 B 2026-03 | deduct 13 B 2026-03
         at 2026-03-10
         issue 6 S W 99000.00 | issue 7 S W 99000.00 | issue 8 S W 99000.00 | issue 9 S W 99000.00 | issue 10 S W 99000.00
         at 2026-03-20
         status S missing
         "
    ));
}
