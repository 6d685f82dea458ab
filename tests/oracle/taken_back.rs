//! Deductions that a buyer keeps though their invoices were taken back.

use std::collections::BTreeMap;

use super::books::Books;
use super::checks::{Finding, bp, finding, has_passed, risen, standing};
use super::events::{Invoice, Month, month_of};
use super::sums::Side;

/// Of an invoice that a firm holds: what it had deducted before the seller took it back, and keeps; and the month of that.
fn keeps(books: &Books, firm: &str, seller: &str, no: &str, invoice: &Invoice) -> Option<(Month, i64)> {
    let standing = standing(&books.claims_of(firm, seller, no));
    let before = |at: i64| standing.iter().filter(|claim| claim.at < at).map(|claim| claim.tax).sum::<i64>();
    if let Some(voided_at) = books.voids.get(&(seller.to_owned(), no.to_owned())) {
        return Some((month_of(*voided_at), before(*voided_at))).filter(|(_, tax)| *tax > 0);
    }
    let of_it = |red: &Invoice| red.red_of.as_deref() == Some(no) && red.buyer.as_deref() == Some(firm);
    let reds: Vec<_> = books.sales_of(seller).filter(|(_, sale)| of_it(&sale.invoice)).collect();
    let last = reds.iter().map(|(_, sale)| sale.invoice.at).max()?;
    let stand: Vec<_> = reds.iter().filter(|(red_no, _)| !books.is_void(seller, red_no)).collect();
    if stand.is_empty() || month_of(last) <= invoice.month() {
        return None;
    }
    let red_tax: i64 = stand.iter().map(|(_, sale)| sale.invoice.tax).sum();
    let tax = (before(last) - (invoice.tax + red_tax).max(0)).min(red_tax.abs());
    (tax > 0).then(|| (month_of(last), tax))
}

/// Months in which sellers took back what a firm keeps, where some of them took back many.
pub fn kept(books: &Books, firm: &str) -> BTreeMap<Month, Finding> {
    let rule = |name: &str| books.rules.of("false_deduction", name);
    let mut of_seller: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
    let mut months = Vec::new();
    for (no, seller, invoice, _) in books.held_by(firm) {
        if let Some((month, tax)) = keeps(books, firm, seller, no, invoice) {
            let (count, sum) = of_seller.entry(seller).or_default();
            (*count, *sum) = (*count + 1, *sum + tax);
            months.push(month);
        }
    }
    let trade = books.trade(firm, Side::Bought);
    let many = of_seller.iter().filter(|(seller, (count, tax))| {
        let bought = trade.get(**seller).map_or(0, |trade| trade.tax.max(0));
        *count >= rule("kept_invoices_min")
            && *tax >= rule("tax_part_min_fen")
            && bp(*tax, tax + bought) >= rule("kept_share_min_bp")
    });
    let tax: i64 = many.map(|(_, (_, tax))| tax).sum();
    if tax < rule("tax_min_fen") {
        return BTreeMap::new();
    }
    let found = |month: Month| (month, finding(risen(books, rule("score_direct"), tax), tax));
    months.into_iter().filter(|month| has_passed(books, firm, *month)).map(found).collect()
}
