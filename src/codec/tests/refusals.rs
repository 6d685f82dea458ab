//! What is refused, and that the refusal names the field.

use serde_json::{Value as Json, json};

use crate::codec::examples::{FULL, events};
use crate::codec::{Refusal, avro, journal, json as json_lines};
use crate::model::{
    Body, Entity, Event, Fact, Fen, INVOICE_LINES_MAX, Instant, Message, Part, Position, Record, Returned,
    TEXT_BYTES_MAX, Vector,
};

/// The example of a type, with the value at a place replaced.
fn changed(event_type: &str, place: &str, value: &Json) -> String {
    let line = FULL.iter().find(|line| line.contains(&format!("\"type\":\"{event_type}\""))).unwrap();
    let mut event: Json = serde_json::from_str(line).unwrap();
    if let Some(slot) = event.pointer_mut(place) {
        *slot = value.clone();
    } else {
        event[&place[1..]] = value.clone();
    }
    event.to_string()
}

fn refused(line: &[u8]) -> Refusal {
    match json_lines::read_event(line) {
        Err(refusal) => refusal,
        Ok(event) => panic!("{} was read as {event:?}", String::from_utf8_lossy(line)),
    }
}

#[test]
fn a_refusal_names_the_field() {
    let long = "长".repeat(TEXT_BYTES_MAX / 3 + 1);
    let too_much = Fen::EVENT_MAX.0 + 1;
    let cases = [
        ("invoice_issued", "/lines/1/tax_fen", json!(1.5), "lines[1].tax_fen"),
        ("invoice_issued", "/lines/0/goods_code", json!("123"), "lines[0].goods_code"),
        ("invoice_issued", "/lines/0/goods_code", json!("12345678901234567890"), "lines[0].goods_code"),
        ("invoice_issued", "/lines/0/quantity", json!("12,5"), "lines[0].quantity"),
        ("invoice_issued", "/lines/0/quantity", json!(1e300), "lines[0].quantity"),
        ("invoice_issued", "/lines/0/rate_bp", json!("13%"), "lines[0].rate_bp"),
        ("invoice_issued", "/lines/1/amount_fen", json!(-too_much), "lines[1].amount_fen"),
        ("invoice_issued", "/lines/1/goods_name", json!(long), "lines[1].goods_name"),
        ("invoice_issued", "/lines", json!("none"), "lines"),
        ("invoice_issued", "/lines/0", json!(null), "lines[0]"),
        ("invoice_issued", "/invoice_no", json!("123"), "invoice_no"),
        ("invoice_issued", "/invoice_kind", json!("paper"), "invoice_kind"),
        ("invoice_issued", "/seller_id", json!(""), "seller_id"),
        ("invoice_issued", "/seller_id", json!("9".repeat(32)), "seller_id"),
        ("invoice_issued", "/buyer_id", json!(" B1"), "buyer_id"),
        ("invoice_issued", "/buyer_id", json!(7), "buyer_id"),
        ("invoice_issued", "/amount_fen", json!(too_much), "amount_fen"),
        ("invoice_issued", "/amount_fen", json!("900100"), "amount_fen"),
        ("invoice_issued", "/tax_fen", json!(u64::MAX), "tax_fen"),
        ("invoice_issued", "/red_of", json!("26442000000012345670"), "amount_fen"),
        ("invoice_deducted", "/tax_fen", json!(-5), "tax_fen"),
        ("deduction_reversed", "/tax_fen", json!(-5), "tax_fen"),
        ("invoice_issued", "/device/ip", json!(long), "device.ip"),
        ("invoice_issued", "/device", json!([1, 2, 3]), "device"),
        ("invoice_issued", "/remark", json!(long), "remark"),
        ("invoice_issued", "/occurred_at", json!("2026-03-01 09:12:33"), "occurred_at"),
        ("invoice_issued", "/occurred_at", json!("1993-12-31T23:59:59+08:00"), "occurred_at"),
        ("invoice_issued", "/occurred_at", json!("2100-01-01T00:00:00+08:00"), "occurred_at"),
        ("invoice_issued", "/occurred_at", json!(1_772_323_200_000_i64), "occurred_at"),
        ("invoice_issued", "/occurred_at", json!(null), "occurred_at"),
        ("invoice_issued", "/event_id", json!(long), "event_id"),
        ("invoice_issued", "/source_system", json!(3), "source_system"),
        ("taxpayer_registered", "/registered_on", json!("2026-02-30"), "registered_on"),
        ("taxpayer_registered", "/registered_on", json!("2026-1-05"), "registered_on"),
        ("taxpayer_registered", "/registered_on", json!("+2026-1-05"), "registered_on"),
        ("taxpayer_registered", "/industry", json!("F512"), "industry"),
        ("taxpayer_registered", "/region", json!("4403"), "region"),
        ("taxpayer_registered", "/street", json!("440305"), "street"),
        ("taxpayer_registered", "/capital_fen", json!(too_much), "capital_fen"),
        ("taxpayer_registered", "/kind", json!("General"), "kind"),
        ("taxpayer_registered", "/credit_grade", json!("E"), "credit_grade"),
        ("taxpayer_registered", "/people/1/role", json!("boss"), "people[1].role"),
        ("taxpayer_registered", "/people/0/phone", json!(long), "people[0].phone"),
        ("taxpayer_changed", "/industry", json!("x"), "industry"),
        ("taxpayer_changed", "/people/0/person_id", json!(null), "people[0].person_id"),
        ("taxpayer_changed", "/former_taxpayer_id", json!("\u{7}"), "former_taxpayer_id"),
        ("taxpayer_status_changed", "/status", json!("gone"), "status"),
        ("invoice_quota_granted", "/monthly_count", json!(-1), "monthly_count"),
        ("invoice_quota_granted", "/max_amount_fen", json!(too_much), "max_amount_fen"),
        ("invoice_marked_abnormal", "/reason", json!(long), "reason"),
        ("invoice_deducted", "/period", json!("2026-13"), "period"),
        ("invoice_deducted", "/tax_fen", json!(too_much), "tax_fen"),
        ("invoice_deducted", "/purpose", json!("fun"), "purpose"),
        ("deduction_reversed", "/reason", json!(null), "reason"),
        ("deduction_reversed", "/reason", json!(long), "reason"),
        ("deduction_reversed", "/tax_fen", json!(-too_much), "tax_fen"),
        ("taxpayer_verified", "/outcome", json!(false), "outcome"),
        ("taxpayer_verified", "/subject", json!(long), "subject"),
        ("vat_declared", "/payable_tax_fen", json!(too_much), "payable_tax_fen"),
        ("observed", "/value", json!(0.1), "value"),
        ("observed", "/metric", json!(long), "metric"),
        ("org_defined", "/regions/1", json!(long), "regions[1]"),
        ("org_defined", "/level", json!("village"), "level"),
        ("grid_defined", "/taxpayers/0", json!(""), "taxpayers[0]"),
        ("grid_defined", "/industries/0", json!(long), "industries[0]"),
        ("officer_defined", "/posts/1/post", json!("third"), "posts[1].post"),
        ("officer_defined", "/active", json!("yes"), "active"),
        ("officer_defined", "/expertise/0", json!(long), "expertise[0]"),
        ("task_acted", "/event_id", json!(null), "event_id"),
        ("task_acted", "/recovered_tax_fen", json!(too_much), "recovered_tax_fen"),
        ("task_acted", "/evidence/1", json!(long), "evidence[1]"),
        ("rules_published", "/version", json!(long), "version"),
        ("model_published", "/model", json!(null), "model"),
        ("model_published", "/type", json!("model_unpublished"), "type"),
        ("model_published", "/type", json!(4), "type"),
    ];
    for (event_type, place, value, field) in &cases {
        let refusal = refused(changed(event_type, place, value).as_bytes());
        assert_eq!(&refusal.field, field, "{event_type} {place}: {refusal}");
        assert!(refusal.reason.len() > 8 && !refusal.reason.contains("line 1"), "{refusal}");
        let of_rust = |word: &str| word == "struct" || ["i8", "i32", "i64", "u8", "u32", "u64"].contains(&word);
        assert!(!refusal.reason.split(' ').any(of_rust), "{refusal}");
    }
}

