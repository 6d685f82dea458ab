//! One step of a trace: with whom a taxpayer dealt, and how much of it was of the origin that is followed.
//!
//! Value of an origin stands in a taxpayer's books under the origin's own name, or under that of a seller who stood for it
//! because its own purchase came after the sale. Going down, both are followed, as accusations are
//! (`fold/taxpayer/taint`).

use std::collections::BTreeMap;

use super::error::Error;
use super::flow::Question;
use super::folder::Folder;
use super::graph::{Direction, OriginShare};
use crate::model::{Entity, Fen, GoodsCode, Id, Layers, TaxpayerId};
use crate::provenance::Ordinal;
use crate::state::{Key, OriginRow, Partner, Passed, PassedPage, Profile, Share, Side, TaintVisit, Totals};

/// Under which names a taxpayer keeps value of the origin, and how much of each is the origin's.
pub(super) type Names = BTreeMap<TaxpayerId, Share>;

/// Somebody a taxpayer dealt with.
pub(super) struct Neighbour {
    pub(super) id: TaxpayerId,
    /// What is followed, in tax.
    pub(super) tax: Fen,
    pub(super) partner: Partner,
    /// Going down: under which names it keeps the value.
    pub(super) names: Names,
    /// Going up without an origin: whose value came through it, once [`name_origins`] has written it.
    pub(super) origins: Vec<OriginShare>,
}

/// Suppliers looked at for value of one origin, the largest first: each has books of its own.
const SUPPLIERS_MAX: usize = 2_000;
/// Origins named on an edge.
const ORIGINS_NAMED: usize = 3;

/// Names under which the root of a trace keeps value of the origin.
pub(super) fn names_at_root(folder: &Folder, root: TaxpayerId, origin: TaxpayerId) -> Result<Names, Error> {
    let mut names = Names::from([(origin, Share::all_from(0))]);
    let mut told = Vec::new();
    let from = Key::Taint { origin, named: Id::EMPTY };
    folder.each_row(Entity::taxpayer(root), from, Key::CaseHead, |key, visit: TaintVisit| {
        let Key::Taint { origin: of, named } = key else { return false };
        if of == origin && named != origin {
            told.push((named, visit.parts));
        }
        of == origin
    })?;
    for (named, part) in told {
        let taken = origin_row(folder, root, named)?.map_or(Fen::ZERO, |(_, row)| row.taken);
        names.insert(named, Share::told(&part, taken));
    }
    Ok(names)
}

/// Tax of the origin that a taxpayer took, or, for the origin, that began with it; and of that, deducted.
pub(super) fn taken(
    folder: &Folder,
    id: TaxpayerId,
    origin: TaxpayerId,
    names: &Names,
) -> Result<(Fen, Option<Fen>), Error> {
    if id == origin {
        let profile = folder.row::<Profile>(id, &Key::Profile)?;
        let ledger = profile.map(|profile| profile.ledger).unwrap_or_default();
        return Ok((Fen(ledger.originated - ledger.opening), None));
    }
    let (mut taken, mut deducted) = (Fen::ZERO, Fen::ZERO);
    for (name, share) in names {
        if let Some((_, row)) = origin_row(folder, id, *name)? {
            taken += share.of(row.taken).total();
            deducted += share.of(row.deducted).total();
        }
    }
    Ok((taken, Some(deducted)))
}

/// Everybody a taxpayer dealt with in the direction asked, in no order.
pub(super) fn neighbours(
    folder: &Folder,
    question: &Question,
    id: TaxpayerId,
    names: &Names,
) -> Result<Vec<Neighbour>, Error> {
    let mut found = match (question.direction, question.origin) {
        (Direction::Down, Some(origin)) => receivers(folder, id, origin, names)?,
        (Direction::Up, Some(origin)) => bringers(folder, id, origin)?,
        (Direction::Down, None) => partners(folder, id, Side::Sold)?,
        (Direction::Up, None) => partners(folder, id, Side::Bought)?,
    };
    found.retain(|neighbour| {
        neighbour.tax != Fen::ZERO && question.since.is_none_or(|since| neighbour.partner.last_at >= since)
    });
    Ok(found)
}

fn partners(folder: &Folder, id: TaxpayerId, side: Side) -> Result<Vec<Neighbour>, Error> {
    let to = match side {
        Side::Sold => Key::Partner(Side::Bought, Id::EMPTY),
        Side::Bought => Key::Goods(Side::Sold, GoodsCode(0)),
    };
    let mut found = Vec::new();
    folder.each_row(Entity::taxpayer(id), Key::Partner(side, Id::EMPTY), to, |key, partner: Partner| {
        if let Key::Partner(_, other) = key {
            let tax = partner.totals.tax;
            found.push(Neighbour { id: other, tax, partner, names: Names::new(), origins: Vec::new() });
        }
        true
    })?;
    Ok(found)
}

/// Writes on each supplier whose value it brought: what its own books say that it passed on to this buyer. So the lines of
/// a supplier are never more than its edge, whoever else brought value of the same origins.
pub(super) fn name_origins(folder: &Folder, id: TaxpayerId, suppliers: &mut [Neighbour]) -> Result<(), Error> {
    for supplier in suppliers {
        let mut largest: Vec<(Fen, Ordinal)> = Vec::new();
        for page in passed_pages(folder, supplier.id, id)? {
            largest.extend(page.iter().map(|(origin, passed)| (brought(passed), origin)));
            largest.retain(|(tax, _)| *tax > Fen::ZERO);
            largest.sort_by_key(|(tax, origin)| (-*tax, *origin));
            largest.truncate(ORIGINS_NAMED);
        }
        for (tax, ordinal) in largest {
            let (origin, hops) = folder.books(Entity::taxpayer(supplier.id), |books| {
                if ordinal == Ordinal::OWN {
                    return (supplier.id, 0);
                }
                let origin = books.origin_of(ordinal).unwrap_or_default();
                (origin, books.find::<OriginRow>(&Key::Origin(origin)).map_or(0, |row| row.hops))
            })?;
            let (name, hops) = (folder.name(origin)?, hops.saturating_add(1));
            supplier.origins.push(OriginShare { origin, name, tax, hops, via: supplier.id });
        }
    }
    Ok(())
}

