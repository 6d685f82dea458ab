//! The lives of invoices, and what is told of a taxpayer.

use super::*;

#[test]
fn an_invoice_is_told_from_both_sides() {
    let (_dir, folder) = folder(
        "issue 1 A B 9000.00
         receive 1 B
         deduct 1 B 2026-03 from=A
         issue 2 A B -1000.00 tax=-130.00 red=1
         reverse 1 B 2026-03 from=A
         deduct 1 B 2026-03 from=A tax=1040.00 purpose=export_refund
         mark 1 A reason=missing | lift 1 A reason=verified",
    );
    let life = lives(&folder, number("1"), None).unwrap().remove(0);
    assert_eq!(life.seller_id, id("A"));
    let red: Vec<_> = life.red_letters.iter().map(|letter| (letter.invoice_no, letter.tax, letter.voided)).collect();
    assert_eq!(red, [(number("2"), yuan("-130.00"), false)]);
    let marks: Vec<_> = life.marks.iter().map(|(_, abnormal, reason)| (*abnormal, &**reason)).collect();
    assert_eq!(marks, [(true, "missing"), (false, "verified")]);
    assert_eq!((life.provenance.own, life.provenance.short), (yuan("1040.00"), yuan("1040.00")));
    let named: Vec<_> = life.holders.iter().map(|holding| (holding.unnamed, holding.held.claims.len())).collect();
    assert_eq!(named, [(true, 0), (false, 3)], "the receipt names no seller, the claims do");
    assert_eq!(life.holders[1].standing, yuan("1040.00"));
    assert_eq!(lives(&folder, number("1"), Some(id("A"))).unwrap().len(), 1);
    assert!(lives(&folder, number("1"), Some(id("Z"))).unwrap().is_empty());
    assert!(lives(&folder, number("9"), None).unwrap().is_empty());
}

#[test]
fn a_number_of_several_issuers_is_several_invoices() {
    let (_dir, folder) = folder(
        "issue 1 A B 9000.00 | issue 1 C B 100.00 | issue 1 D E 200.00
         deduct 1 B 2026-03 tax=5.00
         deduct 1 E 2026-03 tax=26.00",
    );
    let found = lives(&folder, number("1"), None).unwrap();
    let sellers: Vec<_> = found.iter().map(|life| (life.seller_id.as_str(), life.holders.len())).collect();
    // B's claim could mean two invoices, so it stands alone; E's can only mean D's.
    assert_eq!(sellers, [("", 1), ("A", 1), ("C", 1), ("D", 2)]);
    assert_eq!(found[0].findings.len(), 1, "a claim that could mean several is a finding");
    // Asked for C's, the claim that may mean it is shown as well.
    let one = lives(&folder, number("1"), Some(id("C"))).unwrap();
    assert_eq!(one.iter().map(|life| life.seller_id).collect::<Vec<_>>(), [Id::EMPTY, id("C")]);
}

#[test]
fn who_a_voided_red_letter_named_holds_nothing() {
    let named = "issue 1 A B 9000.00 | issue 2 A X -1000.00 tax=-130.00 red=1\n";
    for (script, holders) in [(named.to_owned(), vec!["B", "X"]), (format!("{named}void 2 A"), vec!["B"])] {
        let (_dir, folder) = folder(&script);
        let life = lives(&folder, number("1"), None).unwrap().remove(0);
        assert_eq!(life.holders.iter().map(|held| held.taxpayer_id.as_str()).collect::<Vec<_>>(), holders, "{script}");
    }
}

#[test]
fn a_claim_without_an_invoice_is_found_by_its_number() {
    let (_dir, folder) = folder("deduct 7 B 2026-03 from=A tax=13.00 | wait 40 | issue 8 X Y 1.00");
    let life = lives(&folder, number("7"), None).unwrap().remove(0);
    assert!(life.issued.is_none() && life.holders[0].held.waited_until > Instant::default());
    assert_eq!((life.seller_id, life.findings.len()), (id("A"), 1));
    assert_eq!(lives(&folder, number("7"), Some(id("A"))).unwrap().len(), 1);
}

