//! Nothing to declare: a firm issues invoices, its buyers deduct them, and it files zero for the month. Its purchases are
//! real; it keeps the tax.

use super::super::agenda::Planned;
use super::super::calendar::DayNo;
use super::super::firm::{Filing, Firm, FirmNo};
use super::super::goods::{INDUSTRIES, Tier};
use super::{Part, Plot, Scheme, Stage, YUAN};

pub(super) static SCHEME: Scheme =
    Scheme { name: "zero", typologies: &["zero_declaration"], weight: 8, firms_min: 1, plant };

fn plant(stage: &mut Stage<'_>, plot: &Plot) -> Option<()> {
    let first = stage.first_day(75);
    let firm = if plot.hard {
        // A firm with real trade stops declaring it.
        stage.pick(|firm: &Firm, output| {
            firm.tier() != Tier::Shop && (80_000 * YUAN..3_000_000 * YUAN).contains(&output)
        })?
    } else {
        trader(stage, first)
    };
    let since = stage.period_of(first);
    stage.files(firm, Filing::Zero, since);
    let evident = stage.files_at(firm, since)?;
    let began = stage.calendar.days[first].start;
    let office = stage.office(first);
    stage.label(plot, "zero_declaration", firm, Part::Solo, began.max(office).min(evident), evident);
    Some(())
}

/// A small trader, new, with real suppliers and customers and nothing else to hide.
fn trader(stage: &mut Stage<'_>, first: DayNo) -> FirmNo {
    let (industry, good) = stage.pretended_trade();
    let born = first.saturating_sub(25 + stage.chance.place(20));
    let firm = stage.shell(industry, Some(born), 500_000 * YUAN, 50);
    stage.firm_mut(firm).staff = stage.chance.between(3, 8);
    let span = stage.calendar.trading.saturating_sub(first).min(150);
    for start in (0..span).step_by(12) {
        let Some(supplier) = stage.supplier(INDUSTRIES[industry].buys[0].0) else { break };
        let Some(customer) = stage.known(|firm, output| firm.industry != industry && output > 100_000 * YUAN) else {
            break;
        };
        let delay_days = stage.chance.place(9);
        let (bought, sold) = (stage.office(first + start), stage.office(first + start + 1 + delay_days));
        if !stage.is_traded(bought) || !stage.is_traded(sold) {
            break;
        }
        let amount = stage.chance.between(80_000, 400_000) * YUAN;
        stage.issue(bought, Planned::real(supplier, firm, good, amount));
        let percent = stage.chance.between(105, 118);
        stage.issue(sold, Planned::real(firm, customer, good, amount / 100 * percent));
    }
    firm
}
