//! Everything the oracle says of a journal's end, as one flat list of names and values: so that two of them can be laid side
//! by side.

use std::collections::BTreeMap;

use super::books::Books;
use super::chains::chains;
use super::checks::{Finding, findings, merged};
use super::firms::latest;
use super::mixture::Mixture;
use super::sums::Side;

/// Names and values. What is zero, empty or absent is not named.
pub type Statement = BTreeMap<String, String>;

/// What is at the end of a journal.
pub fn state(books: &Books) -> Statement {
    let mut all = Statement::new();
    let mut firms: Vec<&String> = books.firms.keys().collect();
    firms.sort();
    for firm in firms {
        sales(books, firm, &mut all);
        holdings(books, firm, &mut all);
        ledger(books, firm, &mut all);
        for (month, sums) in books.months(firm) {
            for (name, sum) in sums.iter() {
                all.insert(format!("month {firm} {month} {name}"), sum.to_string());
            }
        }
        for (side, name) in [(Side::Sold, "sold to"), (Side::Bought, "bought from")] {
            for (partner, trade) in books.trade(firm, side) {
                let (first, last) = (trade.first_at.unwrap_or(0), trade.last_at.unwrap_or(0));
                let text = format!("{}, {}, tax {}, {first} to {last}", trade.count, trade.amount, trade.tax);
                all.insert(format!("trade {firm} {name} {partner}"), text);
            }
        }
    }
    said(books, &mut all);
    all
}

fn say_amount(all: &mut Statement, name: String, amount: i64) {
    if amount != 0 {
        all.insert(name, amount.to_string());
    }
}

fn say_mixture(all: &mut Statement, name: &str, mixture: &Mixture, with_hops: bool) {
    for (origin, part) in &mixture.parts {
        let hops = if with_hops { format!(", {} hops", part.hops) } else { String::new() };
        all.insert(format!("{name} of {origin}"), format!("{}{hops}", part.tax));
    }
    say_amount(all, format!("{name} of others"), mixture.rest);
}

fn sales(books: &Books, firm: &str, all: &mut Statement) {
    for (no, sale) in books.sales_of(firm) {
        let key = (firm.to_owned(), no.to_owned());
        let name = format!("sale {firm} {no}");
        let (count, amount, tax) = books.reds(firm, no);
        let voided = books.voids.get(&key);
        let mark = books.marks.get(&key).and_then(|marks| marks.iter().max()).map(|mark| mark.1);
        let state = format!("void {voided:?}, abnormal {mark:?}, {count} red of {amount} and tax {tax}");
        all.insert(name.clone(), state);
        say_mixture(all, &format!("{name} vector"), &sale.vector, true);
        say_mixture(all, &format!("{name} settled"), &sale.settled, false);
        say_amount(all, format!("{name} short"), sale.short);
    }
    for (_, blue, red) in books.waiting.iter().filter(|(seller, ..)| seller == firm) {
        all.insert(format!("red letter {firm} {red}"), format!("waits for {blue}"));
    }
}

fn holdings(books: &Books, firm: &str, all: &mut Statement) {
    for (no, seller, _, holding) in books.held_by(firm) {
        let name = format!("held {firm} {no} of {seller}");
        let deducted = books.deducted(firm, seller, no);
        let counts = holding.counts && !holding.voided;
        let text = format!("void {}, counts {counts}, deducted {deducted}", holding.voided);
        all.insert(name.clone(), text);
        say_mixture(all, &format!("{name} vector"), &holding.vector, true);
        say_amount(all, format!("{name} own back"), holding.own_back);
    }
    for (_, no, seller) in books.received.iter().filter(|(buyer, ..)| buyer == firm) {
        all.insert(format!("received {firm} {no} of {seller}"), "yes".into());
    }
}

