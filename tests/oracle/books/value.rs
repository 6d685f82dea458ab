//! Value through the books of firms: drawn by sales, brought by purchases, taken back.

use super::super::events::{DAY, Invoice};
use super::super::mixture::Mixture;
use super::{Books, Holding, Of, Sale, is_voucher};

impl Books {
    /// Takes the tax of a sale out of the seller's pool, pro rata; what the pool does not cover is the seller's own. Gives
    /// the vector, within its budget beside what stands of it already, and what is short.
    pub(super) fn draw(&mut self, seller: &str, invoice: &Invoice, tax: i64, beside: &Mixture) -> (Mixture, i64) {
        let budget = self.rules.vector_origins;
        let mut unclear = self.unclear;
        let firm = self.firm(seller);
        let mut vector =
            if firm.sells_its_own(invoice.at) { Mixture::default() } else { firm.pool.draw(tax, &mut unclear) };
        let short = tax - vector.total();
        vector.put(seller, short, 0);
        if let Some(own) = vector.parts.get_mut(seller) {
            own.hops = 0;
        }
        // Its own value is always named: one of the origins of the budget is for it.
        let others = if vector.of(seller) > 0 { budget - 1 } else { budget };
        vector.cut(others, &[seller], &mut unclear);
        if !beside.parts.is_empty() {
            let known: Vec<&str> = beside.parts.keys().map(String::as_str).chain([seller]).collect();
            vector.cut(budget.saturating_sub(beside.parts.len()), &known, &mut unclear);
        }
        self.unclear = unclear;
        (vector, short)
    }

    /// Takes `tax` of a sale back, pro rata of what stands: into the pool, but for what had begun with the seller, which
    /// never was. Gives what the buyer is to give up.
    pub(super) fn take_back(&mut self, seller: &str, no: &str, tax: i64) -> Mixture {
        self.count_by_status(seller, no);
        let sale = self.sales.get_mut(&(seller.to_owned(), no.to_owned())).expect("it was issued");
        let back = sale.vector.draw(tax, &mut self.unclear);
        let own = back.of(seller);
        let unmade = own.min(sale.short);
        sale.short -= unmade;
        let unsettled = self.draw_settled(seller, no, own - unmade);
        let mut pooled = back.clone();
        pooled.take(seller, unmade + unsettled.total());
        pooled.pour(&unsettled);
        // What was given up since it went out is not here, and did not begin here either: of its own month first.
        let Sale { invoice, after, .. } = &self.sales[&(seller.to_owned(), no.to_owned())];
        let (at, after, sold_in) = (invoice.at, *after, invoice.month());
        let mut purchases: Vec<_> = self.firm(seller).flowed_on.iter_mut().collect();
        purchases.retain(|((origin, number), _)| !origin.is_empty() && *number > after);
        purchases.sort_by_key(|((_, number), (month, _))| (*month > sold_in, month.0.abs_diff(sold_in.0), *number));
        for ((origin, _), (_, flowed_on)) in purchases {
            *flowed_on -= pooled.take(origin, *flowed_on);
        }
        self.offer(seller, pooled, at);
        back
    }

    /// Takes out of what had settled a sale. What is beyond its budget stays counted as passed on of whom it was.
    pub(super) fn draw_settled(&mut self, seller: &str, no: &str, tax: i64) -> Mixture {
        let sale = self.sales.get_mut(&(seller.to_owned(), no.to_owned())).expect("it was issued");
        let unsettled = sale.settled.draw(tax, &mut self.unclear);
        for (origin, part) in &unsettled.parts {
            if sale.settled.of(origin) == 0 {
                self.settlements.remove(&(seller.to_owned(), origin.clone(), no.to_owned()));
            }
            if let Some(buyer) = sale.invoice.deducting_buyer() {
                *self.settled_to.entry((seller.to_owned(), origin.clone(), buyer.clone())).or_default() -= part.tax;
            }
        }
        unsettled
    }

