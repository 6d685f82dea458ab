//! Sums, counted from scratch over all invoices and claims: each by its definition, nothing carried along.

use std::collections::{BTreeMap, BTreeSet};

use super::books::{Books, Holding, Sale, is_voucher};
use super::events::{DAY, Invoice, Month, day_of_month, month_of};

/// A month of the opening.
const OPENING_MONTH_DAYS: i64 = 30;
/// Partners of a month are told apart for so many months back from the last trade with them.
const PARTNER_MONTHS: i32 = 12;

/// Everything that is summed up of a month of a firm, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sums(BTreeMap<&'static str, i64>);

impl Sums {
    pub fn of(&self, name: &str) -> i64 {
        self.0.get(name).copied().unwrap_or(0)
    }

    fn add(&mut self, name: &'static str, amount: i64) {
        *self.0.entry(name).or_default() += amount;
    }

    /// Those that are not zero.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, i64)> {
        self.0.iter().map(|(name, sum)| (*name, *sum)).filter(|(_, sum)| *sum != 0)
    }
}

/// Trade with one counterparty: blue invoices that stand, amounts net of red letters and voids, and when the first and last
/// blue ones were issued, void or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Trade {
    pub count: i64,
    pub amount: i64,
    pub tax: i64,
    pub first_at: Option<i64>,
    pub last_at: Option<i64>,
}

/// Which of a firm's invoices: those it issued, or those it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Sold,
    Bought,
}

