//! Findings, each asked of the books as they are: does it stand? Claims are judged by event times alone.

use std::collections::BTreeMap;

use super::books::Books;
use super::chains::Chain;
use super::events::{Claim, DAY, HOUR, Month, month_of};
use super::firms::{Firm, at, latest};
use super::sums::Sums;
use super::taint_checks::{false_deduction, passed_on};
use super::taken_back::kept;

/// A finding that stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub score: i64,
    pub stake: i64,
    /// The source and the count of the accusation whose chain it belongs to.
    pub case: Option<(String, u32)>,
}

pub fn finding(score: i64, stake: i64) -> Finding {
    Finding { score: score.clamp(0, 1_000), stake, case: None }
}

/// An amount over another, in basis points, towards zero.
pub fn bp(part: i64, whole: i64) -> i64 {
    if whole <= 0 { 0 } else { i64::try_from(i128::from(part) * 10_000 / i128::from(whole)).expect("a ratio") }
}

/// Deductions that stand, oldest first, with what stands of each: a reversal takes from one of its own period where there is
/// one, otherwise from the oldest.
pub fn standing(claims: &[&Claim]) -> Vec<Claim> {
    let mut sorted: Vec<&Claim> = claims.iter().copied().filter(|claim| claim.counts).collect();
    sorted.sort_by_key(|claim| (claim.at, claim.reverses));
    let mut standing: Vec<Claim> = Vec::new();
    for claim in sorted {
        if !claim.reverses {
            standing.push(claim.clone());
            continue;
        }
        // A deduction of nothing is taken back by a reversal of nothing.
        let nothing = |earlier: &Claim| claim.tax == 0 && earlier.tax == 0 && earlier.month == claim.month;
        if let Some(place) = standing.iter().position(nothing) {
            standing.remove(place);
        }
        let mut left = claim.tax;
        while left > 0 && !standing.is_empty() {
            let place = standing.iter().position(|earlier| earlier.month == claim.month).unwrap_or(0);
            let taken = left.min(standing[place].tax);
            standing[place].tax -= taken;
            left -= taken;
            if standing[place].tax == 0 {
                standing.remove(place);
            }
        }
    }
    standing
}

impl Books {
    /// Sellers from whom an invoice of a number arrived at a buyer.
    fn sellers(&self, buyer: &str, no: &str) -> Vec<&str> {
        let from = (buyer.to_owned(), no.to_owned(), String::new());
        let held = self.held.range(from..).take_while(|((of, number, _), _)| of == buyer && number == no);
        held.map(|((_, _, seller), _)| seller.as_str()).collect()
    }

    /// Claims of an invoice: those that name its seller, and those that name none where no other can be meant.
    pub(super) fn claims_of(&self, buyer: &str, seller: &str, no: &str) -> Vec<&Claim> {
        let Some(claims) = self.claims.get(&(buyer.to_owned(), no.to_owned())) else { return Vec::new() };
        let alone = self.sellers(buyer, no) == [seller];
        claims.iter().filter(|claim| claim.seller == seller || claim.seller.is_empty() && alone).collect()
    }

    /// Tax of an invoice that is deducted.
    pub fn deducted(&self, buyer: &str, seller: &str, no: &str) -> i64 {
        standing(&self.claims_of(buyer, seller, no)).iter().map(|claim| claim.tax).sum()
    }
}

