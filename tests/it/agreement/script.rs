//! Worlds as scripts of `drive`, and back: so that what differs can be pasted into `cases.rs`, into a test beside the rule,
//! or under `[[tests]]` of a rule set for `suyuan rules test`.

use std::fmt::Write as _;

use serde_json::Value;
use suyuan::codec::json::write_event;

/// The events of a script, as JSON Lines.
pub(super) fn lines(script: &str) -> Vec<String> {
    let events = suyuan::drive::parse(script).unwrap_or_else(|error| panic!("{error}: {script}"));
    let line = |event| {
        let mut line = Vec::new();
        write_event(&event, &mut line);
        String::from_utf8(line).unwrap()
    };
    events.into_iter().map(line).collect()
}

/// Events as a script. It leaves out what a script cannot say: of registrations, the name and the capital.
pub(super) fn script(lines: &[String]) -> String {
    let mut script = String::new();
    for line in lines {
        let event: Value = serde_json::from_str(line).unwrap();
        writeln!(script, "at {} | {}", Fields(&event).text("occurred_at"), command(&Fields(&event))).unwrap();
    }
    script
}

/// An event's fields.
struct Fields<'a>(&'a Value);

impl Fields<'_> {
    fn text(&self, name: &str) -> &str {
        self.0[name].as_str().unwrap_or_else(|| panic!("{name} of {}", self.0))
    }

    fn yuan(&self, name: &str) -> String {
        let fen = self.0[name].as_i64().unwrap_or_else(|| panic!("{name} of {}", self.0));
        let sign = if fen < 0 { "-" } else { "" };
        format!("{sign}{}.{:02}", fen.abs() / 100, fen.abs() % 100)
    }

    /// An option of a command, where the event has the field.
    fn option(&self, option: &str, name: &str) -> String {
        self.0[name].as_str().map(|value| format!(" {option}={value}")).unwrap_or_default()
    }
}

fn command(event: &Fields<'_>) -> String {
    let text = |name: &str| event.text(name);
    let (yuan, option) = (|name: &str| event.yuan(name), |name: &str, field: &str| event.option(name, field));
    let who = event.0["taxpayer_id"].as_str().unwrap_or_default();
    let person = event.0["people"][0]["person_id"].as_str();
    let person = person.map(|person| format!(" rep={person}")).unwrap_or_default();
    match text("type") {
        "taxpayer_registered" => {
            format!("register {who}{}{}{person}", option("on", "registered_on"), option("kind", "kind"))
        }
        "taxpayer_changed" => format!("change {who}{}{person}", option("kind", "kind")),
        "taxpayer_status_changed" => format!("status {who} {}", text("status")),
        "invoice_quota_granted" => format!("quota {who} {} {}", yuan("max_amount_fen"), event.0["monthly_count"]),
        "vat_declared" => {
            let figures = [
                ("sales", "sales_fen"),
                ("output", "output_tax_fen"),
                ("input", "input_tax_fen"),
                ("out", "transferred_out_fen"),
                ("payable", "payable_tax_fen"),
            ];
            let figures = figures.map(|(name, field)| format!("{name}={}", yuan(field)));
            format!("declare {who} {} {}", text("period"), figures.join(" "))
        }
        "invoice_issued" => {
            let buyer = event.0["buyer_id"].as_str().unwrap_or("-");
            let line = Fields(&event.0["lines"][0]);
            let (tax, kind) = (yuan("tax_fen"), option("kind", "invoice_kind"));
            let (goods, red) = (line.option("goods", "goods_code"), option("red", "red_of"));
            let (no, seller, amount) = (text("invoice_no"), text("seller_id"), yuan("amount_fen"));
            format!("issue {no} {seller} {buyer} {amount} tax={tax}{kind}{goods}{red}")
        }
        "invoice_voided" => format!("void {} {}", text("invoice_no"), text("seller_id")),
        "invoice_received" => {
            format!("receive {} {}{}", text("invoice_no"), text("buyer_id"), option("from", "seller_id"))
        }
        verb @ ("invoice_deducted" | "deduction_reversed") => {
            let (verb, how) = match verb {
                "invoice_deducted" => ("deduct", option("purpose", "purpose")),
                _ => ("reverse", option("reason", "reason")),
            };
            let (no, buyer, period) = (text("invoice_no"), text("buyer_id"), text("period"));
            format!("{verb} {no} {buyer} {period}{} tax={}{how}", option("from", "seller_id"), yuan("tax_fen"))
        }
        verb @ ("invoice_marked_abnormal" | "invoice_mark_lifted") => {
            let verb = if verb == "invoice_mark_lifted" { "lift" } else { "mark" };
            format!("{verb} {} {}{}", text("invoice_no"), text("seller_id"), option("reason", "reason"))
        }
        other => panic!("no world has {other}"),
    }
}

#[test]
fn a_world_told_as_a_script_is_the_same_world() {
    let without_register = |line: &&String| !line.contains("\"taxpayer_registered\"");
    for seed in 0..60 {
        let world = super::worlds::world(seed).lines;
        let told = lines(&script(&world));
        assert_eq!(told.len(), world.len());
        let read = |lines: &[String]| -> Vec<Value> {
            let lines = lines.iter().filter(without_register);
            lines.map(|line| without_nothing(serde_json::from_str(line).unwrap())).collect()
        };
        assert_eq!(read(&told), read(&world), "seed {seed}");
    }
}

/// An event without fields that say nothing.
fn without_nothing(mut event: Value) -> Value {
    if let Value::Object(fields) = &mut event {
        fields.retain(|_, value| !value.is_null() && *value != Value::Array(Vec::new()));
    }
    event
}
