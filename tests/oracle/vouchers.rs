//! Abnormal vouchers (Announcement 38 of 2019), worked out in one batch from the list of events alone: the least fixed point
//! from the authority's marks, by going over all months again until nothing is added.

use std::collections::{BTreeMap, BTreeSet};

use super::checks::{Finding, standing};
use super::events::{Claim, Event, Invoice, Month, Verdict, What, month_of};
use super::firms::at;
use super::rules::Rules;

/// A seller or buyer, and what of it.
type Of<T> = (String, T);

/// A special invoice with a buyer, by its seller and number, and what is deducted of it by month.
type Special = (Of<String>, Invoice, Vec<(Month, i64)>);

/// What the law says of a list of events.
#[derive(Clone, Debug, Default)]
pub struct Vouchers {
    invoices: BTreeMap<Of<String>, Invoice>,
    voids: BTreeSet<Of<String>>,
    marks: BTreeMap<Of<String>, Vec<(i64, bool)>>,
    kinds: BTreeMap<String, Vec<(i64, bool)>>,
    claims: BTreeMap<Of<String>, Vec<Claim>>,
    /// By buyer and number: of how many sellers.
    sellers: BTreeMap<Of<String>, usize>,
    /// By seller and the blue invoice they name.
    reds: BTreeMap<Of<String>, Vec<Invoice>>,
    /// Special invoices that are abnormal, by seller and number.
    pub abnormal: BTreeSet<Of<String>>,
    /// Firms and months whose own invoices are abnormal in turn.
    pub in_turn: BTreeSet<Of<Month>>,
    /// By buyer and month: what is deducted of special invoices, and of abnormal ones.
    pub deducted: BTreeMap<Of<Month>, (i64, i64)>,
    /// By buyer and month of issue: tax of abnormal invoices nobody claimed.
    pub unclaimed: BTreeMap<Of<Month>, i64>,
}

/// Works it out.
pub fn vouchers(events: &[(Event, Verdict)], rules: &Rules) -> Vouchers {
    let mut all = Vouchers::default();
    for (event, _) in events.iter().filter(|(_, verdict)| *verdict == Verdict::Accepted) {
        all.note(event);
    }
    let special = all.special();
    let in_turn = |seller: &String, month: Month, all: &Vouchers| all.in_turn.contains(&(seller.clone(), month));
    loop {
        all.abnormal.clear();
        all.deducted.clear();
        for ((seller, no), invoice, deducted) in &special {
            let key = (seller.clone(), no.clone());
            let is_marked = all.marks.get(&key).and_then(|marks| marks.iter().max()).is_some_and(|mark| mark.1);
            let is_abnormal = is_marked || in_turn(seller, invoice.month(), &all);
            for (month, tax) in deducted {
                let buyer = invoice.buyer.clone().expect("it has been held");
                let sums = all.deducted.entry((buyer, *month)).or_default();
                sums.0 += tax;
                sums.1 += if is_abnormal { *tax } else { 0 };
            }
            all.abnormal.extend(is_abnormal.then_some(key));
        }
        let over = rules.of("abnormal_voucher", "abnormal_tax_over_fen");
        let share = rules.of("abnormal_voucher", "abnormal_share_min_bp");
        let before = all.in_turn.len();
        for ((firm, month), (whole, abnormal)) in all.deducted.clone() {
            let is_share = i128::from(abnormal) * 10_000 >= i128::from(whole) * i128::from(share);
            if abnormal > over && is_share && all.is_general(&firm, month) {
                all.in_turn.insert((firm, month));
            }
        }
        if all.in_turn.len() == before {
            break;
        }
    }
    all.count_unclaimed();
    all
}

