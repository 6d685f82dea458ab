//! Chains: for each source that stands accused, everybody its value reached, how much, in which role, and the arrows
//! between them. Worked out over the whole graph of recorded value at once.

use std::collections::{BTreeMap, BTreeSet};

use super::books::{Books, Sale};
use super::sums::Side;

/// A chain behind one source.
#[derive(Clone, Debug, Default)]
pub struct Chain {
    /// How often the source has been accused.
    pub count: u32,
    pub members: BTreeMap<String, Member>,
    pub edges: BTreeMap<(String, String), Edge>,
    /// By buyer and seller, of those who told of the source's value, the fewest invoices over which any came.
    pub told: BTreeMap<(String, String), i64>,
    /// Whether value of the source came in other names than its own, so that shares of shares were told.
    pub in_other_names: bool,
}

impl Chain {
    /// Who sold a firm the source's value, and over how few invoices.
    pub fn sellers_of(&self, firm: &str) -> BTreeMap<String, i64> {
        let told = self.told.iter().filter(|((buyer, _), _)| buyer == firm);
        told.map(|((_, seller), hops)| (seller.clone(), *hops)).collect()
    }
}

/// A taxpayer on it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Member {
    pub role: &'static str,
    pub taken: i64,
    pub deducted: i64,
    pub passed: i64,
    pub hops: i64,
}

/// Value of the source that went from one to another, and all trade between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    pub tax: i64,
    pub invoices: i64,
    pub first_at: i64,
    pub last_at: i64,
    /// Whether there is trade between them that carries nothing of the source: a case hears of all trade between two when
    /// value of the source moves between them, and not of what carries none.
    pub other_trade: bool,
}

/// A name in which a source's value is in a firm's books: how much of what came in that name it is, and over how many
/// invoices it came at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Named {
    part: i64,
    hops: i64,
}

/// All chains, by source.
pub fn chains(books: &Books) -> BTreeMap<String, Chain> {
    let standing = books.accused.iter().filter(|(_, accusation)| accusation.standing);
    standing.map(|(origin, accusation)| (origin.clone(), Net::of(books, origin).chain(accusation.count))).collect()
}

/// One source's value in all books.
struct Net<'a> {
    books: &'a Books,
    origin: &'a str,
    /// By firm and name, what came over so many invoices at most. In the source's own name it is all of what came in it.
    names: BTreeMap<(String, String), Named>,
    /// The same over one invoice less.
    nearer: BTreeMap<(String, String), Named>,
    /// By buyer and seller, over how few invoices any of it was told.
    sellers: BTreeMap<(String, String), i64>,
}

/// What of the source's value went to somebody, by the name in which it did.
type Parts = BTreeMap<String, i64>;

impl<'a> Net<'a> {
    fn of(books: &'a Books, origin: &'a str) -> Self {
        let begun = ((origin.to_owned(), origin.to_owned()), Named { part: 0, hops: 0 });
        let mut net =
            Self { books, origin, names: BTreeMap::from([begun]), nearer: BTreeMap::new(), sellers: BTreeMap::new() };
        for hops in 1..=books.rules.limit("taint_hops_max") {
            net.nearer = std::mem::take(&mut net.names);
            net.names = net.told(hops);
            for from in firms(&net.nearer) {
                for (buyer, parts) in net.parts(&from) {
                    if buyer != from && parts.keys().any(|name| *name != buyer) {
                        net.sellers.entry((buyer, from.clone())).or_insert(hops);
                    }
                }
            }
        }
        net
    }

    /// What everybody holds that came over so many invoices at most: what those passed on who hold it over one less.
    fn told(&self, hops: i64) -> BTreeMap<(String, String), Named> {
        let begun = (self.origin.to_owned(), self.origin.to_owned());
        let mut told = BTreeMap::from([(begun, Named { part: 0, hops: 0 })]);
        for from in firms(&self.nearer) {
            for (buyer, parts) in self.parts(&from) {
                if buyer == from {
                    continue;
                }
                // What is in the buyer's own name it knows itself.
                for (name, part) in parts.into_iter().filter(|(name, _)| *name != buyer) {
                    let at = (buyer.clone(), name);
                    let since = self.nearer.get(&at).map_or(hops, |nearer| nearer.hops);
                    told.entry(at).or_insert(Named { part: 0, hops: since }).part += part;
                }
            }
        }
        told
    }

