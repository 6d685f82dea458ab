//! Whose value is where, as crudely as "Provenance: the heart" of the design can be said: in exact fractions, without
//! budgets, without rounding, as one list of invoices and one list of pools, with nothing remembered that can be looked
//! up. `books/value.rs` goes the fold's own way step by step, so that the two agree to the fen; what both have
//! misunderstood would be seen here.
//!
//! Exact where each event is an epoch of its own, so that nothing is on its way. An amount also says how far the fold may
//! be from it (`amount.rs`). Left out: budgets and hops; marks, claims and sums; a firm that is deregistered, and one
//! whose kind is not known before its first invoice or changes; invoices too old to move value.
//!
//! Said as the fold has it where the design leaves it open: what of a sale comes back is first what its seller began,
//! then what settled the sale, then what was in the pool; sales open again by their numbers; a red letter that is voided
//! draws anew; what flowed on and was given up comes off a sale that went out before (ARCHITECTURE.md, 62).

pub mod amount;

use std::collections::{BTreeMap, BTreeSet};

use super::events::{DAY, Event, HOUR, Invoice, Month, What};
use amount::{Amount, Mixture};

/// A seller and a number.
type Of = (String, String);

/// A sale, and what stands of it.
#[derive(Clone, Debug, Default)]
struct Sale {
    invoice: Invoice,
    /// Whose value it carries.
    carries: Mixture,
    /// Of what is its seller's own in there: what nothing stands behind, and what later purchases do.
    short: Amount,
    settled: Mixture,
    /// How many purchases had been given up when it went out.
    after: usize,
}

/// What a firm gave up though it had flowed on.
#[derive(Clone, Debug)]
struct Flowed {
    firm: String,
    origin: String,
    month: Month,
    number: usize,
    tax: Amount,
}

/// All there is.
#[derive(Clone, Debug, Default)]
pub struct Fractions {
    settle_days: i64,
    small: BTreeSet<String>,
    pools: BTreeMap<String, Mixture>,
    sales: BTreeMap<Of, Sale>,
    voids: BTreeSet<Of>,
    /// Red letters whose invoice is not there.
    waiting: BTreeSet<(Of, String)>,
    flowed: Vec<Flowed>,
    given_up: usize,
    /// The latest time before the present event.
    clock: Option<i64>,
    /// What is beside the vectors and pools, by how often it happened.
    pub seen: BTreeMap<&'static str, usize>,
    /// Whether something hung on whether an amount is nothing, where the fold may be a fen off.
    pub is_unclear: bool,
}

impl Fractions {
    pub fn new(settle_days: i64) -> Self {
        Self { settle_days, ..Self::default() }
    }

    /// Takes an accepted event, and all it leads to.
    pub fn feed(&mut self, event: &Event) {
        match &event.what {
            What::Registered { small: true, .. } => {
                self.small.insert(event.who.clone());
            }
            What::Issued(invoice) => self.issue(&(event.who.clone(), invoice.no.clone()), invoice),
            What::Voided { no } => self.void((event.who.clone(), no.clone())),
            _ => {}
        }
        self.clock = self.clock.max(Some(event.at));
    }

    fn issue(&mut self, of: &Of, invoice: &Invoice) {
        self.sales.insert(of.clone(), Sale { invoice: invoice.clone(), ..Sale::default() });
        if self.voids.contains(of) {
            return;
        }
        if let Some(blue) = &invoice.red_of {
            let blue = (of.0.clone(), blue.clone());
            if blue != *of && self.sales.contains_key(&blue) {
                let back = self.take_back(&blue, &Amount::from(invoice.tax.abs()));
                self.give_up(&blue, &back);
            } else {
                self.waiting.insert((blue, of.1.clone()));
            }
        }
        if invoice.is_red() {
            return;
        }
        self.go_out(of, &Amount::from(invoice.tax));
        let sent = self.sales[of].carries.clone();
        let waited: Vec<_> = self.waiting.iter().filter(|(blue, _)| blue == of).cloned().collect();
        let mut backs = Vec::new();
        for (blue, red) in waited {
            self.note("a red letter that waited");
            let tax = self.sales[&(of.0.clone(), red.clone())].invoice.tax;
            backs.push(self.take_back(of, &Amount::from(tax.abs())));
            self.waiting.remove(&(blue, red));
        }
        self.bring(invoice, &sent);
        for back in backs {
            self.give_up(of, &back);
        }
    }

