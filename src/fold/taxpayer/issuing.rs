//! Invoices on their issuer's side: blue, red, void.

use super::Step;
use super::taint::ASKED_TOGETHER;
use crate::fold::effects::Seen;
use crate::model::{
    About, Arrival, Continue, Entity, Event, Fen, GoodsAmount, Instant, Invoice, InvoiceKind, InvoiceNo, InvoiceVoided,
    Message, Period, RED_WITHOUT_BLUE, Returned, Source, TaxpayerId, Timer, Vector, Voided,
};
use crate::provenance::Blend;
use crate::state::{Goods, GoodsClass, Issue, Issued, Key, Partner, Side, Void, WaitingRed};

/// Red letters that one late blue invoice may meet in one step.
const WAITING_REDS_MAX: usize = 256;
/// An invoice counts as near the cap from this share of it on, in basis points. Source: the near-cap share of doc 05.
const NEAR_CAP_BP: i64 = 9_000;

impl Step<'_> {
    pub(super) fn issued(&mut self, source: Source, event: &Event, invoice: &Invoice) {
        let no = invoice.invoice_no;
        let key = Key::Issued(no);
        let known = self.books.find::<Issued>(&key).and_then(|issued| issued.issue);
        if let Some(first) = known {
            self.seen(source, event, Seen { fingerprint: first.fingerprint, position: first.position });
            return;
        }
        let (mut issued, _) = self.books.lift::<Issued>(key);
        let goods = goods_of(invoice);
        let cap = self.profile.quota.at(event.occurred_at).map_or(Fen::ZERO, |quota| quota.max_amount);
        let issue = Issue {
            fingerprint: event.fingerprint,
            position: self.record.root.position(),
            issued_at: event.occurred_at,
            invoice_kind: invoice.invoice_kind,
            // A voucher that it issues to itself, under whatever identifier.
            buyer_id: invoice
                .buyer_id
                .map(|buyer| if buyer == invoice.seller_id { self.books.entity.id } else { buyer }),
            amount: invoice.amount,
            tax: invoice.tax,
            red_of: invoice.red_of,
            near_cap: cap > Fen::ZERO && invoice.amount.ratio_bp(cap) >= NEAR_CAP_BP,
            class: GoodsClass::main(&goods),
        };
        issued.issue = Some(issue);
        self.note_identifier(no, invoice.seller_id);
        self.doubt_event(event);
        self.doubt_closed(no, issue.issued_at);
        self.expect_closing(issue.issued_at);
        if let Some(device) = &invoice.device {
            self.note_device(device, issue.issued_at);
        }
        self.count_sale(&issue, &goods);
        let vector = if issued.void.is_some() {
            self.count_void(&issue, no);
            Vector::default()
        } else if is_red(&issue) {
            self.red_letter(no, &issue);
            Vector::default()
        } else if self.is_voucher(&issue) {
            self.begin(&mut issued, &issue, no);
            self.named(&issued.vector)
        } else {
            self.draw(&mut issued, &issue, no, &Blend::default());
            self.named(&issued.vector)
        };
        if let Some(buyer) = issue.buyer_id {
            let voided_at = issued.void.map(|void| void.at);
            self.deliver(buyer, no, &issue, voided_at, goods, vector);
            if let Some(mark) = issued.mark {
                let marked = crate::model::Marked {
                    invoice_no: no,
                    seller_id: invoice.seller_id,
                    at: mark.at,
                    abnormal: mark.abnormal,
                };
                self.send(Entity::taxpayer(buyer), Message::Marked(marked));
            }
            self.tell_of_sale(&mut issued, no);
        }
        if self.profile.waiting_reds > 0 && !is_red(&issue) {
            self.meet_waiting_reds(&mut issued, no);
        }
        self.books.put(key, issued);
        self.touch_months(&issue);
    }

    fn deliver(
        &mut self,
        buyer: TaxpayerId,
        invoice_no: InvoiceNo,
        issue: &Issue,
        voided_at: Option<Instant>,
        goods: Vec<GoodsAmount>,
        vector: Vector,
    ) {
        let arrival = Arrival {
            invoice_no,
            invoice_kind: issue.invoice_kind,
            seller_id: self.seller_of(invoice_no),
            issued_at: issue.issued_at,
            amount: issue.amount,
            tax: issue.tax,
            red_of: issue.red_of,
            voided_at,
            goods,
            vector,
        };
        self.send(Entity::taxpayer(buyer), Message::Arrival(Box::new(arrival)));
    }

    fn touch_months(&mut self, issue: &Issue) {
        let period = issue.issued_at.period();
        self.touch(About::Period(period));
        if self.now.period() != period {
            self.touch(About::Period(self.now.period()));
        }
        // Whether what came of an accused origin went on to new buyers.
        self.touch_accused(ASKED_TOGETHER);
    }

    fn count_sale(&mut self, issue: &Issue, goods: &[GoodsAmount]) {
        let (period, at) = (issue.issued_at.period(), issue.issued_at);
        let (red, voucher) = (is_red(issue), self.is_voucher(issue));
        let mut met = Met::default();
        let mut buyer_of_month = false;
        if let Some(buyer) = issue.buyer_id {
            let (partner, _) = self.books.edit_or_new::<Partner>(Key::Partner(Side::Sold, buyer));
            met = trade(partner, issue, red);
            buyer_of_month = !red && partner.months.add(period);
        }
        let seller = self.books.entity.id;
        let month = self.month(period);
        month.sold.add(issue.amount, issue.tax);
        if red {
            month.sold_red.add(issue.amount, issue.tax);
        }
        month.sold_zero += u32::from(issue.amount == Fen::ZERO);
        month.near_cap += u32::from(issue.near_cap && !red);
        month.new_buyers += u32::from(met.first_in.is_some());
        month.buyers += u32::from(buyer_of_month);
        month.sold_blue += u32::from(!red);
        if !red {
            month.habits.sold(seller, issue, true);
        }
        if voucher {
            month.vouchers.count += u32::from(!red);
            month.vouchers.amount += issue.amount;
            month.vouchers.tax += issue.tax;
        }
        self.touch_ended(&met);
        if let Some(later) = met.not_in {
            self.month(later).new_buyers -= 1;
            self.touch(About::Period(later));
        }
        self.count_sold_ways(issue, false);
        self.profile.last_month = self.profile.last_month.max(period);
        if !red {
            self.profile.last_issued_at = self.profile.last_issued_at.max(at);
        }
        for line in goods {
            let (row, _) = self.books.edit_or_new::<Goods>(Key::Goods(Side::Sold, line.code));
            row.totals.add(line.amount, Fen::ZERO);
        }
    }

    /// A red letter meets its blue invoice, or waits for it. What the buyer gives up goes by a message of its own: it must
    /// not overtake what a void of another red letter has just restored.
    fn red_letter(&mut self, red_no: InvoiceNo, issue: &Issue) {
        let Some(blue_no) = issue.red_of else { return };
        let blue_key = Key::Issued(blue_no);
        let known = blue_no != red_no && self.books.find::<Issued>(&blue_key).is_some_and(|blue| blue.issue.is_some());
        if known {
            self.offset(blue_no, red_no, issue);
            return;
        }
        let waiting = Key::WaitingRed { blue_no, red_no };
        self.books.put(waiting, WaitingRed { issued_at: issue.issued_at });
        self.profile.waiting_reds += 1;
        let due = issue.issued_at.plus_days(self.rules.limits.grace_days);
        let timer = Timer::RedLetter { red_no };
        if self.books.set_timer(self.hour, due, timer) {
            let this = self.books.entity;
            self.send(this, Message::Timer(timer));
        }
    }

    /// Counts a red letter to its blue invoice and takes its share back.
    fn offset(&mut self, blue_no: InvoiceNo, red_no: InvoiceNo, red: &Issue) {
        let mut blue = self.lift_issued(blue_no);
        blue.reds.add(red.amount, red.tax);
        self.meet(&mut blue, blue_no, red_no, red);
        let period = blue.issue.map(|issue| issue.issued_at.period());
        self.books.put(Key::Issued(blue_no), blue);
        if let Some(period) = period {
            self.touch(About::Period(period));
        }
    }

    /// Takes a red letter's share of its blue invoice back.
    fn meet(&mut self, blue: &mut Issued, blue_no: InvoiceNo, red_no: InvoiceNo, red: &Issue) {
        self.doubt_red(blue, blue_no, red);
        self.count_red_later(blue, red, false);
        let returned = self.take_back(blue, blue_no, red.tax.abs());
        let (seller_id, at, restored) = (self.seller_of(blue_no), red.issued_at, Vector::default());
        self.tell_holder(blue, Returned { red_no, blue_no, seller_id, at, returned, restored });
    }

    /// Tells the holder of an invoice what of it is taken back or goes out again, whomever a red letter names.
    pub(super) fn tell_holder(&mut self, blue: &Issued, returned: Returned) {
        if let Some(buyer) = blue.issue.and_then(|issue| issue.buyer_id) {
            self.send(Entity::taxpayer(buyer), Message::Returned(Box::new(returned)));
        }
    }

    fn meet_waiting_reds(&mut self, blue: &mut Issued, blue_no: InvoiceNo) {
        let from = Key::WaitingRed { blue_no, red_no: InvoiceNo::FIRST };
        let keys = self.books.scan(&from, &Key::WaitingRed { blue_no, red_no: InvoiceNo::LAST }, WAITING_REDS_MAX + 1);
        for (met, key) in keys.into_iter().enumerate() {
            if met == WAITING_REDS_MAX || !self.has_room() {
                self.go_on(Continue::Reds { blue_no });
                return;
            }
            let Key::WaitingRed { red_no, .. } = key else { return };
            self.books.remove(&key);
            self.profile.waiting_reds -= 1;
            let red = standing_issue(self.books.find::<Issued>(&Key::Issued(red_no)));
            let Some(red) = red else { continue };
            blue.reds.add(red.amount, red.tax);
            self.meet(blue, blue_no, red_no, &red);
        }
    }

    /// Goes on with the red letters that waited for an invoice.
    pub(super) fn meet_more_reds(&mut self, blue_no: InvoiceNo) {
        let mut blue = self.lift_issued(blue_no);
        if let Some(issue) = blue.issue {
            self.now = issue.issued_at;
            self.meet_waiting_reds(&mut blue, blue_no);
            self.touch_months(&issue);
        }
        self.books.put(Key::Issued(blue_no), blue);
    }

    pub(super) fn voided(&mut self, source: Source, event: &Event, voided: &InvoiceVoided) {
        let no = voided.invoice_no;
        let key = Key::Issued(no);
        if let Some(first) = self.books.find::<Issued>(&key).and_then(|issued| issued.void) {
            self.seen(source, event, Seen { fingerprint: first.fingerprint, position: first.position });
            return;
        }
        self.doubt_event(event);
        let mut issued = self.lift_issued(no);
        let position = self.record.root.position();
        issued.void = Some(Void { fingerprint: event.fingerprint, position, at: event.occurred_at });
        if let Some(issue) = issued.issue {
            self.count_void(&issue, no);
            let returned = if is_red(&issue) {
                self.undo_red(no, &issue);
                Vector::default()
            } else {
                let all = issued.vector.total();
                self.take_back(&mut issued, no, all)
            };
            if let Some(buyer) = issue.buyer_id {
                let seller_id = self.seller_of(no);
                let voided = Voided { invoice_no: no, seller_id, voided_at: event.occurred_at, returned };
                self.send(Entity::taxpayer(buyer), Message::Voided(Box::new(voided)));
            }
            self.touch_months(&issue);
        }
        self.books.put(key, issued);
    }

    /// Lets go out again what a red letter, now voided, took back.
    fn undo_red(&mut self, red_no: InvoiceNo, red: &Issue) {
        let Some(blue_no) = red.red_of else { return };
        let waiting = Key::WaitingRed { blue_no, red_no };
        if self.books.has(&waiting) {
            self.books.remove(&waiting);
            self.profile.waiting_reds -= 1;
            return;
        }
        let mut blue = self.lift_issued(blue_no);
        blue.reds.remove(red.amount, red.tax);
        self.count_red_later(&blue, red, true);
        let stands = |sold: &Issue| blue.void.is_none() && !self.is_closed(sold.issued_at);
        if let Some(sold) = blue.issue.filter(stands) {
            let restored = self.send_again(&mut blue, blue_no, &sold, red.tax.abs());
            let (seller_id, at, returned) = (self.seller_of(blue_no), self.now, Vector::default());
            self.tell_holder(&blue, Returned { red_no, blue_no, seller_id, at, returned, restored });
            // It stands again in its own month, and the red letter may be of a later one.
            self.touch(About::Period(sold.issued_at.period()));
        }
        self.books.put(Key::Issued(blue_no), blue);
    }

    /// Whether it is a purchase voucher, which its buyer issues for a farmer who cannot.
    pub(super) fn is_voucher(&self, issue: &Issue) -> bool {
        issue.invoice_kind == InvoiceKind::FarmPurchase && issue.buyer_id == Some(self.books.entity.id)
    }

    /// Draws anew what had been taken back of a sale, by a red letter that was voided or because it counted otherwise.
    pub(super) fn send_again(&mut self, blue: &mut Issued, blue_no: InvoiceNo, sold: &Issue, tax: Fen) -> Vector {
        // What stands is the sale less the red letters that stand, whatever those that do not had taken.
        let standing = (sold.tax + blue.reds.tax).max(Fen::ZERO);
        let room = standing - blue.vector.total();
        let again = Issue { tax: tax.min(room).max(Fen::ZERO), ..*sold };
        let mut drawn = Issued::default();
        self.forget_deficit(sold.issued_at, blue_no);
        if self.is_voucher(sold) {
            self.begin(&mut drawn, &again, blue_no);
        } else {
            self.draw(&mut drawn, &again, blue_no, &blue.vector);
        }
        let restored = self.named(&drawn.vector);
        if blue.vector.is_empty() {
            blue.drawn_after = drawn.drawn_after;
        }
        blue.vector.absorb(&drawn.vector, usize::MAX);
        blue.short += drawn.short;
        if drawn.short == Fen::ZERO && blue.short > Fen::ZERO && !blue.gone {
            self.owe(sold.issued_at, blue_no);
        }
        restored
    }

    /// Counts a void off what its invoice had been counted to.
    fn count_void(&mut self, issue: &Issue, no: InvoiceNo) {
        let (red, voucher) = (is_red(issue), self.is_voucher(issue));
        let period = issue.issued_at.period();
        let mut last_of_month = false;
        if let Some(buyer) = issue.buyer_id {
            let (partner, _) = self.books.edit_or_new::<Partner>(Key::Partner(Side::Sold, buyer));
            untrade(partner, issue, red);
            last_of_month = !red && partner.months.remove(period);
        }
        let seller = self.books.entity.id;
        let month = self.month(period);
        month.sold_void.add(issue.amount, issue.tax);
        if !red {
            month.habits.sold(seller, issue, false);
        }
        month.sold_blue -= u32::from(!red);
        if voucher {
            month.vouchers.count -= u32::from(!red);
            month.vouchers.amount -= issue.amount;
            month.vouchers.tax -= issue.tax;
        }
        month.near_cap -= u32::from(issue.near_cap && !red);
        month.buyers -= u32::from(last_of_month);
        self.count_sold_ways(issue, true);
        if issue.issued_at.period() != self.now.period() {
            let reason = format!("invoice {no} of {} is voided in {}", issue.issued_at.period(), self.now.period());
            self.doubt("voided_in_another_month", Some(no), reason);
        }
    }

    /// A red letter's grace period is over. What is said then is a statement of that time: a blue invoice that comes even
    /// later meets its red letter all the same, and the doubt, which has no status, is not taken back.
    pub(super) fn red_letter_due(&mut self, red_no: InvoiceNo) {
        let red = standing_issue(self.books.find::<Issued>(&Key::Issued(red_no)));
        let Some((red, blue_no)) = red.and_then(|red| Some((red, red.red_of?))) else { return };
        let due = red.issued_at.plus_days(self.rules.limits.grace_days);
        if !self.books.set_timer(self.hour, due, Timer::RedLetter { red_no }) {
            return; // the rules give it more time now than when the time was set
        }
        (self.now, self.cause) = (due, red.position);
        // Where its blue invoice is here, it still waits only because there are many of its kind.
        let blue = self.books.find::<Issued>(&Key::Issued(blue_no)).and_then(|blue| blue.issue);
        let unmet = blue_no == red_no || blue.is_none();
        if unmet && self.books.has(&Key::WaitingRed { blue_no, red_no }) {
            let days = self.rules.limits.grace_days;
            let reason =
                format!("red letter {red_no} offsets invoice {blue_no}, which has not come within {days} days");
            self.doubt(RED_WITHOUT_BLUE, Some(red_no), reason);
        }
    }

    /// Red letters that cannot be right: they are counted all the same.
    fn doubt_red(&mut self, blue: &Issued, blue_no: InvoiceNo, red: &Issue) {
        let Some(sold) = blue.issue else { return };
        let wrong = if is_red(&sold) {
            "is a red letter itself"
        } else if blue.void.is_some() {
            "is void"
        } else if sold.buyer_id != red.buyer_id {
            "has another buyer"
        } else if blue.reds.tax + sold.tax < Fen::ZERO || blue.reds.amount + sold.amount < Fen::ZERO {
            "is less than its red letters together"
        } else {
            return;
        };
        let reason = format!("a red letter offsets invoice {blue_no}, which {wrong}");
        self.doubt("impossible_red", Some(blue_no), reason);
    }
}

