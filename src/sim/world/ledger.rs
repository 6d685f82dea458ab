//! What each firm's invoices add up to, month by month, and the return it files from that.

use crate::model::{Fen, Period, TaxpayerId, VatDeclared};

use super::agenda::Nature;
use super::firm::{Filing, Firm, FirmNo, index};

/// One month of one firm, in fen.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Month {
    /// All that is invoiced, without tax.
    pub(super) sales: i64,
    output_tax: i64,
    /// What of it is sold to those who take no part, and its tax: as much again goes without an invoice in some trades.
    end_sales: i64,
    end_tax: i64,
    input_tax: i64,
    transferred_out: i64,
    /// What of the sales left the country.
    pub(super) exported: i64,
    /// What of the sales was nothing at all; of this, what was declared as exported.
    pub(super) feigned: i64,
    pub(super) feigned_exports: i64,
    feigned_tax: i64,
    /// What was bought, without tax, and what of it was nothing.
    pub(super) bought: i64,
    pub(super) bought_feigned: i64,
    /// What was sold without an invoice: known when the month is closed.
    pub(super) uninvoiced: i64,
}

impl Month {
    /// What was really sold, with an invoice or without.
    pub(super) fn real_sales(&self) -> i64 {
        (self.sales - self.feigned + self.uninvoiced).max(0)
    }

    /// What was really bought.
    pub(super) fn real_purchases(&self) -> i64 {
        (self.bought - self.bought_feigned).max(0)
    }
}

/// The two months of each firm that are not filed yet, and its credit.
pub(super) struct Ledger {
    months: Vec<[Month; 2]>,
    /// Input not used up so far 留抵.
    credits: Vec<i64>,
    /// What each really sells in a month, over some months.
    usual: Vec<i64>,
}

impl Ledger {
    /// Empty books; `usual` is what each firm is expected to sell in a month, without tax.
    pub(super) fn new(usual: Vec<i64>) -> Self {
        let firms = usual.len();
        Self { months: vec![[Month::default(); 2]; firms], credits: vec![0; firms], usual }
    }

    /// An invoice, blue or red; a void is the same with both signs turned.
    pub(super) fn issued(
        &mut self,
        seller: FirmNo,
        to_firm: bool,
        nature: Nature,
        period: Period,
        (amount, tax): (Fen, Fen),
    ) {
        let month = self.month(seller, period);
        month.sales += amount.0;
        month.output_tax += tax.0;
        if nature.is_export() {
            month.exported += amount.0;
        } else if !to_firm {
            month.end_sales += amount.0;
            month.end_tax += tax.0;
        }
        if nature.is_feigned() {
            month.feigned += amount.0;
            month.feigned_tax += tax.0;
            if nature.is_export() {
                month.feigned_exports += amount.0;
            }
        }
    }

    /// The same, at its buyer.
    pub(super) fn bought(&mut self, buyer: FirmNo, nature: Nature, period: Period, amount: Fen) {
        let month = self.month(buyer, period);
        month.bought += amount.0;
        if nature.is_feigned() {
            month.bought_feigned += amount.0;
        }
    }

    pub(super) fn deducted(&mut self, buyer: FirmNo, period: Period, tax: i64) {
        self.month(buyer, period).input_tax += tax;
    }

    pub(super) fn transferred_out(&mut self, buyer: FirmNo, period: Period, tax: i64) {
        self.month(buyer, period).transferred_out += tax;
    }

    /// Closes a month: what it was, what is really sold in one usually, and the return that is filed for it, if any.
    pub(super) fn close(&mut self, number: FirmNo, firm: &Firm, period: Period) -> (Month, i64, Option<VatDeclared>) {
        let mut month = std::mem::take(self.month(number, period));
        let percent = i64::from(firm.uninvoiced_percent);
        let without = |invoiced: i64| invoiced.max(0) / 100 * percent * 100 / (100 - percent);
        // Who issues to others what customers took no invoice for has as much less without one.
        month.uninvoiced = (without(month.end_sales)).max(0);
        let uninvoiced_tax = (without(month.end_tax) - month.feigned_tax).max(0);
        let declared_uninvoiced = (month.uninvoiced - month.feigned).max(0);
        let (mut sales, mut output_tax) = (month.sales + declared_uninvoiced, month.output_tax + uninvoiced_tax);
        let usual = &mut self.usual[index(number)];
        *usual = (*usual * 3 + month.real_sales()) / 4;
        let usual = *usual;
        let (mut input_tax, mut transferred_out) = (month.input_tax, month.transferred_out);
        match firm.filing_for(period) {
            Filing::Honest => {}
            Filing::Never => return (month, usual, None),
            Filing::Zero => (sales, output_tax, input_tax, transferred_out) = (0, 0, 0, 0),
            Filing::InvoicesOnly => (sales, output_tax) = (month.sales, month.output_tax),
            Filing::Understated(percent) => {
                let kept = 100 - i64::from(percent);
                (sales, output_tax) = (sales / 100 * kept, output_tax / 100 * kept);
            }
            Filing::Overclaimed(percent) => input_tax += input_tax / 100 * i64::from(percent),
        }
        let declared = self.declare(number, firm.id, period, (sales, output_tax, input_tax, transferred_out));
        (month, usual, Some(declared))
    }

    fn declare(
        &mut self,
        number: FirmNo,
        taxpayer_id: TaxpayerId,
        period: Period,
        (sales, output_tax, input_tax, transferred_out): (i64, i64, i64, i64),
    ) -> VatDeclared {
        let credit = &mut self.credits[index(number)];
        let owed = output_tax - input_tax + transferred_out - *credit;
        *credit = (-owed).max(0);
        VatDeclared {
            taxpayer_id,
            period,
            sales: Fen(sales),
            output_tax: Fen(output_tax),
            input_tax: Fen(input_tax),
            transferred_out: Fen(transferred_out),
            payable_tax: Fen(owed.max(0)),
        }
    }

    fn month(&mut self, firm: FirmNo, period: Period) -> &mut Month {
        let slot = usize::from(period.0 & 1 == 1);
        &mut self.months[index(firm)][slot]
    }
}