    /// What of the source's value a firm passed on, by buyer, of what it holds over one invoice less: where it is worth
    /// telling.
    fn parts(&self, from: &str) -> BTreeMap<String, Parts> {
        let mut parts: BTreeMap<String, Parts> = BTreeMap::new();
        for ((_, name), named) in self.nearer.iter().filter(|((firm, _), _)| firm == from) {
            let mut add = |buyer: &String, in_name: &str, tax: i64| {
                let share = self.share(from, name, named, tax);
                if share > 0 {
                    *parts.entry(buyer.clone()).or_default().entry(in_name.to_owned()).or_default() += share;
                }
            };
            for (buyer, tax) in self.books.passed_on(from, name) {
                add(&buyer, name, tax);
            }
            // What settled went under the firm's own name, and is the settling origin's all the same.
            for (buyer, tax) in self.settled_to(from, name) {
                add(&buyer, from, tax);
            }
        }
        let least = self.books.rules.limit("taint_tax_min_fen");
        parts.retain(|_, parts| sum(parts) >= least);
        parts
    }

    /// Sales of a firm that value of a name settled, by buyer: they went out in the firm's own name.
    fn settled_to(&self, from: &str, name: &str) -> BTreeMap<String, i64> {
        let key = (from.to_owned(), name.to_owned(), String::new());
        let settled = self.books.settled_to.range(key..).take_while(|((of, by, _), _)| of == from && by == name);
        settled.map(|((_, _, buyer), tax)| (buyer.clone(), *tax)).collect()
    }

    /// What of an amount in a name is the source's.
    fn share(&self, firm: &str, name: &str, named: &Named, tax: i64) -> i64 {
        if name == self.origin && (firm == self.origin || named.part > 0) {
            return tax;
        }
        let (taken, _) = self.books.taken(firm, name);
        if taken == 0 {
            return 0;
        }
        let share = i128::from(tax) * i128::from(named.part.min(taken)) / i128::from(taken);
        i64::try_from(share).expect("a share of it")
    }

    fn chain(self, count: u32) -> Chain {
        let mut chain = Chain { count, ..Chain::default() };
        for ((firm, name), named) in &self.names {
            let (taken, deducted) = self.books.taken(firm, name);
            let part = self.share(firm, name, named, taken);
            let member = chain.members.entry(firm.clone()).or_insert(Member { hops: i64::MAX, ..Member::default() });
            member.hops = if named.part > 0 { member.hops.min(named.hops) } else { member.hops };
            member.taken += part;
            member.deducted += self.share(firm, name, named, deducted);
            chain.in_other_names |= name != self.origin;
        }
        for firm in firms(&self.nearer) {
            self.edges(&firm, &mut chain.edges);
        }
        chain.told.clone_from(&self.sellers);
        for (firm, member) in &mut chain.members {
            let from = chain.edges.iter().filter(|((from, _), _)| from == firm);
            member.passed = from.map(|(_, edge)| edge.tax).sum();
            if firm == self.origin {
                (member.taken, member.deducted, member.hops) = (self.books.begun(firm), 0, 0);
            }
            member.role = self.role(firm, member);
        }
        let holds = |member: &Member| member.taken != 0 || member.deducted != 0 || member.passed != 0;
        chain.members.retain(|firm, member| firm == self.origin || holds(member));
        chain
    }

    fn edges(&self, from: &str, edges: &mut BTreeMap<(String, String), Edge>) {
        let trade = self.books.trade(from, Side::Sold);
        let names: Vec<&String> = self.nearer.keys().filter(|(firm, _)| firm == from).map(|(_, name)| name).collect();
        for (to, parts) in self.parts(from) {
            let with = trade[&to];
            let (first_at, last_at) = (with.first_at.unwrap_or(0), with.last_at.unwrap_or(0));
            let carries = |sale: &Sale| {
                sale.invoice.is_deductible()
                    && names.iter().any(|name| sale.vector.of(name) > 0 || sale.settled.of(name) > 0)
            };
            let to_it = |sale: &Sale| sale.invoice.buyer.as_ref() == Some(&to) && !sale.invoice.is_red();
            let other_trade = self.books.sales_of(from).any(|(_, sale)| to_it(sale) && !carries(sale));
            let (tax, invoices) = (sum(&parts), with.count);
            edges.insert((from.to_owned(), to), Edge { tax, invoices, first_at, last_at, other_trade });
        }
    }

    fn role(&self, firm: &str, member: &Member) -> &'static str {
        let Member { taken, deducted, passed, .. } = *member;
        let least = i128::from(self.books.rules.limit("washer_passed_min_bp")) * i128::from(taken);
        if firm == self.origin {
            "source"
        } else if passed > 0 && taken > 0 && i128::from(passed) * 10_000 >= least {
            "washer"
        } else if deducted > 0 {
            "beneficiary"
        } else {
            "associate"
        }
    }
}

fn firms(names: &BTreeMap<(String, String), Named>) -> BTreeSet<String> {
    names.keys().map(|(firm, _)| firm.clone()).collect()
}

fn sum(parts: &Parts) -> i64 {
    parts.values().sum()
}
