//! The life of one invoice, from both sides: as its issuer's books have it, and as its holder's do.

use std::collections::BTreeMap;

use super::doubts::doubts_about;
use super::error::Error;
use super::folder::Folder;
use super::graph::OriginShare;
use crate::model::{About, Doubt, Entity, Fact, Fen, Id, Instant, InvoiceKind, InvoiceNo, Signal, TaxpayerId, Text};
use crate::provenance::{Blend, Ordinal};
use crate::risk::{self, Subject};
use crate::state::{Held, HistoryOf, Issue, Issued, Key, OriginRow, Profile, SignalRow, standing};

/// One invoice of one issuer.
#[derive(Clone, Debug)]
pub struct InvoiceLife {
    /// Its number.
    pub invoice_no: InvoiceNo,
    /// Its issuer; [`Id::EMPTY`] where only claims that name none, and can mean none, are known.
    pub seller_id: TaxpayerId,
    /// Its issuer's name.
    pub seller_name: Option<Box<str>>,
    /// On the issuer's side; `None` where the journal has nothing of it there.
    pub issued: Option<Issued>,
    /// Marks of the authority, set and lifted, oldest first: when, which, and why.
    pub marks: Vec<(Instant, bool, Text)>,
    /// Red letters that name it; of an invoice that no holder is known of, none where all of them were voided.
    pub red_letters: Vec<RedLetter>,
    /// Whose value its tax is.
    pub provenance: Provenance,
    /// On the holders' side: its buyer, and whoever else claims it.
    pub holders: Vec<Holding>,
    /// Findings about it.
    pub findings: Vec<Signal>,
    /// What of it somebody responsible for data should look at; see [`doubts_are_read`].
    pub doubts: Vec<Doubt>,
}

/// A red letter of an invoice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedLetter {
    /// Its number.
    pub invoice_no: InvoiceNo,
    /// Event time.
    pub issued_at: Instant,
    /// Without tax, negative.
    pub amount: Fen,
    /// Tax, negative.
    pub tax: Fen,
    /// Voided itself.
    pub voided: bool,
}

/// Whose value the tax of an invoice is, as far as it stands: voids and red letters are taken off.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Provenance {
    /// By origin, largest first; the issuer's own is `own`.
    pub origins: Vec<OriginShare>,
    /// Beyond the budget of origins.
    pub remainder: Fen,
    /// In the issuer's own name.
    pub own: Fen,
    /// Of `own`: nothing stands behind it so far.
    pub short: Fen,
    /// Of `short`: stock from before the journal, or a self-issued voucher; accuses nobody.
    pub opening: bool,
    /// Of `own`: what purchases that came later stand behind, by origin.
    pub settled: Vec<OriginShare>,
}

/// An invoice in a holder's books.
#[derive(Clone, Debug)]
pub struct Holding {
    /// Whose books.
    pub taxpayer_id: TaxpayerId,
    /// Its name.
    pub name: Option<Box<str>>,
    /// Whether these are claims that name no seller.
    pub unnamed: bool,
    /// What they say.
    pub held: Held,
    /// Tax of the deductions that stand.
    pub standing: Fen,
}

