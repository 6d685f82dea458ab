//! Who buys from whom: every firm finds its suppliers, and makers and traders whom nobody found find customers.

use super::super::chance::Chance;
use super::super::firm::{Firm, FirmNo, index};
use super::super::goods::INDUSTRIES;
use super::Edge;

/// Who can sell, by industry: established firms first, for those are drawn more often.
pub(super) fn sellers_by_industry(firms: &[Firm]) -> Vec<Vec<FirmNo>> {
    let mut sellers = vec![Vec::new(); INDUSTRIES.len()];
    for established in [true, false] {
        for (number, firm) in (0..).zip(firms) {
            if firm.established == established && firm.is_general() && firm.cap == 0 {
                sellers[firm.industry].push(number);
            }
        }
    }
    sellers
}

/// Finds a buyer its suppliers: one to `partners_max` in each industry it needs, from its own province where it can.
pub(super) fn supply(
    buyer: FirmNo,
    firm: &Firm,
    sellers: &[Vec<FirmNo>],
    partners_max: usize,
    chance: &mut Chance,
    edges: &mut Vec<Edge>,
) {
    let needs = firm.line_of_business().buys;
    let needs = if partners_max == 1 { &needs[..needs.len().min(2)] } else { needs };
    for &(industry, share) in needs {
        let known = &sellers[industry];
        let partners = 1 + chance.place(partners_max.min(known.len()));
        let mut taken: Vec<FirmNo> = Vec::with_capacity(partners);
        for rank in 1..=i64::try_from(partners).expect("a handful") {
            if known.is_empty() {
                break;
            }
            let seller = known[chance.early_place(known.len())];
            if seller != buyer && !taken.contains(&seller) {
                taken.push(seller);
                edges.push(Edge::new(seller, buyer, share * 60 / rank));
            }
        }
    }
}

/// A maker or trader nobody found gets one to three customers.
pub(super) fn find_customers(firms: &[Firm], chance: &mut Chance, edges: &mut Vec<Edge>) {
    let mut found = vec![false; firms.len()];
    for edge in edges.iter() {
        found[index(edge.seller)] = true;
    }
    let mut buyers = vec![Vec::new(); INDUSTRIES.len()];
    for (number, firm) in (0..).zip(firms) {
        for &(industry, share) in firm.line_of_business().buys {
            if firm.is_general() && share > 4 {
                buyers[industry].push((number, share));
            }
        }
    }
    for (seller, firm) in (0..).zip(firms) {
        let customers = &buyers[firm.industry];
        if found[index(seller)] || customers.is_empty() || !firm.is_general() {
            continue;
        }
        for _ in 0..=chance.below(3) {
            let (buyer, share) = customers[chance.place(customers.len())];
            if buyer != seller && !edges.iter().rev().take(3).any(|edge| (edge.seller, edge.buyer) == (seller, buyer)) {
                edges.push(Edge::new(seller, buyer, share * 30));
            }
        }
    }
}