    fn void(&mut self, of: Of) {
        self.voids.insert(of.clone());
        let Some(sale) = self.sales.get(&of) else { return };
        let (red, all) = (sale.invoice.clone(), sale.carries.total.clone());
        if !red.is_red() {
            self.note("a void");
            let back = self.take_back(&of, &all);
            return self.give_up(&of, &back);
        }
        let Some(blue) = red.red_of.map(|blue| (of.0.clone(), blue)) else { return };
        if self.waiting.remove(&(blue.clone(), of.1)) || self.voids.contains(&blue) {
            return;
        }
        // What stands is the invoice less the red letters that do.
        let stands = |(no, sale): &(&Of, &Sale)| {
            let is_its = no.0 == blue.0 && sale.invoice.red_of.as_ref() == Some(&blue.1);
            is_its && !self.voids.contains(no) && !self.waiting.contains(&(blue.clone(), no.1.clone()))
        };
        let reds: i64 = self.sales.iter().filter(stands).map(|(_, sale)| sale.invoice.tax).sum();
        let Sale { invoice, carries, .. } = self.sales[&blue].clone();
        let room = Amount::from((invoice.tax + reds).max(0)).less(&carries.total);
        self.note("a red letter that is voided");
        let again = self.go_out(&blue, &room.min(&Amount::from(red.tax.abs())));
        self.bring(&invoice, &again);
    }

    /// Lets tax go out with a sale: out of the pool, pro rata; what that does not cover begins here.
    fn go_out(&mut self, of: &Of, tax: &Amount) -> Mixture {
        let is_its_own = self.small.contains(&of.0) || self.is_voucher(of);
        let pool = self.pools.entry(of.0.clone()).or_default();
        let mut carries = if is_its_own { Mixture::default() } else { pool.draw(tax) };
        let short = tax.less(&carries.total);
        carries.put(&of.0, &short);
        let given_up = self.given_up;
        let sale = self.sales.get_mut(of).expect("it was issued");
        if sale.carries.total.is_surely_nothing() {
            sale.after = given_up;
        }
        sale.short = sale.short.plus(&short);
        sale.carries.pour(&carries);
        carries
    }

    /// Takes back what a sale carries, or part of it: into its seller's pool, but for what never was.
    fn take_back(&mut self, of: &Of, tax: &Amount) -> Mixture {
        let sale = self.sales.get_mut(of).expect("it was issued");
        let back = sale.carries.draw(tax);
        let own = back.of(&of.0);
        let (begun, not_begun) = (own.min(&sale.short), own.less(&sale.short));
        sale.short = sale.short.less(&own);
        let from_pool = not_begun.less(&sale.settled.total);
        let settled = sale.settled.draw(&not_begun);
        let mut home = back.clone();
        home.set(&of.0, &from_pool);
        home.pour(&settled);
        home.total = back.total.less(&begun);
        // What it gave up since is not here, though it comes back; of the sale's own month first, then of those before.
        let (sold_in, after, at) = (sale.invoice.month().0, sale.after, sale.invoice.at);
        let is_its = |flowed: &&mut Flowed| flowed.firm == of.0 && flowed.number > after;
        let mut flowed: Vec<&mut Flowed> = self.flowed.iter_mut().filter(is_its).collect();
        flowed.sort_by_key(|flowed| (flowed.month.0 > sold_in, flowed.month.0.abs_diff(sold_in), flowed.number));
        for flowed in flowed {
            let comes = home.of(&flowed.origin);
            let gone = home.take(&flowed.origin, &flowed.tax);
            flowed.tax = flowed.tax.less(&comes);
            if gone.is_surely_something() {
                *self.seen.entry("what flowed on and came back").or_default() += 1;
            }
        }
        self.offer(&of.0, home, at);
        back
    }

    /// Lets value in at the buyer of an invoice, if it deducts.
    fn bring(&mut self, invoice: &Invoice, value: &Mixture) {
        if let Some(buyer) = self.deducts(invoice) {
            self.offer(&buyer, value.clone(), invoice.at);
        }
    }

    fn deducts(&self, invoice: &Invoice) -> Option<String> {
        let buyer = invoice.deducting_buyer().filter(|buyer| !invoice.is_red() && !self.small.contains(*buyer));
        buyer.cloned()
    }

