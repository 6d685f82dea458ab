//! What each scheme does is what its typology says, and its labels keep to the contract.

use super::economy::sums;
use super::*;
use crate::model::{ObservationSource, Status};
use crate::sim::evaluate::HARD_ENDING;
use crate::sim::label::Label;

/// All typologies of the domain but the one that no model finds.
const CODES: [&str; 22] = [
    "abnormal_voucher",
    "cap_issuing",
    "circular",
    "declared_mismatch",
    "deduct_after_void",
    "deduct_without_invoice",
    "dormant_revival",
    "double_deduction",
    "export_refund",
    "false_deduction",
    "farm_purchase",
    "goods_switch",
    "low_burden",
    "pass_through",
    "quota_surge",
    "red_abuse",
    "shared_control",
    "source_burst",
    "surplus_invoice",
    "third_party_mismatch",
    "void_abuse",
    "zero_declaration",
];

/// A world full of schemes: its fraudulent labels of a typology, and its events.
fn full(typology: &str) -> (Vec<Label>, Vec<Event>) {
    let typologies = vec![typology.to_owned()];
    let world = World::new(Settings { fraud_bp: 500, typologies, ..settings() }).unwrap();
    let labels: Vec<Label> = world.labels().iter().filter(|label| label.role.is_fraud()).cloned().collect();
    assert!(labels.iter().any(|label| label.typology == typology), "nobody commits {typology}");
    (labels, world.collect())
}

fn of<'a>(labels: &'a [Label], typology: &'a str) -> impl Iterator<Item = &'a Label> {
    labels.iter().filter(move |label| label.typology == typology)
}

#[test]
fn every_typology_is_planted_and_has_a_lookalike_or_bystanders() {
    assert_eq!(planted(), CODES);
    let world = World::new(Settings { taxpayers: 3_000, fraud_bp: 800, ..settings() }).unwrap();
    for code in CODES {
        let labels: Vec<&Label> = world.labels().iter().filter(|label| label.typology == code).collect();
        assert!(labels.iter().any(|label| label.role.is_fraud()), "nobody commits {code}");
        assert!(
            labels.iter().any(|label| !label.role.is_fraud()) || code == "deduct_without_invoice",
            "nobody honest looks like {code}"
        );
    }
}

#[test]
fn two_fifths_of_all_schemes_are_hard_and_as_many_take_part_as_asked_for() {
    for (seed, fraud_bp) in [(1, 50), (2, 200), (3, 500), (4, 1_000)] {
        let world = World::new(Settings { seed, taxpayers: 2_000, fraud_bp, ..settings() }).unwrap();
        let schemes: HashSet<&str> =
            world.labels().iter().filter(|label| label.role.is_fraud()).map(|label| label.scheme.as_str()).collect();
        let hard = schemes.iter().filter(|name| name.ends_with(HARD_ENDING)).count();
        assert!(hard * 5 >= schemes.len() * 2 && hard < schemes.len(), "{hard} of {} are hard", schemes.len());
        let fraudsters: HashSet<TaxpayerId> =
            world.labels().iter().filter(|label| label.role.is_fraud()).map(|label| label.taxpayer_id).collect();
        let asked = 2_000 * fraud_bp as usize / 10_000;
        assert!((asked..=asked + 9).contains(&fraudsters.len()), "{} where {asked} were asked for", fraudsters.len());
    }
}

#[test]
fn only_what_is_asked_for_is_planted() {
    let (labels, _) = full("red_abuse");
    assert!(labels.iter().all(|label| label.typology == "red_abuse" && label.role == Part::Solo));
    let wrong = Settings { typologies: vec!["random_check".into()], ..settings() };
    assert!(World::new(wrong).err().unwrap().to_string().contains("ask for some of abnormal_voucher, "));
}

#[test]
fn value_comes_back_to_each_firm_of_a_circle() {
    let (labels, events) = full("circular");
    let schemes: BTreeMap<TaxpayerId, &str> =
        of(&labels, "circular").map(|label| (label.taxpayer_id, label.scheme.as_str())).collect();
    let (mut sold, mut bought) = (BTreeMap::new(), BTreeMap::new());
    for (_, invoice) in invoices(&events) {
        let Some(buyer) = invoice.buyer_id else { continue };
        if schemes.get(&invoice.seller_id).is_some_and(|scheme| schemes.get(&buyer) == Some(scheme)) {
            *sold.entry(invoice.seller_id).or_insert(0_i64) += invoice.amount.0;
            *bought.entry(buyer).or_insert(0_i64) += invoice.amount.0;
        }
    }
    for taxpayer in schemes.keys() {
        let (sold, bought) = (sold[taxpayer], bought[taxpayer]);
        assert!(bought * 10 >= sold * 4 && sold * 10 >= bought * 4, "{taxpayer}: {sold} out, {bought} back");
    }
}