#[test]
fn every_required_field_is_missed_by_name() {
    for line in FULL {
        let event: serde_json::Map<String, Json> = serde_json::from_str(line).unwrap();
        let spare = json_lines::read_event(line.as_bytes()).unwrap();
        for name in event.keys() {
            let mut without = event.clone();
            without.remove(name);
            match json_lines::read_event(Json::Object(without).to_string().as_bytes()) {
                Err(refusal) => assert_eq!((&refusal.field, &refusal.reason[..10]), (name, "is missing"), "{refusal}"),
                Ok(event) => assert_eq!(event.fact.type_name(), spare.fact.type_name(), "{name} may be absent"),
            }
        }
    }
    let line = changed("invoice_issued", "/lines/1", &json!({"goods_code": "1020101010000000000"}));
    assert_eq!(refused(line.as_bytes()).to_string(), "lines[1].goods_name: is missing");
}

#[test]
fn a_line_that_is_no_event_says_so() {
    let good = FULL[5];
    let twice = good.replace("{\"type\"", "{\"type\":\"invoice_voided\",\"type\"");
    let twice_at = good.replace("\"event_id\"", "\"occurred_at\":\"2026-03-02T09:00:00+08:00\",\"event_id\"");
    let twice_own = good.replace("\"event_id\"", "\"seller_id\":\"A1\",\"event_id\"");
    let surrogate = good.replace("void-1", "\\ud83d");
    for (line, field, reason) in [
        ("", "", "is no JSON object"),
        ("null", "", "is no JSON object"),
        ("[1,2]", "", "is no JSON object"),
        ("{}", "type", "is missing"),
        ("{\"type\":\"invoice_voided\"", "", "the line ends in the middle of an object at column 24"),
        ("{\"type\":\"invoice_voided\" \"x\":1}", "", "expected `,` or `}` at column 26"),
        (&format!("{good}{good}"), "", "goes on at column"),
        (&twice, "type", "is given twice"),
        (&twice_at, "occurred_at", "is given twice"),
        (&twice_own, "seller_id", "is given twice"),
        (&surrogate, "event_id", "unexpected end of hex escape"),
        (&good.replace("invoice_voided", "invoice_void"), "type", "`invoice_void` is not one of"),
    ] {
        let refusal = refused(line.as_bytes());
        assert_eq!(refusal.field, field, "{line}: {refusal}");
        assert!(refusal.reason.starts_with(reason), "{line}: {refusal}");
    }
}

