//! The circle: two to five firms of one trade invoice the same goods round for value, several times within weeks, so
//! that each has sales to show and nobody owes anything.

use crate::model::Instant;

use super::super::agenda::Planned;
use super::super::calendar::days_ms;
use super::super::firm::Firm;
use super::{Part, Plot, Scheme, Stage, YUAN};

pub(super) static SCHEME: Scheme =
    Scheme { name: "circular", typologies: &["circular"], weight: 20, firms_min: 2, plant };

fn plant(stage: &mut Stage<'_>, plot: &Plot) -> Option<()> {
    let (industry, good) = stage.pretended_trade();
    let first = stage.first_day(90);
    let mut ring = Vec::new();
    let most = i64::try_from(plot.room.clamp(2, 4)).unwrap_or(4) + i64::from(plot.hard);
    for _ in 0..stage.chance.between(2, most) {
        // Hard to see among real trade; easy between firms that have none.
        let trader = |firm: &Firm, output: i64| firm.industry == industry && output > 50_000 * YUAN;
        let real = if plot.hard { stage.pick(trader) } else { None };
        let born = stage.chance.happens(3_000).then(|| first.saturating_sub(stage.chance.place(30) + 8));
        ring.push(real.unwrap_or_else(|| stage.shell(industry, born, 1_000_000 * YUAN, 50)));
    }
    let rounds = if plot.hard { stage.chance.between(2, 3) } else { stage.chance.between(3, 5) };
    let value = if plot.hard { stage.chance.between(4, 9) } else { stage.chance.between(9, 28) } * 100_000 * YUAN;
    let mut at = stage.office(first);
    let began = at;
    let mut legs = Vec::new();
    let mut returned: Option<Instant> = None;
    for _ in 0..rounds {
        for (place, &seller) in ring.iter().enumerate() {
            let buyer = ring[(place + 1) % ring.len()];
            // In as many invoices as the cap of a shell asks for.
            let sheets = value / (900_000 * YUAN) + 1;
            for _ in 0..sheets {
                let amount = value / sheets / 1_000 * stage.chance.between(985, 1_015);
                at = stage.office(stage.calendar.day_of(at)).max(Instant(at.0 + 60_000));
                legs.push((at, Planned::feigned(seller, buyer, good, amount)));
            }
            if place + 1 == ring.len() {
                returned.get_or_insert(at);
            }
            let delay = if plot.hard { stage.chance.between(4, 9) } else { stage.chance.between(2, 6) };
            at = Instant(at.0 + days_ms(delay));
        }
    }
    let returned = returned.filter(|&at| stage.is_traded(at))?;
    for (at, leg) in legs {
        if stage.is_traded(at) {
            stage.issue(at, leg);
        }
    }
    for firm in ring {
        stage.label(plot, "circular", firm, Part::Associate, began, returned);
    }
    Some(())
}
