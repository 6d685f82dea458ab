//! Mapping files as a whole: what rows come to, and how mistakes are told.

use super::*;

const SMALL: &str = r#"
[values]
number = { column = ["号码", "number"] }
at = { column = "date", kind = "instant", formats = ["%Y-%m-%d"], time = "end" }
seller = { column = "seller" }
status = { column = "status", optional = true, map = { "ok" = "valid", "作废" = "void" }, otherwise = "other" }

[[events]]
type = "invoice_voided"
when = { status = ["void", "valid"] }
fields = { occurred_at = "{at}", invoice_no = "legacy:{number}", seller_id = "{seller}" }
"#;

fn header(text: &[u8]) -> Header<'_> {
    Header { file: "a.csv", line: 1, bytes: text, marked: false }
}

fn read(mapping: &str, head: &str, row: &str) -> Result<Vec<String>, String> {
    let bound = Mapping::parse("m.toml", mapping).unwrap().bind(&header(head.as_bytes())).unwrap();
    let mut json = Vec::new();
    let events = bound.rows().read(row.as_bytes(), &mut Fields::default(), &mut json)?;
    assert!(events.iter().all(|(event, _)| event.fingerprint == codec_fingerprint(event)));
    Ok(events.into_iter().map(|(_, range)| String::from_utf8(json[range].to_vec()).unwrap()).collect())
}

fn codec_fingerprint(event: &crate::model::Event) -> crate::model::Fingerprint {
    crate::codec::fingerprint(event.occurred_at, &event.fact)
}

#[test]
fn a_row_makes_the_events_whose_conditions_hold_or_is_refused() {
    let voided = r#"{"type":"invoice_voided","invoice_no":"legacy:7","occurred_at":"2026-03-01T23:59:59.999+08:00","seller_id":"A"}"#;
    let head = " number ,date,seller,status";
    assert_eq!(read(SMALL, head, "7,2026-03-01,A, 作废"), Ok(vec![voided.into()]));
    assert_eq!(read(SMALL, head, "7,2026-03-01,A,ok,,"), Ok(vec![voided.into()]));
    for (row, expected) in [
        ("7,2026-03-01,A,", "line: no event of the layout of the whole file applies"),
        ("7,2026-03-01,A,neu", "line: no event"),
        ("7,2026-03-01,A", "line: has 3 fields, and the header has 4"),
        ("7,2026-03-01,A,ok,x", "line: has 5 fields"),
        ("7,2026-3-32,A,ok", "date: `2026-3-32` is not written as"),
        (",2026-03-01,A,ok", "号码 or number: `` is empty"),
        ("0123456789012345678901234,2026-03-01,A,ok", "invoice_no: "),
    ] {
        let why = read(SMALL, head, row).unwrap_err();
        assert!(why.contains(expected), "{row}: {why}");
    }
}

#[test]
fn a_row_is_taken_as_a_whole_or_not_at_all() {
    let second = r#"
[[events]]
type = "invoice_voided"
fields = { occurred_at = "{at}", invoice_no = "{number}", seller_id = "B" }
"#;
    let mapping = Mapping::parse("m.toml", &format!("{SMALL}{second}")).unwrap();
    let bound = mapping.bind(&header(b"number,date,seller,status")).unwrap();
    let mut json = b"before".to_vec();
    let why = bound.rows().read("7,2026-03-01,A,ok".as_bytes(), &mut Fields::default(), &mut json).unwrap_err();
    assert!(why.starts_with("invoice_no: "), "{why}");
    assert!(why.ends_with("(layout of the whole file, event invoice_voided)"), "{why}");
    assert_eq!(json, b"before", "nothing is left of the first event");
}

#[test]
fn a_header_chooses_the_layout_and_missing_columns_are_named() {
    let mapping = Mapping::parse("m.toml", include_str!("../../../topologies/mappings/contest-2020.toml")).unwrap();
    let layout = |head: &str| mapping.bind(&header(head.as_bytes())).map(|bound| bound.rows().layout.name.clone());
    let shared = "企业代号,发票号码,开票日期,金额,税额,价税合计,发票状态";
    assert_eq!(layout(&format!("{shared},购方单位代号")).unwrap(), "sales");
    assert_eq!(layout(&format!("销方单位代号,{shared}")).unwrap(), "purchases");
    let why = layout(shared).unwrap_err().to_string();
    assert!(why.contains("a.csv, line 1: no layout of m.toml fits its columns (企业代号, 发票号码,"), "{why}");
    assert!(why.ends_with("layout sales lacks 购方单位代号; layout purchases lacks 销方单位代号"), "{why}");
    let why = layout(&format!("{shared},税额,购方单位代号")).unwrap_err().to_string();
    assert!(why.contains("the column 税额 is there twice"), "{why}");
    let gbk = GB18030.encode(shared).0;
    let why = mapping.bind(&header(&gbk)).unwrap_err().to_string();
    assert!(why.contains("the header is not UTF-8; set `encoding` in m.toml"), "{why}");
}

