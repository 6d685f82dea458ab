//! Findings are asked again whenever what they rest on has changed, whichever month it is of and whenever it was known.

use super::probe::*;
use crate::model::{Fen, Instant, Period, SignalStatus};
use crate::state::{Key, Month, Profile, Row};

/// The journal begins, so that firms of this year are new.
const BEGAN: &str = "at 2026-01-02 | issue 900 OLD OLD2 1.00\n";

/// Accusations that stand, as taxpayer and what they are.
fn standing(script: &str) -> Vec<String> {
    let mut world = world(script);
    let signals =
        world.rows().iter().filter_map(|(_, row)| if let Row::Signal(signal) = row { Some(&signal.0) } else { None });
    let open = signals.filter(|signal| signal.status == SignalStatus::Open && *signal.typology == *"source_burst");
    open.map(|signal| format!("{} {} {}", signal.taxpayer_id, signal.typology, signal.stake.grouped())).collect()
}

#[test]
fn the_void_of_a_red_letter_has_the_month_of_its_invoice_asked_again() {
    let sold = format!("{BEGAN}register S on=2026-01-01\nat 2026-01-05 | issue 1 S A 900000.00 tax=200000.00\n");
    let red = format!("{sold}at 2026-04-10 | issue 2 S A -90000.00 tax=-160000.00 red=1\n");
    assert_eq!(standing(&red), [""; 0]);
    let voided = format!("{red}at 2026-04-20 | void 2 S\nat 2026-04-21 | issue 901 OLD OLD2 1.00");
    assert_eq!(standing(&voided), ["S source_burst 200,000.00"]);
}

#[test]
fn a_purchase_that_settles_a_later_sale_has_the_month_before_it_asked_again() {
    // Bought in March, for what was sold in April; February's finding holds what is left at the end of March against it.
    let sold = format!(
        "{BEGAN}register S on=2026-01-20\nat 2026-02-28 | issue 1 S A 900000.00 tax=174000.00\n\
         at 2026-04-05 | issue 2 S A 900000.00 tax=180000.00\n"
    );
    assert_eq!(standing(&sold), ["S source_burst 174,000.00", "S source_burst 180,000.00"]);
    let bought = format!("{sold}at 2026-03-09 | issue 3 OLD S 900000.00 tax=330000.00");
    assert_eq!(standing(&bought), [""; 0]);
}

#[test]
fn a_purchase_of_long_before_has_all_months_after_it_asked_again() {
    // Too late to settle the sale, and still in the pool at the end of the month after it.
    let sold = format!(
        "{BEGAN}register S on=2026-01-20\nat 2026-04-05 | issue 1 S A 900000.00 tax=174000.00\n\
         at 2026-05-20 | issue 901 OLD OLD2 1.00\n"
    );
    assert_eq!(standing(&sold), ["S source_burst 174,000.00"]);
    let bought = format!("{sold}at 2026-01-25 | issue 3 OLD S 900000.00 tax=150000.00");
    assert_eq!(standing(&bought), [""; 0]);
}

#[test]
fn value_that_went_round_counts_by_the_kind_that_is_known_at_last() {
    let round = "at 2026-03-01 | change A kind=small_scale\nat 2026-03-02 | issue 1 A B 10.00 tax=1.00\n\
        at 2026-03-04 | issue 2 B A 10.00 tax=1.00\n";
    let returned = |script: &str| -> Fen {
        row::<Month>(&mut world(script), "A", Key::Month(Period::parse("2026-03").unwrap())).returned_own
    };
    assert_eq!(returned(round), Fen::ZERO);
    let general = format!("{round}at 2026-03-03 | register A on=2026-02-01");
    assert_eq!(returned(&general), Fen(100));
    assert_eq!(returned(&format!("{general}\nat 2026-03-03T10:00 | change A kind=small_scale")), Fen::ZERO);
}

#[test]
fn a_firm_is_known_since_its_own_trade_and_not_since_that_of_who_is_accused() {
    let script = "at 2026-03-02 | issue 1 S W 900000.00 tax=200000.00\nat 2026-02-20 | register S on=2026-02-20\n\
        at 2026-03-10 | issue 901 OLD OLD2 1.00";
    let profile: Profile = row(&mut world(script), "W", Key::Profile);
    assert_eq!(profile.tainted_origins, 1, "it was told");
    assert_eq!(profile.known_since, Instant::parse("2026-03-02T09:00:00+08:00").unwrap());
}
