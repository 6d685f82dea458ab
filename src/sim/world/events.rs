//! Turns what is on the agenda into events. What follows from an invoice is in `aftermath`.

use crate::model::{
    DeductionReversed, Event, Fact, Fen, Fingerprint, Instant, Invoice, InvoiceDeducted, InvoiceKind, InvoiceMark,
    InvoiceNo, InvoiceReceived, InvoiceVoided, Period, Purpose, TaxpayerId,
};

use super::World;
use super::agenda::{Action, Claim, Entry, Nature, Planned, Sheet, Then};
use super::calendar::Hours;
use super::chance::{Chance, mixed};
use super::firm::{FirmNo, NOBODY, index};
use super::goods::{GOODS, INDUSTRIES};
use super::identity::InvoiceRef;
use super::{readings, sheet};

/// Of what is taken back in the month of issue, the share that is issued again without the mistake, in basis points.
const REISSUED_BP: u64 = 9_000;
/// Why the authority marks an invoice, and why it lifts a mark.
const MARKED: &str = "开票方走逃失联，列入异常凭证范围";
const LIFTED: &str = "经核实业务真实，解除异常凭证";

impl World {
    /// Makes one thing happen. `None` where whoever should do it has vanished.
    pub(super) fn perform(&mut self, Entry { at, action }: Entry) -> Option<Event> {
        let fact = match action {
            Action::Register(firm) => self.firms[index(firm)].registration(self.settings.seed, firm),
            Action::Grant(firm) => self.firms[index(firm)].quota(),
            Action::Raise(firm, quota) => {
                let firm = &mut self.firms[index(firm)];
                (firm.cap, firm.monthly_count) = (quota.cap, quota.monthly_count);
                firm.quota()
            }
            Action::Say(fact) => *fact,
            Action::File(firm) => self.file(firm, at)?,
            Action::Trade(edge, tax) => {
                let sheet = self.traded(edge, tax, at);
                self.issue(&sheet, at, None)
            }
            Action::Issue(planned) => {
                let sheet = self.planned(&planned, at);
                self.issue(&sheet, at, Some(&planned))
            }
            Action::Reissue(mut sheet) => {
                let seller = sheet.invoice.seller;
                sheet.invoice = self.firms[index(seller)].next_invoice(seller, year(at.period()));
                self.issue(&sheet, at, None)
            }
            Action::Void(sheet) => self.void(&sheet, at),
            Action::Correct(sheet) => {
                self.issue_again(&sheet);
                self.offset(&sheet, 1_000, at)
            }
            Action::Offset(sheet, thousandths) => self.offset(&sheet, thousandths, at),
            Action::Receive(claim) if self.is_gone(claim.buyer, at) => return None,
            Action::Receive(claim) => Fact::InvoiceReceived(InvoiceReceived {
                invoice_no: self.number(claim.invoice),
                buyer_id: self.id(claim.buyer),
                seller_id: self.named_seller(claim),
            }),
            Action::Deduct(claim, ..) | Action::Reverse(claim, _) if self.is_gone(claim.buyer, at) => return None,
            Action::Deduct(claim, period, purpose) => {
                if purpose == Purpose::Deduct {
                    self.ledger.deducted(claim.buyer, period, claim.tax);
                }
                Fact::InvoiceDeducted(InvoiceDeducted {
                    invoice_no: self.number(claim.invoice),
                    buyer_id: self.id(claim.buyer),
                    seller_id: self.named_seller(claim),
                    period,
                    tax: Fen(claim.tax),
                    purpose,
                })
            }
            Action::Reverse(claim, reason) => {
                self.ledger.transferred_out(claim.buyer, at.period(), claim.tax);
                Fact::DeductionReversed(DeductionReversed {
                    invoice_no: self.number(claim.invoice),
                    buyer_id: self.id(claim.buyer),
                    seller_id: self.named_seller(claim),
                    period: at.period(),
                    tax: Fen(claim.tax),
                    reason: reason.text().into(),
                })
            }
            Action::Mark(invoice, stands) => {
                let (invoice_no, seller_id) = (self.number(invoice), self.id(invoice.seller));
                let reason = if stands { MARKED } else { LIFTED }.into();
                let mark = InvoiceMark { invoice_no, seller_id, reason };
                if stands { Fact::InvoiceMarkedAbnormal(mark) } else { Fact::InvoiceMarkLifted(mark) }
            }
        };
        Some(Event { occurred_at: at, event_id: None, source_system: None, fingerprint: Fingerprint::default(), fact })
    }