/// What a supplier's books say of value that went to one buyer, page by page.
fn passed_pages(folder: &Folder, supplier: TaxpayerId, buyer: TaxpayerId) -> Result<Vec<PassedPage>, Error> {
    let origins = folder.row::<Profile>(supplier, &Key::Profile)?.map_or(0, |profile| profile.origins);
    let mut keys: Vec<Key> = (0..=origins).map(|number| Key::passed(Ordinal(number), buyer)).collect();
    keys.dedup();
    folder.books(Entity::taxpayer(supplier), |books| {
        keys.iter().filter_map(|key| books.find::<PassedPage>(key).cloned()).collect()
    })
}

/// Tax of an origin that reached a buyer, under its own name or settled later: also by the seller's own, come back.
fn brought(passed: Passed) -> Fen {
    passed.direct + passed.settled
}

/// To whom value of the origin went.
fn receivers(folder: &Folder, id: TaxpayerId, origin: TaxpayerId, names: &Names) -> Result<Vec<Neighbour>, Error> {
    let mut found: BTreeMap<TaxpayerId, (Fen, BTreeMap<TaxpayerId, Fen>)> = BTreeMap::new();
    for (name, share) in names {
        let ordinal = match origin_row(folder, id, *name)? {
            _ if *name == id => Ordinal::OWN,
            Some((ordinal, _)) => ordinal,
            None => continue,
        };
        let (from, to) = (Key::passed(ordinal, Id::EMPTY), Key::passed(ordinal, Id::LAST));
        folder.each_row(Entity::taxpayer(id), from, to, |key, page: PassedPage| {
            let Key::Passed(_, buyer) = key else { return false };
            let Some(passed) = page.of(ordinal) else { return true };
            let settled = share.of(passed.settled).total();
            let direct = share.of(passed.direct).total();
            let (tax, at_buyer) = found.entry(buyer).or_default();
            *tax += direct + settled;
            for (whose, part) in [(*name, direct), (id, settled)] {
                if part > Fen::ZERO && whose != buyer {
                    *at_buyer.entry(whose).or_default() += part;
                }
            }
            true
        })?;
    }
    let mut neighbours = Vec::with_capacity(found.len());
    for (buyer, (tax, told)) in found {
        let mut names = Names::new();
        for (name, part) in told {
            let row = if name == origin { None } else { origin_row(folder, buyer, name)? };
            names
                .insert(name, row.map_or(Share::all_from(0), |(_, row)| Share::told(&Layers::one(1, part), row.taken)));
        }
        let partner = folder.row::<Partner>(id, &Key::Partner(Side::Sold, buyer))?.unwrap_or_default();
        neighbours.push(Neighbour { id: buyer, tax, partner, names, origins: Vec::new() });
    }
    Ok(neighbours)
}

/// From whom value of the origin came.
fn bringers(folder: &Folder, id: TaxpayerId, origin: TaxpayerId) -> Result<Vec<Neighbour>, Error> {
    let mut suppliers = partners(folder, id, Side::Bought)?;
    suppliers.sort_by_key(|supplier| (-supplier.tax, supplier.id));
    suppliers.truncate(SUPPLIERS_MAX);
    for supplier in &mut suppliers {
        let ordinal = match origin_row(folder, supplier.id, origin)? {
            _ if supplier.id == origin => Ordinal::OWN,
            Some((ordinal, _)) => ordinal,
            None => {
                supplier.tax = Fen::ZERO;
                continue;
            }
        };
        let passed =
            folder.books(Entity::taxpayer(supplier.id), |books| books.passed(ordinal, id))?.unwrap_or_default();
        supplier.tax = brought(passed);
        supplier.names = Names::from([(origin, Share::all_from(0))]);
    }
    Ok(suppliers)
}

/// What a taxpayer's books say of value in a name, and under which number.
fn origin_row(folder: &Folder, id: TaxpayerId, name: TaxpayerId) -> Result<Option<(Ordinal, OriginRow)>, Error> {
    folder
        .books(Entity::taxpayer(id), |books| books.find::<OriginRow>(&Key::Origin(name)).map(|row| (row.ordinal, *row)))
}

/// The counterparties of a side, the largest of them one by one.
pub(super) struct Trade {
    /// Largest first.
    pub(super) largest: Vec<(TaxpayerId, Partner)>,
    /// How many there are in all.
    pub(super) count: usize,
    /// Trade with the others.
    pub(super) others: Totals,
}

/// The counterparties of a side, so many of them one by one.
pub(super) fn trade(folder: &Folder, id: TaxpayerId, side: Side, limit: usize) -> Result<Trade, Error> {
    let mut all = partners(folder, id, side)?;
    all.sort_by_key(|partner| (-partner.tax, -partner.partner.totals.amount, partner.id));
    let count = all.len();
    let mut others = Totals::default();
    for Partner { totals, .. } in all.drain(limit.min(count)..).map(|other| other.partner) {
        others.count = others.count.saturating_add(totals.count);
        others.amount += totals.amount;
        others.tax += totals.tax;
    }
    let largest = all.into_iter().map(|partner| (partner.id, partner.partner)).collect();
    Ok(Trade { largest, count, others })
}