/// The lives of all invoices of a number, or of that of one issuer. None where nobody ever spoke of it.
pub fn lives(folder: &Folder, no: InvoiceNo, seller_id: Option<TaxpayerId>) -> Result<Vec<InvoiceLife>, Error> {
    let mut issued: BTreeMap<TaxpayerId, Issued> = BTreeMap::new();
    let mut holdings: Vec<(TaxpayerId, Held)> = Vec::new();
    for (keeper, key) in folder.of_number(no)? {
        match key {
            Key::Issued(_) => {
                let seller = folder.issued_as(keeper, no)?;
                if seller_id.is_none_or(|wanted| wanted == seller) {
                    issued.extend(folder.row(keeper, &key)?.map(|row| (seller, row)));
                }
            }
            _ => holdings
                .extend(folder.row(keeper, &key)?.filter(|held: &Held| !held.is_blank()).map(|held| (keeper, held))),
        }
    }
    holdings.sort_by_key(|(holder, held)| (*holder, held.seller_id));
    let mut lives: BTreeMap<TaxpayerId, Vec<(TaxpayerId, bool, Held)>> = BTreeMap::new();
    lives.extend(issued.keys().map(|seller| (*seller, Vec::new())));
    for (holder, held) in holdings {
        let seller = held.seller_id;
        let arrived = folder.books(Entity::taxpayer(holder), |books| books.sellers_of(no))?;
        let meant = match (seller.is_empty(), arrived.as_slice()) {
            (true, [only]) => *only,
            (true, _) => Id::EMPTY,
            (false, _) => seller,
        };
        if seller_id.is_none_or(|wanted| wanted == meant || meant.is_empty()) {
            lives.entry(meant).or_default().push((holder, seller.is_empty(), held));
        }
    }
    let each = |(seller, held)| life(folder, no, seller, issued.remove(&seller), held);
    let mut lives = lives.into_iter().map(each).collect::<Result<Vec<InvoiceLife>, Error>>()?;
    if doubts_are_read(folder) {
        for doubt in doubts_about(folder, no)? {
            // Said of the issuer, or of a holder.
            let meant = |life: &&mut InvoiceLife| {
                let of_holder = life.holders.iter().any(|holding| holding.taxpayer_id == doubt.taxpayer_id);
                life.seller_id == doubt.taxpayer_id || of_holder
            };
            lives.iter_mut().filter(meant).for_each(|life| life.doubts.push(doubt.clone()));
        }
    }
    Ok(lives)
}

/// Input events of a journal in which doubts about one invoice are looked for: doubts stand in the journal alone, which has
/// to be read through for them, five hundredths of a second for so many.
const DOUBTS_EVENTS_MAX: u64 = 500_000;

/// Whether doubts are looked for in a folder.
pub fn doubts_are_read(folder: &Folder) -> bool {
    folder.progress().roots <= DOUBTS_EVENTS_MAX
}

fn life(
    folder: &Folder,
    no: InvoiceNo,
    seller_id: TaxpayerId,
    issued: Option<Issued>,
    held: Vec<(TaxpayerId, bool, Held)>,
) -> Result<InvoiceLife, Error> {
    let books = if seller_id.is_empty() { seller_id } else { folder.subject(seller_id)? };
    let mut findings = Vec::new();
    let mut holders = Vec::with_capacity(held.len());
    for (taxpayer_id, unnamed, held) in held {
        let named = if unnamed { Id::EMPTY } else { seller_id };
        findings.extend(findings_about(folder, taxpayer_id, About::Invoice { seller_id: named, invoice_no: no })?);
        let standing = standing(held.claims.clone()).iter().map(|claim| claim.tax).sum();
        holders.push(Holding { taxpayer_id, name: folder.name(taxpayer_id)?, unnamed, held, standing });
    }
    findings.sort_by_key(|signal| (signal.raised_at, signal.signal_id));
    let marks = if issued.as_ref().is_some_and(|issued| issued.mark.is_some()) {
        marks(folder, no, books)?
    } else {
        Vec::new()
    };
    let (red_letters, provenance) = match &issued {
        Some(issued) => {
            // All that its issuer ever issued are looked through for them.
            let any = issued.reds.count > 0 || holders.iter().any(|holding| holding.held.red_at != Instant::default());
            let letters = if any { red_letters(folder, no, books, issued)? } else { Vec::new() };
            (letters, provenance(folder, books, issued)?)
        }
        None => Default::default(),
    };
    let seller_name = if seller_id.is_empty() { None } else { folder.name(seller_id)? };
    Ok(InvoiceLife {
        invoice_no: no,
        seller_id,
        seller_name,
        issued,
        marks,
        red_letters,
        provenance,
        holders,
        findings,
        doubts: Vec::new(),
    })
}

fn findings_about(folder: &Folder, holder: TaxpayerId, about: About) -> Result<Vec<Signal>, Error> {
    let mut found = Vec::new();
    for typology in risk::ALL.iter().filter(|typology| typology.subject == Subject::Invoice) {
        let id = risk::signal_id(holder, typology, &about);
        found.extend(folder.row::<SignalRow>(holder, &Key::Signal(id))?.map(|row| row.0));
    }
    Ok(found)
}

