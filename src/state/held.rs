//! Invoices on their holder's side. What is known of an invoice is found by its number, for a claim need not name the seller;
//! where one number came from several sellers, or was claimed in several names, each has a row of its own.

use serde::{Deserialize, Serialize};

use super::books::Books;
use super::key::Key;
use super::row::Beyond;
use super::taxpayer::{ClaimedBefore, Mark, Totals};
use super::ways::GoodsClass;
use crate::model::{Fen, Fingerprint, Instant, InvoiceKind, InvoiceNo, Period, Position, Purpose, TaxpayerId};
use crate::provenance::Blend;

/// Rows of one number that are looked through, claims without an invoice among them. A lawful number has one or two.
const PLACES_MAX: u64 = 16;

/// An invoice on its holder's side.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Whose; [`crate::model::Id::EMPTY`] for what was said without naming the seller.
    pub seller_id: TaxpayerId,
    /// The invoice; `None` while only claims, a receipt or a void are known.
    pub arrived: Option<Arrived>,
    /// Booked.
    pub received: Option<SeenOnce>,
    /// Deductions and reversals, in the order of folding.
    pub claims: Vec<Claim>,
    /// Standing tax of claims that name no seller and can only mean this invoice; `None` where there are no such claims.
    pub lent: Option<Fen>,
    /// The same by the month they are of; what a reversal takes back of another's deduction is negative.
    pub lent_months: Box<[(Period, Fen)]>,
    /// The hour up to which claims have waited in vain: those older by the grace period are overdue.
    pub waited_until: Instant,
    /// Of its vector, value of the holder's own that came back through others: counted in [`Month::returned_own`].
    pub returned_own: Fen,
    /// Whether such value of it counts: it came through two firms or more, in goods that the holder sells itself.
    pub goes_round: bool,
    /// Voided, at this event time.
    pub voided_at: Option<Instant>,
    /// The latest mark of the authority.
    pub mark: Option<Mark>,
    /// Red letters that name it, not voided.
    pub reds: Totals,
    /// What of its vector stands, net of returns: tells which origins a deduction is of. Kept of every invoice whose kind lets
    /// deduct, for the holder may turn out to be a general taxpayer, or not to be one.
    pub vector: Blend,
    /// Whether the vector is counted in the holder's books: it was a general taxpayer when the invoice was issued.
    pub entered: bool,
    /// Event time of the latest red letter that names it, void or not.
    pub red_at: Instant,
    /// What its holder keeps of it though it was taken back, as its issuer was last told: see [`super::Issued::claimed`].
    pub keeps: Option<Keeps>,
    /// The rank of its issuer's month, where the issuer's invoices of that month are abnormal in turn, as its issuer told; 0
    /// where they are not. See [`super::AbnormalMonth::rank`].
    pub abnormal_rank: u64,
}

/// What a holder keeps of an invoice that was voided, or red-lettered in a later month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keeps {
    /// What it had deducted before.
    pub claimed: ClaimedBefore,
    /// The month in which its issuer took it back.
    pub period: Period,
}

/// What arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arrived {
    /// Where the arrival stands.
    pub position: Position,
    /// Event time of the issuance.
    pub issued_at: Instant,
    /// Kind.
    pub invoice_kind: InvoiceKind,
    /// Without tax.
    pub amount: Fen,
    /// Tax.
    pub tax: Fen,
    /// The invoice it offsets.
    pub red_of: Option<InvoiceNo>,
    /// The class of goods it is mostly of.
    pub class: GoodsClass,
}

/// A fact that may come once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenOnce {
    /// Hash of the event.
    pub fingerprint: Fingerprint,
    /// Where it stands.
    pub position: Position,
    /// Event time.
    pub at: Instant,
}

/// A deduction or its reversal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Which of the two.
    pub kind: ClaimKind,
    /// For which period.
    pub period: Period,
    /// Tax.
    pub tax: Fen,
    /// Event time.
    pub at: Instant,
    /// Hash of the event.
    pub fingerprint: Fingerprint,
    /// Where it stands.
    pub position: Position,
}

/// A deduction with its purpose, or a reversal with its reason's hash: both are part of the identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ClaimKind {
    /// `invoice_deducted`.
    Deduct(Purpose),
    /// `deduction_reversed`.
    Reverse(u64),
}

impl Held {
    /// Whether nothing stands in it: what a red letter in another's name left that was voided since.
    pub fn is_blank(&self) -> bool {
        let Self { seller_id, waited_until, red_at, .. } = *self;
        *self == Self { seller_id, waited_until, red_at, ..Self::default() }
    }
}

