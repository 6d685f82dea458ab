//! What must hold of every world, asked of its events alone.

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

/// Output tax and deducted input tax of each taxpayer, net of red letters, voids and reversals, and invoices either way.
fn sums(events: &[Event]) -> BTreeMap<TaxpayerId, (i64, i64, u32, u32)> {
    let mut sums = BTreeMap::<TaxpayerId, (i64, i64, u32, u32)>::new();
    let mut taxes = HashMap::new();
    for event in events {
        match &event.fact {
            Fact::InvoiceIssued(invoice) if invoice.invoice_kind != InvoiceKind::FarmPurchase => {
                let sum = sums.entry(invoice.seller_id).or_default();
                (sum.0, sum.2) = (sum.0 + invoice.tax.0, sum.2 + 1);
                taxes.insert(invoice.invoice_no, invoice.tax.0);
            }
            Fact::InvoiceVoided(void) => sums.entry(void.seller_id).or_default().0 -= taxes[&void.invoice_no],
            Fact::InvoiceDeducted(deducted) => {
                let sum = sums.entry(deducted.buyer_id).or_default();
                (sum.1, sum.3) = (sum.1 + deducted.tax.0, sum.3 + 1);
            }
            Fact::DeductionReversed(reversed) => sums.entry(reversed.buyer_id).or_default().1 -= reversed.tax.0,
            _ => {}
        }
    }
    sums
}

#[test]
fn established_honest_firms_add_value_to_what_they_buy() {
    let world = World::new(settings()).unwrap();
    let cast: HashSet<TaxpayerId> = world.labels().iter().map(|label| label.taxpayer_id).collect();
    let firms = world.firms.clone();
    let sums = sums(&world.collect::<Vec<_>>());
    let (mut plausible, mut all, mut total) = (0, 0, (0, 0));
    for firm in firms.iter().filter(|firm| firm.established && firm.is_general() && !cast.contains(&firm.id)) {
        let &(output, input, sales, purchases) = sums.get(&firm.id).unwrap_or(&(0, 0, 0, 0));
        let at_home = firm.uninvoiced_percent == 0 && firm.export_tax == 0;
        if firm.tier() == goods::Tier::Producer || sales < 20 || purchases < 40 || !at_home {
            continue;
        }
        all += 1;
        total = (total.0 + output, total.1 + input);
        plausible += u32::from((60..=100).contains(&(input * 100 / output)));
    }
    assert!(all > 150, "{all} firms with enough trade to judge");
    assert!(plausible * 100 >= all * 92, "{plausible} of {all} firms have input tax of 60 to 100 % of output tax");
    assert!((70..95).contains(&(total.1 * 100 / total.0)), "together {} of {}", total.1, total.0);
}

/// The last return of each taxpayer for each period.
fn returns(events: &[Event]) -> BTreeMap<(TaxpayerId, Period), VatDeclared> {
    let mut returns = BTreeMap::new();
    for event in events {
        if let Fact::VatDeclared(filed) = &event.fact {
            returns.insert((filed.taxpayer_id, filed.period), filed.clone());
        }
    }
    returns
}

#[test]
fn returns_say_what_the_invoices_say() {
    let world = World::new(Settings { fraud_bp: 0, ..settings() }).unwrap();
    let shops: HashSet<TaxpayerId> =
        world.firms.iter().filter(|firm| firm.uninvoiced_percent > 0).map(|firm| firm.id).collect();
    let events: Vec<Event> = world.collect();
    let mut said = BTreeMap::<(TaxpayerId, Period), i64>::new();
    let mut taxes = HashMap::new();
    for event in &events {
        let period = event.occurred_at.period();
        match &event.fact {
            Fact::InvoiceIssued(invoice) if invoice.invoice_kind != InvoiceKind::FarmPurchase => {
                *said.entry((invoice.seller_id, period)).or_default() += invoice.tax.0;
                taxes.insert(invoice.invoice_no, invoice.tax.0);
            }
            Fact::InvoiceVoided(void) => {
                *said.entry((void.seller_id, period)).or_default() -= taxes[&void.invoice_no];
            }
            _ => {}
        }
    }
    let (mut wrong, mut more, mut all) = (0, 0, 0);
    for ((taxpayer, period), declared) in returns(&events) {
        let invoiced = said.get(&(taxpayer, period)).copied().unwrap_or(0);
        all += 1;
        if shops.contains(&taxpayer) {
            assert!(declared.output_tax.0 >= invoiced - 200 || declared.output_tax.0 * 100 >= invoiced * 85);
            more += u32::from(declared.output_tax.0 > invoiced);
        } else {
            wrong += u32::from(declared.output_tax.0 != invoiced);
        }
    }
    // Mistakes of the last month are corrected after the last day.
    assert!(wrong * 200 < all, "{wrong} of {all} last returns are not what was invoiced");
    assert!(more * 10 > all, "{more} of {all} returns have sales without an invoice in them");
}

#[test]
fn some_returns_are_late_and_some_are_corrected() {
    let events = events(Settings { fraud_bp: 0, ..settings() });
    let mut first = HashMap::new();
    let (mut late, mut corrected) = (0, 0);
    for event in &events {
        let Fact::VatDeclared(filed) = &event.fact else { continue };
        let day = calendar::day_of_month(event.occurred_at.date());
        if first.insert((filed.taxpayer_id, filed.period), filed.output_tax).is_none() {
            assert!(filed.period == event.occurred_at.period().minus(1) && (8..=28).contains(&day));
            late += u32::from(day > 15);
        } else {
            corrected += 1;
        }
    }
    let all = u32::try_from(first.len()).unwrap();
    assert!((50..10_000).contains(&(late * 10_000 / all)), "{late} of {all} late");
    assert!(corrected > 20 && corrected * 50 < all, "{corrected} of {all} corrected");
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
    let sums = sums(&world.collect::<Vec<_>>());
    assert!(!sources.is_empty());
    for source in sources {
        let (output, input, sales, _) = sums[&source];
        assert!(sales >= 15 && input * 4 < output, "{source}: {sales} invoices, {input} of {output}");
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