fn marks(folder: &Folder, no: InvoiceNo, seller_id: TaxpayerId) -> Result<Vec<(Instant, bool, Text)>, Error> {
    let kinds = [HistoryOf::MarkedAbnormal, HistoryOf::MarkLifted];
    let noted = folder.noted_of(seller_id, &kinds, Instant(i64::MAX))?;
    let mark = |(at, fact): (Instant, Fact)| match fact {
        Fact::InvoiceMarkedAbnormal(mark) if mark.invoice_no == no => Some((at, true, mark.reason)),
        Fact::InvoiceMarkLifted(mark) if mark.invoice_no == no => Some((at, false, mark.reason)),
        _ => None,
    };
    Ok(noted.into_iter().map(|noted| (noted.event.occurred_at, noted.event.fact)).filter_map(mark).collect())
}

fn red_letters(
    folder: &Folder,
    no: InvoiceNo,
    seller_id: TaxpayerId,
    issued: &Issued,
) -> Result<Vec<RedLetter>, Error> {
    let is_red = issued.issue.is_some_and(|issue| issue.red_of.is_some());
    if is_red {
        return Ok(Vec::new());
    }
    let mut letters = Vec::new();
    let to = Key::Held { invoice_no: InvoiceNo::FIRST, place: 0 };
    folder.each_row(Entity::taxpayer(seller_id), Key::Issued(InvoiceNo::FIRST), to, |key, row: Issued| {
        if let (Key::Issued(red_no), Some(issue)) = (key, row.issue)
            && issue.red_of == Some(no)
        {
            let voided = row.void.is_some();
            letters.push(RedLetter {
                invoice_no: red_no,
                issued_at: issue.issued_at,
                amount: issue.amount,
                tax: issue.tax,
                voided,
            });
        }
        true
    })?;
    letters.sort_by_key(|letter| (letter.issued_at, letter.invoice_no));
    Ok(letters)
}

/// Whether what nothing stands behind accuses nobody: of a voucher, or in the journal's first months.
fn is_opening(folder: &Folder, seller_id: TaxpayerId, issue: &Issue) -> Result<bool, Error> {
    let registered_on = folder.row::<Profile>(seller_id, &Key::Profile)?.and_then(|profile| profile.registered_on);
    let is_voucher = issue.invoice_kind == InvoiceKind::FarmPurchase && issue.buyer_id == Some(seller_id);
    Ok(is_voucher || folder.opening().covers(registered_on, issue.issued_at.period()))
}

fn provenance(folder: &Folder, seller_id: TaxpayerId, issued: &Issued) -> Result<Provenance, Error> {
    let mut origins = folder.named(seller_id, &issued.vector)?;
    origins.retain(|share| share.origin != seller_id);
    let own = issued.vector.of(Ordinal::OWN);
    let settled = folder.named(seller_id, &issued.settled)?;
    let remainder = issued.vector.remainder();
    let opening = issued.issue.map_or(Ok(false), |issue| is_opening(folder, seller_id, &issue))?;
    Ok(Provenance { origins, remainder, own, short: issued.short, opening, settled })
}

impl Folder {
    /// A blend of a taxpayer's books by the names of its origins, largest first, without its remainder.
    pub fn named(&self, keeper: TaxpayerId, blend: &Blend) -> Result<Vec<OriginShare>, Error> {
        let mut shares = Vec::with_capacity(blend.slices().len());
        for slice in blend.slices() {
            let (origin, row) = self.books(Entity::taxpayer(keeper), |books| match slice.origin {
                Ordinal::OWN => (keeper, None),
                other => {
                    let origin = books.origin_of(other).unwrap_or_default();
                    (origin, books.find::<OriginRow>(&Key::Origin(origin)).copied())
                }
            })?;
            let name = self.name(origin)?;
            let via = row.unwrap_or_default().via;
            shares.push(OriginShare { origin, name, tax: Fen(slice.tax), hops: slice.hops, via });
        }
        shares.sort_by_key(|share| (-share.tax, share.origin));
        Ok(shares)
    }
}
