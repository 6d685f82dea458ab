//! One hand behind many firms: shells registered within days at one address, issuing from one machine, all of their quota
//! in the first week, never a return. The documented case began with one firm that sold building materials, whose issuing
//! address led to 89 others.

use crate::model::{Instant, Period};

use super::super::agenda::Planned;
use super::super::firm::{Filing, FirmNo};
use super::{Part, Plot, Scheme, Stage, YUAN, reached};

pub(super) static SCHEME: Scheme = Scheme {
    name: "gang",
    typologies: &["shared_control", "source_burst", "false_deduction"],
    weight: 14,
    firms_min: 4,
    plant,
};

/// Building materials.
const TRADE: usize = 22;

fn plant(stage: &mut Stage<'_>, plot: &Plot) -> Option<()> {
    let most = plot.room.saturating_sub(1).clamp(3, 8);
    let count = 3 + stage.chance.place(most - 2);
    let spread = if plot.hard { stage.span(40, 80) } else { 12 };
    let first = stage.first_day(spread + 60);
    let (industry, good) = if plot.hard { stage.pretended_trade() } else { (TRADE, 10) };
    let buyers = stage.beneficiaries(i64::try_from(count).unwrap_or(5) * 120_000 * YUAN, plot)?;
    let mut shells = Vec::new();
    for number in 0..count {
        let born = if number == 0 { first } else { first + stage.chance.place(spread) };
        shells.push((stage.shell(industry, Some(born), 100_000 * YUAN, 25), born));
    }
    tie(stage, plot, &shells);
    let mut took = vec![Vec::new(); buyers.len()];
    let mut evident_first = None;
    for (number, &(shell, born)) in shells.iter().enumerate() {
        let filing = if stage.chance.happens(7_000) { Filing::Never } else { Filing::Zero };
        stage.files(shell, filing, Period(i32::MIN));
        // The first uses all of its quota within the week; the others follow, the careful ones with less.
        let (sheets, days) = match (number, plot.hard) {
            (0, false) => (25, 7),
            (_, false) => (stage.chance.between(12, 25), stage.span(7, 16)),
            (_, true) => (stage.chance.between(8, 16), stage.span(25, 60)),
        };
        let mut issued: Vec<(Instant, i64)> = Vec::new();
        let delay_days = stage.chance.place(6);
        for at in stage.moments(born + 5 + delay_days, days, sheets) {
            let share = if plot.hard { stage.chance.between(450, 980) } else { stage.chance.between(780, 999) };
            let amount = 100 * share * YUAN;
            let place = stage.chance.place(buyers.len());
            stage.issue(at, Planned::feigned(shell, buyers[place], good, amount));
            let tax = stage.tax(shell, good, amount);
            issued.push((at, tax));
            took[place].push((at, tax));
        }
        let all: i64 = issued.iter().map(|(_, tax)| tax).sum();
        let half = reached(issued.iter().copied(), all / 2)?;
        let evident = *evident_first.get_or_insert(half);
        let (typology, role) =
            if number == 0 { ("source_burst", Part::Source) } else { ("shared_control", Part::Associate) };
        stage.label(plot, typology, shell, role, issued[0].0, half.max(evident));
        let last = issued.last()?.0;
        let days = stage.chance.between(20, 70);
        stage.vanish(shell, last.plus_days(days));
    }
    for (buyer, mut took) in buyers.into_iter().zip(took) {
        took.sort_unstable();
        stage.label_taker(plot, ("false_deduction", Part::Beneficiary), buyer, &took, evident_first?);
    }
    Some(())
}

/// What gives them away: address, machine and phone for the careless; a phone or a clerk for the careful.
fn tie(stage: &mut Stage<'_>, plot: &Plot, shells: &[(FirmNo, usize)]) {
    let firms: Vec<FirmNo> = shells.iter().map(|(firm, _)| *firm).collect();
    stage.tie_by_hand(&firms);
    if plot.hard {
        return;
    }
    let (site, region) = (stage.firm(firms[0]).site, stage.firm(firms[0]).region);
    let (device, network) = (stage.firm(firms[0]).device, stage.firm(firms[0]).network);
    for firm in firms {
        let firm = stage.firm_mut(firm);
        (firm.site, firm.region, firm.device, firm.network) = (site, region, device, network);
    }
}
