//! Pages of invoices.

use super::*;
use crate::query::tests as folders;

const LIFE: &str = "
    issue 50 S A 5000.00
    at 2026-03-05T09:00
    issue 1 A B 9000.00
    receive 1 B
    deduct 1 B 2026-03 from=A
    deduct 1 B 2026-04 from=A
    issue 2 A B -1000.00 tax=-130.00 red=1
    mark 1 A reason=missing | lift 1 A reason=verified
    issue 3 A - 10.00
    deduct 9 B 2026-03 tax=1.00
";

fn number(text: &str) -> InvoiceNo {
    InvoiceNo::parse(&format!("legacy:{text}")).unwrap()
}

#[test]
fn a_page_tells_what_happened_whose_value_it_is_and_what_was_found() {
    let (_dir, folder) = folders::folder(LIFE);
    let lives = query::lives(&folder, number("1"), None).unwrap();
    insta::assert_snapshot!(page(&folder, &lives[0]).unwrap());
}

#[test]
fn a_red_letter_a_retail_sale_and_a_claim_without_an_invoice_have_pages_too() {
    let (_dir, folder) = folders::folder(LIFE);
    let told = |text| {
        let lives = query::lives(&folder, number(text), None).unwrap();
        page(&folder, &lives[0]).unwrap()
    };
    assert!(told("2").contains("a red letter that offsets legacy:1"), "{}", told("2"));
    assert!(told("3").contains("a natural person"), "{}", told("3"));
    assert!(told("9").contains("without naming a seller"), "{}", told("9"));
}

#[test]
fn a_page_shows_what_is_doubtful_about_the_invoice() {
    let (_dir, folder) = folders::folder("issue 1 A B -1000.00 tax=-130.00 | issue 2 A B 50.00");
    let lives = query::lives(&folder, number("1"), None).unwrap();
    let told = page(&folder, &lives[0]).unwrap();
    assert!(told.contains("(special, a red letter that names no invoice)"), "{told}");
    assert!(told.contains("doubtful: ") && told.contains("(red_without_blue)"), "{told}");
    assert_eq!(document::life(&lives[0])["doubts"][0]["code"], "red_without_blue");
    assert!(query::lives(&folder, number("2"), None).unwrap()[0].doubts.is_empty());
}

#[test]
fn shares_are_rounded_and_the_largest_stands_first() {
    let (_dir, folder) = folders::folder("issue 1 S A 4785.00 | at 2026-03-05T09:00 | issue 2 A B 10000.00");
    let lives = query::lives(&folder, number("2"), None).unwrap();
    let told = page(&folder, &lives[0]).unwrap();
    let at = |text: &str| told.find(text).unwrap_or_else(|| panic!("no {text} in {told}"));
    assert!(at("the seller itself") < at("47.9 %") && told.contains("52.2 %"), "{told}");
}

#[test]
fn a_document_has_both_sides() {
    let (_dir, folder) = folders::folder(LIFE);
    let lives = query::lives(&folder, number("1"), None).unwrap();
    let document = document::life(&lives[0]);
    assert_eq!(document["issued"]["tax_fen"], 117_000);
    assert_eq!(document["provenance"]["origins"][0]["origin"], "S");
    assert_eq!(document["red_letters"][0]["tax_fen"], -13_000);
    assert_eq!(document["holders"][1]["claims"][1]["period"], "2026-04");
    assert_eq!(document["findings"][0]["typology"], "double_deduction");
    assert_eq!(document["marks"][1]["abnormal"], false);
}

#[test]
fn a_page_says_whether_the_invoice_is_abnormal_and_why() {
    let script = "
        issue 1 S A 600000.00 tax=60000.00 | issue 2 A B 600000.00 tax=60000.00
        deduct 1 A 2026-03 from=S
        mark 1 S
    ";
    let (_dir, folder) = folders::folder(script);
    let told = |text| {
        let lives = query::lives(&folder, number(text), None).unwrap();
        (page(&folder, &lives[0]).unwrap(), document::life(&lives[0])["abnormal"].clone())
    };
    let (marked, in_turn) = (told("1"), told("2"));
    assert!(marked.0.contains("\n  abnormal: the authority marked it\n"), "{}", marked.0);
    assert!(
        in_turn.0.contains("abnormal in turn: by the abnormal tax its seller deducted for 2026-03"),
        "{}",
        in_turn.0
    );
    assert_eq!(
        (&marked.1["by"], &in_turn.1["by"], &in_turn.1["period"]),
        (&"mark".into(), &"turn".into(), &"2026-03".into())
    );
    let (_dir, folder) = folders::folder(&format!("{script}\nlift 1 S"));
    let lives = query::lives(&folder, number("2"), None).unwrap();
    assert!(document::life(&lives[0])["abnormal"].is_null());
}