#[test]
fn bytes_that_are_no_utf8_are_placed() {
    let mut line = FULL[0].as_bytes().to_vec();
    let name = FULL[0].find("深圳").unwrap();
    line[name] = 0xff;
    let refusal = refused(&line);
    assert_eq!(refusal.field, "name", "{refusal}");
    assert!(refusal.reason.starts_with(&format!("is no UTF-8 at byte {name} of the line")), "{refusal}");
    assert_eq!(refused(b"{\"type\":\"\xff\"}").field, "");
}

#[test]
fn an_invoice_has_only_so_many_lines() {
    let line =
        json!({"goods_code": "1020101010000000000", "goods_name": "x", "amount_fen": 0, "rate_bp": 0, "tax_fen": 0});
    let invoice = |lines: usize| changed("invoice_issued", "/lines", &Json::Array(vec![line.clone(); lines]));
    assert!(json_lines::read_event(invoice(INVOICE_LINES_MAX).as_bytes()).is_ok());
    assert_eq!(refused(invoice(INVOICE_LINES_MAX + 1).as_bytes()).field, "lines");
}

#[test]
fn a_quantity_may_be_a_number_and_lines_need_not_add_up() {
    let event = |line: &str| json_lines::read_event(line.as_bytes()).unwrap();
    let text = event(&changed("invoice_issued", "/lines/0/quantity", &json!("0.1")));
    assert_eq!(event(&changed("invoice_issued", "/lines/0/quantity", &json!(0.1))), text);
    let whole = event(&changed("invoice_issued", "/lines/0/quantity", &json!(3)));
    assert_eq!(whole, event(&changed("invoice_issued", "/lines/0/quantity", &json!("3.000"))));
    event(&changed("invoice_issued", "/amount_fen", &json!(1)));
}