/// Everything found about a firm: by typology and what it is about.
pub fn findings(books: &Books, firm: &str, chains: &BTreeMap<String, Chain>) -> BTreeMap<(String, String), Finding> {
    let mut found = BTreeMap::new();
    let mut say = |typology: &str, about: String, finding: Finding| {
        found.insert((typology.to_owned(), about), finding);
    };
    for ((_, no), claims) in books.claims.iter().filter(|((buyer, _), _)| buyer == firm) {
        let mut sellers: Vec<&str> = claims.iter().map(|claim| claim.seller.as_str()).collect();
        sellers.extend(books.sellers(firm, no));
        sellers.sort_unstable();
        sellers.dedup();
        for seller in sellers {
            for (typology, finding) in of_claims(books, firm, seller, no) {
                say(typology, format!("{no} of {seller}"), finding);
            }
        }
    }
    for ((typology, month), finding) in accusing(books, firm) {
        say(typology, month.to_string(), finding);
    }
    let months = books.months(firm);
    for month in months.keys() {
        if let Some(finding) = circular(books, &months, *month) {
            say("circular", month.to_string(), finding);
        }
        if let Some(finding) = pass_through(books, firm, &months, *month) {
            say("pass_through", month.to_string(), finding);
        }
    }
    for (month, finding) in books.vouchers.findings(firm, &books.rules) {
        say("abnormal_voucher", month.to_string(), finding);
    }
    for (month, finding) in kept(books, firm) {
        say("false_deduction", month.to_string(), finding);
    }
    for (origin, chain) in chains {
        if let Some(finding) = false_deduction(books, firm, origin, chains) {
            say("false_deduction", origin.clone(), finding);
        }
        if let Some(finding) = passed_on(books, firm, origin, chain) {
            say("pass_through", origin.clone(), finding);
        }
    }
    found
}

/// Findings about claims of one invoice; of the seller named, or of none.
fn of_claims(books: &Books, buyer: &str, seller: &str, no: &str) -> Vec<(&'static str, Finding)> {
    let mut found = Vec::new();
    let candidates = books.sellers(buyer, no);
    let all = books.claims[&(buyer.to_owned(), no.to_owned())].iter().filter(|claim| claim.seller == seller);
    let named: Vec<&Claim> = all.collect();
    let invoice = candidates.contains(&seller).then(|| &books.sales[&(seller.to_owned(), no.to_owned())].invoice);
    let own = standing(&named);
    let stake: i64 = own.iter().map(|claim| claim.tax).sum();
    let score = |name: &str| books.rules.of("deduct_without_invoice", name);
    if let (None, Some(oldest)) = (invoice, own.first()) {
        let due = oldest.at + books.rules.limit("grace_days") * DAY;
        let overdue = books.hour.is_some_and(|hour| due <= hour);
        let several = seller.is_empty() && candidates.len() > 1;
        // Where one invoice can be meant, the claims are that one's.
        let none = !seller.is_empty() || candidates.is_empty();
        if several {
            found.push(("deduct_without_invoice", finding(score("score_ambiguous"), stake)));
        } else if none && overdue {
            let last = own.last().expect("the oldest, at least");
            let is_opening = books.is_first(month_of(last.at));
            // Another seller's invoice of that number, which nobody claims, is the one that is meant.
            let is_misnamed = matches!(candidates[..], [other] if !seller.is_empty() && standing(&books.claims_of(buyer, other, no)).is_empty());
            let name = match (is_misnamed, is_opening) {
                (true, _) => "score_misnamed",
                (false, true) => "score_opening",
                (false, false) => "score",
            };
            found.push(("deduct_without_invoice", finding(score(name), stake)));
        }
    }
    let of_another = seller.is_empty() && candidates.len() == 1;
    let standing = if invoice.is_some() { standing(&books.claims_of(buyer, seller, no)) } else { own };
    let all: i64 = standing.iter().map(|claim| claim.tax).sum();
    if standing.len() > 1 && !of_another {
        let again = all - standing[0].tax;
        let stake = invoice.map_or(again, |invoice| again.min(all - invoice.tax));
        if stake > 0 {
            found.push(("double_deduction", finding(books.rules.of("double_deduction", "score"), stake)));
        }
    }
    if let Some(voided_at) = books.voids.get(&(seller.to_owned(), no.to_owned())).filter(|_| invoice.is_some()) {
        let after = standing.iter().filter(|claim| claim.at >= *voided_at);
        let (count, stake) = after.fold((0, 0), |(count, stake), claim| (count + 1, stake + claim.tax));
        if count > 0 {
            found.push(("deduct_after_void", finding(books.rules.of("deduct_after_void", "score"), stake)));
        }
    }
    found
}