    /// Puts value into a pool, and keeps the pool within its budget.
    pub(super) fn pool(&mut self, id: &str, value: &Mixture) {
        let (budget, mut unclear) = (self.rules.pool_origins, self.unclear);
        let firm = self.firm(id);
        firm.pool.pour(value);
        firm.pool.cut(budget, &[], &mut unclear);
        self.unclear = unclear;
    }

    pub(super) fn arrive(
        &mut self,
        buyer: &str,
        seller: &str,
        no: &str,
        invoice: &Invoice,
        sent: &Mixture,
        voided: bool,
    ) {
        self.firm(buyer).know(invoice.at);
        let mut holding = Holding { voided, ..Holding::default() };
        if invoice.is_deductible() && !voided && !invoice.is_red() {
            let firm = self.firm(buyer);
            holding.counts = firm.is_general(invoice.at);
            holding.vector = one_further(sent);
            // Unknown goods could be any.
            let sells = invoice.goods.is_empty() || invoice.goods.iter().any(|code| firm.goods_sold.contains(code));
            let through_others = holding.vector.parts.get(buyer).is_some_and(|own| own.hops >= 2);
            holding.goes_round = through_others && sells;
            firm.meet(buyer, &holding.vector);
            if holding.counts {
                self.bring(buyer, &holding.vector, invoice.at);
                holding.own_back = if holding.goes_round { holding.vector.of(buyer) } else { 0 };
            }
        }
        self.held.insert((buyer.to_owned(), no.to_owned(), seller.to_owned()), holding);
    }

    /// Lets value in.
    pub(super) fn bring(&mut self, buyer: &str, value: &Mixture, issued_at: i64) {
        self.firm(buyer).arrived += value.total();
        self.offer(buyer, value.clone(), issued_at);
    }

    /// Lets value that was there at a time stand behind later sales that have nothing behind them, oldest first; the rest
    /// goes into the pool.
    fn offer(&mut self, buyer: &str, mut value: Mixture, issued_at: i64) {
        let oldest = self.hour.map_or(i64::MIN, |hour| hour - self.rules.limit("settle_days") * DAY);
        let gone = self.firms[buyer].is_gone(issued_at);
        let short = self.sales_of(buyer).filter(|(_, sale)| {
            let may = sale.short > 0 && !sale.gone && !is_voucher(buyer, &sale.invoice);
            may && sale.invoice.at > issued_at && sale.invoice.at >= oldest
        });
        let of = |no: &str| (buyer.to_owned(), no.to_owned());
        let mut short: Vec<(i64, Of)> = short.map(|(no, sale)| (sale.invoice.at, of(no))).collect();
        short.sort();
        for (_, key) in short.into_iter().filter(|_| !gone) {
            if value.total() == 0 {
                break;
            }
            self.count_by_status(buyer, &key.1);
            if !self.sales[&key].gone {
                self.settle(&key, &mut value);
            }
        }
        self.pool(buyer, &value);
    }

    /// Covers of a sale what it lacks, as far as the value goes.
    pub(super) fn settle(&mut self, key: &Of, value: &mut Mixture) {
        let sale = self.sales.get_mut(key).expect("it was issued");
        if sale.vector.parts.keys().all(|origin| *origin == key.0) && sale.settled.total() == 0 {
            sale.after = self.firms[&key.0].given_up;
        }
        let covering = value.draw(sale.short, &mut self.unclear);
        sale.short -= covering.total();
        sale.settled.pour(&covering);
        sale.settled.cut(self.rules.vector_origins, &[], &mut self.unclear);
        for (origin, part) in &covering.parts {
            self.settlements.insert((key.0.clone(), origin.clone(), key.1.clone()));
            if let Some(to) = sale.invoice.deducting_buyer() {
                *self.settled_to.entry((key.0.clone(), origin.clone(), to.clone())).or_default() += part.tax;
            }
        }
    }
}

pub(super) fn one_further(sent: &Mixture) -> Mixture {
    let mut further = sent.clone();
    further.parts.values_mut().for_each(|part| part.hops += 1);
    further
}
