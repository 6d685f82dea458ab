//! Returns that are not what the invoices say: output left out, or input that nobody issued. The invoices are real, and all
//! of them are in the journal.

use super::super::firm::{Filing, Firm};
use super::{Part, Plot, Scheme, Stage, YUAN};

pub(super) static SCHEME: Scheme =
    Scheme { name: "mismatch", typologies: &["declared_mismatch"], weight: 8, firms_min: 1, plant };

fn plant(stage: &mut Stage<'_>, plot: &Plot) -> Option<()> {
    // What goes without an invoice would hide it.
    let wanted = |firm: &Firm, output: i64| firm.uninvoiced_percent == 0 && output > 150_000 * YUAN;
    let firm = stage.pick(wanted)?;
    let percent = if plot.hard { stage.chance.between(7, 14) } else { stage.chance.between(18, 45) };
    let percent = u8::try_from(percent).unwrap_or(10);
    let first = stage.first_day(75);
    let since = stage.period_of(first);
    let filing = if stage.chance.happens(6_000) { Filing::Understated(percent) } else { Filing::Overclaimed(percent) };
    stage.files(firm, filing, since);
    let evident = stage.files_at(firm, since)?;
    stage.label(plot, "declared_mismatch", firm, Part::Solo, evident, evident);
    Some(())
}
