//! The names that the contract gives to input events and their fields, so that a mapping with a slip of the pen is
//! refused before it loses a column. What the fields may hold is checked by `codec`, event by event.

/// An event type and its own fields, and whether each is required.
pub(super) struct EventType {
    /// As in `type`.
    pub name: &'static str,
    /// Fields that must be there, apart from `occurred_at`.
    pub required: &'static [&'static str],
    /// Fields that may be there, apart from `event_id` and `source_system`.
    pub optional: &'static [&'static str],
}

impl EventType {
    /// The type of a name.
    pub(super) fn find(name: &str) -> Result<&'static Self, String> {
        EVENT_TYPES.iter().find(|known| known.name == name).ok_or_else(|| {
            let known: Vec<&str> = EVENT_TYPES.iter().map(|known| known.name).collect();
            format!("there is no event type `{name}`; there are {}", known.join(", "))
        })
    }

    /// Checks that fields are the event's, and that none is missing.
    pub(super) fn check<'a>(&self, fields: impl Iterator<Item = &'a str>) -> Result<(), String> {
        let given: Vec<&str> = fields.collect();
        let known =
            || ["occurred_at"].iter().chain(self.required).chain(self.optional).chain(&["event_id", "source_system"]);
        if let Some(unknown) = given.iter().find(|name| !known().any(|known| known == *name)) {
            let known: Vec<&str> = known().copied().collect();
            return Err(format!("{} has no field `{unknown}`; it has {}", self.name, known.join(", ")));
        }
        match ["occurred_at"].iter().chain(self.required).find(|name| !given.contains(name)) {
            Some(missing) => Err(format!("{} needs the field `{missing}`", self.name)),
            None => Ok(()),
        }
    }
}

/// The input events of the contract that files may hold.
pub(super) const EVENT_TYPES: [EventType; 20] = [
    EventType {
        name: "taxpayer_registered",
        required: &[
            "taxpayer_id",
            "name",
            "registered_on",
            "industry",
            "region",
            "address",
            "capital_fen",
            "kind",
            "people",
        ],
        optional: &["street", "credit_grade"],
    },
    EventType {
        name: "taxpayer_changed",
        required: &["taxpayer_id"],
        optional: &[
            "name",
            "industry",
            "region",
            "street",
            "address",
            "capital_fen",
            "kind",
            "credit_grade",
            "people",
            "former_taxpayer_id",
        ],
    },
    EventType { name: "taxpayer_status_changed", required: &["taxpayer_id", "status"], optional: &["reason"] },
    EventType {
        name: "invoice_quota_granted",
        required: &["taxpayer_id", "invoice_kind", "max_amount_fen", "monthly_count"],
        optional: &[],
    },
    EventType {
        name: "invoice_issued",
        required: &["invoice_no", "invoice_kind", "seller_id", "lines", "amount_fen", "tax_fen"],
        optional: &["buyer_id", "device", "issuer_person_id", "red_of", "remark"],
    },
    EventType { name: "invoice_voided", required: &["invoice_no", "seller_id"], optional: &[] },
    EventType { name: "invoice_received", required: &["invoice_no", "buyer_id"], optional: &["seller_id"] },
    EventType {
        name: "invoice_deducted",
        required: &["invoice_no", "buyer_id", "period", "tax_fen", "purpose"],
        optional: &["seller_id"],
    },
    EventType {
        name: "deduction_reversed",
        required: &["invoice_no", "buyer_id", "period", "tax_fen", "reason"],
        optional: &["seller_id"],
    },
    EventType { name: "invoice_marked_abnormal", required: &["invoice_no", "seller_id", "reason"], optional: &[] },
    EventType { name: "invoice_mark_lifted", required: &["invoice_no", "seller_id", "reason"], optional: &[] },
    EventType { name: "taxpayer_verified", required: &["taxpayer_id", "subject", "outcome"], optional: &["reason"] },
    EventType {
        name: "vat_declared",
        required: &[
            "taxpayer_id",
            "period",
            "sales_fen",
            "output_tax_fen",
            "input_tax_fen",
            "transferred_out_fen",
            "payable_tax_fen",
        ],
        optional: &[],
    },
    EventType {
        name: "observed",
        required: &["taxpayer_id", "source", "metric", "period", "value", "unit"],
        optional: &[],
    },
    EventType { name: "org_defined", required: &["org_id", "name", "level", "regions"], optional: &["parent_id"] },
    EventType {
        name: "grid_defined",
        required: &["grid_id", "org_id", "name", "kind"],
        optional: &["regions", "industries", "taxpayers"],
    },
    EventType {
        name: "officer_defined",
        required: &["officer_id", "name", "posts", "expertise", "active"],
        optional: &["person_id"],
    },
    EventType {
        name: "task_acted",
        required: &["event_id", "task_id", "officer_id", "action"],
        optional: &["verdict", "recovered_tax_fen", "reason", "to_officer_id", "evidence"],
    },
    EventType { name: "rules_published", required: &["version", "rules"], optional: &[] },
    EventType { name: "model_published", required: &["version", "model"], optional: &[] },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec;

    #[test]
    fn a_slip_of_the_pen_is_told_with_what_is_allowed() {
        let voided = EventType::find("invoice_voided").unwrap();
        assert_eq!(voided.check(["occurred_at", "invoice_no", "seller_id", "source_system"].into_iter()), Ok(()));
        let why = voided.check(["occurred_at", "invoice_no", "selle_id"].into_iter()).unwrap_err();
        assert!(why.contains("no field `selle_id`; it has occurred_at, invoice_no, seller_id, event_id"), "{why}");
        let why = voided.check(["occurred_at", "invoice_no"].into_iter()).unwrap_err();
        assert!(why.contains("needs the field `seller_id`"), "{why}");
        assert!(EventType::find("invoice_issue").is_err_and(|why| why.contains("there are taxpayer_registered, ")));
    }

    #[test]
    fn the_codec_knows_every_type_of_the_list() {
        for known in &EVENT_TYPES {
            let line = format!(r#"{{"type":"{}","occurred_at":"2026-03-01T09:12:33+08:00"}}"#, known.name);
            let why = codec::json::read_event(line.as_bytes()).unwrap_err();
            assert_ne!(why.field, "type", "{}: {}", known.name, why.reason);
        }
    }
}
