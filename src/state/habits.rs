//! How a firm trades in a month, beyond what its sums say: at which hours, with whom, on which kind of paper. What
//! indicators are made of (`risk/indicators`).

use serde::{Deserialize, Serialize};

use crate::model::{Fen, InvoiceKind, TaxpayerId};
use crate::state::Issue;

/// Habits of a month. Blue invoices by their month of issue, voids taken off; red letters are not counted here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Habits {
    /// Special invoices issued.
    pub special: u32,
    /// Their tax.
    pub special_tax: Fen,
    /// Invoices issued between midnight and five in the morning.
    pub night: u32,
    /// The largest amount on one invoice, whether voided since or not.
    pub largest: Fen,
    /// Amounts sold to buyers whose province is known, where the firm's own is.
    pub sold_placed: Fen,
    /// Of that, to buyers of another province.
    pub sold_outside: Fen,
    /// Amounts bought from sellers whose province is known, where the firm's own is.
    pub bought_placed: Fen,
    /// Of that, from sellers of another province.
    pub bought_outside: Fen,
    /// Tax of purchase vouchers that the firm issued itself.
    pub voucher_tax: Fen,
}

/// The night ends at this hour of the tax calendar (05 of the design: 00:00 to 05:00).
const NIGHT_UNTIL_HOUR: u32 = 5;

impl Habits {
    /// Counts a blue invoice in that `seller` issued, or out again where it is voided.
    pub fn sold(&mut self, seller: TaxpayerId, issue: &Issue, counts: bool) {
        let (one, sign) = if counts { (1, 1) } else { (-1, -1) };
        let amount = |of: Fen| Fen(of.0.saturating_mul(sign));
        let count = |to: &mut u32, when: bool| {
            if when {
                *to = to.saturating_add_signed(one);
            }
        };
        count(&mut self.special, issue.invoice_kind == InvoiceKind::Special);
        if issue.invoice_kind == InvoiceKind::Special {
            self.special_tax += amount(issue.tax);
        }
        count(&mut self.night, issue.issued_at.hour() < NIGHT_UNTIL_HOUR);
        self.largest = self.largest.max(issue.amount);
        if issue.invoice_kind == InvoiceKind::FarmPurchase && issue.buyer_id == Some(seller) {
            self.voucher_tax += amount(issue.tax);
        } else if let Some(outside) = issue.buyer_id.and_then(|buyer| is_outside(seller, buyer)) {
            self.sold_placed += amount(issue.amount);
            if outside {
                self.sold_outside += amount(issue.amount);
            }
        }
    }

    /// The same of one that `buyer` bought.
    pub fn bought(&mut self, buyer: TaxpayerId, seller: TaxpayerId, issue: &Issue, counts: bool) {
        if seller == buyer {
            return;
        }
        let Some(outside) = is_outside(buyer, seller) else { return };
        let amount = Fen(if counts { issue.amount.0 } else { issue.amount.0.saturating_neg() });
        self.bought_placed += amount;
        if outside {
            self.bought_outside += amount;
        }
    }
}

/// Whether one is of another province than a firm; `None` where either's is not known.
fn is_outside(firm: TaxpayerId, other: TaxpayerId) -> Option<bool> {
    Some(province(firm)? != province(other)?)
}

/// The province of a taxpayer: the first two of the six digits of its region (GB/T 2260), which are characters 3 to 8 of an
/// 18-character id (GB 32100-2015). By the id alone, so that it is the same whenever papers come.
pub fn province(id: TaxpayerId) -> Option<[u8; 2]> {
    let bytes = id.as_str().as_bytes();
    let region = bytes.get(2..8).filter(|_| bytes.len() == 18)?;
    let lawful = region.iter().all(u8::is_ascii_digit) && (b'1'..=b'8').contains(&region[0]);
    lawful.then(|| [region[0], region[1]])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Fingerprint, Id, Instant, Position};

    fn issue(buyer: &str, at: &str, amount: i64) -> Issue {
        Issue {
            fingerprint: Fingerprint::default(),
            position: Position::default(),
            issued_at: Instant::parse(at).unwrap(),
            invoice_kind: InvoiceKind::Special,
            buyer_id: Some(Id::parse(buyer).unwrap()),
            amount: Fen(amount),
            tax: Fen(amount / 10),
            red_of: None,
            near_cap: false,
            class: crate::state::GoodsClass::default(),
        }
    }

    #[test]
    fn a_province_is_read_out_of_an_id_that_has_one() {
        let of = |text| province(Id::parse(text).unwrap());
        assert_eq!(of("914403001922038216"), Some(*b"44"));
        assert_eq!(of("91310000MA1FL0LX06"), Some(*b"31"));
        assert_eq!((of("440300192203821"), of("A"), of("91MA03001922038216")), (None, None, None));
    }

    #[test]
    fn a_void_takes_off_what_its_invoice_had_added() {
        let seller = Id::parse("914403001922038216").unwrap();
        let (near, far) = (
            issue("914403001922038217", "2026-03-01T09:00:00+08:00", 100),
            issue("91310000MA1FL0LX06", "2026-03-01T04:59:59+08:00", 300),
        );
        let mut habits = Habits::default();
        habits.sold(seller, &near, true);
        let before = habits;
        habits.sold(seller, &far, true);
        assert_eq!((habits.special, habits.night, habits.sold_outside, habits.sold_placed), (2, 1, Fen(300), Fen(400)));
        habits.sold(seller, &far, false);
        assert_eq!(habits, Habits { largest: Fen(300), ..before });
    }
}