#[test]
fn a_mistake_is_told_with_its_line_and_what_is_allowed() {
    let cases = [
        ("encoding = \"latin1\"", 1, "expected one of `utf-8`, `gb18030`"),
        ("\n\ndelimiter = \"x\"", 3, "is one of `,` `;` `|` and a tab"),
        ("delimiter = \"|\"\nencoding = \"gbk\"", 1, "cannot delimit GB18030"),
        ("colour = 1", 1, "expected one of `encoding`, `delimiter`, `values`, `events`, `layouts`"),
        ("[values.a]\ncolumn = \"a\"\nkind = \"money\"", 3, "expected one of `text`, `yuan`, `percent`"),
        ("[values.a]\ncolum = \"a\"", 2, "unknown field `colum`, expected one of `column`"),
        ("[values.a]\ncolumn = 5", 2, "expected a text or a list of texts"),
        ("[values.a]\ncolumn = \"a\"\n[values.b]\ncolumn = \"\"", 3, "the value `b` names no column"),
        ("[values.a]\ncolumn = \"a\"", 1, "makes no event"),
        ("\n[[events]]\ntype = \"invoice_void\"\nfields = {}", 2, "there is no event type `invoice_void`; there are "),
        ("\n[[events]]\ntype = \"invoice_voided\"\nfields = {}", 2, "needs the field `occurred_at`"),
        ("[[layouts]]\nname = \"x\"\nheader = 1", 3, "unknown field `header`"),
        ("a = ", 1, ""),
    ];
    for (text, line, expected) in cases {
        let why = Mapping::parse("m.toml", text).unwrap_err().to_string();
        assert!(why.starts_with(&format!("m.toml, line {line}: ")) && why.contains(expected), "{text}: {why}");
    }
    let never = SMALL.replace("\"valid\"] }", "\"vald\"] }");
    let why = Mapping::parse("m.toml", &never).unwrap_err().to_string();
    assert!(why.contains("`when` waits for `status` to be `vald`, which its map never makes it"), "{why}");
    let unknown = SMALL.replace("{seller}", "{sller}");
    let why = Mapping::parse("m.toml", &unknown).unwrap_err().to_string();
    assert!(why.contains("m.toml, line 8: `seller_id`: there is no value `sller`; there are at, number"), "{why}");
}

#[test]
fn a_constant_that_no_row_could_make_right_is_told_when_the_mapping_is_read() {
    let mapping = |kind: &str, rate: &str, map: &str| {
        format!(
            r#"
[values]
number = {{ column = "number" }}
kind = {{ column = "kind", map = {{ "s" = "{map}", "void" = "void" }} }}

[[events]]
type = "invoice_issued"
when = {{ kind = "{map}" }}
fields = {{ occurred_at = 2026-03-01T09:00:00+08:00, invoice_no = "legacy:{{number}}", invoice_kind = "{kind}", seller_id = "A", lines = [{{ goods_name = "{{number}}", rate_bp = {rate} }}], amount_fen = 100, tax_fen = 13 }}
"#
        )
    };
    let parsed = |text: &str| Mapping::parse("m.toml", text).map(drop).map_err(|error| error.to_string());
    assert_eq!(parsed(&mapping("special", "1300", "special")), Ok(()));
    assert_eq!(parsed(&mapping("{kind}", "1300", "special")), Ok(()));
    for (text, expected) in [
        (mapping("spezial", "1300", "special"), "m.toml, line 6: invoice_kind: `spezial` is not one of"),
        (mapping("special", "\"x\"", "special"), "m.toml, line 6: lines[0].rate_bp: "),
        (mapping("special", "1300", "special").replace("09:00:00+08:00", "25:00:00+08:00"), "m.toml, line "),
        (mapping("{kind}", "1300", "spezial"), "m.toml, line 6: invoice_kind: `spezial` is not one of"),
    ] {
        let why = parsed(&text).unwrap_err();
        assert!(why.contains(expected), "{expected}: {why}");
    }
}
