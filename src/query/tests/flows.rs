//! Value followed up and down, and the chains of cases.

use super::*;

#[test]
fn a_case_is_a_chain_from_its_source_on_with_roles_and_names() {
    let (_dir, folder) = folder(CHAIN);
    let case = cases(&folder, &Filter::default()).unwrap().items.remove(0);
    let chain = chain(&folder, case.case_id).unwrap().unwrap();
    assert_eq!(edges(&chain.graph), ["S>W 128700.00", "W>B 51532.00", "W>C 25766.00"]);
    let nodes: Vec<_> = chain.graph.nodes.iter().map(|node| (node.id.as_str(), node.role, node.deducted)).collect();
    let (b, c) = (Some(yuan("38649.00")), Some(yuan("12883.00")));
    assert_eq!(
        nodes[..4],
        [
            ("S", Some(ChainRole::Source), None),
            ("W", Some(ChainRole::Washer), Some(Fen::ZERO)),
            ("B", Some(ChainRole::Beneficiary), b),
            ("C", Some(ChainRole::Beneficiary), c),
        ]
    );
    assert_eq!(chain.graph.nodes[0].name.as_deref(), Some("S号商贸有限公司"));
    assert_eq!((chain.graph.nodes[0].level, chain.graph.nodes[2].level), (Some(5), Some(2)));
    assert!(super::chain(&folder, id("nobody")).unwrap().is_none());
}

#[test]
fn value_of_an_origin_is_followed_down_as_far_as_it_went() {
    let (_dir, folder) = folder(CHAIN);
    let asked = Question { origin: Some(id("S")), ..question(Direction::Down, "S") };
    let graph = flow(&folder, &asked).unwrap();
    assert_eq!(edges(&graph), ["S>W 128700.00", "W>B 51532.00", "W>C 25766.00", "B>D 1.30"]);
    let b = graph.node(id("B")).unwrap();
    assert_eq!((b.taken, b.deducted), (Some(yuan("51532.00")), Some(yuan("38649.00"))));
    assert_eq!((b.role, b.level), (Some(ChainRole::Beneficiary), Some(2)));

    let narrow = Question { width: 1, depth: 2, tax_min: yuan("10.00"), ..asked };
    let graph = flow(&folder, &narrow).unwrap();
    assert_eq!(edges(&graph), ["S>W 128700.00", "W>B 51532.00"]);
    assert_eq!(graph.node(id("W")).unwrap().rest, Some(Rest { count: 1, tax: yuan("25766.00") }));
    assert!(graph.node(id("B")).unwrap().cut && !graph.node(id("W")).unwrap().cut);
}

#[test]
fn value_of_an_origin_is_followed_up_to_where_it_began() {
    let (_dir, folder) = folder(CHAIN);
    let asked = Question { origin: Some(id("S")), ..question(Direction::Up, "D") };
    assert_eq!(edges(&flow(&folder, &asked).unwrap()), ["B>D 1.30", "W>B 51532.00", "S>W 128700.00"]);
    let other = Question { origin: Some(id("C")), ..asked };
    assert_eq!(edges(&flow(&folder, &other).unwrap()), Vec::<String>::new());
}

#[test]
fn value_in_the_name_of_a_seller_who_bought_after_it_sold_is_followed_through_it() {
    // The purchase was issued before the sale and came after it: in what was sent, W stands for S.
    let mut late = inputs(
        "at 2026-03-02T09:00
         issue 1 S W 10000.00
         issue 2 W B 10000.00
         deduct 2 B 2026-03",
    );
    late.swap(0, 1);
    let dir = tempfile::tempdir().unwrap();
    feed(dir.path(), late);
    let folder = Folder::open(dir.path()).unwrap();
    let asked = Question { origin: Some(id("S")), ..question(Direction::Down, "S") };
    let graph = flow(&folder, &asked).unwrap();
    assert_eq!(edges(&graph), ["S>W 1300.00", "W>B 1300.00"]);
    assert_eq!(graph.node(id("B")).unwrap().deducted, Some(yuan("1300.00")));
    let up = Question { direction: Direction::Up, taxpayer_id: id("B"), ..asked };
    assert_eq!(edges(&flow(&folder, &up).unwrap()), ["W>B 1300.00", "S>W 1300.00"]);
    let life = lives(&folder, number("2"), None).unwrap().remove(0);
    let settled: Vec<_> = life.provenance.settled.iter().map(|share| (share.origin, share.tax)).collect();
    assert_eq!((settled, life.provenance.own), (vec![(id("S"), yuan("1300.00"))], yuan("1300.00")));
}