/// A red letter: names the invoice it offsets, or is negative.
pub(super) fn is_red(issue: &Issue) -> bool {
    issue.red_of.is_some() || issue.amount < Fen::ZERO || issue.tax < Fen::ZERO
}

/// Which months a counterparty was first met in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Met {
    /// The month of this invoice, where it is the first of all, or now turns out to be.
    pub(super) first_in: Option<Period>,
    /// The month that had been taken for that of the first.
    pub(super) not_in: Option<Period>,
    /// The month that had been that of the last.
    pub(super) last_before: Option<Period>,
}

/// Counts an invoice to a counterparty. The first blue one is the one issued first, whatever the order of folding.
pub(super) fn trade(partner: &mut Partner, issue: &Issue, red: bool) -> Met {
    let at = issue.issued_at;
    partner.totals.amount += issue.amount;
    partner.totals.tax += issue.tax;
    let last = Some(partner.last_at).filter(|last| *last > Instant::default()).map(Instant::period);
    let last_before = last.filter(|last| *last < at.period());
    if red {
        return Met { last_before, ..Met::default() };
    }
    partner.totals.count = partner.totals.count.saturating_add(1);
    partner.last_at = partner.last_at.max(at);
    let before = std::mem::replace(&mut partner.first_at, at);
    if before == Instant::default() {
        return Met { first_in: Some(at.period()), ..Met::default() };
    }
    if before <= at {
        partner.first_at = before;
        return Met { last_before, ..Met::default() };
    }
    let moved = before.period() != at.period();
    Met { first_in: moved.then(|| at.period()), not_in: moved.then(|| before.period()), last_before }
}

/// Counts a void off a counterparty.
pub(super) fn untrade(partner: &mut Partner, issue: &Issue, red: bool) {
    partner.totals.amount -= issue.amount;
    partner.totals.tax -= issue.tax;
    if !red {
        partner.totals.count = partner.totals.count.saturating_sub(1);
    }
}

/// Amounts by goods code, each once, in the order of the codes.
fn goods_of(invoice: &Invoice) -> Vec<GoodsAmount> {
    let mut goods: Vec<GoodsAmount> =
        invoice.lines.iter().map(|line| GoodsAmount { code: line.goods_code, amount: line.amount }).collect();
    goods.sort_unstable_by_key(|line| line.code);
    goods.dedup_by(|next, kept| {
        let same = next.code == kept.code;
        if same {
            kept.amount += next.amount;
        }
        same
    });
    goods
}

/// The invoice of a row, where it has one that was not voided.
fn standing_issue(issued: Option<&Issued>) -> Option<Issue> {
    issued.filter(|issued| issued.void.is_none()).and_then(|issued| issued.issue)
}
