//! Input events as the contract has them, read from JSON Lines, and which of them count: the first of each identity. Also
//! the tax calendar.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate};
use serde_json::Value;

pub const DAY: i64 = 86_400_000;
pub const HOUR: i64 = 3_600_000;
const CHINA: i64 = 8 * HOUR;

/// A month of the tax calendar, counted from January of the year 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month(pub i32);

impl std::fmt::Display for Month {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}-{:02}", self.0.div_euclid(12), self.0.rem_euclid(12) + 1)
    }
}

impl Month {
    pub fn plus(self, months: i32) -> Self {
        Self(self.0 + months)
    }

    fn read(text: &str) -> Self {
        let (year, month) = text.split_once('-').expect("YYYY-MM");
        Self(year.parse::<i32>().expect("a year") * 12 + month.parse::<i32>().expect("a month") - 1)
    }

    /// Its first moment.
    pub fn start(self) -> i64 {
        let month = u32::try_from(self.0.rem_euclid(12) + 1).expect("1 to 12");
        start_of(NaiveDate::from_ymd_opt(self.0.div_euclid(12), month, 1).expect("a month has a first day"))
    }
}

fn start_of(day: NaiveDate) -> i64 {
    day.and_hms_opt(0, 0, 0).expect("midnight").and_utc().timestamp_millis() - CHINA
}

fn in_china(at: i64) -> DateTime<FixedOffset> {
    let offset = FixedOffset::east_opt(8 * 3_600).expect("an offset");
    DateTime::from_timestamp_millis(at).expect("a moment").with_timezone(&offset)
}

/// The month of a moment.
pub fn month_of(at: i64) -> Month {
    let at = in_china(at);
    Month(at.year() * 12 + i32::try_from(at.month0()).expect("0 to 11"))
}

/// The day of the month of a moment.
pub fn day_of_month(at: i64) -> i64 {
    i64::from(in_china(at).day())
}

/// An event.
#[derive(Clone, Debug)]
pub struct Event {
    pub at: i64,
    /// The taxpayer whose event it is.
    pub who: String,
    pub what: What,
    /// What tells it from other events, and what it says beside.
    identity: String,
    content: Value,
}

/// What an event says, as far as anything rests on it.
#[derive(Clone, Debug)]
pub enum What {
    Registered { on: i64, small: bool, representative: Option<String> },
    Changed { small: Option<bool>, representative: Option<String> },
    Status(String),
    Cap(i64),
    Issued(Invoice),
    Voided { no: String },
    Received { no: String, seller: String },
    Claimed { no: String, claim: Claim },
    Marked { no: String, abnormal: bool },
    Declared { month: Month, figures: [i64; 5] },
    Other,
}

/// An invoice.
#[derive(Clone, Debug, Default)]
pub struct Invoice {
    pub no: String,
    pub at: i64,
    pub kind: String,
    pub buyer: Option<String>,
    pub goods: Vec<String>,
    pub amount: i64,
    pub tax: i64,
    pub red_of: Option<String>,
}

impl Invoice {
    /// A red letter names what it offsets, or is negative.
    pub fn is_red(&self) -> bool {
        self.red_of.is_some() || self.amount < 0 || self.tax < 0
    }

    /// Whether its kind lets its buyer deduct.
    /// Who may deduct its tax.
    pub fn deducting_buyer(&self) -> Option<&String> {
        self.buyer.as_ref().filter(|_| self.is_deductible())
    }

    pub fn is_deductible(&self) -> bool {
        ["special", "farm_purchase", "toll", "vehicle", "transport"].contains(&self.kind.as_str())
    }

    pub fn month(&self) -> Month {
        month_of(self.at)
    }
}

/// A deduction or its reversal.
#[derive(Clone, Debug)]
pub struct Claim {
    pub at: i64,
    /// Empty where none is named.
    pub seller: String,
    pub month: Month,
    pub tax: i64,
    pub reverses: bool,
    /// Whether anything is claimed at all.
    pub counts: bool,
}

/// What becomes of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Accepted,
    Duplicate,
    Conflicting,
}

/// Reads JSON Lines, and says of each event whether it counts.
pub fn read(lines: &str) -> Vec<(Event, Verdict)> {
    let mut first: BTreeMap<String, Value> = BTreeMap::new();
    let mut judged = Vec::new();
    for line in lines.lines().filter(|line| !line.trim().is_empty()) {
        let event = event(line);
        let verdict = match first.get(&event.identity) {
            None => Verdict::Accepted,
            Some(known) if *known == event.content => Verdict::Duplicate,
            Some(_) => Verdict::Conflicting,
        };
        first.entry(event.identity.clone()).or_insert_with(|| event.content.clone());
        judged.push((event, verdict));
    }
    judged
}

