//! Invoices on their holder's side: they arrive, are voided, offset, marked.

use super::Step;
use super::claims::{deducted_by_origin, refunds};
use super::issuing::{Met, is_red, trade, untrade};
use super::taint::ASKED_TOGETHER;
use crate::model::{
    About, Arrival, Fen, Fingerprint, GoodsAmount, Id, InvoiceNo, Marked, Part, Returned, TaxpayerId, Voided,
};
use crate::provenance::Ordinal;
use crate::risk;
use crate::state::{AccusedName, Arrived, Books, Goods, GoodsClass, Held, Issue, Key, Mark, Partner, Side, Voucher};

/// Value back at its origin through so many invoices at least counts as going round: two firms or more.
const CIRCLE_HOPS_MIN: u8 = 2;
/// Trade with one partner that matches another's ends at most so many months before it.
const MONTHS_ENDED: i32 = 2;

impl Step<'_> {
    pub(super) fn arrived(&mut self, arrival: &Arrival) {
        self.now = arrival.issued_at;
        let (no, seller) = (arrival.invoice_no, arrival.seller_id);
        let arrived = Arrived {
            position: self.record.root.position(),
            issued_at: arrival.issued_at,
            invoice_kind: arrival.invoice_kind,
            amount: arrival.amount,
            tax: arrival.tax,
            red_of: arrival.red_of,
            class: GoodsClass::main(&arrival.goods),
        };
        let issue = issue_of(&arrived, self.books.entity.id);
        self.expect_closing(arrival.issued_at);
        self.count_purchase(&issue, seller, &arrival.goods);
        let lets_deduct = arrival.invoice_kind.deductible() && arrival.voided_at.is_none();
        let enters = lets_deduct && self.is_general(arrival.issued_at);
        let red = is_red(&issue);
        let own_round = if lets_deduct && !red { self.own_value_round(arrival) } else { Fen::ZERO };
        let returned_own = if enters { own_round } else { Fen::ZERO };
        if returned_own > Fen::ZERO {
            self.month(arrival.issued_at.period()).returned_own += returned_own;
        }
        self.with_held(no, seller, |step, held| {
            let was_unseen = held.arrived.is_none() && !held.claims.is_empty();
            step.profile.claimed_unseen -= u32::from(was_unseen);
            held.arrived = Some(arrived);
            held.voided_at = arrival.voided_at;
            held.returned_own = returned_own;
            held.goes_round = own_round > Fen::ZERO;
            if lets_deduct && !red {
                held.entered = enters;
                held.vector = if enters {
                    step.bring(&arrival.vector, seller, arrival.issued_at)
                } else {
                    step.kept(&arrival.vector, seller)
                };
            }
        });
        if arrival.voided_at.is_some() {
            self.count_held_void(&issue, seller);
            if let (true, Some(blue_no)) = (red, arrival.red_of) {
                self.with_held(blue_no, seller, |_, blue| blue.red_at = blue.red_at.max(arrival.issued_at));
            }
        } else if let (true, Some(blue_no)) = (red, arrival.red_of) {
            self.with_held(blue_no, seller, |_, blue| {
                blue.reds.add(arrival.amount, arrival.tax);
                blue.red_at = blue.red_at.max(arrival.issued_at);
            });
        }
        if self.profile.unnamed_claims > 0 {
            self.lend_unnamed(no);
        }
        self.doubt_claims(no, seller);
        self.touch(About::Period(arrival.issued_at.period()));
    }

    fn count_purchase(&mut self, issue: &Issue, seller: TaxpayerId, goods: &[GoodsAmount]) {
        let red = is_red(issue);
        let (partner, _) = self.books.edit_or_new::<Partner>(Key::Partner(Side::Bought, seller));
        let met = trade(partner, issue, red);
        let keeps_some = partner.kept.count > 0;
        let period = issue.issued_at.period();
        let seller_of_month = !red && partner.months.add(period);
        self.profile.last_month = self.profile.last_month.max(period);
        let buyer = self.books.entity.id;
        let month = self.month(period);
        month.sellers += u32::from(seller_of_month);
        month.bought.add(issue.amount, issue.tax);
        if red {
            month.bought_red.add(issue.amount, issue.tax);
        }
        month.new_sellers += u32::from(met.first_in.is_some());
        if !red {
            month.habits.bought(buyer, seller, issue, true);
        }
        self.touch_ended(&met);
        if let Some(later) = met.not_in {
            self.month(later).new_sellers -= 1;
            self.touch(About::Period(later));
        }
        self.count_bought_ways(issue, false);
        self.touch_accused_seller(seller);
        if keeps_some {
            self.touch_kept();
        }
        for line in goods {
            let (row, _) = self.books.edit_or_new::<Goods>(Key::Goods(Side::Bought, line.code));
            row.totals.add(line.amount, Fen::ZERO);
        }
    }

    /// Trade with a partner that had seemed to end with another's goes on: what was found of that end is asked again. Another
    /// may have ended up to a month later.
    pub(super) fn touch_ended(&mut self, met: &Met) {
        let Some(last) = met.last_before.filter(|_| self.profile.found & risk::CIRCULAR.bit() != 0) else { return };
        for months in 0..=MONTHS_ENDED {
            self.touch_one(About::Period(last.minus(-months)));
        }
    }

    /// A finding about value of an accused seller says how much was bought from it, and one about value that came through a
    /// seller what part that is of all it sold.
    fn touch_accused_seller(&mut self, seller: TaxpayerId) {
        let origins = self.accused_origins(ASKED_TOGETHER);
        let came_through = |origin: &TaxpayerId, books: &mut Books<'_>| {
            let names = books.accused_names(*origin, risk::NAMES_MAX);
            let told = |name: &AccusedName| Key::taint_told(*origin, name.named, seller);
            *origin == seller || names.iter().any(|name| books.has(&told(name)))
        };
        // What is held against it is the sum over all of them.
        if origins.iter().any(|origin| came_through(origin, &mut self.books)) {
            for origin in origins {
                self.touch(About::Origin(origin));
            }
            self.touch_refunds();
        }
        if self.profile.tainted_origins > 0 && self.books.has(&Key::Tainted(seller)) {
            self.touch(About::Origin(seller));
        }
    }

    /// Value of its own that comes back through two firms or more, in goods that it sells itself.
    fn own_value_round(&mut self, arrival: &Arrival) -> Fen {
        let this = self.books.entity.id;
        let own = arrival.vector.parts.iter().find(|part| part.origin == this);
        let Some(Part { tax, hops, .. }) = own.copied() else { return Fen::ZERO };
        if hops.saturating_add(1) < CIRCLE_HOPS_MIN || !self.sells_any(&arrival.goods) {
            return Fen::ZERO;
        }
        tax
    }

    /// Whether it sells goods of these codes itself; unknown goods could be any.
    fn sells_any(&mut self, goods: &[GoodsAmount]) -> bool {
        goods.is_empty() || goods.iter().any(|line| self.books.has(&Key::Goods(Side::Sold, line.code)))
    }

    pub(super) fn held_voided(&mut self, voided: &Voided) {
        self.now = voided.voided_at;
        let (no, seller) = (voided.invoice_no, voided.seller_id);
        let mut arrived = None;
        self.with_held(no, seller, |step, held| {
            held.voided_at = Some(voided.voided_at);
            arrived = held.arrived;
            if let Some(arrived) = arrived {
                step.take_off(held, &voided.returned, arrived.issued_at);
            }
        });
        let Some(arrived) = arrived else { return };
        let issue = issue_of(&arrived, self.books.entity.id);
        self.count_held_void(&issue, seller);
        if let Some(blue_no) = arrived.red_of {
            self.with_held(blue_no, seller, |_, blue| blue.reds.remove(arrived.amount, arrived.tax));
        }
        self.touch(About::Period(arrived.issued_at.period()));
    }

    fn count_held_void(&mut self, issue: &Issue, seller: TaxpayerId) {
        let red = is_red(issue);
        let (partner, _) = self.books.edit_or_new::<Partner>(Key::Partner(Side::Bought, seller));
        untrade(partner, issue, red);
        let keeps_some = partner.kept.count > 0;
        let period = issue.issued_at.period();
        let last_of_month = !red && partner.months.remove(period);
        let buyer = self.books.entity.id;
        let month = self.month(period);
        month.bought_void.add(issue.amount, issue.tax);
        if !red {
            month.habits.bought(buyer, seller, issue, false);
        }
        month.sellers -= u32::from(last_of_month);
        self.count_bought_ways(issue, true);
        self.touch_accused_seller(seller);
        if keeps_some {
            self.touch_kept();
        }
    }

    pub(super) fn held_returned(&mut self, returned: &Returned) {
        let (no, seller) = (returned.blue_no, returned.seller_id);
        let Some(blue) = self.books.held(no, seller).and_then(|held| held.arrived) else { return };
        self.now = returned.at.max(blue.issued_at);
        self.with_held(no, seller, |step, held| {
            // Off the month it came in with: the red letter may be of a later one.
            step.take_off(held, &returned.returned, blue.issued_at);
            let lets_deduct = blue.invoice_kind.deductible() && held.voided_at.is_none();
            if lets_deduct && returned.restored.total() > Fen::ZERO {
                let again = if held.entered {
                    step.bring(&returned.restored, seller, blue.issued_at)
                } else {
                    step.kept(&returned.restored, seller)
                };
                // The seller keeps its budget for both: see `Blend::within_beside`.
                held.vector.absorb(&again, usize::MAX);
                if held.goes_round && held.entered {
                    let own = again.of(Ordinal::OWN);
                    held.returned_own += own;
                    step.month(blue.issued_at.period()).returned_own += own;
                }
            }
        });
        self.touch(About::Period(blue.issued_at.period()));
    }

    pub(super) fn held_marked(&mut self, marked: &Marked) {
        self.now = marked.at;
        self.with_held(marked.invoice_no, marked.seller_id, |_, held| {
            if held.mark.is_none_or(|earlier| (earlier.at, earlier.abnormal) <= (marked.at, marked.abnormal)) {
                held.mark = Some(Mark { at: marked.at, abnormal: marked.abnormal });
            }
        });
    }

    /// Changes a held invoice, and keeps true what rests on its claims and its vector: how much of each origin is
    /// deducted, what of a month is, and the findings about it.
    pub(super) fn with_held(
        &mut self,
        invoice_no: InvoiceNo,
        seller_id: TaxpayerId,
        change: impl FnOnce(&mut Self, &mut Held),
    ) {
        let mut held = self.lift_held(invoice_no, seller_id);
        let before = deducted_by_origin(&held);
        let refunded = refunds(&held.claims);
        let voucher_before = Voucher::of(&held);
        change(self, &mut held);
        let after = deducted_by_origin(&held);
        self.move_refunds(refunded, refunds(&held.claims));
        if before != after {
            self.move_deducted(&before, &after);
        }
        self.tell_claimed(invoice_no, &mut held);
        let voucher = Voucher::of(&held);
        let claimed = !held.claims.is_empty() || held.lent.is_some();
        self.books.put_held(invoice_no, held);
        if voucher_before != voucher {
            self.count_voucher(seller_id, &voucher_before, &voucher);
        }
        if claimed {
            self.touch(About::Invoice { seller_id, invoice_no });
        }
        // Claims of that number in another seller's name may mean this one.
        if self.profile.claimed_unseen > 0 {
            for seller_id in self.books.claimed_unseen(invoice_no).into_iter().filter(|other| *other != seller_id) {
                self.touch(About::Invoice { seller_id, invoice_no });
            }
        }
    }

    /// Whose a claim is that names no seller: see [`Held::seller_id`].
    pub(super) const UNNAMED: TaxpayerId = Id::EMPTY;
}

/// A purchase as its issuer has it, as far as its holder knows.
fn issue_of(arrived: &Arrived, buyer: TaxpayerId) -> Issue {
    Issue {
        fingerprint: Fingerprint::default(),
        position: arrived.position,
        issued_at: arrived.issued_at,
        invoice_kind: arrived.invoice_kind,
        buyer_id: Some(buyer),
        amount: arrived.amount,
        tax: arrived.tax,
        red_of: arrived.red_of,
        near_cap: false,
        class: arrived.class,
    }
}