impl Books {
    pub fn sales_of<'a>(&'a self, seller: &'a str) -> impl Iterator<Item = (&'a str, &'a Sale)> {
        let from = (seller.to_owned(), String::new());
        let sales = self.sales.range(from..).take_while(move |((of, _), _)| of == seller);
        sales.map(|((_, no), sale)| (no.as_str(), sale))
    }

    /// What a firm holds: number, seller, the invoice, the holding.
    pub fn held_by<'a>(&'a self, buyer: &'a str) -> impl Iterator<Item = (&'a str, &'a str, &'a Invoice, &'a Holding)> {
        let from = (buyer.to_owned(), String::new(), String::new());
        let held = self.held.range(from..).take_while(move |((of, ..), _)| of == buyer);
        held.map(|((_, no, seller), holding)| {
            let invoice = &self.sales[&(seller.clone(), no.clone())].invoice;
            (no.as_str(), seller.as_str(), invoice, holding)
        })
    }

    pub fn is_void(&self, seller: &str, no: &str) -> bool {
        self.voids.contains_key(&(seller.to_owned(), no.to_owned()))
    }

    /// What of an origin a firm passed on, by buyer: as vectors of its sales say, and, of its own, without what was
    /// settled.
    pub fn passed_on(&self, seller: &str, origin: &str) -> BTreeMap<String, i64> {
        let mut passed: BTreeMap<String, i64> = BTreeMap::new();
        for (_, sale) in self.sales_of(seller) {
            let Some(buyer) = sale.invoice.deducting_buyer() else { continue };
            let settled = if origin == seller { sale.settled.total() } else { 0 };
            *passed.entry(buyer.clone()).or_default() += sale.vector.of(origin) - settled;
        }
        passed.retain(|_, tax| *tax != 0);
        passed
    }

    /// Whether what a firm lacks in a month is stock from before the journal.
    pub fn is_opening(&self, firm: &str, month: Month) -> bool {
        self.is_older(firm) && self.is_first(month)
    }

    /// Whether a month is one of the journal's first; before its first invoice any is.
    pub fn is_first(&self, month: Month) -> bool {
        let months = i32::try_from(self.rules.limit("opening_months")).expect("a few months");
        self.first_month().is_none_or(|first| month < first.plus(months))
    }

    /// The journal's first month: the next where it begins with the second half of one.
    fn first_month(&self) -> Option<Month> {
        self.began.map(|began| month_of(began + OPENING_MONTH_DAYS / 2 * DAY))
    }

    /// Whether a firm is older than the journal.
    pub fn is_older(&self, firm: &str) -> bool {
        let Some(began) = self.began else { return false };
        let older_until = began - OPENING_MONTH_DAYS * self.rules.limit("opening_months") * DAY;
        self.firms.get(firm).and_then(|firm| firm.registered_on).is_none_or(|on| on <= older_until)
    }

    /// The first month in which a firm's trade would be known.
    pub fn known_from(&self, firm: &str) -> Month {
        let first = self.first_month().unwrap_or(Month(i32::MIN));
        let registered = self.firms.get(firm).and_then(|firm| firm.registered_on);
        registered.map_or(first, |on| first.max(month_of(on)))
    }

    /// Trade of a firm on one side, by counterparty.
    pub fn trade(&self, firm: &str, side: Side) -> BTreeMap<String, Trade> {
        let mut trade: BTreeMap<String, Trade> = BTreeMap::new();
        for (partner, invoice, void) in self.invoices(firm, side) {
            let with = trade.entry(partner).or_default();
            if !invoice.is_red() {
                with.first_at = Some(with.first_at.map_or(invoice.at, |first| first.min(invoice.at)));
                with.last_at = with.last_at.max(Some(invoice.at));
            }
            if !void {
                with.count += i64::from(!invoice.is_red());
                with.amount += invoice.amount;
                with.tax += invoice.tax;
            }
        }
        trade
    }

    /// A firm's invoices on one side that have a counterparty: who it is, the invoice, whether it is void.
    fn invoices<'a>(&'a self, firm: &'a str, side: Side) -> Vec<(String, &'a Invoice, bool)> {
        if side == Side::Sold {
            let sales = self.sales_of(firm);
            return sales
                .filter_map(|(no, sale)| Some((sale.invoice.buyer.clone()?, &sale.invoice, self.is_void(firm, no))))
                .collect();
        }
        let held = self.held_by(firm);
        held.map(|(_, seller, invoice, holding)| (seller.to_owned(), invoice, holding.voided)).collect()
    }

    /// All sums of all months of a firm.
    pub fn months(&self, firm: &str) -> BTreeMap<Month, Sums> {
        let mut months: BTreeMap<Month, Sums> = BTreeMap::new();
        self.sum_sales(firm, &mut months);
        self.sum_purchases(firm, &mut months);
        for (side, all, new) in [(Side::Sold, "buyers", "new_buyers"), (Side::Bought, "sellers", "new_sellers")] {
            self.count_partners(firm, side, (all, new), &mut months);
        }
        for claims in self.claims.iter().filter(|((buyer, _), _)| buyer == firm).map(|(_, claims)| claims) {
            for claim in claims.iter().filter(|claim| claim.counts) {
                let month = months.entry(claim.month).or_default();
                let (count, tax) =
                    if claim.reverses { ("reversed", "reversed_tax") } else { ("deducted", "deducted_tax") };
                month.add(count, 1);
                month.add(tax, claim.tax);
            }
        }
        if let Some(firm) = self.firms.get(firm) {
            for (month, tax) in firm.flowed_on.values() {
                let month = months.entry(*month).or_default();
                month.add("flowed_on", *tax);
                month.add("originated", *tax);
            }
        }
        months
    }

    fn sum_sales(&self, firm: &str, months: &mut BTreeMap<Month, Sums>) {
        for (no, sale) in self.sales_of(firm) {
            let Sale { invoice, vector, short, .. } = sale;
            let (red, void) = (invoice.is_red(), self.is_void(firm, no));
            let opening = self.is_opening(firm, invoice.month());
            let month = months.entry(invoice.month()).or_default();
            let mut count = |names: [&'static str; 3], counts: bool| {
                if counts {
                    month.add(names[0], 1);
                    month.add(names[1], invoice.amount);
                    month.add(names[2], invoice.tax);
                }
            };
            count(["sold", "sold_amount", "sold_tax"], true);
            count(["sold_void", "sold_void_amount", "sold_void_tax"], void);
            count(["sold_red", "sold_red_amount", "sold_red_tax"], red);
            month.add("sold_zero", i64::from(invoice.amount == 0));
            month.add("near_cap", i64::from(sale.near_cap && !red && !void));
            month.add("sold_blue", i64::from(!red && !void));
            month.add("standing", vector.total());
            if !is_voucher(firm, invoice) {
                month.add("drawn", vector.total() - short);
                month.add("drawn_days", (vector.total() - short) * day_of_month(invoice.at));
                month.add(if opening { "opening" } else { "originated" }, *short);
            }
        }
    }

    fn sum_purchases(&self, firm: &str, months: &mut BTreeMap<Month, Sums>) {
        for (_, _, invoice, holding) in self.held_by(firm) {
            let month = months.entry(invoice.month()).or_default();
            let mut count = |names: [&'static str; 3], counts: bool| {
                if counts {
                    month.add(names[0], 1);
                    month.add(names[1], invoice.amount);
                    month.add(names[2], invoice.tax);
                }
            };
            count(["bought", "bought_amount", "bought_tax"], true);
            count(["bought_void", "bought_void_amount", "bought_void_tax"], holding.voided);
            count(["bought_red", "bought_red_amount", "bought_red_tax"], invoice.is_red());
            if holding.counts {
                month.add("arrived", holding.vector.total());
                month.add("arrived_days", holding.vector.total() * day_of_month(invoice.at));
                month.add("own_back", holding.own_back);
            }
        }
    }

    /// Counterparties of each month with a blue invoice that stands, and those whose first blue one ever was of it.
    fn count_partners(
        &self,
        firm: &str,
        side: Side,
        (all, new): (&'static str, &'static str),
        months: &mut BTreeMap<Month, Sums>,
    ) {
        let trade = self.trade(firm, side);
        let mut met: BTreeSet<(Month, String)> = BTreeSet::new();
        for (partner, invoice, void) in self.invoices(firm, side) {
            let last = trade[&partner].last_at.map(month_of);
            let is_told = last.is_some_and(|last| last.0 - invoice.month().0 < PARTNER_MONTHS);
            if !invoice.is_red() && !void && is_told {
                met.insert((invoice.month(), partner));
            }
        }
        for (month, _) in met {
            months.entry(month).or_default().add(all, 1);
        }
        for first in trade.values().filter_map(|trade| trade.first_at) {
            months.entry(month_of(first)).or_default().add(new, 1);
        }
    }

    /// Value that began with a firm and accuses it: without its opening stock and its vouchers.
    pub fn begun(&self, firm: &str) -> i64 {
        self.months(firm).values().map(|month| month.of("originated")).sum()
    }

    /// What of an origin a firm took, and of that deducted: of all it holds and counts.
    pub fn taken(&self, firm: &str, origin: &str) -> (i64, i64) {
        let (mut taken, mut deducted) = (0, 0);
        for (no, seller, _, holding) in self.held_by(firm).filter(|(.., holding)| holding.counts) {
            let part = holding.vector.of(origin);
            taken += part;
            let (total, all) = (holding.vector.total(), self.deducted(firm, seller, no));
            let all = all.min(total).max(0);
            if total > 0 {
                let share = i128::from(part) * i128::from(all) / i128::from(total);
                deducted += i64::try_from(share).expect("a share of it");
            }
        }
        (taken, deducted)
    }
}
