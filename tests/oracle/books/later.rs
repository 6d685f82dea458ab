//! The end of an epoch: what voids and red letters take from those who hold the invoices, firms that turn out to be of
//! another kind, and how far accusations have come.

use super::super::events::{HOUR, month_of};
use super::super::mixture::Mixture;
use super::value::one_further;
use super::{Books, Delivery, is_voucher};

impl Books {
    /// Delivers what waits, in the order it was said, and notes the hours that have passed.
    pub(super) fn end_epoch(&mut self) {
        if std::mem::take(&mut self.taken) == 0 {
            return;
        }
        self.rounds();
        let passed = self.clock.map(|clock| clock.div_euclid(HOUR) * HOUR);
        self.hour = self.hour.max(passed);
        // A month that has passed without a return may accuse.
        for firm in self.firms.keys().cloned().collect::<Vec<_>>() {
            self.judge(&firm);
        }
    }

    /// Delivers what waits, and what that leads to, until nothing does.
    pub(super) fn rounds(&mut self) {
        while !self.later.is_empty() || !self.recounts.is_empty() {
            self.round();
        }
    }

    fn round(&mut self) {
        let (later, recounts) = (std::mem::take(&mut self.later), std::mem::take(&mut self.recounts));
        let mut recounts = recounts.into_iter().peekable();
        for (place, (buyer, no, seller, delivery)) in later.into_iter().enumerate() {
            while let Some((_, firm)) = recounts.next_if(|(before, _)| *before <= place) {
                self.recount(&firm);
            }
            self.deliver(&buyer, &no, &seller, delivery);
            self.judge(&buyer);
        }
        for (_, firm) in recounts {
            self.recount(&firm);
        }
    }

    fn deliver(&mut self, buyer: &str, no: &str, seller: &str, delivery: Delivery) {
        let key = (buyer.to_owned(), no.to_owned(), seller.to_owned());
        let invoice = self.sales[&(seller.to_owned(), no.to_owned())].invoice.clone();
        match delivery {
            Delivery::Void { at, returned } => {
                self.firm(buyer).know(at);
                self.held.entry(key.clone()).or_default().voided = true;
                self.give_up(&key, &returned, invoice.at);
            }
            Delivery::Red { at, returned, restored } => {
                self.firm(buyer).know(at.max(invoice.at));
                self.give_up(&key, &returned, invoice.at);
                let restored = one_further(&restored);
                let holding = self.held.get_mut(&key).expect("it arrived");
                if !invoice.is_deductible() || holding.voided || restored.total() == 0 {
                    return;
                }
                holding.vector.pour(&restored);
                let counts = holding.counts;
                holding.own_back += if counts && holding.goes_round { restored.of(buyer) } else { 0 };
                self.firm(buyer).meet(buyer, &restored);
                if counts {
                    self.bring(buyer, &restored, invoice.at);
                }
            }
        }
    }

    /// Takes off a holding what its seller took back; where it counts, out of the pool as far as that still holds it,
    /// origin by origin. What has flowed on begins with the buyer instead: with the sales that it had settled, otherwise
    /// with the month of the purchase.
    fn give_up(&mut self, key: &(String, String, String), returned: &Mixture, issued_at: i64) {
        let buyer = key.0.clone();
        let mut holding = self.held.remove(key).expect("it arrived");
        let before = holding.vector.total();
        let mut given: Vec<(String, i64)> = Vec::new();
        for (origin, part) in &returned.parts {
            given.push((origin.clone(), holding.vector.take(origin, part.tax)));
        }
        let given_rest = holding.vector.take_rest(returned.rest);
        if !holding.counts {
            self.held.insert(key.clone(), holding);
            return;
        }
        let all = given.iter().map(|(_, tax)| tax).sum::<i64>() + given_rest;
        let own_share = |own: i64| i128::from(own) * i128::from(all) / i128::from(before.max(1));
        holding.own_back -= i64::try_from(own_share(holding.own_back)).expect("a share of it");
        self.held.insert(key.clone(), holding);
        let firm = self.firm(&buyer);
        firm.withdrawn += all;
        let mut beyond = Vec::new();
        // An origin that the pool no longer names is in its remainder, as far as that goes.
        let mut in_rest = Vec::new();
        for (origin, tax) in given.into_iter().filter(|(_, tax)| *tax > 0) {
            let in_pool = firm.pool.take(&origin, tax);
            if in_pool == 0 {
                in_rest.push((origin, tax));
            } else if in_pool < tax {
                beyond.push((origin, tax - in_pool));
            }
        }
        let wanted: i64 = in_rest.iter().map(|(_, tax)| tax).sum();
        let unclear = in_rest.len() > 1 && firm.pool.rest > 0 && wanted > firm.pool.rest;
        for (origin, tax) in in_rest {
            let lacks = tax - firm.pool.take_rest(tax);
            beyond.extend((lacks > 0).then_some((origin, lacks)));
        }
        let beyond_rest = given_rest - firm.pool.take_rest(given_rest);
        let number = firm.given_up + 1;
        for (origin, tax) in beyond.iter().cloned().chain([(String::new(), beyond_rest)]) {
            firm.flowed_on.insert((origin, number), (month_of(issued_at), tax));
        }
        firm.given_up = number;
        self.unclear.0 += usize::from(unclear);
        for (origin, tax) in beyond {
            self.unsettle(&buyer, &origin, tax, number);
        }
    }

