//! All about one taxpayer as it stands now: its papers, its months, its value, its partners, and what was found.

use super::error::Error;
use super::facts::Papers;
use super::folder::Folder;
use super::graph::OriginShare;
use super::neighbours::{Trade, trade};
use crate::model::{Entity, Fen, Id, Instant, Period, Signal, SignalStatus, Task, TaxpayerId};
use crate::state::{Key, Month, Partner, Profile, Side, SignalRow, TaskRow, Totals};

/// One taxpayer.
#[derive(Clone, Debug)]
pub struct Household {
    /// Who.
    pub taxpayer_id: TaxpayerId,
    /// Later identifiers of the same subject.
    pub identifiers: Vec<TaxpayerId>,
    /// Its papers.
    pub papers: Papers,
    /// Its totals.
    pub profile: Profile,
    /// Its months, oldest first.
    pub months: Vec<(Period, Month)>,
    /// Its pool by origin, largest first; what is its own is under its own id.
    pub pool: Vec<OriginShare>,
    /// What of the pool is beyond the budget of origins.
    pub pool_remainder: Fen,
    /// Whom it bought from.
    pub suppliers: Traders,
    /// Whom it sold to.
    pub customers: Traders,
    /// Findings, open ones first, the highest score first.
    pub findings: Vec<Signal>,
    /// Its task.
    pub task: Option<Task>,
}

/// The largest counterparties of a side.
#[derive(Clone, Debug, Default)]
pub struct Traders {
    /// With their names, largest tax first.
    pub largest: Vec<(TaxpayerId, Option<Box<str>>, Partner)>,
    /// How many there are in all.
    pub count: usize,
    /// Trade with those who are not named.
    pub others: Totals,
}

/// Counterparties that are named.
const NAMED_MAX: usize = 10;

/// One taxpayer; `None` where the journal never spoke of it.
pub fn household(folder: &Folder, id: TaxpayerId) -> Result<Option<Household>, Error> {
    let id = folder.subject(id)?;
    let Some(profile) = folder.row::<Profile>(id, &Key::Profile)? else { return Ok(None) };
    let papers = Papers::of(&folder.noted(id, Instant(i64::MAX))?);
    let mut months = Vec::new();
    let (from, to) = (Key::Month(Period(i32::MIN)), Key::Peers(Period(i32::MIN)));
    folder.each_row(Entity::taxpayer(id), from, to, |key, month: Month| {
        if let Key::Month(period) = key {
            months.push((period, month));
        }
        true
    })?;
    Ok(Some(Household {
        taxpayer_id: id,
        identifiers: folder.identifiers(id)?,
        papers,
        months,
        pool: folder.named(id, &profile.pool)?,
        pool_remainder: profile.pool.remainder(),
        suppliers: traders(folder, id, Side::Bought)?,
        customers: traders(folder, id, Side::Sold)?,
        findings: findings(folder, id)?,
        task: folder.row::<TaskRow>(id, &Key::Task)?.map(|row| row.0),
        profile,
    }))
}

fn traders(folder: &Folder, id: TaxpayerId, side: Side) -> Result<Traders, Error> {
    let Trade { largest, count, others } = trade(folder, id, side, NAMED_MAX)?;
    let named = largest.into_iter().map(|(id, partner)| Ok((id, folder.name(id)?, partner)));
    Ok(Traders { largest: named.collect::<Result<_, Error>>()?, count, others })
}

/// All findings about a taxpayer, open ones first, the highest score first.
pub(super) fn findings(folder: &Folder, id: TaxpayerId) -> Result<Vec<Signal>, Error> {
    let mut found = Vec::new();
    folder.each_row(Entity::taxpayer(id), Key::Signal(Id::EMPTY), Key::Task, |_, row: SignalRow| {
        found.push(row.0);
        true
    })?;
    found.sort_by_key(|signal| {
        let withdrawn = signal.status == SignalStatus::Withdrawn;
        (withdrawn, std::cmp::Reverse(signal.score), -signal.stake, signal.signal_id)
    });
    Ok(found)
}
