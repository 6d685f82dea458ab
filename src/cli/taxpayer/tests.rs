//! Pages of taxpayers.

use super::*;
use crate::model::Id;
use crate::query::tests as folders;

fn id(text: &str) -> Id {
    Id::parse(text).unwrap()
}

#[test]
fn a_page_tells_all_about_a_taxpayer() {
    let (_dir, folder) = folders::folder(folders::CHAIN);
    let washer = query::household(&folder, id("W")).unwrap().unwrap();
    insta::assert_snapshot!("a_washer", page::household(&folder, &washer, false).unwrap());
    let buyer = query::household(&folder, id("B")).unwrap().unwrap();
    insta::assert_snapshot!("a_beneficiary", page::household(&folder, &buyer, false).unwrap());
}

#[test]
fn a_page_of_the_past_says_what_it_leaves_out() {
    let (_dir, folder) = folders::folder(folders::CHAIN);
    let at = crate::model::Instant::parse("2026-03-03T09:05:30+08:00").unwrap();
    let past = query::past(&folder, id("B"), at).unwrap().unwrap();
    insta::assert_snapshot!(page::past(&folder, &past, false).unwrap());
    let document = document::past(&past);
    assert_eq!(document["months"][0]["bought"]["count"], 4);
    assert!(document.get("pool").is_none() && document.get("task").is_none());
}

#[test]
fn customers_add_up_with_the_months() {
    let many = (0..12).map(|buyer| format!("issue {buyer} A B{buyer} {}00.00", buyer + 1)).collect::<Vec<_>>();
    let (_dir, folder) = folders::folder(&format!("{} | issue 50 A - 70.00 | issue 51 A - 30.00", many.join(" | ")));
    let seller = query::household(&folder, id("A")).unwrap().unwrap();
    let told = page::household(&folder, &seller, false).unwrap();
    let line = |start: &str| {
        let line = told.lines().find(|line| line.trim().starts_with(start)).unwrap_or_else(|| panic!("{told}"));
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(line("2026-03"), "2026-03 14 7,900.00 1,027.00");
    assert_eq!(
        (line("… 2 more"), line("natural persons")),
        ("… 2 more 2 300.00 39.00".into(), "natural persons 100.00 13.00".into())
    );
}

#[test]
fn what_has_changed_since_it_was_raised_is_marked() {
    let (_dir, folder) = folders::folder(folders::CHAIN);
    let at = crate::model::Instant::parse("2026-03-31T00:00:00+08:00").unwrap();
    let past = query::past(&folder, id("S"), at).unwrap().unwrap();
    assert!(past.standing[0].version > 1);
    let told = page::past(&folder, &past, false).unwrap();
    assert!(told.contains(", in the words and numbers of now\n"), "{told}");
    assert_eq!(document::past(&past)["findings"][0]["changed_since_raised"], true);
    let found = query::timeline(&folder, id("S"), at, 0).unwrap();
    assert!(found.entries.iter().any(|entry| entry.kind == "found" && entry.text.contains("score now ")));
}

#[test]
fn documents_have_what_pages_have() {
    let (_dir, folder) = folders::folder(folders::CHAIN);
    let source = query::household(&folder, id("S")).unwrap().unwrap();
    let told = document::household(&source);
    assert_eq!(told["papers"]["status"]["status"], "missing");
    assert_eq!(told["task"]["level"], 5);
    assert_eq!(told["customers"]["largest"][0]["taxpayer_id"], "W");
    assert_eq!(told["value"]["originated_fen"], 12_870_000);
    let found = query::timeline(&folder, id("S"), Instant(i64::MAX), 3).unwrap();
    let told = document::timeline(id("S"), &found);
    assert_eq!((told["entries"].as_array().unwrap().len(), told["left_out"].as_u64()), (3, Some(11)));
}
