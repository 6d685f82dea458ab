//! Turns what is on the agenda into events, and puts what follows from them on the agenda: receipts, deductions, voids,
//! red letters.

use crate::model::{
    DeductionReversed, Event, Fact, Fen, Fingerprint, Instant, InvoiceDeducted, InvoiceKind, InvoiceReceived,
    InvoiceVoided, Period, Purpose, TaxpayerId,
};

use super::World;
use super::agenda::{Action, Claim, Entry, Planned, Reason, Sheet, Step, Then};
use super::calendar::{DayNo, Season};
use super::chance::{Chance, mixed};
use super::firm::{FirmNo, NOBODY, index};
use super::goods::{GOODS, INDUSTRIES};
use super::sheet;

/// Voided, in basis points of the invoices issued on tax-control equipment.
const VOIDS_BP: u64 = 500;
/// Red-lettered after the buyer deducted, in basis points.
const LATE_RED_LETTERS_BP: u64 = 40;
/// Of these, offset in part only.
const PARTLY_BP: u64 = 6_500;
/// Deducted, and given back for private use.
const PRIVATE_USE_BP: u64 = 30;
/// Deducted before it is booked.
const EARLY_DEDUCTION_BP: u64 = 50;

impl World {
    /// Makes one thing happen. `None` where whoever should do it has vanished.
    pub(super) fn perform(&mut self, Entry { at, action }: Entry) -> Option<Event> {
        let fact = match action {
            Action::Register(firm) => self.firms[index(firm)].registration(self.settings.seed, firm),
            Action::Grant(firm) => self.firms[index(firm)].quota(),
            Action::Say(fact) => *fact,
            Action::File(firm) => {
                let (id, filing) = (self.firms[index(firm)].id, self.firms[index(firm)].filing);
                let declared = self.ledger.file(firm, id, at.period().minus(1), filing);
                (!self.is_gone(firm, at)).then_some(Fact::VatDeclared(declared?))?
            }
            Action::Trade(edge, tax) => {
                let sheet = self.traded(edge, tax, at);
                self.issue(&sheet, at, &Then::Usual)
            }
            Action::Issue(planned) => {
                let sheet = self.planned(&planned, at);
                self.issue(&sheet, at, &planned.then)
            }
            Action::Void(sheet) => self.void(&sheet, at),
            Action::Offset(sheet, thousandths) => self.offset(*sheet, thousandths, at),
            Action::Receive(claim) if self.is_gone(claim.buyer, at) => return None,
            Action::Receive(claim) => Fact::InvoiceReceived(InvoiceReceived {
                invoice_no: self.number(claim),
                buyer_id: self.id(claim.buyer),
                seller_id: self.named_seller(claim),
            }),
            Action::Deduct(claim, _) | Action::Reverse(claim, _) if self.is_gone(claim.buyer, at) => return None,
            Action::Deduct(claim, period) => {
                self.ledger.deducted(claim.buyer, period, claim.tax);
                Fact::InvoiceDeducted(InvoiceDeducted {
                    invoice_no: self.number(claim),
                    buyer_id: self.id(claim.buyer),
                    seller_id: self.named_seller(claim),
                    period,
                    tax: Fen(claim.tax),
                    purpose: Purpose::Deduct,
                })
            }
            Action::Reverse(claim, reason) => {
                self.ledger.transferred_out(claim.buyer, at.period(), claim.tax);
                Fact::DeductionReversed(DeductionReversed {
                    invoice_no: self.number(claim),
                    buyer_id: self.id(claim.buyer),
                    seller_id: self.named_seller(claim),
                    period: at.period(),
                    tax: Fen(claim.tax),
                    reason: reason.text().into(),
                })
            }
        };
        Some(Event { occurred_at: at, event_id: None, source_system: None, fingerprint: Fingerprint::default(), fact })
    }

    /// The sheet of the next invoice along an edge.
    fn traded(&mut self, edge: u32, tax: i64, at: Instant) -> Sheet {
        let edge = &self.network.edges[edge as usize];
        let (seller, buyer, from_farmer) = (edge.seller, edge.buyer, edge.is_farm());
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
        Sheet { invoice, buyer, kind, good, mixed: !from_farmer, amount }
    }

    fn planned(&mut self, planned: &Planned, at: Instant) -> Sheet {
        let &Planned { seller, buyer, good, amount, .. } = planned;
        let invoice = self.firms[index(seller)].next_invoice(seller, year(at.period()));
        Sheet { invoice, buyer, kind: InvoiceKind::Special, good, mixed: false, amount }
    }

    fn issue(&mut self, sheet: &Sheet, at: Instant, then: &Then) -> Fact {
        let invoice = sheet::blue(self.settings.seed, &self.firms, sheet);
        if sheet.kind != InvoiceKind::FarmPurchase {
            self.ledger.issued(sheet.invoice.seller, at.period(), invoice.amount, invoice.tax);
        }
        let claim = Claim { invoice: sheet.invoice, buyer: sheet.buyer, tax: invoice.tax.0 };
        match then {
            Then::Usual => self.follow(sheet, claim),
            Then::Exactly(steps) => {
                for &(at, step) in steps {
                    let action = match step {
                        Step::Receive => Action::Receive(claim),
                        Step::Deduct(period) => Action::Deduct(claim, period),
                        Step::Void => Action::Void(Box::new(*sheet)),
                    };
                    self.agenda.add(&self.calendar, at, action);
                }
            }
        }
        Fact::InvoiceIssued(Box::new(invoice))
    }