#[test]
fn a_zero_return_is_filed_for_a_month_with_invoices_at_the_evident_time() {
    let (labels, events) = full("zero_declaration");
    for label in of(&labels, "zero_declaration") {
        let filed = events.iter().find(|event| match &event.fact {
            Fact::VatDeclared(filed) => filed.taxpayer_id == label.taxpayer_id && event.occurred_at == label.evident_at,
            _ => false,
        });
        let Some(Fact::VatDeclared(filed)) = filed.map(|event| &event.fact) else { panic!("no return at {label}") };
        assert_eq!((filed.sales, filed.output_tax), (Fen::ZERO, Fen::ZERO));
        let of_month = |(event, invoice): &(&Event, &Invoice)| {
            invoice.seller_id == label.taxpayer_id && event.occurred_at.period() == filed.period
        };
        assert!(invoices(&events).any(|found| of_month(&found)), "{label}: no invoice in {}", filed.period);
    }
}

#[test]
fn what_is_voided_or_offset_in_abuse_was_deducted_and_is_not_given_back() {
    let (voiders, events) = full("void_abuse");
    let (reds, other_events) = full("red_abuse");
    let taken_back = |events: &[Event], sellers: &HashSet<TaxpayerId>| -> u32 {
        let (mut claims, mut late) = (HashSet::new(), 0);
        for event in events {
            match &event.fact {
                Fact::InvoiceDeducted(fact) => {
                    claims.insert(fact.invoice_no);
                }
                Fact::DeductionReversed(fact) => {
                    claims.remove(&fact.invoice_no);
                }
                Fact::InvoiceVoided(fact) if sellers.contains(&fact.seller_id) => {
                    late += u32::from(claims.contains(&fact.invoice_no));
                }
                Fact::InvoiceIssued(invoice) if sellers.contains(&invoice.seller_id) => {
                    late += u32::from(invoice.red_of.is_some_and(|of| claims.contains(&of)));
                }
                _ => {}
            }
        }
        late
    };
    let ids = |labels: &[Label]| labels.iter().map(|label| label.taxpayer_id).collect::<HashSet<_>>();
    assert!(taken_back(&events, &ids(&voiders)) as usize >= 2 * voiders.len());
    assert!(taken_back(&other_events, &ids(&reds)) as usize >= 3 * reds.len());
}

#[test]
fn vouchers_are_issued_by_their_buyer_and_at_no_market_price() {
    let (labels, events) = full("farm_purchase");
    let mills: HashSet<TaxpayerId> = of(&labels, "farm_purchase").map(|label| label.taxpayer_id).collect();
    let mut dear = HashSet::new();
    for (_, invoice) in invoices(&events).filter(|(_, invoice)| invoice.invoice_kind == InvoiceKind::FarmPurchase) {
        let line = &invoice.lines[0];
        let price = line.amount.0 * 1_000_000 / line.quantity.unwrap().0.max(1);
        let usual = goods::GOODS.iter().find(|good| good.code == line.goods_code.0).unwrap().price_fen;
        if price > usual * 12 / 10 {
            assert!(mills.contains(&invoice.seller_id), "{} pays {price} where {usual} is usual", invoice.seller_id);
            dear.insert(invoice.seller_id);
        }
    }
    assert!(!dear.is_empty() && dear == mills);
}

#[test]
fn what_is_exported_on_paper_was_not_bought_or_not_seen_by_customs() {
    let (labels, events) = full("export_refund");
    let exporters: HashSet<TaxpayerId> = of(&labels, "export_refund").map(|label| label.taxpayer_id).collect();
    let (mut invoiced, mut crossed) = (BTreeMap::new(), BTreeMap::new());
    for event in &events {
        match &event.fact {
            Fact::InvoiceIssued(invoice) if invoice.lines.iter().all(|line| line.rate.0 == 0) => {
                *invoiced.entry(invoice.seller_id).or_insert(0) += invoice.amount.0;
            }
            Fact::Observed(seen) if seen.source == ObservationSource::Customs => {
                *crossed.entry(seen.taxpayer_id).or_insert(0) += seen.value;
            }
            _ => {}
        }
    }
    let less = exporters.iter().filter(|id| invoiced[*id] * 98 / 100 > crossed.get(*id).copied().unwrap_or(0)).count();
    assert!(less * 2 > exporters.len(), "{less} of {} export less than they say", exporters.len());
}

#[test]
fn a_switcher_sells_what_it_did_not_buy() {
    let (labels, events) = full("goods_switch");
    let traders: HashSet<TaxpayerId> = of(&labels, "goods_switch").map(|label| label.taxpayer_id).collect();
    let (mut sold, mut bought) = (HashSet::new(), HashSet::new());
    for (_, invoice) in invoices(&events) {
        for line in &invoice.lines {
            let chapter = line.goods_code.0 / 1_000_000_000_000;
            sold.insert((invoice.seller_id, chapter));
            bought.extend(invoice.buyer_id.map(|buyer| (buyer, chapter)));
        }
    }
    for trader in traders {
        let unknown = bought.iter().any(|(id, chapter)| *id == trader && !sold.contains(&(trader, *chapter)));
        assert!(unknown, "{trader} sells all that it buys");
    }
}