/// Months in which a firm stands against as a source, by the typology that says so.
pub fn accusing(books: &Books, firm: &str) -> BTreeMap<(&'static str, Month), Finding> {
    let months = books.months(firm);
    let mut found = BTreeMap::new();
    for month in months.keys() {
        if let Some(finding) = revival(books, firm, &months, *month) {
            found.insert(("dormant_revival", *month), finding);
        }
        if let Some(finding) = burst(books, firm, &months, *month) {
            found.insert(("source_burst", *month), finding);
        }
    }
    found
}

type Months = BTreeMap<Month, Sums>;

fn sum(months: &Months, month: Month, name: &str) -> i64 {
    months.get(&month).map_or(0, |month| month.of(name))
}

fn two(months: &Months, month: Month, name: &str) -> i64 {
    sum(months, month, name) + sum(months, month.plus(-1), name)
}

/// Sums that have no purchase behind them.
type Lacking = &'static [&'static str];
const LACKING: Lacking = &["originated"];
/// Of who had been silent: there is no stock from before the journal.
const LACKING_OF_SILENT: Lacking = &["originated", "opening"];

fn lacks(months: &Months, month: Month, lacking: Lacking) -> i64 {
    lacking.iter().map(|name| sum(months, month, name)).sum()
}

/// Of a month and the one before it, what no input explains, and over what was issued, in basis points.
fn unexplained(
    books: &Books,
    id: &str,
    months: &Months,
    month: Month,
    lacking: Lacking,
    least: i64,
) -> Option<(i64, i64)> {
    let firm = books.firms.get(id)?;
    let begun = lacks(months, month, lacking) + lacks(months, month.plus(-1), lacking);
    if lacks(months, month, lacking) <= 0 || begun < least {
        return None;
    }
    let mut issued = two(months, month, "standing");
    if issued < begun {
        issued += sum(months, month.plus(1), "standing");
    }
    // What was left at the end of the month after, by the invoices of the months up to it.
    let gone = firm.gone_since().is_some_and(|since| month_of(since) <= month);
    let mut left = firm.pool.total();
    for (_, later) in months.range(month.plus(2)..) {
        left += later.of("drawn") - later.of("arrived") - later.of("flowed_on");
    }
    let own = begun - if gone { 0 } else { left };
    (own >= least).then(|| (own, bp(own, issued)))
}

/// The score of a firm that stands against as a source, by its rule.
fn source_score(books: &Books, typology: &str, months: &Months, month: Month, vanished: bool) -> i64 {
    let rule = |name: &str| books.rules.of(typology, name);
    let near_cap = two(months, month, "near_cap") * 10_000 / two(months, month, "sold_blue").max(1);
    let near_cap = if near_cap >= rule("near_cap_min_bp") { rule("score_near_cap") } else { 0 };
    rule("score") + near_cap + if vanished { rule("score_missing") } else { 0 }
}

fn has_vanished(firm: &Firm) -> bool {
    latest(&firm.statuses).is_some_and(|status| status == "missing" || status == "abnormal")
}

/// Since when the representative of a month had been it, where that was in the month or at most so many days before.
fn changed_within(firm: &Firm, month: Month, days: i64) -> bool {
    representative_changed(&firm.representatives, month.plus(1).start() - 1)
        .is_some_and(|since| is_new(since, month, days))
}

