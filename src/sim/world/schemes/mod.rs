//! Planted fraud: one file per scheme, one line in [`ALL`]. A scheme is planned as a whole before the first event: its
//! invoices with their moments, whatever else it does, and its labels. At least two fifths are *hard*: slower, smaller,
//! over more hands, and mixed with real trade; their names end in `-hard`.

mod abnormal_voucher;
mod cap_issuing;
mod chain;
mod circular;
mod declared_mismatch;
mod deduction;
mod export_refund;
mod farm_purchase;
mod goods_switch;
mod low_burden;
mod red_abuse;
mod shared_control;
mod stage;
mod surplus_invoice;
mod third_party_mismatch;
mod void_abuse;
mod zero_declaration;

use std::collections::BTreeSet;

use crate::model::{Instant, TaxpayerId};

use super::calendar::DayNo;
use super::firm::NOBODY;
use crate::sim::label::{Label, Part};
pub(super) use stage::Stage;

/// A kind of scheme.
pub(super) struct Scheme {
    /// What its labels are called after.
    name: &'static str,
    /// The typologies of its labels, its own first.
    typologies: &'static [&'static str],
    /// How common it is.
    weight: u64,
    /// How many take part at least.
    firms_min: usize,
    /// Plans one. `None` where the firms it needs cannot be found.
    plant: fn(&mut Stage<'_>, &Plot) -> Option<()>,
}

/// Every kind of scheme.
static ALL: [&Scheme; 21] = [
    &chain::NEW_SOURCE,
    &chain::REVIVED,
    &chain::RAISED,
    &circular::SCHEME,
    &deduction::WITHOUT_INVOICE,
    &deduction::TWICE,
    &deduction::AFTER_VOID,
    &goods_switch::SCHEME,
    &surplus_invoice::SCHEME,
    &farm_purchase::SCHEME,
    &export_refund::SCHEME,
    &export_refund::BATTERIES,
    &shared_control::SCHEME,
    &cap_issuing::SCHEME,
    &void_abuse::SCHEME,
    &red_abuse::SCHEME,
    &zero_declaration::SCHEME,
    &low_burden::SCHEME,
    &declared_mismatch::SCHEME,
    &third_party_mismatch::SCHEME,
    &abnormal_voucher::SCHEME,
];

/// The most new firms a scheme founds.
pub(super) const SHELLS_MAX: usize = 12;
/// Hard to see, in basis points of all schemes; never fewer than two fifths of those planted so far.
const HARD_BP: u64 = 4_200;
/// In a shorter world nobody has the time for a scheme.
const TRADING_DAYS_MIN: DayNo = 28;
/// One yuan, in fen.
const YUAN: i64 = 100;
/// The tax from which on a chain is evident to a buyer, in fen: 03, Labels.
const EVIDENT_TAX: i64 = 50_000 * YUAN;

/// One scheme to be.
pub(super) struct Plot {
    /// Such as `chain-3` or `chain-4-hard`.
    name: String,
    hard: bool,
    /// How many more may take part.
    room: usize,
}

/// The typologies that schemes are planted of.
pub(super) fn planted() -> Vec<&'static str> {
    let mut codes: Vec<_> = ALL.iter().flat_map(|scheme| scheme.typologies).copied().collect();
    codes.sort_unstable();
    codes.dedup();
    codes
}

/// Plants schemes until enough firms take part; returns how many schemes.
pub(super) fn plant(stage: &mut Stage<'_>) -> usize {
    let wanted = |scheme: &Scheme| {
        let asked = stage.typologies;
        asked.is_empty() || scheme.typologies.iter().any(|code| asked.iter().any(|asked| asked == code))
    };
    let kinds: Vec<&Scheme> = ALL.into_iter().filter(|scheme| wanted(scheme)).collect();
    let mut counts = vec![0_usize; kinds.len()];
    let (mut hards, mut failures) = (0, 0);
    if stage.calendar.trading < TRADING_DAYS_MIN {
        return 0;
    }
    while stage.fraudsters() < stage.in_schemes && failures < 40 {
        if stage.taxpayers < stage.population.firms.len() + SHELLS_MAX {
            break;
        }
        let room = stage.in_schemes - stage.fraudsters();
        // Each kind once, those that are common sooner; then as they are common.
        let first_round = counts.contains(&0) && failures < 20;
        let weights = kinds.iter().zip(&counts).map(|(scheme, &count)| {
            let fits = scheme.firms_min <= room.max(3);
            if fits && (!first_round || count == 0) { scheme.weight } else { 0 }
        });
        if weights.clone().sum::<u64>() == 0 {
            failures += 1;
            continue;
        }
        let place = stage.chance.weighted(weights);
        let scheme = kinds[place];
        let planted: usize = counts.iter().sum();
        let hard = stage.chance.happens(HARD_BP) || hards * 5 < (planted + 1) * 2;
        let ending = if hard { "-hard" } else { "" };
        let plot = Plot { name: format!("{}-{}{ending}", scheme.name, counts[place] + 1), hard, room };
        match (scheme.plant)(stage, &plot) {
            Some(()) => {
                counts[place] += 1;
                hards += usize::from(hard);
            }
            None => failures += 1,
        }
    }
    label_customers(stage);
    counts.iter().sum()
}

/// The customers of firms that pass value on among real trade buy some of it, and know nothing.
fn label_customers(stage: &mut Stage<'_>) {
    let washers: Vec<(TaxpayerId, String, Instant)> = stage
        .labels
        .iter()
        .filter(|label| label.role == Part::Washer)
        .map(|label| (label.taxpayer_id, label.scheme.clone(), label.first_at))
        .collect();
    let mut labelled: BTreeSet<TaxpayerId> = stage.labels.iter().map(|label| label.taxpayer_id).collect();
    for edge in &stage.network.edges {
        if edge.buyer == NOBODY || !stage.firm(edge.buyer).is_general() {
            continue;
        }
        let (seller, buyer) = (stage.firm(edge.seller).id, stage.firm(edge.buyer).id);
        let Some((_, scheme, first_at)) = washers.iter().find(|(washer, ..)| *washer == seller) else { continue };
        if labelled.insert(buyer) {
            stage.labels.push(Label {
                scheme: scheme.clone(),
                typology: "false_deduction".into(),
                taxpayer_id: buyer,
                role: Part::Bystander,
                first_at: *first_at,
                evident_at: *first_at,
            });
        }
    }
}

/// When a running sum goes above a limit; its last moment where it never does.
fn reached(mut steps: impl Iterator<Item = (Instant, i64)>, limit: i64) -> Option<Instant> {
    let mut sum = 0;
    let mut last = None;
    steps
        .find_map(|(at, value)| {
            sum += value;
            last = Some(at);
            (sum > limit).then_some(at)
        })
        .or(last)
}

/// When a fraud of one firm alone is plain: half of it is done, or the tax is more than [`EVIDENT_TAX`].
fn plain(steps: &[(Instant, i64)]) -> Option<Instant> {
    let all: i64 = steps.iter().map(|(_, tax)| tax).sum();
    reached(steps.iter().copied(), (all / 2).min(EVIDENT_TAX))
}