    /// Opens sales again that value had settled which was taken back: by their numbers, for no document says otherwise.
    fn unsettle(&mut self, seller: &str, origin: &str, tax: i64, number: usize) {
        let purchase = (origin.to_owned(), number);
        let mut left = tax;
        let settled = self.settlements.iter().filter(|(of, by, _)| of == seller && by == origin);
        for settlement in settled.cloned().collect::<Vec<_>>() {
            left = left.min(self.firms[seller].flowed_on[&purchase].1);
            if left == 0 {
                return;
            }
            let key = (seller.to_owned(), settlement.2.clone());
            let was_gone = self.sales[&key].gone;
            self.count_by_status(seller, &settlement.2);
            if self.sales[&key].gone != was_gone {
                continue; // and came back
            }
            let sale = self.sales.get_mut(&key).expect("it was issued");
            let mut opened = sale.settled.take(origin, left);
            // Beyond the budget, what settled a sale is in its remainder: no more than is known to have gone there.
            let to = sale.invoice.deducting_buyer().cloned().map(|buyer| (seller.to_owned(), origin.to_owned(), buyer));
            let known = to.as_ref().map_or(left, |to| self.settled_to.get(to).copied().unwrap_or(0));
            opened += sale.settled.take_rest((left - opened).min(known - opened));
            sale.short += opened;
            if sale.settled.of(origin) == 0 {
                self.settlements.remove(&settlement);
            }
            if let Some(to) = to {
                *self.settled_to.entry(to).or_default() -= opened;
            }
            self.firm(seller).flowed_on.get_mut(&purchase).expect("it was given up").1 -= opened;
            left -= opened;
        }
    }

    /// Counts a sale by what its issuer was then, where it was counted otherwise: it is taken back, and goes out
    /// again with what it should have gone out with.
    pub(super) fn count_by_status(&mut self, seller: &str, no: &str) {
        let key = (seller.to_owned(), no.to_owned());
        let sale = &self.sales[&key];
        let gone = self.firms[seller].sells_its_own(sale.invoice.at);
        let counts = !sale.invoice.is_red() && !is_voucher(seller, &sale.invoice) && !self.voids.contains_key(&key);
        if !counts || gone == sale.gone {
            return;
        }
        let (standing, at) = (sale.vector.total(), sale.invoice.at);
        self.sales.get_mut(&key).expect("it was just seen").gone = gone;
        if standing > 0 {
            let returned = self.take_back(seller, no, standing);
            let restored = self.send_again(seller, no, standing);
            if returned != restored {
                self.tell_holder(seller, no, Delivery::Red { at, returned, restored });
            }
        }
    }

    /// Counts again what a firm sold, and then what it holds, by what it was at the time of each invoice.
    fn recount(&mut self, firm: &str) {
        let sold: Vec<String> = self.sales_of(firm).map(|(no, _)| no.to_owned()).collect();
        for no in &sold {
            self.count_by_status(firm, no);
        }
        self.count_by_kind(firm);
        self.judge(firm);
    }

    fn count_by_kind(&mut self, firm: &str) {
        let held: Vec<_> = self.held.keys().filter(|(buyer, ..)| buyer == firm).cloned().collect();
        for key in held {
            let invoice = self.sales[&(key.2.clone(), key.1.clone())].invoice.clone();
            let holding = &self.held[&key];
            let counts = self.firms[firm].is_general(invoice.at);
            if !invoice.is_deductible() || invoice.is_red() || holding.voided || holding.counts == counts {
                continue;
            }
            let vector = holding.vector.clone();
            if holding.counts {
                self.give_up(&key, &vector, invoice.at);
            } else {
                self.bring(firm, &vector, invoice.at);
            }
            let holding = self.held.get_mut(&key).expect("it was just seen");
            holding.own_back = if counts && holding.goes_round { vector.of(firm) } else { 0 };
            (holding.vector, holding.counts) = (vector, counts);
        }
    }
}