fn burst(books: &Books, id: &str, months: &Months, month: Month) -> Option<Finding> {
    let rule = |name: &str| books.rules.of("source_burst", name);
    let firm = books.firms.get(id)?;
    let owned_min = rule("owned_min_bp");
    let least = rule("own_tax_held_min_fen").min(rule("own_tax_min_fen"));
    let (own, share) = unexplained(books, id, months, month, LACKING, least)?;
    if own < rule("own_tax_min_fen") && held_back(books, id, months, month, LACKING, owned_min) != Some(true) {
        return None;
    }
    // Worlds register nobody but traders.
    let least = if firm.registered_on.is_some() { "own_share_trader_min_bp" } else { "own_share_min_bp" };
    if share < rule(least) {
        return None;
    }
    let registered = firm.registered_on.is_some_and(|since| is_new(since, month, rule("new_days")));
    let changed = changed_within(firm, month, rule("new_days"));
    let vanished = has_vanished(firm);
    if !registered
        && !changed
        && !vanished
        && !surges(books, id, months, month, share)
        && !denies(books, id, months, month, rule(least))
    {
        return None;
    }
    if !is_held_back(books, id, months, month, LACKING, owned_min) {
        return None;
    }
    if !registered && changed && revival(books, id, months, month).is_some() {
        return None;
    }
    let known = held_back(books, id, months, month, LACKING, owned_min) == Some(true);
    let sure = known || (registered || changed) && share >= rule("own_share_min_bp");
    let score = source_score(books, "source_burst", months, month, vanished);
    Some(finding(if sure { score } else { score.min(rule("score_unsure")) }, own.max(0)))
}

/// Whether a firm held back what it sold without input in a month and in the one before.
fn denies(books: &Books, id: &str, months: &Months, month: Month, share_min: i64) -> bool {
    let rule = |name: &str| books.rules.of("source_burst", name);
    let held_back = |of| held_back_by(books, id, months, [of, month], LACKING, rule("owned_min_bp")) == Some(true);
    let before = unexplained(books, id, months, month.plus(-1), LACKING, rule("own_tax_held_min_fen"));
    let is_small = books.firms.get(id).is_some_and(|firm| is_small(firm, month));
    !is_small && held_back(month) && held_back(month.plus(-1)) && before.is_some_and(|(_, share)| share >= share_min)
}

/// Whether a firm issues many times what it used to, and far more of it without input.
fn surges(books: &Books, id: &str, months: &Months, month: Month, share: i64) -> bool {
    let rule = |name: &str| books.rules.of("source_burst", name);
    let back = i32::try_from(rule("past_months")).expect("a few months");
    let known_from = books.known_from(id);
    let past: Vec<Month> =
        (2..=back + 1).map(|back| month.plus(-back)).take_while(|month| *month >= known_from).collect();
    let total = |name: &str| past.iter().map(|month| sum(months, *month, name)).sum::<i64>();
    let (issued, count) = (total("standing"), i64::try_from(past.len()).expect("a few months"));
    let is_registered = books.firms.get(id).is_some_and(|firm| firm.registered_on.is_some());
    if count < 2 || !is_registered || issued <= 0 || total("arrived") <= 0 {
        return false;
    }
    let known = past.iter().filter(|month| !books.is_opening(id, **month)).count();
    let usual = if issued > 0 {
        bp((total("originated") + total("opening")).max(0), issued)
    } else if known >= 2 || !books.is_older(id) {
        0
    } else {
        return false;
    };
    let (now, mean) = (sum(months, month, "standing"), issued / count);
    let grown = if mean <= 0 {
        now > 0
    } else {
        i128::from(now) * 100 / i128::from(mean) >= i128::from(rule("growth_min_percent"))
    };
    grown && share - usual >= rule("own_rise_min_bp")
}

/// Whether the tax that no input explains is held back: the firm is gone, or its returns do not say that it owes it; nothing
/// where that is not known yet.
fn held_back(books: &Books, id: &str, months: &Months, month: Month, lacking: Lacking, least: i64) -> Option<bool> {
    held_back_by(books, id, months, [month, month], lacking, least)
}