#[test]
fn avro_holds_the_contract_too_and_the_journal_does_not() {
    type Change = fn(&mut Event);
    let odd = |change: Change| {
        let mut event = events()[4].clone();
        change(&mut event);
        event
    };
    let cases: [(Change, &str); 3] = [
        (|event| event.occurred_at = Instant(0), "occurred_at"),
        (|event| event.source_system = Some("x".repeat(TEXT_BYTES_MAX + 1).into()), "source_system"),
        (
            |event| match &mut event.fact {
                Fact::InvoiceIssued(invoice) => invoice.lines[1].tax = Fen(i64::MIN),
                other => panic!("{other:?}"),
            },
            "lines[1].tax_fen",
        ),
    ];
    for (change, field) in cases {
        let event = odd(change);
        let mut bytes = Vec::new();
        avro::write_event(&event, &mut bytes);
        assert_eq!(avro::read_event("invoice_issued", &bytes).unwrap_err().field, field);
        let to = event.owner();
        let forwarded = Message::Forwarded(crate::model::Source::default(), Box::new(event));
        bytes.clear();
        journal::write_message(&to, &forwarded, &mut bytes);
        assert_eq!(journal::read_message(&mut &bytes[..]), Ok((to, forwarded)));
    }
}

#[test]
fn what_avro_bytes_cannot_be_is_refused_by_name() {
    let mut bytes = Vec::new();
    avro::write_event(&events()[5], &mut bytes);
    let read = |bytes: &[u8]| avro::read_event("invoice_voided", bytes).unwrap_err();
    // Six bytes of time, then the length of the number.
    assert_eq!(read(&bytes[..20]).field, "invoice_no");
    assert_eq!(read(&bytes[..3]).field, "occurred_at");
    assert_eq!(read(&[&bytes[..], &[0]].concat()).reason, "1 bytes too many after its end");
    let mut broken = bytes.clone();
    broken[7] = 0xff;
    assert!(read(&broken).to_string().starts_with("invoice_no: is no UTF-8"), "{}", read(&broken));
    assert_eq!(avro::read_event("invoice_avoided", &bytes).unwrap_err().field, "type");
    assert!(avro::read_output("signals", &bytes).unwrap_err().reason.starts_with("`signals` is no output"));
}

#[test]
fn a_part_below_zero_is_no_part() {
    let event = &events()[4];
    let Fact::InvoiceIssued(invoice) = &event.fact else { panic!("{event:?}") };
    let part = |tax| Part { origin: invoice.seller_id, tax: Fen(tax), hops: 0 };
    let returned = Vector { parts: vec![part(1), part(-1)], remainder: Fen(-1) };
    let (at, restored) = (event.occurred_at, Vector::default());
    let (red_no, blue_no, seller_id) = (invoice.invoice_no, invoice.invoice_no, invoice.seller_id);
    let message = Message::Returned(Box::new(Returned { red_no, blue_no, seller_id, at, returned, restored }));
    let position = Position::default();
    let record = Record {
        position,
        at: event.occurred_at,
        root: crate::model::Root(1),
        to: Entity::CLOCK,
        body: Body::Message(message),
    };
    let mut bytes = Vec::new();
    journal::write_record(&record, &mut bytes);
    let mut rest = &bytes[..];
    let refusal = journal::read_record(&mut rest, position).unwrap_err();
    assert_eq!(refusal.field, "body.returned.parts[1].tax_fen", "{refusal}");
    assert_eq!(rest.len(), bytes.len(), "nothing is taken by a refusal");
}
