//! What third parties know of a firm's month: power, wages, waybills, customs, bank. Each follows from what was really
//! traded, with the noise such figures have; what was only invoiced shows in none of them, but partly at the bank.

use crate::model::{Fact, ObservationSource, Observed, Period, TaxpayerId};

use super::chance::Chance;
use super::firm::Firm;
use super::goods::Tier;
use super::ledger::Month;

/// One yuan, in fen.
const YUAN: i64 = 100;
/// Of value invoiced with nothing behind it, the share that is sent through the bank and back, in per cent.
const SENT_ROUND_PERCENT: i64 = 60;
/// Ten thousand yuan, in fen.
const TEN_THOUSAND: i64 = 10_000 * YUAN;
/// From so many people on, a firm's bank reports what goes in and out.
const BANK_STAFF_MIN: i64 = 40;

/// Kilowatt-hours for ten thousand yuan of goods, by industry: plausible, not statistics.
fn kilowatt_hours(industry_code: &str) -> i64 {
    match industry_code {
        "0610" | "0710" => 700,
        "0810" | "1011" => 900,
        "4411" => 300,
        "3130" => 1_100,
        "3011" => 1_600,
        "2614" => 1_300,
        "1711" | "2922" => 800,
        "2511" => 400,
        "3484" | "1523" => 350,
        "3982" | "1811" => 250,
        _ => 150,
    }
}

/// Yuan that one person sells in a year.
pub(super) fn sales_per_head(tier: Tier) -> i64 {
    match tier {
        Tier::Producer => 700_000,
        Tier::Maker => 1_100_000,
        Tier::Trader => 6_000_000,
        Tier::Shop => 900_000,
    }
}

/// Everything third parties report of a firm's month. `usual` is what it really sells in a month, over some months: works
/// run more evenly than sales do.
pub(super) fn of_month(firm: &Firm, period: Period, month: &Month, usual: i64, chance: &mut Chance) -> Vec<Fact> {
    let mut facts = Vec::new();
    if !firm.is_general() {
        return facts;
    }
    let mut say = |source, metric: &str, value: i64, unit: &str| {
        facts.push(observed(firm.id, source, metric, period, value.max(0), unit));
    };
    let about =
        |value: i64, percent: i64, chance: &mut Chance| value / 100 * chance.between(100 - percent, 100 + percent);
    if matches!(firm.tier(), Tier::Producer | Tier::Maker) {
        let hours = kilowatt_hours(firm.line_of_business().code);
        let work = (usual * 2 + month.real_sales()) / 3;
        let used = (i128::from(work) * i128::from(hours * firm.power_percent) / i128::from(TEN_THOUSAND)) / 100;
        let used = i64::try_from(used).unwrap_or(i64::MAX / 200) + firm.staff * 40 + 200;
        say(ObservationSource::Electricity, "consumption", about(used, 12, chance), "kWh");
    }
    let staff = (firm.staff + chance.between(-firm.staff / 20, firm.staff / 20)).max(firm.staff.min(1));
    say(ObservationSource::Payroll, "headcount", staff, "persons");
    if firm.tier() == Tier::Maker {
        say(ObservationSource::Payroll, "wages", staff * about(6_500 * YUAN, 12, chance), "fen");
    }
    if firm.tier() == Tier::Trader {
        let moved = month.real_sales() + month.real_purchases() / 2;
        let load = (25_000 + firm.power_percent * 300) * YUAN;
        say(ObservationSource::Logistics, "waybills", about(moved * 100 / load, 15, chance) / 100, "waybills");
    }
    if month.exported > 0 {
        let crossed = month.exported - month.feigned_exports;
        say(ObservationSource::Customs, "export_value", about(crossed, 3, chance), "fen");
    }
    if firm.staff >= BANK_STAFF_MIN || firm.export_tax > 0 {
        let feigned = (month.feigned - month.feigned_exports).max(0) + month.bought_feigned;
        let round = feigned / 100 * SENT_ROUND_PERCENT;
        let with_tax = |value: i64| value / 100 * 112;
        say(ObservationSource::Bank, "inflow", about(with_tax(month.real_sales()) + round, 15, chance), "fen");
        let paid = with_tax(month.real_purchases()) + firm.staff * 8_000 * YUAN;
        say(ObservationSource::Bank, "outflow", about(paid + round, 15, chance), "fen");
    }
    facts
}

fn observed(
    taxpayer_id: TaxpayerId,
    source: ObservationSource,
    metric: &str,
    period: Period,
    value: i64,
    unit: &str,
) -> Fact {
    Fact::Observed(Observed { taxpayer_id, source, metric: metric.into(), period, value, unit: unit.into() })
}