/// The same of a month where one that may be later has passed, or not.
fn held_back_by(
    books: &Books,
    id: &str,
    months: &Months,
    [month, asked]: [Month; 2],
    lacking: Lacking,
    least: i64,
) -> Option<bool> {
    let firm = books.firms.get(id)?;
    if has_vanished(firm) {
        return Some(true);
    }
    let (mut of, mut payable, mut added, mut missing) = (0, 0, 0, false);
    for month in [month, month.plus(-1)] {
        let begun = lacks(months, month, lacking);
        match firm.declared.get(&month).and_then(|said| latest(said)) {
            Some([.., due]) => {
                (of, payable) = (of + begun.max(0), payable + (*due).max(0));
                added += sum(months, month, "standing") - sum(months, month, "arrived");
            }
            None => missing |= begun > 0,
        }
    }
    // What is declared of less than a quarter says nothing of the rest.
    if of > 0 && bp(of, lacks(months, month, lacking) + lacks(months, month.plus(-1), lacking)) >= 2_500 {
        let of_added = if added > 0 { bp(payable, added) } else { 10_000 };
        return Some(bp(payable, of).max(of_added) < least);
    }
    let not_filed = missing && !is_small(firm, asked) && has_passed(books, id, asked) && !firm.declared.is_empty();
    not_filed.then_some(true)
}

/// Whether it is a small-scale taxpayer at the end of a month, which deducts nothing and files by the quarter.
fn is_small(firm: &Firm, month: Month) -> bool {
    at(&firm.small, month.plus(1).start()) == Some(&true)
}

/// The same where it is taken so as long as it is not known: but not of who deducts nothing, and has no input by its nature.
fn is_held_back(books: &Books, id: &str, months: &Months, month: Month, lacking: Lacking, least: i64) -> bool {
    let small = books.firms.get(id).is_some_and(|firm| is_small(firm, month));
    held_back(books, id, months, month, lacking, least).unwrap_or(!small)
}

/// Whether a month has passed, with the time for its return.
pub fn has_passed(books: &Books, id: &str, month: Month) -> bool {
    let due = month.plus(1).start() + books.rules.limit("declare_days") * DAY + own_hour(id) * HOUR;
    books.hour.is_some_and(|hour| due <= hour)
}

/// The score of a buyer of false invoices, which rises with their tax up to the full one.
pub fn risen(books: &Books, full: i64, tax: i64) -> i64 {
    let rule = |name: &str| books.rules.of("false_deduction", name);
    let (least, full_from) = (rule("tax_min_fen"), rule("tax_full_fen"));
    let risen = i128::from((tax - least).clamp(0, (full_from - least).max(0)));
    let span = i128::from((full_from - least).max(1));
    rule("score") + i64::try_from(i128::from((full - rule("score")).max(0)) * risen / span).expect("a score")
}

/// Firms are asked of a month in an hour of their own, within five days.
fn own_hour(id: &str) -> i64 {
    id.bytes().fold(0, |hour, byte| (hour * 31 + i64::from(byte)) % 120)
}

/// A firm that was silent, changed its representative and issues what no input explains.
fn revival(books: &Books, id: &str, months: &Months, month: Month) -> Option<Finding> {
    let rule = |name: &str| books.rules.of("dormant_revival", name);
    let firm = books.firms.get(id).filter(|firm| changed_within(firm, month, rule("change_days")))?;
    let (own, share) = unexplained(books, id, months, month, LACKING_OF_SILENT, rule("own_tax_min_fen"))?;
    let amount = |month: Month| sum(months, month, "sold_amount") - sum(months, month, "sold_void_amount");
    let is_idle = |month: Month| amount(month) <= rule("idle_amount_max_fen");
    // The trade that the month is part of began after a silent month, not long ago.
    let active = i32::try_from(rule("active_months")).expect("a few months");
    let first = (0..active).map(|back| month.plus(-back)).find(|first| is_idle(first.plus(-1)))?;
    let known_from = books.known_from(id);
    let silent = (1..=12).map(|back| first.plus(-back)).take_while(|month| *month >= known_from && is_idle(*month));
    let idle = silent.count();
    let began_unseen = idle < 12 && first.plus(-1 - i32::try_from(idle).expect("twelve at most")) < known_from;
    let is_unseen = began_unseen && books.is_older(id);
    let least = rule("idle_months").min(if is_unseen { rule("idle_months_unseen") } else { i64::MAX });
    if !is_held_back(books, id, months, month, LACKING_OF_SILENT, rule("owned_min_bp")) {
        return None;
    }
    if share < rule("own_share_min_bp") || i64::try_from(idle).expect("twelve at most") < least {
        return None;
    }
    Some(finding(source_score(books, "dormant_revival", months, month, has_vanished(firm)), own.max(0)))
}