#[test]
fn a_taxpayer_is_told_as_it_is_and_as_it_was() {
    let (_dir, folder) = folder(CHAIN);
    let now = household(&folder, id("S")).unwrap().unwrap();
    assert_eq!(now.papers.status.as_ref().map(|(status, ..)| words::status(*status)), Some("missing"));
    assert_eq!(now.papers.special_quota().map(|quota| quota.monthly_count), Some(25));
    assert_eq!((now.months.len(), now.customers.count, now.suppliers.count), (1, 1, 0));
    assert_eq!(now.customers.largest[0].1.as_deref(), Some("W号商贸有限公司"));
    assert_eq!(now.findings.len(), 1);
    assert!(household(&folder, id("nobody")).unwrap().is_none());

    let washer = household(&folder, id("W")).unwrap().unwrap();
    let pool: Vec<_> = washer.pool.iter().map(|share| (share.origin, share.tax, share.hops)).collect();
    assert_eq!(pool, [(id("S"), yuan("51402.00"), 1)]);
    assert!(washer.profile.ledger.balances(yuan("51402.00")));

    let at = |text: &str| Instant::parse(text).unwrap();
    let early = past(&folder, id("S"), at("2026-03-02T09:02:30+08:00")).unwrap().unwrap();
    assert!(early.papers.status.is_none() && early.standing.is_empty());
    let sums: Vec<_> = early.months.values().map(|sums| (sums.sold.count, sums.sold.tax)).collect();
    assert_eq!(sums, [(3, yuan("38610.00"))]);
    let late = past(&folder, id("S"), at("2026-03-31T00:00:00+08:00")).unwrap().unwrap();
    assert_eq!((late.standing.len(), late.withdrawn.len()), (1, 0));
    let claimed = past(&folder, id("B"), at("2026-03-31T00:00:00+08:00")).unwrap().unwrap();
    let deducted: Vec<_> = claimed.months.values().map(|sums| (sums.deducted.count, sums.deducted.tax)).collect();
    assert_eq!(deducted, [(3, yuan("38649.00"))]);
}

#[test]
fn a_finding_that_was_withdrawn_later_stood_before() {
    let (_dir, folder) = folder(
        "issue 1 A B 9000.00
         deduct 1 B 2026-03 | deduct 1 B 2026-04
         wait 1
         reverse 1 B 2026-03",
    );
    let now = household(&folder, id("B")).unwrap().unwrap();
    assert!(now.findings.iter().all(|signal| signal.status == SignalStatus::Withdrawn) && !now.findings.is_empty());
    let withdrawn_at = now.findings[0].withdrawn_at.unwrap();
    let before = past(&folder, id("B"), Instant(withdrawn_at.0 - 1)).unwrap().unwrap();
    assert_eq!((before.standing.len(), before.withdrawn.len()), (1, 0));
    assert_eq!(before.standing[0].status, SignalStatus::Open);
    let after = past(&folder, id("B"), withdrawn_at).unwrap().unwrap();
    assert_eq!((after.standing.len(), after.withdrawn.len()), (0, 1));
    let open = Filter { standing: Some(true), ..Filter::default() };
    assert!(signals(&folder, &open).unwrap().items.is_empty());
    assert_eq!(signals(&folder, &Filter { standing: Some(false), ..open }).unwrap().items.len(), 1);
}

#[test]
fn a_timeline_is_in_order_and_keeps_the_last() {
    let (_dir, folder) = folder(CHAIN);
    let forever = Instant(i64::MAX);
    let all = timeline(&folder, id("B"), forever, 0).unwrap();
    assert!(all.entries.is_sorted_by_key(|entry| entry.at) && all.left_out == 0);
    let kinds: Vec<_> = all.entries.iter().map(|entry| entry.kind).collect();
    let count = |kind: &str| kinds.iter().filter(|found| **found == kind).count();
    assert_eq!(kinds[0], "taxpayer_registered");
    assert_eq!(["arrived", "invoice_deducted", "found", "invoice_issued"].map(count), [4, 3, 1, 1]);
    let last = timeline(&folder, id("B"), forever, 2).unwrap();
    assert_eq!(
        (last.entries.as_slice(), last.left_out),
        (&all.entries[all.entries.len() - 2..], all.entries.len() - 2)
    );
    let until = all.entries[2].at;
    assert!(timeline(&folder, id("B"), until, 0).unwrap().entries.iter().all(|entry| entry.at <= until));
}