#[test]
fn suppliers_are_shown_with_whose_value_came_through_them() {
    let (_dir, folder) = folder(CHAIN);
    let graph = flow(&folder, &question(Direction::Up, "B")).unwrap();
    assert_eq!(edges(&graph), ["W>B 51532.00", "S>W 128700.00"]);
    let origins: Vec<_> = graph.edges[0].origins.iter().map(|share| (share.origin, share.tax, share.hops)).collect();
    assert_eq!(origins, [(id("S"), yuan("51532.00"), 2)]);
    let later = Question { since: Instant::parse("2026-03-03T00:00:00+08:00"), ..question(Direction::Up, "B") };
    assert_eq!(edges(&flow(&folder, &later).unwrap()), ["W>B 51532.00"]);
}

#[test]
fn a_supplier_is_shown_with_what_came_through_it_and_no_more() {
    // Value of S reaches B directly and through W; what W sold of its own is its own.
    let (_dir, folder) = folder(
        "issue 1 S W 10000.00 | issue 2 S B 50000.00 | issue 3 W B 8000.00 | issue 4 V B 1000.00 | issue 5 W B 4000.00",
    );
    let graph = flow(&folder, &Question { depth: 1, ..question(Direction::Up, "B") }).unwrap();
    let told: Vec<_> = graph
        .edges
        .iter()
        .map(|edge| {
            let origins = edge.origins.iter().map(|share| format!("{} {} {}", share.origin, share.tax, share.hops));
            (edge.seller.to_string(), edge.tax.to_string(), origins.collect::<Vec<_>>().join(", "))
        })
        .collect();
    let line = |supplier: &str, tax: &str, origins: &str| (supplier.to_owned(), tax.to_owned(), origins.to_owned());
    let w = line("W", "1560.00", "S 1300.00 2, W 260.00 1");
    assert_eq!(told, [line("S", "6500.00", "S 6500.00 1"), w, line("V", "130.00", "V 130.00 1")]);
}

#[test]
fn value_that_goes_round_ends_where_it_began() {
    let (_dir, folder) =
        folder("issue 1 A B 10000.00 | issue 2 B C 10000.00 | issue 3 C A 10000.00 | issue 4 A B 10000.00");
    let graph = flow(&folder, &question(Direction::Down, "A")).unwrap();
    assert_eq!(edges(&graph), ["A>B 2600.00", "B>C 1300.00", "C>A 1300.00"]);
    let of_a = Question { origin: Some(id("A")), ..question(Direction::Down, "A") };
    assert_eq!(edges(&flow(&folder, &of_a).unwrap()), ["A>B 2600.00", "B>C 1300.00", "C>A 1300.00"]);
}

#[test]
fn rows_of_one_kind_are_handed_over_page_by_page_each_once() {
    let many = (0..5_000).map(|buyer| format!("issue {buyer} A B{buyer} 10.00")).collect::<Vec<_>>().join("\n");
    let (_dir, folder) = folder(&many);
    let found = household(&folder, id("A")).unwrap().unwrap();
    assert_eq!((found.customers.count, found.customers.largest.len()), (5_000, 10));
    let graph = flow(&folder, &Question { width: 7, ..question(Direction::Down, "A") }).unwrap();
    assert_eq!(graph.nodes[0].rest, Some(Rest { count: 4_993, tax: Fen(4_993 * 130) }));
    let all = timeline(&folder, id("A"), Instant(i64::MAX), 10).unwrap();
    assert_eq!((all.entries.len(), all.left_out), (10, 4_990));
}