impl Vouchers {
    fn note(&mut self, event: &Event) {
        let who = event.who.clone();
        match &event.what {
            What::Registered { small, .. } => self.kinds.entry(who).or_default().push((event.at, *small)),
            What::Changed { small, .. } => {
                self.kinds.entry(who).or_default().extend(small.iter().map(|small| (event.at, *small)));
            }
            What::Issued(invoice) => {
                if let Some(buyer) = &invoice.buyer {
                    *self.sellers.entry((buyer.clone(), invoice.no.clone())).or_default() += 1;
                }
                if let Some(blue) = &invoice.red_of {
                    self.reds.entry((who.clone(), blue.clone())).or_default().push(invoice.clone());
                }
                self.invoices.insert((who, invoice.no.clone()), invoice.clone());
            }
            What::Voided { no } => {
                self.voids.insert((who, no.clone()));
            }
            What::Claimed { no, claim } => self.claims.entry((who, no.clone())).or_default().push(claim.clone()),
            What::Marked { no, abnormal } => {
                self.marks.entry((who, no.clone())).or_default().push((event.at, *abnormal));
            }
            What::Status(_) | What::Cap(_) | What::Received { .. } | What::Declared { .. } | What::Other => {}
        }
    }

    /// Whether a firm deducts input tax: by what it was at the end of the month.
    pub fn is_general(&self, firm: &str, month: Month) -> bool {
        let kinds = self.kinds.get(firm);
        kinds.is_none_or(|kinds| at(kinds, month.plus(1).start() - 1) != Some(&true))
    }

    /// Claims of an invoice at its buyer, and those that name no seller where no other can be meant.
    fn claims_of(&self, buyer: &str, seller: &str, no: &str) -> Vec<&Claim> {
        let key = (buyer.to_owned(), no.to_owned());
        let Some(claims) = self.claims.get(&key) else { return Vec::new() };
        let alone = self.sellers.get(&key) == Some(&1);
        claims.iter().filter(|claim| claim.seller == seller || claim.seller.is_empty() && alone).collect()
    }

    /// Special invoices with a buyer, neither red nor void, and what is deducted of them by month.
    fn special(&self) -> Vec<Special> {
        let mut special = Vec::new();
        for ((seller, no), invoice) in &self.invoices {
            let key = (seller.clone(), no.clone());
            let Some(buyer) = &invoice.buyer else { continue };
            if invoice.kind == "special" && !invoice.is_red() && !self.voids.contains(&key) {
                let deducted = standing(&self.claims_of(buyer, seller, no));
                let by_month = deducted.into_iter().map(|claim| (claim.month, claim.tax)).collect();
                special.push((key, invoice.clone(), by_month));
            }
        }
        special
    }

    fn count_unclaimed(&mut self) {
        for key in &self.abnormal {
            let (seller, no) = key;
            let invoice = &self.invoices[key];
            let buyer = invoice.buyer.as_deref().expect("it has been held");
            let stands =
                |red: &&Invoice| red.buyer == invoice.buyer && !self.voids.contains(&(seller.clone(), red.no.clone()));
            let reds = self.reds.get(key).into_iter().flatten().filter(stands);
            let tax = invoice.tax + reds.map(|red| red.tax).sum::<i64>();
            if tax > 0 && self.claims_of(buyer, seller, no).is_empty() {
                *self.unclaimed.entry((buyer.to_owned(), month_of(invoice.at))).or_default() += tax;
            }
        }
    }

    /// Everybody who sells or buys.
    pub fn firms(&self) -> BTreeSet<String> {
        let sellers = self.invoices.keys().map(|(seller, _)| seller.clone());
        sellers.chain(self.invoices.values().filter_map(|invoice| invoice.buyer.clone())).collect()
    }

    /// Findings about a firm, by month. Of firms of grade A, who are given time, the oracle knows nothing.
    pub fn findings(&self, firm: &str, rules: &Rules) -> BTreeMap<Month, Finding> {
        let rule = |name: &str| rules.of("abnormal_voucher", name);
        let mut found = BTreeMap::new();
        let mut say = |month: &Month, score: i64, stake: i64| {
            found.entry(*month).or_insert(Finding { score, stake, case: None });
        };
        for ((who, month), (_, abnormal)) in self.deducted.iter().filter(|((who, _), _)| who == firm) {
            if *abnormal > 0 && self.is_general(firm, *month) {
                let in_turn = self.in_turn.contains(&(who.clone(), *month));
                say(month, rule(if in_turn { "score_in_turn" } else { "score" }), *abnormal);
            }
        }
        for ((_, month), tax) in self.unclaimed.iter().filter(|((who, _), _)| who == firm) {
            if self.is_general(firm, *month) {
                say(month, rule("score_held"), *tax);
            }
        }
        found
    }
}
