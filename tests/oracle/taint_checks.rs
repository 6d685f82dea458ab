//! Findings about a source's value in a firm's books: whether it bought false invoices or real goods, and passed them on.

use std::collections::BTreeMap;

use super::books::Books;
use super::chains::Chain;
use super::checks::{Finding, bp, finding, risen};
use super::events::DAY;
use super::sums::Side;

/// Of a chain, how a firm stands on it: whether it bought false invoices and not real goods, and the tax of those that is
/// deducted, and that is not.
fn weight(books: &Books, firm: &str, chain_of: &str, chain: &Chain) -> (bool, i64, i64) {
    let rule = |name: &str| books.rules.of("false_deduction", name);
    let member = &chain.members[firm];
    let bought = books.trade(firm, Side::Bought);
    let sellers = chain.sellers_of(firm);
    let of = |wanted: &dyn Fn(i64, bool) -> bool| -> i64 {
        let them = sellers.iter().filter_map(|(seller, hops)| bought.get(seller).map(|trade| (seller, trade, *hops)));
        let them = them.filter(|(seller, trade, hops)| {
            let lately = is_met_lately(books, firm, trade.first_at);
            let days = (trade.last_at.unwrap_or(0) - trade.first_at.unwrap_or(0)).div_euclid(DAY);
            // Of long standing, and not the source itself.
            wanted(*hops, !lately && days >= 180 && *seller != chain_of)
        });
        them.map(|(_, trade, _)| trade.tax.max(0)).sum()
    };
    let nearest = sellers.values().min().copied().unwrap_or(i64::MAX);
    let known = sellers
        .iter()
        .filter(|(seller, _)| bought.get(*seller).is_some_and(|trade| !is_met_lately(books, firm, trade.first_at)));
    let nearest_known = known.map(|(_, hops)| *hops).min().unwrap_or(i64::MAX);
    let (all, of_nearest, of_lately) =
        (of(&|_, _| true), of(&|hops, steady| hops == nearest && !steady), of(&|hops, _| hops < nearest_known));
    let part = |bought: i64| bp(member.taken, bought).min(10_000);
    let near = if part(all) >= rule("all_min_bp") || member.hops <= 1 { part(of_nearest) } else { part(all) };
    // Of what came by others as well, only what the source sold itself is known to be its own.
    let of_source = sellers.get(chain_of).filter(|hops| **hops < nearest_known).and_then(|_| bought.get(chain_of));
    let taken_lately = if sellers.iter().all(|(seller, hops)| !bought.contains_key(seller) || *hops < nearest_known) {
        member.taken
    } else {
        of_source.map_or(0, |trade| trade.tax.max(0))
    };
    let lately = bp(taken_lately, of_lately).min(10_000);
    let concentrated = all == 0 || near >= rule("nearest_min_bp") || lately >= rule("lately_min_bp");
    let invoiced = match (near >= rule("nearest_min_bp"), lately >= rule("lately_min_bp")) {
        (true, _) => of_nearest,
        (false, true) => of_lately,
        (false, false) => 0,
    };
    let whole = |tax: i64| portion(tax, invoiced.max(member.taken), member.taken);
    (concentrated, whole(member.deducted), whole((member.taken - member.deducted).max(0)))
}

/// So much of a whole, times a part; towards zero.
fn portion(tax: i64, part: i64, whole: i64) -> i64 {
    if whole == 0 { 0 } else { i64::try_from(i128::from(tax) * i128::from(part) / i128::from(whole)).expect("a share") }
}

/// Whether somebody was first met so late that the firm had long been known.
fn is_met_lately(books: &Books, firm: &str, first_at: Option<i64>) -> bool {
    let known = books.firms.get(firm).and_then(|firm| firm.known_since);
    first_at.unwrap_or(0) > known.unwrap_or(0) + 60 * DAY
}

/// Deducted, or taken, tax whose value came from a source.
pub fn false_deduction(books: &Books, firm: &str, origin: &str, chains: &BTreeMap<String, Chain>) -> Option<Finding> {
    let rule = |name: &str| books.rules.of("false_deduction", name);
    let chain = &chains[origin];
    let member = chain.members.get(firm).filter(|_| firm != origin)?;
    let (least, part_min) = (rule("tax_min_fen"), rule("tax_part_min_fen"));
    if member.taken < part_min {
        return None;
    }
    let (concentrated, mut deducted, mut waiting) = weight(books, firm, origin, chain);
    let behind = chains.values().filter(|chain| chain.members.contains_key(firm)).count();
    for (other, chain) in chains.iter().filter(|(other, _)| *other != origin) {
        if behind > 12 || other == firm || chain.members.get(firm).is_none_or(|member| member.taken < part_min) {
            continue;
        }
        let (like, more_deducted, more_waiting) = weight(books, firm, other, chain);
        if like == concentrated {
            (deducted, waiting) = (deducted + more_deducted, waiting + more_waiting);
        }
    }
    if deducted + waiting < least || !concentrated && deducted < least {
        return None;
    }
    let full = if member.hops <= 1 { rule("score_direct") } else { rule("score_indirect") };
    let risen = risen(books, full, deducted);
    let score = match (concentrated, deducted < least) {
        (false, _) => risen.min(rule("score_diluted")),
        (true, true) => rule("score_waiting"),
        (true, false) => risen,
    };
    let mut finding = finding(score, member.deducted);
    finding.case = Some((origin.to_owned(), chain.count));
    Some(finding)
}

/// A source's value that was bought and went on to buyers first met since.
pub fn passed_on(books: &Books, firm: &str, origin: &str, chain: &Chain) -> Option<Finding> {
    let rule = |name: &str| books.rules.of("pass_through", name);
    let member = chain.members.get(firm).filter(|_| firm != origin)?;
    if member.taken < rule("accused_tax_min_fen") || !weight(books, firm, origin, chain).0 {
        return None;
    }
    let trade = books.trade(firm, Side::Bought);
    let sellers = chain.sellers_of(firm);
    let mut bought: Vec<_> =
        sellers.keys().filter_map(|seller| trade.get(seller)).filter(|trade| trade.tax > 0).collect();
    if bought.iter().any(|trade| is_met_lately(books, firm, trade.first_at)) {
        bought.retain(|trade| is_met_lately(books, firm, trade.first_at));
    }
    let since = bought.iter().map(|trade| trade.first_at.unwrap_or(0)).min()?;
    let bought: i64 = bought.iter().map(|trade| trade.tax).sum();
    let buyers = books.trade(firm, Side::Sold);
    if buyers.len() > 64 || bp(member.taken, bought) < rule("accused_part_min_bp") {
        return None;
    }
    let met = buyers.values().filter(|buyer| buyer.first_at.unwrap_or(0) >= since);
    let sold = bp(met.map(|buyer| buyer.tax).sum(), bought);
    let finding = finding(rule("score_accused"), 0);
    (rule("passed_min_bp")..=rule("passed_max_bp")).contains(&sold).then_some(finding)
}
