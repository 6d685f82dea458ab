//! Which facts are kept as history.

/// Kinds of facts kept as history, to be told apart when they come again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "one for each event type that has no row of its own")]
pub enum HistoryOf {
    Registered,
    Changed,
    StatusChanged,
    QuotaGranted,
    MarkedAbnormal,
    MarkLifted,
    Verified,
    Declared,
    Observed,
    Defined,
    Acted,
    Published,
    /// Of a fact of any type that was handed on to the subject's books; not the fact itself.
    Forwarded,
}

impl HistoryOf {
    /// In the order of their numbers in a key.
    pub(super) const ALL: [Self; 13] = [
        Self::Registered,
        Self::Changed,
        Self::StatusChanged,
        Self::QuotaGranted,
        Self::MarkedAbnormal,
        Self::MarkLifted,
        Self::Verified,
        Self::Declared,
        Self::Observed,
        Self::Defined,
        Self::Acted,
        Self::Published,
        Self::Forwarded,
    ];

    /// The event type whose facts are kept so; `None` for those that no taxpayer has, or of which only that they came is kept.
    pub fn type_name(self) -> Option<&'static str> {
        Some(match self {
            Self::Registered => "taxpayer_registered",
            Self::Changed => "taxpayer_changed",
            Self::StatusChanged => "taxpayer_status_changed",
            Self::QuotaGranted => "invoice_quota_granted",
            Self::MarkedAbnormal => "invoice_marked_abnormal",
            Self::MarkLifted => "invoice_mark_lifted",
            Self::Verified => "taxpayer_verified",
            Self::Declared => "vat_declared",
            Self::Observed => "observed",
            Self::Defined | Self::Acted | Self::Published | Self::Forwarded => return None,
        })
    }
}