    /// Closes a firm's last month: its return, and what third parties report of it in the days that follow.
    fn file(&mut self, number: FirmNo, at: Instant) -> Option<Fact> {
        let firm = &self.firms[index(number)];
        let period = at.period().minus(1);
        let (month, usual, declared) = self.ledger.close(number, firm, period);
        let drawn_for = u64::from(number) << 32 | u64::from(period.0.unsigned_abs());
        let mut chance = Chance::new(self.settings.seed ^ 0x6669_6c65, drawn_for);
        for fact in readings::of_month(firm, period, &month, usual, &mut chance) {
            let day = self.day + 1 + chance.place(5);
            if day < self.calendar.days.len() {
                let said = self.calendar.moment(day, Hours::Office, &mut chance);
                self.agenda.add(&self.calendar, said, Action::Say(Box::new(fact)));
            }
        }
        let careless_bp = firm.careless_bp;
        let mut declared = declared.filter(|_| !self.is_gone(number, at))?;
        if chance.happens(careless_bp) && declared.sales > Fen(0) {
            // An invoice is forgotten, or a figure is carried over wrong: found and corrected within weeks.
            let day = self.day + 2 + chance.place(24);
            if day < self.calendar.days.len() {
                let corrected = self.calendar.moment(day, Hours::Office, &mut chance);
                let fact = Fact::VatDeclared(declared.clone());
                self.agenda.add(&self.calendar, corrected, Action::Say(Box::new(fact)));
            }
            let kept = if chance.happens(8_000) { chance.between(900, 995) } else { chance.between(1_005, 1_060) };
            let written = |right: Fen| Fen(right.0 / 1_000 * kept);
            let wrong = written(declared.output_tax) - declared.output_tax;
            (declared.sales, declared.output_tax) = (written(declared.sales), written(declared.output_tax));
            declared.payable_tax = (declared.payable_tax + wrong).max(Fen(0));
        }
        Some(Fact::VatDeclared(declared))
    }

    /// The sheet of the next invoice along an edge.
    fn traded(&mut self, edge: u32, tax: i64, at: Instant) -> Sheet {
        let edge = &self.network.edges[edge as usize];
        let (seller, buyer, from_farmer) = (edge.seller, edge.buyer, edge.is_farm());
        let nature = if edge.export { Nature::Export } else { Nature::Real };
        let industry = self.firms[index(seller)].line_of_business();
        let good = if from_farmer {
            INDUSTRIES[industry.buys[0].0].sells[0]
        } else {
            industry.sells[self.chance.place(industry.sells.len())]
        };
        let to_general = buyer != NOBODY && self.firms[index(buyer)].is_general();
        let kind = if from_farmer {
            InvoiceKind::FarmPurchase
        } else if to_general || (buyer != NOBODY && self.chance.happens(3_000)) {
            InvoiceKind::Special
        } else {
            InvoiceKind::Ordinary
        };
        let firm = &mut self.firms[index(seller)];
        let rate = i64::from(if from_farmer { GOODS[good].rate_bp } else { firm.rate_bp(good) });
        let amount = i128::from(tax) * 10_000 / i128::from(rate);
        let amount = i64::try_from(amount).unwrap_or(firm.cap).clamp(100, firm.cap.max(100));
        let invoice = firm.next_invoice(seller, year(at.period()));
        Sheet { invoice, buyer, kind, good, mixed: !from_farmer, amount, nature, price_percent: 100 }
    }