    fn void(&mut self, sheet: &Sheet, at: Instant) -> Fact {
        let seller = sheet.invoice.seller;
        let invoice = sheet::blue(self.settings.seed, &self.firms, sheet);
        self.ledger.issued(seller, at.period(), -invoice.amount, -invoice.tax);
        Fact::InvoiceVoided(InvoiceVoided { invoice_no: invoice.invoice_no, seller_id: invoice.seller_id })
    }

    fn offset(&mut self, sheet: Sheet, thousandths: u16, at: Instant) -> Fact {
        let seller = sheet.invoice.seller;
        let firm = &mut self.firms[index(seller)];
        let no = firm.next_invoice(seller, year(at.period())).number(firm.region_code());
        let red = sheet::red(self.settings.seed, &self.firms, &sheet, no, thousandths);
        self.ledger.issued(seller, at.period(), red.amount, red.tax);
        Fact::InvoiceIssued(Box::new(red))
    }

    /// What follows an ordinary invoice. Everything from tomorrow on: today's entries are already taken.
    fn follow(&mut self, sheet: &Sheet, claim: Claim) {
        let mut chance = sheet::chance_of(!self.settings.seed, sheet);
        let seller = &self.firms[index(sheet.invoice.seller)];
        let farm = sheet.kind == InvoiceKind::FarmPurchase;
        let soon = self.day + 1 + chance.place(5);
        if self.is_same_month(soon) && !farm {
            if seller.paper && chance.happens(VOIDS_BP) {
                return self.put(soon, Action::Void(Box::new(*sheet)), &mut chance);
            }
            if chance.happens(seller.returns_bp) {
                return self.put(soon, Action::Offset(Box::new(*sheet), 1_000), &mut chance);
            }
        }
        if sheet.buyer == NOBODY {
            return;
        }
        let received = self.day + 1 + chance.weighted([30, 26, 18, 11, 7, 4, 2, 1, 1].into_iter());
        let deducts = self.firms[index(sheet.buyer)].is_general() && sheet.kind.deductible();
        let deducted = if deducts { self.deduction_day(received, sheet.buyer, &mut chance) } else { None };
        let Some((day, period)) = deducted else {
            return self.put(received, Action::Receive(claim), &mut chance);
        };
        // Now and then somebody claims first and books later.
        let swapped = chance.happens(EARLY_DEDUCTION_BP) && self.calendar.days[received].period == period;
        let (received, day) = if swapped { (day, received) } else { (received, day) };
        if !farm {
            self.put(received, Action::Receive(claim), &mut chance);
        }
        self.put(day, Action::Deduct(claim, period), &mut chance);
        if !farm {
            self.regret(sheet, claim, day.max(received), &mut chance);
        }
    }

    /// Rarely, a deduction is given back: for private use, or because the seller offsets the invoice.
    fn regret(&mut self, sheet: &Sheet, claim: Claim, day: DayNo, chance: &mut Chance) {
        let later = day + 2 + chance.place(25);
        if chance.happens(PRIVATE_USE_BP) {
            self.put(later, Action::Reverse(claim, Reason::PrivateUse), chance);
        } else if chance.happens(LATE_RED_LETTERS_BP) && later + 3 < self.calendar.days.len() {
            let thousandths =
                if chance.happens(PARTLY_BP) { u16::try_from(chance.between(100, 900)).expect("small") } else { 1_000 };
            let number = sheet.invoice.number(self.firms[index(sheet.invoice.seller)].region_code());
            let red = sheet::red(self.settings.seed, &self.firms, sheet, number, thousandths);
            let claim = Claim { tax: -red.tax.0, ..claim };
            self.put(later, Action::Reverse(claim, Reason::RedLetter), chance);
            self.put(later + 1 + chance.place(2), Action::Offset(Box::new(*sheet), thousandths), chance);
        }
    }

    /// When a buyer claims what it received on a day, and for which period: mostly early in the next month, before it
    /// files; at times at once, or a month late. `None` where the days end before.
    fn deduction_day(&self, received: DayNo, buyer: FirmNo, chance: &mut Chance) -> Option<(DayNo, Period)> {
        let days = &self.calendar.days;
        let period = days.get(received)?.period;
        let roll = chance.below(100);
        let following = if roll < 12 { None } else { self.calendar.next_month(received) };
        let Some(mut month) = following else {
            // Within six days: nobody files before the eighth, so a month that ends between is no matter.
            let day = received + 1 + chance.place(6);
            return (day < days.len()).then_some((day, period));
        };
        let mut period = period;
        if roll >= 97
            && let Some(next) = self.calendar.next_month(month)
        {
            period = days[month].period;
            month = next;
        }
        let days_to_file = self.firms[index(buyer)].filing_day as usize - 1;
        Some((month + chance.place(days_to_file), period))
    }

    fn put(&mut self, day: DayNo, action: Action, chance: &mut Chance) {
        if day < self.calendar.days.len() {
            let at = self.calendar.moment(day, Season::Business, chance);
            self.agenda.add(&self.calendar, at, action);
        }
    }

    fn is_same_month(&self, day: DayNo) -> bool {
        self.calendar.days.get(day).is_some_and(|then| then.period == self.calendar.days[self.day].period)
    }

    fn id(&self, firm: FirmNo) -> TaxpayerId {
        self.firms[index(firm)].id
    }

    fn number(&self, claim: Claim) -> crate::model::InvoiceNo {
        claim.invoice.number(self.firms[index(claim.invoice.seller)].region_code())
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
