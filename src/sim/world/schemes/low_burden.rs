//! Sales that are never declared: a shop whose customers take no invoice declares what it invoiced and no more, month after
//! month. What it buys is all deducted, so it owes next to nothing where others in its trade pay.

use super::super::calendar::Season;
use super::super::firm::{Filing, Firm};
use super::{Part, Plot, Scheme, Stage, YUAN};
use crate::model::Period;

pub(super) static SCHEME: Scheme =
    Scheme { name: "burden", typologies: &["low_burden"], weight: 8, firms_min: 1, plant };

/// The returns in a row after which it is plain: one is stock, two are a bad season.
const RETURNS: i32 = 3;

fn plant(stage: &mut Stage<'_>, plot: &Plot) -> Option<()> {
    let retail = |firm: &Firm, output: i64| firm.season == Season::Retail && output > 80_000 * YUAN;
    let shop = stage.pick(retail)?;
    let share = if plot.hard { stage.chance.between(22, 32) } else { stage.chance.between(35, 60) };
    stage.firm_mut(shop).uninvoiced_percent = u8::try_from(share).unwrap_or(30);
    let first = stage.first_day(125);
    let since = stage.period_of(first);
    stage.files(shop, Filing::InvoicesOnly, since);
    let began = stage.files_at(shop, since)?;
    let evident = stage.files_at(shop, Period(since.0 + RETURNS - 1))?;
    stage.label(plot, "low_burden", shop, Part::Solo, began, evident);
    Some(())
}