    /// Lets value that a firm had at a time stand behind what it sold later with nothing behind it, oldest first; the rest
    /// goes into its pool.
    fn offer(&mut self, firm: &str, mut value: Mixture, at: i64) {
        let hour = self.clock.map(|clock| clock.div_euclid(HOUR) * HOUR);
        let oldest = hour.map_or(i64::MIN, |hour| hour - self.settle_days * DAY);
        let may = |of: &&Of| {
            let sold_at = self.sales[*of].invoice.at;
            of.0 == firm && sold_at > at && sold_at >= oldest && !self.is_voucher(of) && !self.small.contains(firm)
        };
        let mut later: Vec<Of> = self.sales.keys().filter(may).cloned().collect();
        later.sort_by_key(|of| (self.sales[of].invoice.at, of.1.clone()));
        for of in later {
            let sale = self.sales.get_mut(&of).expect("it was just seen");
            let covers = sale.short.min(&value.total);
            if covers.is_surely_nothing() {
                continue;
            }
            // A sale that others' value stands behind only now went out, for what was given up, only now.
            let mut others = sale.carries.clone();
            others.set(firm, &Amount::default());
            let is_clear = others.is_surely_nothing() && sale.settled.is_surely_nothing();
            let is_mixed = others.is_surely_something() || sale.settled.is_surely_something();
            let is_known = is_mixed || is_clear && covers.is_surely_something();
            let is_later = |flowed: &Flowed| flowed.firm == firm && flowed.number > sale.after;
            self.is_unclear |= !is_known && self.flowed.iter().any(is_later);
            if is_clear {
                sale.after = self.given_up;
            }
            let there = value.total.clone();
            sale.settled.pour(&value.draw(&sale.short));
            sale.short = sale.short.less(&there);
            self.note("a sale that a later purchase settled");
        }
        self.pools.entry(firm.to_owned()).or_default().pour(&value);
    }

    /// Takes off the buyer of an invoice what its seller took back, as far as it is there, origin by origin. What is not has
    /// flowed on: the sales that it settled are open again, and the rest begins here.
    fn give_up(&mut self, of: &Of, returned: &Mixture) {
        let invoice = self.sales[of].invoice.clone();
        let Some(buyer) = self.deducts(&invoice) else { return };
        self.given_up += 1;
        for (origin, mut lacks) in self.pools.entry(buyer.clone()).or_default().take_all(returned) {
            if lacks.is_surely_nothing() {
                continue;
            }
            self.note("what had flowed on");
            for (_, sale) in self.sales.iter_mut().filter(|(of, _)| of.0 == buyer) {
                let settled = sale.settled.of(&origin);
                sale.short = sale.short.plus(&sale.settled.take(&origin, &lacks));
                lacks = lacks.less(&settled);
            }
            let (month, number) = (invoice.month(), self.given_up);
            self.flowed.push(Flowed { firm: buyer.clone(), origin, month, number, tax: lacks });
        }
    }

    /// A voucher that a firm issues to itself for a farmer: it begins there.
    fn is_voucher(&self, of: &Of) -> bool {
        let invoice = &self.sales[of].invoice;
        invoice.kind == "farm_purchase" && invoice.buyer.as_ref() == Some(&of.0)
    }

    fn note(&mut self, what: &'static str) {
        *self.seen.entry(what).or_default() += 1;
    }

    /// Everything, named as in a statement of the oracle (`statement.rs`).
    pub fn amounts(&self) -> BTreeMap<String, Amount> {
        let pools = self.pools.iter().map(|(firm, pool)| (format!("pool {firm}"), pool));
        let named = |of: &Of, what: &str| format!("sale {} {} {what}", of.0, of.1);
        let carried = self.sales.iter().map(|(of, sale)| (named(of, "vector"), &sale.carries));
        let settled = self.sales.iter().map(|(of, sale)| (named(of, "settled"), &sale.settled));
        let mut amounts = BTreeMap::new();
        for (name, mixture) in pools.chain(carried).chain(settled) {
            let parts = mixture.parts.iter();
            amounts.extend(parts.map(|(origin, tax)| (format!("{name} of {origin}"), tax.clone())));
        }
        amounts.extend(self.sales.iter().map(|(of, sale)| (named(of, "short"), sale.short.clone())));
        amounts
    }
}