fn ledger(books: &Books, id: &str, all: &mut Statement) {
    let firm = &books.firms[id];
    let months = books.months(id);
    let sum = |name: &str| -> i64 { months.values().map(|month| month.of(name)).sum() };
    let vouchers: i64 = books
        .sales_of(id)
        .filter(|(_, sale)| super::books::is_voucher(id, &sale.invoice))
        .map(|(_, sale)| sale.short)
        .sum();
    let opening = sum("opening") + vouchers;
    let expired = if firm.gone_since().is_some() { firm.pool.total() } else { 0 };
    for (name, amount) in [
        ("arrived", firm.arrived),
        ("withdrawn", firm.withdrawn),
        ("originated", sum("originated") + opening),
        ("opening", opening),
        ("passed on", sum("standing")),
        ("expired", expired),
    ] {
        say_amount(all, format!("ledger {id} {name}"), amount);
    }
    say_mixture(all, &format!("pool {id}"), &firm.pool, true);
    for origin in firm.met.keys().map(String::as_str).chain([id]) {
        for (buyer, tax) in books.passed_on(id, origin) {
            say_amount(all, format!("passed {id} to {buyer} of {origin}"), tax);
        }
        if origin != id {
            let (taken, deducted) = books.taken(id, origin);
            say_amount(all, format!("taken {id} of {origin}"), taken);
            say_amount(all, format!("deducted {id} of {origin}"), deducted);
        }
    }
    for ((_, origin, buyer), tax) in books.settled_to.iter().filter(|((seller, ..), _)| seller == id) {
        say_amount(all, format!("settled {id} to {buyer} of {origin}"), *tax);
    }
    for (month, said) in &firm.declared {
        all.insert(format!("declared {id} {month}"), format!("{:?}", latest(said).expect("it was said")));
    }
}

/// Findings, tasks and chains.
fn said(books: &Books, all: &mut Statement) {
    let chains = chains(books);
    for firm in books.firms.keys() {
        let found = findings(books, firm, &chains);
        for ((typology, about), Finding { score, stake, case }) in &found {
            let case = case.as_ref().map(|(origin, count)| format!(", case {count} of {origin}")).unwrap_or_default();
            let name = format!("finding {firm} {typology} about {about}");
            all.insert(name, format!("score {score}, at stake {stake}{case}"));
        }
        if !found.is_empty() {
            all.insert(format!("task {firm}"), task(books, &found));
        }
    }
    for (origin, accusation) in books.accused.iter().filter(|(_, accusation)| accusation.count > 0) {
        let name = format!("case {} of {origin}", accusation.count);
        all.insert(name.clone(), format!("standing {}", accusation.standing));
        let Some(chain) = chains.get(origin) else { continue };
        for (firm, member) in &chain.members {
            let touched = member.taken != 0 || member.deducted != 0 || member.passed != 0;
            if touched {
                let super::chains::Member { role, taken, deducted, hops, .. } = member;
                all.insert(format!("{name}: {firm}"), format!("{role}, tax {taken}, deducted {deducted}, hop {hops}"));
            }
        }
        for ((from, to), edge) in &chain.edges {
            let super::chains::Edge { tax, invoices, first_at, last_at, other_trade } = edge;
            say_amount(all, format!("{name}: {from} to {to}"), *tax);
            if !other_trade {
                all.insert(format!("{name}: {from} to {to} by"), format!("{invoices}, {first_at} to {last_at}"));
            }
        }
    }
}

fn task(books: &Books, found: &BTreeMap<(String, String), Finding>) -> String {
    // What is of one matter counts once.
    let mut best: BTreeMap<&str, i64> = BTreeMap::new();
    let (mut invoices, mut origins, mut months) = (0, 0, 0);
    for ((typology, _), finding) in found {
        let matter = match typology.as_str() {
            "dormant_revival" | "source_burst" => "issuing",
            "false_deduction" | "abnormal_voucher" => "origin",
            "pass_through" | "circular" => "flow",
            _ => "claims",
        };
        let best = best.entry(matter).or_default();
        *best = finding.score.max(*best);
        match typology.as_str() {
            "dormant_revival" | "source_burst" | "pass_through" | "circular" | "abnormal_voucher" => {
                months = finding.stake.max(months);
            }
            // Of a month, there is no source, and so no case.
            "false_deduction" if finding.case.is_none() => months = finding.stake.max(months),
            "false_deduction" => origins += finding.stake,
            _ => invoices += finding.stake,
        }
    }
    let score = merged(best.values().copied());
    let stake = invoices + months.max(origins);
    let steps = books.rules.level_scores.iter().zip(&books.rules.level_stakes);
    let reached = steps.map(|(least_score, least_stake)| score >= *least_score && stake >= *least_stake);
    let level = reached.zip(2..).filter(|(reached, _)| *reached).map(|(_, level)| level).max().unwrap_or(1);
    format!("level {level}, score {score}, at stake {stake}")
}
