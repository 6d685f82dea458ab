//! Nothing to declare: a firm issues invoices, its buyers deduct them, and it files zero for the month. Its purchases are
//! real; it keeps the tax.

use crate::model::Instant;

use super::super::agenda::Planned;
use super::super::calendar::DayNo;
use super::super::firm::{Filing, Firm, FirmNo};
use super::super::goods::{INDUSTRIES, Tier};
use super::{Part, Plot, Scheme, Stage, YUAN};

pub(super) static SCHEME: Scheme =
    Scheme { name: "zero", typologies: &["zero_declaration"], weight: 8, firms_min: 1, plant };

fn plant(stage: &mut Stage<'_>, plot: &Plot) -> Option<()> {
    let day = stage.first_day(75);
    let first = stage.calendar.worked_from(day);
    let (firm, began) = if plot.hard {
        // A firm with real trade stops declaring it.
        let wanted =
            |firm: &Firm, output| firm.tier() != Tier::Shop && (80_000 * YUAN..3_000_000 * YUAN).contains(&output);
        (stage.pick(wanted)?, stage.office(first))
    } else {
        trader(stage, first)?
    };
    let since = began.period();
    stage.files(firm, Filing::Zero, since);
    let evident = stage.files_at(firm, since)?;
    stage.label(plot, "zero_declaration", firm, Part::Solo, began, evident);
    Some(())
}

/// A small trader, new, with real suppliers and customers and nothing else to hide; and its first sale.
fn trader(stage: &mut Stage<'_>, first: DayNo) -> Option<(FirmNo, Instant)> {
    let (industry, good) = stage.pretended_trade();
    let born = first.saturating_sub(25 + stage.chance.place(20));
    let firm = stage.shell(industry, Some(born), 500_000 * YUAN, 50);
    stage.firm_mut(firm).staff = stage.chance.between(3, 8);
    let span = stage.calendar.trading.saturating_sub(first).min(150);
    let mut began: Option<Instant> = None;
    for start in (0..span).step_by(12) {
        let supplier = stage.supplier(INDUSTRIES[industry].buys[0].0)?;
        let customer = stage.known(|firm, output| firm.industry != industry && output > 100_000 * YUAN)?;
        let delay_days = stage.chance.place(9);
        let (bought, sold) = (stage.office(first + start), stage.office(first + start + 1 + delay_days));
        if !stage.is_traded(bought) || !stage.is_traded(sold) {
            break;
        }
        let amount = stage.chance.between(80_000, 400_000) * YUAN;
        stage.issue(bought, Planned::real(supplier, firm, good, amount));
        let percent = stage.chance.between(105, 118);
        stage.issue(sold, Planned::real(firm, customer, good, amount / 100 * percent));
        began.get_or_insert(sold);
    }
    Some((firm, began?))
}