#[test]
fn a_gang_has_a_hand_and_the_coal_traders_hand_over_to_each_other() {
    let (labels, events) = full("shared_control");
    let mut hands = BTreeMap::<String, HashSet<TaxpayerId>>::new();
    for event in &events {
        let Fact::TaxpayerRegistered(fact) = &event.fact else { continue };
        for person in &fact.people {
            hands.entry(person.person_id.to_string()).or_default().insert(fact.taxpayer_id);
            hands.entry(person.phone.as_deref().unwrap().to_owned()).or_default().insert(fact.taxpayer_id);
        }
    }
    for event in &events {
        let Fact::InvoiceIssued(invoice) = &event.fact else { continue };
        let mac = invoice.device.as_ref().and_then(|device| device.mac.as_deref());
        hands.entry(mac.unwrap_or_default().to_owned()).or_default().insert(invoice.seller_id);
    }
    hands.remove("");
    let gang: Vec<&Label> = of(&labels, "shared_control").collect();
    for label in &gang {
        let tied = |other: &&&Label| {
            other.scheme == label.scheme
                && other.taxpayer_id != label.taxpayer_id
                && hands.values().any(|firms| [label, *other].iter().all(|one| firms.contains(&one.taxpayer_id)))
        };
        assert!(gang.iter().any(|other| tied(&other)), "{label} is tied to nobody");
    }
}

#[test]
fn a_factory_that_makes_nothing_more_uses_no_more_power() {
    let (labels, events) = full("third_party_mismatch");
    for label in of(&labels, "third_party_mismatch") {
        let begins = label.first_at.period();
        let (mut power, mut sales) = ([0_i64; 2], [0_i64; 2]);
        for event in &events {
            let (id, period, value, sums) = match &event.fact {
                Fact::Observed(seen) if seen.source == ObservationSource::Electricity => {
                    (seen.taxpayer_id, seen.period, seen.value, &mut power)
                }
                Fact::VatDeclared(filed) => (filed.taxpayer_id, filed.period, filed.sales.0, &mut sales),
                _ => continue,
            };
            // The two months before against the first two whole ones.
            let place = match period.0 - begins.0 {
                -2 | -1 => 0,
                1 | 2 => 1,
                _ => continue,
            };
            if id == label.taxpayer_id {
                sums[place] += value;
            }
        }
        assert!(
            sales[1] * 10 > sales[0] * 12 && power[1] * sales[0] / 8 < power[0] * sales[1] / 10,
            "{label}: {sales:?} fen, {power:?} kWh"
        );
    }
}

#[test]
fn marks_come_weeks_after_their_issuer_went_missing() {
    let world = World::new(Settings { fraud_bp: 800, ..settings() }).unwrap();
    let (mut missing, mut honest, mut marked, mut lifted) = (HashMap::new(), HashSet::new(), 0, 0);
    let sources: HashSet<TaxpayerId> =
        world.labels().iter().filter(|label| label.role == Part::Source).map(|label| label.taxpayer_id).collect();
    for event in world {
        match event.fact {
            Fact::TaxpayerStatusChanged(fact) if fact.status == Status::Missing => {
                missing.insert(fact.taxpayer_id, event.occurred_at);
            }
            Fact::InvoiceMarkedAbnormal(mark) if sources.contains(&mark.seller_id) => {
                assert!(missing[&mark.seller_id].plus_days(4) < event.occurred_at);
                marked += 1;
            }
            Fact::InvoiceMarkedAbnormal(mark) => assert!(honest.insert(mark.invoice_no)),
            Fact::InvoiceMarkLifted(mark) => {
                assert!(honest.contains(&mark.invoice_no));
                lifted += 1;
            }
            _ => {}
        }
    }
    assert!(marked > 20 && lifted > 3, "{marked} marked, {lifted} lifted");
}

#[test]
fn low_burden_means_that_next_to_nothing_is_owed_for_months() {
    let (labels, events) = full("low_burden");
    let sums = sums(&events);
    for label in of(&labels, "low_burden") {
        let (output, input, ..) = sums[&label.taxpayer_id];
        let filed = events.iter().filter(|event| {
            (label.first_at..=label.evident_at).contains(&event.occurred_at)
                && matches!(&event.fact, Fact::VatDeclared(filed) if filed.taxpayer_id == label.taxpayer_id)
        });
        assert_eq!(filed.count(), 3, "{label}");
        assert!(input * 100 > output * 85, "{label}: {input} of {output}");
    }
}
