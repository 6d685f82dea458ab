//! The schema files, compiled in: for whoever registers them, resolves older versions, or hands them out. What each
//! record is, its topic and its key are said in the file itself.

/// One file of `schemas/`.
#[derive(Clone, Copy, Debug)]
pub struct Schema {
    /// Name of the record: for an input event, that of its type.
    pub name: &'static str,
    /// Counts up with each change that a reader of the one before would not survive.
    pub version: u32,
    /// The file.
    pub text: &'static str,
}

impl Schema {
    /// The topic that the contract keeps such records in.
    pub fn topic(&self) -> &'static str {
        let rest = self.text.split_once("\"topic\": \"").map(|(_, rest)| rest);
        rest.and_then(|rest| rest.split_once('"')).map_or("", |(topic, _)| topic)
    }

    /// The full name of its record: `suyuan.InvoiceIssued`.
    pub fn full_name(&self) -> String {
        let words = self.name.split('_').map(|word| word[..1].to_ascii_uppercase() + &word[1..]);
        format!("suyuan.{}", words.collect::<String>())
    }

    /// Its number where nobody runs a schema registry: 1000 times its version and its place among the events, from 1, or
    /// among the outputs, from 501. Places never change, for new records go to the end of their list.
    pub fn number(&self) -> u32 {
        let place = |list: &[Self]| list.iter().position(|schema| schema.name == self.name);
        let places = [(EVENTS, 1), (OUTPUTS, 501), (INTERNALS, 901)];
        let place = places.into_iter().find_map(|(list, first)| Some(u32::try_from(place(list)?).ok()? + first));
        self.version * NUMBERS_PER_VERSION + place.expect("every schema is in a list")
    }
}

const NUMBERS_PER_VERSION: u32 = 1_000;

/// The schema of this number: see [`Schema::number`].
pub fn numbered(number: u32) -> Option<&'static Schema> {
    let place = number % NUMBERS_PER_VERSION;
    let (list, first) = if place < 501 { (EVENTS, 1) } else { (OUTPUTS, 501) };
    let schema = list.get(usize::try_from(place.checked_sub(first)?).ok()?)?;
    (schema.version == number / NUMBERS_PER_VERSION).then_some(schema)
}

/// The newest schema of a record.
pub fn find(name: &str) -> Option<&'static Schema> {
    [EVENTS, OUTPUTS, INTERNALS].into_iter().flatten().find(|schema| schema.name == name)
}

/// The input events, in the order of the union that a journal holds.
pub static EVENTS: &[Schema] = &[
    Schema { name: "taxpayer_registered", version: 1, text: include_str!("../../schemas/taxpayer_registered.v1.avsc") },
    Schema { name: "taxpayer_changed", version: 1, text: include_str!("../../schemas/taxpayer_changed.v1.avsc") },
    Schema {
        name: "taxpayer_status_changed",
        version: 1,
        text: include_str!("../../schemas/taxpayer_status_changed.v1.avsc"),
    },
    Schema {
        name: "invoice_quota_granted",
        version: 1,
        text: include_str!("../../schemas/invoice_quota_granted.v1.avsc"),
    },
    Schema { name: "invoice_issued", version: 1, text: include_str!("../../schemas/invoice_issued.v1.avsc") },
    Schema { name: "invoice_voided", version: 1, text: include_str!("../../schemas/invoice_voided.v1.avsc") },
    Schema { name: "invoice_received", version: 1, text: include_str!("../../schemas/invoice_received.v1.avsc") },
    Schema { name: "invoice_deducted", version: 1, text: include_str!("../../schemas/invoice_deducted.v1.avsc") },
    Schema { name: "deduction_reversed", version: 1, text: include_str!("../../schemas/deduction_reversed.v1.avsc") },
    Schema {
        name: "invoice_marked_abnormal",
        version: 1,
        text: include_str!("../../schemas/invoice_marked_abnormal.v1.avsc"),
    },
    Schema { name: "invoice_mark_lifted", version: 1, text: include_str!("../../schemas/invoice_mark_lifted.v1.avsc") },
    Schema { name: "taxpayer_verified", version: 1, text: include_str!("../../schemas/taxpayer_verified.v1.avsc") },
    Schema { name: "vat_declared", version: 1, text: include_str!("../../schemas/vat_declared.v1.avsc") },
    Schema { name: "observed", version: 1, text: include_str!("../../schemas/observed.v1.avsc") },
    Schema { name: "org_defined", version: 1, text: include_str!("../../schemas/org_defined.v1.avsc") },
    Schema { name: "grid_defined", version: 1, text: include_str!("../../schemas/grid_defined.v1.avsc") },
    Schema { name: "officer_defined", version: 1, text: include_str!("../../schemas/officer_defined.v1.avsc") },
    Schema { name: "task_acted", version: 1, text: include_str!("../../schemas/task_acted.v1.avsc") },
    Schema { name: "rules_published", version: 1, text: include_str!("../../schemas/rules_published.v1.avsc") },
    Schema { name: "model_published", version: 1, text: include_str!("../../schemas/model_published.v1.avsc") },
];

/// What goes out.
pub static OUTPUTS: &[Schema] = &[
    Schema { name: "signal", version: 1, text: include_str!("../../schemas/signal.v1.avsc") },
    Schema { name: "case", version: 1, text: include_str!("../../schemas/case.v1.avsc") },
    Schema { name: "task", version: 1, text: include_str!("../../schemas/task.v1.avsc") },
    Schema { name: "notice", version: 1, text: include_str!("../../schemas/notice.v1.avsc") },
    Schema { name: "region_stats", version: 1, text: include_str!("../../schemas/region_stats.v1.avsc") },
    Schema { name: "dead_letter", version: 1, text: include_str!("../../schemas/dead_letter.v1.avsc") },
    Schema { name: "doubt", version: 1, text: include_str!("../../schemas/doubt.v1.avsc") },
    Schema { name: "audit_entry", version: 1, text: include_str!("../../schemas/audit_entry.v1.avsc") },
    Schema { name: "digest", version: 1, text: include_str!("../../schemas/digest.v1.avsc") },
];

/// What stays within the system.
pub static INTERNALS: &[Schema] = &[
    Schema { name: "journal_record", version: 5, text: include_str!("../../schemas/journal_record.v5.avsc") },
    Schema { name: "inbox_message", version: 5, text: include_str!("../../schemas/inbox_message.v5.avsc") },
];