    fn planned(&mut self, planned: &Planned, at: Instant) -> Sheet {
        let &Planned { seller, buyer, kind, good, amount, nature, price_percent, .. } = planned;
        let invoice = self.firms[index(seller)].next_invoice(seller, year(at.period()));
        Sheet { invoice, buyer, kind, good, mixed: false, amount, nature, price_percent }
    }

    fn issue(&mut self, sheet: &Sheet, at: Instant, planned: Option<&Planned>) -> Fact {
        let invoice = sheet::blue(self.settings.seed, &self.firms, sheet);
        self.book(sheet, at.period(), &invoice, 1);
        let claim = Claim { invoice: sheet.invoice, buyer: sheet.buyer, tax: invoice.tax.0 };
        match planned {
            None => self.follow(sheet, claim),
            Some(planned) => match &planned.then {
                Then::Usual => self.follow_planned(sheet, claim, planned, false),
                Then::Refund => self.follow_planned(sheet, claim, planned, true),
                Then::Exactly(steps) => self.follow_exactly(sheet, claim, steps),
            },
        }
        Fact::InvoiceIssued(Box::new(invoice))
    }

    fn void(&mut self, sheet: &Sheet, at: Instant) -> Fact {
        let invoice = sheet::blue(self.settings.seed, &self.firms, sheet);
        self.book(sheet, at.period(), &invoice, -1);
        self.issue_again(sheet);
        Fact::InvoiceVoided(InvoiceVoided { invoice_no: invoice.invoice_no, seller_id: invoice.seller_id })
    }

    fn offset(&mut self, sheet: &Sheet, thousandths: u16, at: Instant) -> Fact {
        let seller = sheet.invoice.seller;
        let firm = &mut self.firms[index(seller)];
        let no = firm.next_invoice(seller, year(at.period())).number(firm.region_code());
        let red = sheet::red(self.settings.seed, &self.firms, sheet, no, thousandths);
        self.book(sheet, at.period(), &red, 1);
        Fact::InvoiceIssued(Box::new(red))
    }

    /// Mostly, what was taken back with a mistake in it is issued again at once.
    fn issue_again(&mut self, sheet: &Sheet) {
        let mut chance = sheet::chance_of(self.settings.seed.rotate_left(17), sheet);
        let day = self.day + 1 + chance.place(2);
        if sheet.nature == Nature::Real && day < self.calendar.trading && chance.happens(REISSUED_BP) {
            self.put(day, Action::Reissue(Box::new(*sheet)), &mut chance);
        }
    }

    /// Enters an invoice in the books of both sides.
    fn book(&mut self, sheet: &Sheet, period: Period, invoice: &Invoice, sign: i64) {
        let (amount, tax) = (Fen(invoice.amount.0 * sign), Fen(invoice.tax.0 * sign));
        let (seller, to_firm) = (sheet.invoice.seller, sheet.buyer != NOBODY);
        if sheet.kind != InvoiceKind::FarmPurchase {
            self.ledger.issued(seller, to_firm, sheet.nature, period, (amount, tax));
        }
        if to_firm {
            self.ledger.bought(sheet.buyer, sheet.nature, period, amount);
        }
    }

    fn id(&self, firm: FirmNo) -> TaxpayerId {
        self.firms[index(firm)].id
    }

    fn number(&self, invoice: InvoiceRef) -> InvoiceNo {
        invoice.number(self.firms[index(invoice.seller)].region_code())
    }

    /// One buyer's system in ten does not say who the seller is.
    fn named_seller(&self, claim: Claim) -> Option<TaxpayerId> {
        let says = !mixed(self.settings.seed ^ u64::from(claim.buyer)).is_multiple_of(10);
        says.then(|| self.id(claim.invoice.seller))
    }
}

/// The last two digits of a period's year.
fn year(period: Period) -> u8 {
    u8::try_from(period.0.div_euclid(12).rem_euclid(100)).expect("two digits")
}
