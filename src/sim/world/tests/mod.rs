//! What must hold of every world, asked of its events alone.

mod economy;
mod schemes;

use std::collections::{BTreeMap, HashMap, HashSet};

use super::*;
use crate::model::{
    Fact, Fen, Invoice, InvoiceKind, InvoiceNo, Period, TaxpayerId, VatDeclared, check_character_holds,
};
use crate::sim::label::Part;

fn settings() -> Settings {
    Settings { seed: 7, taxpayers: 1_000, invoices: 60_000, fraud_bp: 300, ..Settings::default() }
}

fn events(settings: Settings) -> Vec<Event> {
    World::new(settings).unwrap().collect()
}

/// A digest of all events and labels.
fn digest(settings: Settings) -> String {
    let world = World::new(settings).unwrap();
    let mut hasher = blake3::Hasher::new();
    for label in world.labels() {
        hasher.update(label.to_string().as_bytes());
    }
    for event in world {
        hasher.update(format!("{event:?}").as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

fn invoices(events: &[Event]) -> impl Iterator<Item = (&Event, &Invoice)> {
    events.iter().filter_map(|event| match &event.fact {
        Fact::InvoiceIssued(invoice) => Some((event, &**invoice)),
        _ => None,
    })
}

#[test]
fn there_are_worlds_as_small_as_can_be() {
    for taxpayers in [TAXPAYERS_MIN, 53, 70, 120] {
        for invoices in [0, 1, 7, 49, 50, 99, 100, 101, 600] {
            for (months, fraud_bp) in [(1, 0), (1, 200), (2, FRAUD_BP_MAX), (12, 200), (12, FRAUD_BP_MAX)] {
                let asked = Settings { taxpayers, invoices, months, fraud_bp, ..settings() };
                let world = World::new(asked).unwrap();
                assert!(world.count() > 100);
            }
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_world_and_another_seed_another() {
    let small = Settings { taxpayers: 200, invoices: 4_000, ..settings() };
    assert_eq!(digest(small.clone()), digest(small.clone()));
    assert_ne!(digest(small.clone()), digest(Settings { seed: 8, ..small }));
}

#[test]
fn events_come_in_order_of_time_within_the_months_and_their_tail() {
    let events = events(settings());
    assert!(events.is_sorted_by_key(|event| event.occurred_at));
    assert_eq!(events[0].occurred_at.to_string(), "2025-01-01T00:00:00+08:00");
    assert!(events.last().unwrap().occurred_at < Instant::parse("2026-01-16T00:00:00+08:00").unwrap());
    let last_blue = invoices(&events).filter(|(_, invoice)| invoice.red_of.is_none()).last().unwrap().0;
    assert!(last_blue.occurred_at < Instant::parse("2026-01-01T00:00:00+08:00").unwrap());
}

#[test]
fn who_would_trade_in_the_first_night_waits_until_all_are_registered() {
    let many = Settings { taxpayers: 5_700, invoices: 180_000, ..Settings::default() };
    let second_day = many.start.start().plus_days(1);
    let first: Vec<_> = World::new(many).unwrap().take_while(|event| event.occurred_at < second_day).collect();
    assert!(first.is_sorted_by_key(|event| event.occurred_at));
}

#[test]
fn there_are_as_many_events_invoices_and_taxpayers_as_asked_for() {
    for (taxpayers, invoices_wanted, months) in [(1_000, 60_000, 12), (300, 60_000, 12), (1_000, 30_000, 3)] {
        let settings = Settings { taxpayers, invoices: invoices_wanted, months, ..settings() };
        let events = events(settings);
        let count = |name| events.iter().filter(|event| event.fact.type_name() == name).count() as u64;
        let near = |found: u64, wanted: u64| found.abs_diff(wanted) * 10 <= wanted;
        assert!(near(events.len() as u64, 3 * invoices_wanted), "{} events", events.len());
        assert!(near(count("invoice_issued"), invoices_wanted), "{} invoices", count("invoice_issued"));
        // Who registers in the last days of the last month may not be heard of any more.
        assert_eq!(count("taxpayer_registered"), u64::from(taxpayers));
    }
}

#[test]
fn identifiers_and_amounts_are_valid() {
    let events = events(settings());
    let mut registered = HashSet::new();
    let mut numbers = HashSet::new();
    for event in &events {
        match &event.fact {
            Fact::TaxpayerRegistered(fact) => {
                assert!(fact.taxpayer_id.as_str().len() == 18 && check_character_holds(fact.taxpayer_id));
                assert!(registered.insert(fact.taxpayer_id), "{} twice", fact.taxpayer_id);
                assert!(fact.registered_on <= event.occurred_at.date());
                assert_eq!((fact.people.len(), fact.industry.len(), fact.region.len()), (4, 4, 6));
            }
            Fact::InvoiceIssued(invoice) => {
                assert!(registered.contains(&invoice.seller_id), "{} sells unregistered", invoice.seller_id);
                assert!(numbers.insert(invoice.invoice_no), "{} twice", invoice.invoice_no);
                check_amounts(invoice);
            }
            _ => {}
        }
    }
}

fn check_amounts(invoice: &Invoice) {
    assert_eq!(invoice.amount, invoice.lines.iter().map(|line| line.amount).sum());
    assert_eq!(invoice.tax, invoice.lines.iter().map(|line| line.tax).sum());
    for line in &invoice.lines {
        assert!(line.rate.is_lawful() && line.goods_code.to_string().len() == 19);
        let rounding = line.amount.0 * i64::from(line.rate.0) - line.tax.0 * 10_000;
        assert!(rounding.abs() <= 5_000, "{}: {} at {:?}", invoice.invoice_no, line.amount, line.rate);
        assert_eq!(line.amount < Fen::ZERO, invoice.red_of.is_some());
    }
    let own_voucher = invoice.buyer_id == Some(invoice.seller_id);
    assert_eq!(own_voucher, invoice.invoice_kind == InvoiceKind::FarmPurchase);
}

#[test]
fn nobody_issues_above_the_cap_of_the_day() {
    let events = events(settings());
    let mut caps = HashMap::new();
    for event in &events {
        match &event.fact {
            Fact::InvoiceQuotaGranted(quota) => {
                caps.insert(quota.taxpayer_id, quota.max_amount);
            }
            Fact::InvoiceIssued(invoice) => {
                let cap = caps.get(&invoice.seller_id).unwrap_or_else(|| panic!("{invoice:?} without a quota"));
                assert!(invoice.amount <= *cap, "{} above {cap}: {}", invoice.amount, invoice.seller_id);
            }
            _ => {}
        }
    }
}

#[test]
fn voids_and_red_letters_are_lawful() {
    let events = events(settings());
    let mut blue: HashMap<InvoiceNo, (Instant, Fen)> = HashMap::new();
    let (mut voids, mut whole, mut part) = (0, 0, 0);
    for event in &events {
        match &event.fact {
            Fact::InvoiceIssued(invoice) => match invoice.red_of {
                None => {
                    blue.insert(invoice.invoice_no, (event.occurred_at, invoice.amount));
                }
                Some(of) if blue[&of].1 == -invoice.amount => whole += 1,
                Some(of) => {
                    assert!(-invoice.amount < blue[&of].1, "{} takes back more than there was", invoice.invoice_no);
                    part += 1;
                }
            },
            Fact::InvoiceVoided(void) => {
                assert_eq!(blue[&void.invoice_no].0.period(), event.occurred_at.period());
                assert!(void.invoice_no.as_str().contains('-'), "fully digital invoices cannot be voided");
                voids += 1;
            }
            _ => {}
        }
    }
    assert!(voids > 50 && whole > 200 && part > 50, "{voids} voids, {whole} whole and {part} part red letters");
}

#[test]
fn a_short_world_holds_what_its_labels_say() {
    for (months, start) in [(1, "2025-03-01"), (1, "2024-02-20"), (2, "2025-12-15"), (3, "2025-09-01")] {
        let start = Date::parse(start).unwrap();
        let world = World::new(Settings { taxpayers: 400, invoices: 8_000, months, start, ..settings() }).unwrap();
        let (labels, end) = (world.labels().to_vec(), world.calendar.days[world.calendar.trading - 1].start);
        let mut registered = HashSet::new();
        for event in world {
            match &event.fact {
                Fact::TaxpayerRegistered(fact) => assert!(registered.insert(fact.taxpayer_id)),
                Fact::InvoiceIssued(invoice) => {
                    assert!(registered.contains(&invoice.seller_id), "{} sells unregistered", invoice.seller_id);
                    assert!(invoice.red_of.is_some() || event.occurred_at < end.plus_days(1));
                }
                _ => {}
            }
        }
        let last_day = end.plus_days(16);
        for label in &labels {
            assert!(registered.contains(&label.taxpayer_id), "nobody registered as {label}");
            assert!(label.evident_at < last_day, "{label}");
        }
        assert!(labels.iter().any(|label| label.role.is_fraud()) || months == 1, "nobody had the time for fraud");
    }
}

#[test]
fn every_label_is_about_a_taxpayer_that_exists_and_every_part_is_played() {
    let settings = settings();
    let world = World::new(settings.clone()).unwrap();
    let labels = world.labels().to_vec();
    let registered: HashSet<TaxpayerId> = world
        .filter_map(|event| match event.fact {
            Fact::TaxpayerRegistered(fact) => Some(fact.taxpayer_id),
            _ => None,
        })
        .collect();
    assert!(labels.iter().all(|label| registered.contains(&label.taxpayer_id)));
    assert!(labels.iter().all(|label| label.first_at <= label.evident_at), "nothing is evident before it begins");
    for part in Part::ALL {
        assert!(labels.iter().any(|label| label.role == part), "nobody plays {}", part.name());
    }
    let fraudsters = labels.iter().filter(|label| label.role.is_fraud()).count();
    assert!((30..=40).contains(&fraudsters), "{fraudsters} of 1000 where 300 basis points were asked for");
    assert_eq!(World::new(Settings { fraud_bp: 0, ..settings }).unwrap().labels(), []);
}

#[test]
fn a_deduction_seldom_comes_without_its_receipt_or_twice() {
    let events = events(Settings { fraud_bp: 0, ..settings() });
    let mut received = HashSet::new();
    let mut deducted = HashSet::new();
    let mut early = 0;
    for event in &events {
        match &event.fact {
            Fact::InvoiceReceived(fact) => assert!(received.insert((fact.buyer_id, fact.invoice_no))),
            Fact::InvoiceDeducted(fact) => {
                assert!(deducted.insert((fact.buyer_id, fact.invoice_no)), "{} twice", fact.invoice_no);
                early += usize::from(!received.contains(&(fact.buyer_id, fact.invoice_no)));
                let late = event.occurred_at.period().0 - fact.period.0;
                assert!((0..=1).contains(&late), "{} for {} at {}", fact.invoice_no, fact.period, event.occurred_at);
            }
            _ => {}
        }
    }
    let vouchers = invoices(&events).filter(|(_, invoice)| invoice.invoice_kind == InvoiceKind::FarmPurchase).count();
    assert!(early > vouchers && early < vouchers + deducted.len() / 50, "{early} early, {vouchers} vouchers");
}

/// Whoever has deducted what nobody issued, the same twice, and what was void already, and has not given it back.
fn wrong_deductions(events: &[Event]) -> [HashSet<TaxpayerId>; 3] {
    let (mut issued, mut voids) = (HashSet::new(), HashSet::new());
    let mut standing = BTreeMap::<(TaxpayerId, InvoiceNo), (i32, bool)>::new();
    for event in events {
        match &event.fact {
            Fact::InvoiceIssued(invoice) => {
                issued.insert(invoice.invoice_no);
            }
            Fact::InvoiceVoided(void) => {
                voids.insert(void.invoice_no);
            }
            Fact::InvoiceDeducted(fact) => {
                let claim = standing.entry((fact.buyer_id, fact.invoice_no)).or_default();
                *claim = (claim.0 + 1, claim.1 || voids.contains(&fact.invoice_no));
            }
            Fact::DeductionReversed(fact) if fact.reason.contains("其他") || fact.reason.contains("异常") => {
                standing.entry((fact.buyer_id, fact.invoice_no)).or_default().0 -= 1;
            }
            _ => {}
        }
    }
    let mut wrong = [HashSet::new(), HashSet::new(), HashSet::new()];
    for ((buyer, invoice_no), (times, after_void)) in standing {
        let findings = [times > 0 && !issued.contains(&invoice_no), times > 1, times > 0 && after_void];
        for (wrong, _) in wrong.iter_mut().zip(findings).filter(|(_, found)| *found) {
            wrong.insert(buyer);
        }
    }
    wrong
}

#[test]
fn each_wrong_deduction_that_stands_is_a_fraud_that_is_labelled() {
    let world = World::new(Settings { fraud_bp: 1_000, ..settings() }).unwrap();
    let of = |code: &str| -> HashSet<TaxpayerId> {
        let labels = world.labels().iter().filter(|label| label.typology == code && label.role.is_fraud());
        labels.map(|label| label.taxpayer_id).collect()
    };
    let planted = [of("deduct_without_invoice"), of("double_deduction"), of("deduct_after_void")];
    assert!(planted.iter().all(|taxpayers| !taxpayers.is_empty()));
    assert_eq!(wrong_deductions(&world.collect::<Vec<_>>()), planted);
}

#[test]
fn a_source_issues_much_and_buys_next_to_nothing() {
    let world = World::new(settings()).unwrap();
    let sources: HashSet<TaxpayerId> =
        world.labels().iter().filter(|label| label.role == Part::Source).map(|label| label.taxpayer_id).collect();
    let sums = economy::sums(&world.collect::<Vec<_>>());
    assert!(!sources.is_empty());
    for source in sources {
        let (output, input, sales, _) = sums[&source];
        assert!(sales >= 8 && input * 2 < output, "{source}: {sales} invoices, {input} of {output}");
    }
}

#[test]
fn settings_that_make_no_world_say_what_to_ask_for() {
    let refused = |settings: Settings| World::new(settings).err().unwrap().to_string();
    assert!(refused(Settings { taxpayers: 3, ..settings() }).contains("ask for 50 to"));
    assert!(refused(Settings { invoices: u64::MAX, ..settings() }).contains("at most 20000 for each"));
    assert!(refused(Settings { months: 0, ..settings() }).contains("ask for 1 to 120"));
    assert!(refused(Settings { fraud_bp: 9_999, ..settings() }).contains("at most 2000"));
}
