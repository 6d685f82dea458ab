//! A month's return beside what the invoices and claims of that month say: shared by the typologies that rest on both.

use super::View;
use crate::model::{Fen, Period, TaxpayerKind};
use crate::state::{Month, Totals};

/// A return and what it is held against.
#[derive(Clone, Copy, Debug)]
pub(super) struct Return {
    /// Sales by the invoices, net of voids and red letters.
    pub(super) invoiced: Totals,
    /// Deductions of the period, net of reversals.
    pub(super) claimed: Fen,
    /// Sales declared.
    pub(super) sales: Fen,
    /// Output tax declared.
    pub(super) output: Fen,
    /// Input tax declared.
    pub(super) input: Fen,
    /// Input tax declared as transferred out.
    pub(super) out: Fen,
    /// Tax declared as payable.
    pub(super) payable: Fen,
    /// Whether the firm deducted nothing then, and may have owed no output tax on small sales.
    small_scale: bool,
}

impl Return {
    /// The return of a month as it stands; `None` where none has come.
    pub(super) fn of(month: &Month, small_scale: bool) -> Option<Self> {
        let [sales, output, input, out, payable] = month.declared.value?;
        let (invoiced, claimed) = (month.invoiced(), month.claimed());
        Some(Self { invoiced, claimed, sales, output, input, out, payable, small_scale })
    }

    /// Output tax of the invoices that was not declared; less than nothing where more was, as by sales without invoice.
    pub(super) fn undeclared(&self) -> Fen {
        if self.small_scale {
            return self.invoiced.tax.share(self.undeclared_sales(), self.invoiced.amount);
        }
        self.invoiced.tax - self.output
    }

    /// The same of sales.
    pub(super) fn undeclared_sales(&self) -> Fen {
        self.invoiced.amount - self.sales
    }

    /// Input tax declared, less what was transferred out, beyond what the claims of the period are net of reversals.
    pub(super) fn overdeclared(&self) -> Fen {
        if self.small_scale { Fen::ZERO } else { self.input - self.out - self.claimed }
    }

    /// Whether it says that nothing was sold.
    pub(super) fn is_of_nothing(&self) -> bool {
        self.sales == Fen::ZERO && self.output == Fen::ZERO
    }
}

/// Of a difference in a month, what the returns of the months around it do not even out: sales may be declared a little
/// before or after they are invoiced.
pub(super) fn not_evened_out(gap: Fen, around: &[Return], of: impl Fn(&Return) -> Fen) -> Fen {
    gap.min(gap + around.iter().map(of).sum())
}

impl View<'_, '_> {
    /// Whether the firm was small-scale at the end of a month.
    pub(super) fn is_small_scale(&self, period: Period) -> bool {
        self.profile.kind.at(period.minus(-1).start()) == Some(TaxpayerKind::SmallScale)
    }

    /// The return of a month; `None` where none has come.
    pub(super) fn filed(&mut self, period: Period) -> Option<Return> {
        let small_scale = self.is_small_scale(period);
        self.month_if(period, |month| month.declared.value.is_some()).and_then(|month| Return::of(&month, small_scale))
    }
}