/// Whether something was in a month, or at most so many whole days before it.
fn is_new(since: i64, month: Month, days: i64) -> bool {
    since < month.plus(1).start() && since > month.start() - (days + 1) * DAY
}

/// Since when the representative of a time had been it, where it was another before.
fn representative_changed(said: &[(i64, String)], at: i64) -> Option<i64> {
    let mut said: Vec<&(i64, String)> = said.iter().filter(|said| said.0 <= at).collect();
    said.sort_by_key(|said| said.0);
    said.windows(2).filter(|pair| pair[0].1 != pair[1].1).map(|pair| pair[1].0).next_back()
}

fn circular(books: &Books, months: &BTreeMap<Month, Sums>, month: Month) -> Option<Finding> {
    let rule = |name: &str| books.rules.of("circular", name);
    let three = |name: &str| months.range(month.plus(-2)..=month).map(|(_, month)| month.of(name)).sum::<i64>();
    if months[&month].of("own_back") == 0 {
        return None;
    }
    let issued = three("standing");
    let back = three("own_back").min(issued);
    let holds = back >= rule("tax_min_fen") && bp(back, issued) >= rule("share_min_bp");
    holds.then(|| finding(rule("score"), back))
}

fn pass_through(books: &Books, id: &str, months: &BTreeMap<Month, Sums>, month: Month) -> Option<Finding> {
    let rule = |name: &str| books.rules.of("pass_through", name);
    let firm = books.firms.get(id)?;
    let sum = |name: &str| months[&month].of(name);
    let out = sum("sold_tax") - sum("sold_void_tax");
    let buyers = (1..=rule("buyers_max")).contains(&sum("buyers"));
    if sum("drawn") <= 0 || out < rule("tax_min_fen") || !buyers {
        return None;
    }
    let days = sum("drawn_days") / sum("drawn").max(1) - sum("arrived_days") / sum("arrived").max(1);
    let margin = bp((out - sum("arrived")).abs(), out);
    if margin > rule("margin_max_bp") || !(0..=rule("days_max")).contains(&days) {
        return None;
    }
    let is_new = firm.registered_on.is_some_and(|on| is_new(on, month, rule("new_days")));
    let partners = sum("buyers") + sum("sellers");
    let met = (sum("new_buyers") + sum("new_sellers")).min(partners);
    let known_long = firm.known_since.is_some_and(|since| month_of(since) <= month.plus(-2));
    let new_partners = known_long && met * 10_000 / partners.max(1) >= rule("new_partners_min_bp");
    (is_new || new_partners).then(|| finding(rule("score"), out))
}

/// How doubts about a firm add up: the best of each typology, as independent doubts do, rounded down at each step.
pub fn merged(scores: impl IntoIterator<Item = i64>) -> i64 {
    let mut scores: Vec<i64> = scores.into_iter().collect();
    scores.sort_unstable();
    // What is left of no doubt at all, in thousandths, never less than it is.
    let left = scores.iter().fold(1_000, |left, score| (left * (1_000 - score) + 999) / 1_000);
    1_000 - left
}