impl Books<'_> {
    /// Where the row of an invoice is, or would be; the flag says that it is there.
    fn held_at(&mut self, invoice_no: InvoiceNo, seller_id: TaxpayerId) -> (Key, bool) {
        for place in 0..PLACES_MAX {
            let key = Key::Held { invoice_no, place };
            match self.find::<Held>(&key) {
                Some(held) if held.seller_id == seller_id => return (key, true),
                Some(_) => {}
                None => return (key, false),
            }
        }
        // Who claims one number in so many names is not looked after in order any more.
        let hash = blake3::hash(seller_id.as_str().as_bytes());
        let hash = u64::from_le_bytes(*hash.as_bytes().first_chunk().expect("a hash has 32 bytes"));
        let key = Key::Held { invoice_no, place: hash | 1 << 63 };
        (key, self.has(&key))
    }

    /// An invoice on the holder's side.
    pub fn held(&mut self, invoice_no: InvoiceNo, seller_id: TaxpayerId) -> Option<&Held> {
        let (key, there) = self.held_at(invoice_no, seller_id);
        if there { self.find(&key) } else { None }
    }

    /// The same, to be changed; made where there is none.
    pub fn edit_held(&mut self, invoice_no: InvoiceNo, seller_id: TaxpayerId) -> &mut Held {
        let (key, _) = self.held_at(invoice_no, seller_id);
        let (held, _) = self.edit_or_new::<Held>(key);
        held.seller_id = seller_id;
        held
    }

    /// Takes the contents of an invoice's row out: to be put back by [`Books::put_held`] before the step ends.
    pub fn lift_held(&mut self, invoice_no: InvoiceNo, seller_id: TaxpayerId) -> Held {
        let left = Held { seller_id, ..Held::default() };
        std::mem::replace(self.edit_held(invoice_no, seller_id), left)
    }

    /// See [`Books::lift_held`].
    pub fn put_held(&mut self, invoice_no: InvoiceNo, held: Held) {
        let row = self.edit_held(invoice_no, held.seller_id);
        *row = held;
    }

    /// Sellers in whose names an invoice of this number is claimed that has not arrived.
    pub fn claimed_unseen(&mut self, invoice_no: InvoiceNo) -> Vec<TaxpayerId> {
        let mut sellers = Vec::new();
        for place in 0..PLACES_MAX {
            let Some(held) = self.find::<Held>(&Key::Held { invoice_no, place }) else { break };
            let is_unseen = held.arrived.is_none() && !held.claims.is_empty() && !held.seller_id.is_empty();
            sellers.extend(is_unseen.then_some(held.seller_id));
        }
        sellers
    }

    /// Sellers from whom an invoice of this number arrived, at most three: two are already too many.
    pub fn sellers_of(&mut self, invoice_no: InvoiceNo) -> Vec<TaxpayerId> {
        let mut sellers = Vec::new();
        for place in 0..PLACES_MAX {
            let Some(held) = self.find::<Held>(&Key::Held { invoice_no, place }) else { break };
            sellers.extend(held.arrived.map(|_| held.seller_id));
        }
        sellers.sort_unstable();
        sellers.truncate(3);
        sellers
    }
}

/// Of deductions and reversals, the deductions that stand, each with the tax that stands of it: a reversal takes its amount
/// back from a deduction of its own period where one stands, otherwise from the oldest. Decided by event times alone,
/// whatever the order of folding.
pub fn standing(mut claims: Vec<Claim>) -> Vec<Claim> {
    claims.sort_unstable_by_key(|claim| (claim.at, matches!(claim.kind, ClaimKind::Reverse(_)), claim.fingerprint.0));
    let mut standing: Vec<Claim> = Vec::new();
    for claim in claims {
        match claim.kind {
            ClaimKind::Deduct(Purpose::NotDeductible) => {}
            ClaimKind::Deduct(_) => standing.push(claim),
            ClaimKind::Reverse(_) => {
                if claim.tax == Fen::ZERO {
                    let same = |earlier: &Claim| earlier.tax == Fen::ZERO && earlier.period == claim.period;
                    if let Some(at) = standing.iter().position(same) {
                        standing.remove(at);
                    }
                }
                let mut left = claim.tax;
                while left > Fen::ZERO && !standing.is_empty() {
                    let at = standing.iter().position(|earlier| earlier.period == claim.period).unwrap_or(0);
                    let taken = left.min(standing[at].tax);
                    left -= taken;
                    standing[at].tax -= taken;
                    if standing[at].tax <= Fen::ZERO {
                        standing.remove(at);
                    }
                }
            }
        }
    }
    standing
}

impl Beyond for Held {
    fn beyond_bytes(&self) -> usize {
        self.vector.heap_bytes()
            + self.claims.capacity() * size_of::<Claim>()
            + self.lent_months.len() * size_of::<(Period, Fen)>()
    }
}
