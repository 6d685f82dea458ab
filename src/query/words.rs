//! The contract's words for what the model has as variants.

use crate::model::{
    About, ChainRole, CreditGrade, InvoiceKind, Purpose, Role, SignalStatus, Status, TaskStatus, TaxpayerKind,
    VerificationOutcome,
};

/// `special`, `ordinary` and so on.
pub fn invoice_kind(kind: InvoiceKind) -> &'static str {
    match kind {
        InvoiceKind::Special => "special",
        InvoiceKind::Ordinary => "ordinary",
        InvoiceKind::FarmPurchase => "farm_purchase",
        InvoiceKind::Toll => "toll",
        InvoiceKind::Vehicle => "vehicle",
        InvoiceKind::Transport => "transport",
        InvoiceKind::Other => "other",
    }
}

/// `deduct`, `export_refund`, `not_deductible`.
pub fn purpose(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Deduct => "deduct",
        Purpose::ExportRefund => "export_refund",
        Purpose::NotDeductible => "not_deductible",
    }
}

/// `general`, `small_scale`.
pub fn taxpayer_kind(kind: TaxpayerKind) -> &'static str {
    match kind {
        TaxpayerKind::General => "general",
        TaxpayerKind::SmallScale => "small_scale",
    }
}

/// The grade's letter.
pub fn credit_grade(grade: CreditGrade) -> &'static str {
    match grade {
        CreditGrade::A => "A",
        CreditGrade::B => "B",
        CreditGrade::M => "M",
        CreditGrade::C => "C",
        CreditGrade::D => "D",
    }
}

/// `normal`, `abnormal`, `missing`, `deregistered`.
pub fn status(status: Status) -> &'static str {
    match status {
        Status::Normal => "normal",
        Status::Abnormal => "abnormal",
        Status::Missing => "missing",
        Status::Deregistered => "deregistered",
    }
}

/// The four officers of a firm.
pub fn officer(role: Role) -> &'static str {
    match role {
        Role::LegalRepresentative => "legal_representative",
        Role::FinanceOfficer => "finance_officer",
        Role::TaxHandler => "tax_handler",
        Role::InvoiceCollector => "invoice_collector",
    }
}

/// `genuine`, `false`.
pub fn outcome(outcome: VerificationOutcome) -> &'static str {
    match outcome {
        VerificationOutcome::Genuine => "genuine",
        VerificationOutcome::False => "false",
    }
}

/// Place in a chain.
pub fn chain_role(role: ChainRole) -> &'static str {
    match role {
        ChainRole::Source => "source",
        ChainRole::Washer => "washer",
        ChainRole::Beneficiary => "beneficiary",
        ChainRole::Associate => "associate",
    }
}

/// `open`, `withdrawn`.
pub fn signal_status(status: SignalStatus) -> &'static str {
    match status {
        SignalStatus::Open => "open",
        SignalStatus::Withdrawn => "withdrawn",
    }
}

/// `open`, `withdrawn`.
pub fn task_status(status: TaskStatus) -> &'static str {
    match status {
        TaskStatus::Open => "open",
        TaskStatus::Withdrawn => "withdrawn",
    }
}

/// What a finding is about: an invoice and whose, a month, an origin.
pub fn about(about: &About) -> String {
    match about {
        About::Invoice { seller_id, invoice_no } if seller_id.is_empty() => format!("invoice {invoice_no}"),
        About::Invoice { seller_id, invoice_no } => format!("invoice {invoice_no} of {seller_id}"),
        About::Period(period) => period.to_string(),
        About::Origin(origin) => format!("value of {origin}"),
        About::Party(party) => format!("party {party}"),
    }
}