fn event(line: &str) -> Event {
    let mut content: Value = serde_json::from_str(line).expect("a line is JSON");
    let fields = content.as_object_mut().expect("an event is an object");
    // The sender's own name for an event, and who sent it, are not what it says; null is the same as absent.
    fields.retain(|name, value| name != "event_id" && name != "source_system" && !value.is_null());
    let text = |name: &str| fields.get(name).and_then(Value::as_str).map(ToOwned::to_owned);
    let must = |name: &str| text(name).unwrap_or_else(|| panic!("{name} is missing in {line}"));
    let fen = |name: &str| fields.get(name).and_then(Value::as_i64).unwrap_or_else(|| panic!("{name} in {line}"));
    let at = DateTime::parse_from_rfc3339(&must("occurred_at")).expect("an instant").timestamp_millis();
    let kind = must("type");
    let small = || text("kind").map(|kind| kind == "small_scale");
    let representative = || representative(fields.get("people"));
    let claim = |reverses: bool| Claim {
        at,
        seller: text("seller_id").unwrap_or_default(),
        month: Month::read(&must("period")),
        tax: fen("tax_fen"),
        reverses,
        counts: reverses || must("purpose") != "not_deductible",
    };
    let no = || must("invoice_no");
    let (owner, what, named) = match kind.as_str() {
        "taxpayer_registered" => {
            let on = NaiveDate::parse_from_str(&must("registered_on"), "%Y-%m-%d").expect("a date");
            let small = small().expect("a registration says its kind");
            let what = What::Registered { on: start_of(on), small, representative: representative() };
            ("taxpayer_id", what, String::new())
        }
        "taxpayer_changed" => {
            ("taxpayer_id", What::Changed { small: small(), representative: representative() }, at.to_string())
        }
        "taxpayer_status_changed" => ("taxpayer_id", What::Status(must("status")), at.to_string()),
        "invoice_quota_granted" => {
            let special = must("invoice_kind") == "special";
            let what = if special { What::Cap(fen("max_amount_fen")) } else { What::Other };
            ("taxpayer_id", what, format!("{} {at}", must("invoice_kind")))
        }
        "invoice_issued" => ("seller_id", What::Issued(invoice(at, fields)), no()),
        "invoice_voided" => ("seller_id", What::Voided { no: no() }, no()),
        "invoice_received" => {
            let seller = text("seller_id").unwrap_or_default();
            ("buyer_id", What::Received { no: no(), seller: seller.clone() }, format!("{} {seller}", no()))
        }
        "invoice_deducted" | "deduction_reversed" => {
            let reverses = kind == "deduction_reversed";
            let claim = claim(reverses);
            let how = must(if reverses { "reason" } else { "purpose" });
            let named = format!("{} {} {} {how} {at}", no(), claim.seller, claim.month);
            ("buyer_id", What::Claimed { no: no(), claim }, named)
        }
        "invoice_marked_abnormal" | "invoice_mark_lifted" => {
            let abnormal = kind == "invoice_marked_abnormal";
            ("seller_id", What::Marked { no: no(), abnormal }, format!("{} {at}", no()))
        }
        "vat_declared" => {
            let names = ["sales_fen", "output_tax_fen", "input_tax_fen", "transferred_out_fen", "payable_tax_fen"];
            let month = Month::read(&must("period"));
            ("taxpayer_id", What::Declared { month, figures: names.map(fen) }, format!("{month} {at}"))
        }
        "taxpayer_verified" => ("taxpayer_id", What::Other, at.to_string()),
        "observed" => {
            let named = ["source", "metric", "period"].map(must).join(" ");
            ("taxpayer_id", What::Other, format!("{named} {at}"))
        }
        other => panic!("the oracle knows no {other}"),
    };
    let who = must(owner);
    let identity = format!("{kind} {who} {named}");
    Event { at, who, what, identity, content }
}

fn representative(people: Option<&Value>) -> Option<String> {
    let people = people?.as_array()?;
    let person = people.iter().find(|person| person["role"] == "legal_representative")?;
    Some(person["person_id"].as_str()?.to_owned())
}

fn invoice(at: i64, fields: &serde_json::Map<String, Value>) -> Invoice {
    let text = |name: &str| fields.get(name).and_then(Value::as_str).map(ToOwned::to_owned);
    let lines = fields["lines"].as_array().expect("lines");
    Invoice {
        no: text("invoice_no").expect("a number"),
        at,
        kind: text("invoice_kind").expect("a kind"),
        buyer: text("buyer_id"),
        goods: lines.iter().filter_map(|line| Some(line["goods_code"].as_str()?.to_owned())).collect(),
        amount: fields["amount_fen"].as_i64().expect("an amount"),
        tax: fields["tax_fen"].as_i64().expect("tax"),
        red_of: text("red_of"),
    }
}
