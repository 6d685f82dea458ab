//! What each firm's invoices add up to, month by month, and the return it files from that.

use crate::model::{Fen, Period, TaxpayerId, VatDeclared};

use super::firm::{Filing, FirmNo, index};

/// One month of one firm, in fen.
#[derive(Clone, Copy, Debug, Default)]
struct Month {
    sales: i64,
    output_tax: i64,
    input_tax: i64,
    transferred_out: i64,
}

/// The two months of each firm that are not filed yet, and its credit.
pub(super) struct Ledger {
    months: Vec<[Month; 2]>,
    /// Input not used up so far 留抵.
    credits: Vec<i64>,
}

impl Ledger {
    pub(super) fn new(firms: usize) -> Self {
        Self { months: vec![[Month::default(); 2]; firms], credits: vec![0; firms] }
    }

    /// An invoice, blue or red; a void is the same with both signs turned.
    pub(super) fn issued(&mut self, seller: FirmNo, period: Period, amount: Fen, tax: Fen) {
        let month = self.month(seller, period);
        month.sales += amount.0;
        month.output_tax += tax.0;
    }

    pub(super) fn deducted(&mut self, buyer: FirmNo, period: Period, tax: i64) {
        self.month(buyer, period).input_tax += tax;
    }

    pub(super) fn transferred_out(&mut self, buyer: FirmNo, period: Period, tax: i64) {
        self.month(buyer, period).transferred_out += tax;
    }

    /// The return for a month, which is closed with it. `None` where the firm files none.
    pub(super) fn file(&mut self, firm: FirmNo, id: TaxpayerId, period: Period, filing: Filing) -> Option<VatDeclared> {
        let month = std::mem::take(self.month(firm, period));
        let month = match filing {
            Filing::Honest => month,
            Filing::Zero => Month::default(),
            Filing::Never => return None,
        };
        let credit = &mut self.credits[index(firm)];
        let owed = month.output_tax - month.input_tax + month.transferred_out - *credit;
        *credit = (-owed).max(0);
        Some(VatDeclared {
            taxpayer_id: id,
            period,
            sales: Fen(month.sales),
            output_tax: Fen(month.output_tax),
            input_tax: Fen(month.input_tax),
            transferred_out: Fen(month.transferred_out),
            payable_tax: Fen(owed.max(0)),
        })
    }

    fn month(&mut self, firm: FirmNo, period: Period) -> &mut Month {
        let slot = usize::from(period.0 & 1 == 1);
        &mut self.months[index(firm)][slot]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_input_exceeds_output_is_carried_into_the_next_month() {
        let id = TaxpayerId::parse("A").unwrap();
        let mut ledger = Ledger::new(1);
        ledger.deducted(0, Period(1), 500);
        ledger.issued(0, Period(1), Fen(2_000), Fen(260));
        ledger.issued(0, Period(2), Fen(4_000), Fen(520));
        ledger.transferred_out(0, Period(2), 10);
        assert_eq!(ledger.file(0, id, Period(1), Filing::Honest).unwrap().payable_tax, Fen::ZERO);
        let second = ledger.file(0, id, Period(2), Filing::Honest).unwrap();
        assert_eq!((second.sales, second.output_tax, second.payable_tax), (Fen(4_000), Fen(520), Fen(290)));
        assert_eq!(ledger.file(0, id, Period(3), Filing::Honest).unwrap().sales, Fen::ZERO, "each month is filed once");
    }
}
