//! Parties: the people, phones, addresses and devices behind taxpayers, and what a taxpayer and its parties tell each
//! other. A party is named by a hash of what it is: the value itself only serves matching and is kept nowhere else.

use core::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::{CreditGrade, Date, Id, Instant, Status, TaxpayerId, address};

/// What kind of thing ties taxpayers together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum PartyKind {
    /// Somebody in one of the four roles of a firm 四员.
    Person,
    /// Their phone.
    Phone,
    /// Where a firm is registered: one room.
    Address,
    /// The device it issues from, by its hardware address (MAC).
    HardwareAddress,
    /// The network address (IP) it issues from.
    NetworkAddress,
}

impl PartyKind {
    /// Its name in identifiers and outputs.
    pub fn code(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Phone => "phone",
            Self::Address => "address",
            Self::HardwareAddress => "hardware_address",
            Self::NetworkAddress => "network_address",
        }
    }

    /// The party of this kind that a text names; `None` where it names nothing that two firms could share.
    pub fn named(self, text: &str) -> Option<Id> {
        let value = match self {
            Self::Person => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
            Self::Phone => phone(text),
            Self::Address => address::normalised(text),
            Self::HardwareAddress => hardware_address(text),
            Self::NetworkAddress => network_address(text),
        }?;
        Some(Id::derived("party", &[self.code(), &value]))
    }
}

/// Digits without what stands before them abroad; other texts as they are. A row of one digit is nobody's number.
fn phone(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    if digits.len() < 7 {
        return Some(text.trim().to_owned()).filter(|text| text.chars().any(|c| c.is_alphanumeric() && c != '0'));
    }
    let digits = digits.strip_prefix("00").unwrap_or(&digits);
    let national = digits.strip_prefix("86").filter(|rest| rest.len() >= 10).unwrap_or(digits);
    let first = national.chars().next()?;
    (!national.chars().all(|digit| digit == first)).then(|| national.to_owned())
}

/// Twelve hexadecimal digits, however they are parted; not the addresses that stand for none.
fn hardware_address(text: &str) -> Option<String> {
    let digits: String =
        text.chars().filter(|c| !matches!(c, ':' | '-' | '.' | ' ')).map(|c| c.to_ascii_uppercase()).collect();
    let none = digits.chars().all(|digit| digit == '0') || digits.chars().all(|digit| digit == 'F');
    (!none).then_some(digits)
}

/// An address that the whole network knows: those of a firm's own network recur in every other firm's.
fn network_address(text: &str) -> Option<String> {
    let address: IpAddr = text.trim().parse().ok()?;
    let public = match address {
        IpAddr::V4(v4) => {
            !(v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_unspecified() || v4.is_broadcast())
        }
        // Unique local addresses are fc00::/7, link-local ones fe80::/10.
        IpAddr::V6(v6) => {
            let head = v6.segments()[0];
            !(v6.is_loopback() || v6.is_unspecified() || head & 0xfe00 == 0xfc00 || head & 0xffc0 == 0xfe80)
        }
    };
    public.then(|| address.to_string())
}

/// By what a taxpayer is tied to a party: any of seven.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Roles(pub u8);

impl Roles {
    /// 法定代表人, or their phone.
    pub const REPRESENTATIVE: Self = Self(1);
    /// 财务负责人.
    pub const FINANCE_OFFICER: Self = Self(2);
    /// 办税人员.
    pub const TAX_HANDLER: Self = Self(4);
    /// 领票人.
    pub const INVOICE_COLLECTOR: Self = Self(8);
    /// Registered there.
    pub const PREMISES: Self = Self(16);
    /// Issues from it.
    pub const ISSUES: Self = Self(32);

    /// Both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether one of them is that of the legal representative.
    pub fn represents(self) -> bool {
        self.0 & Self::REPRESENTATIVE.0 != 0
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    const NAMES: [(&str, Self); 6] = [
        ("legal_representative", Self::REPRESENTATIVE),
        ("finance_officer", Self::FINANCE_OFFICER),
        ("tax_handler", Self::TAX_HANDLER),
        ("invoice_collector", Self::INVOICE_COLLECTOR),
        ("premises", Self::PREMISES),
        ("issues", Self::ISSUES),
    ];

    /// Their names in outputs, in the order of the contract.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMES.into_iter().filter(move |(_, role)| self.0 & role.0 != 0).map(|(name, _)| name)
    }

    /// The one of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, role)| *role)
    }
}

/// What is known against a firm that its parties ought to know, and whether it is there at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FirmRecord(pub u8);

impl FirmRecord {
    /// 走逃失联.
    pub const MISSING: Self = Self(1);
    /// 非正常.
    pub const ABNORMAL: Self = Self(2);
    /// 注销.
    pub const DEREGISTERED: Self = Self(4);
    /// Credit grade D.
    pub const GRADE_D: Self = Self(8);
    /// Stands accused as a source.
    pub const ACCUSED: Self = Self(16);

    /// Of a firm of this status and grade, accused or not.
    pub fn of(status: Option<Status>, grade: Option<CreditGrade>, accused: bool) -> Self {
        let status = match status {
            Some(Status::Missing) => Self::MISSING,
            Some(Status::Abnormal) => Self::ABNORMAL,
            Some(Status::Deregistered) => Self::DEREGISTERED,
            Some(Status::Normal) | None => Self::default(),
        };
        let marks = [(grade == Some(CreditGrade::D), Self::GRADE_D), (accused, Self::ACCUSED)];
        marks.into_iter().filter(|(has, _)| *has).fold(status, |record, (_, mark)| record.and(mark))
    }

    /// Both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether it has this mark.
    pub fn has(self, mark: Self) -> bool {
        self.0 & mark.0 != 0
    }

    /// Missing, abnormal, or accused as a source.
    pub fn is_bad(self) -> bool {
        self.has(Self(Self::MISSING.0 | Self::ABNORMAL.0 | Self::ACCUSED.0))
    }

    /// Closed in order: it counts among nobody's firms any more.
    pub fn is_closed(self) -> bool {
        self.has(Self::DEREGISTERED) && !self.is_bad()
    }
}

/// A taxpayer tells a party how it is tied to it: all in all, so that hearing it twice does no harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tie {
    /// Who.
    pub taxpayer_id: TaxpayerId,
    /// What the party is.
    pub kind: PartyKind,
    /// In which roles; none where it is tied no longer.
    pub roles: Roles,
    /// When the firm registered, where that is known.
    pub registered_on: Option<Date>,
    /// What is known against it.
    pub record: FirmRecord,
    /// The firm its gang is named by, where this party is one of the hands that hold it together.
    pub gang: Gang,
    /// Which of its ties this is, by the firm's own count: what the party says of it comes back under this number, so that
    /// what was said of an earlier one is not taken for it.
    pub number: u32,
    /// Event time of what changed.
    pub at: Instant,
}

/// A party tells a firm tied to it what it knows of all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shared {
    /// Which party.
    pub party_id: Id,
    /// What it knows.
    pub hand: Hand,
    /// The least that its firms name their gang by.
    pub gang: Gang,
    /// The number of the tie, as the firm gave it.
    pub number: u32,
    /// Event time of what changed.
    pub at: Instant,
}

/// What is known of the firms that one party is tied to, those closed in order left out. Nothing while there is but one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hand {
    /// How many: exact up to [`HAND_EXACT_MAX`], beyond that rounded down, as all counts here are, so that one firm more
    /// need not be told to all others.
    pub firms: u32,
    /// Of those, tied by the role of legal representative.
    pub represented: u32,
    /// Of those, tied by other roles only.
    pub served: u32,
    /// Of those, missing, abnormal, or accused as a source.
    pub bad: u32,
    /// Of those, of credit grade D.
    pub grade_d: u32,
    /// Firms registered within a week after another of them.
    pub together: u32,
    /// The firms themselves, in the order of their ids; none where there are more than [`HAND_EXACT_MAX`].
    pub associates: Vec<Associate>,
}

/// A firm that a party is tied to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Associate {
    /// Which.
    pub taxpayer_id: TaxpayerId,
    /// By what.
    pub roles: Roles,
    /// What is known against it.
    pub record: FirmRecord,
}

/// By which firm a gang is named: the one with the least id among all that hang together, over so many hands. Counting
/// the hands is what makes a name vanish when the firm it stands for hangs together with the others no longer: who hears
/// of it only from others who heard of it counts further than is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gang {
    /// Which firm; [`Id::EMPTY`] for none.
    pub firm: TaxpayerId,
    /// Hands between it and who says so.
    pub hops: u8,
}

impl Gang {
    /// None.
    pub const NONE: Self = Self { firm: Id::EMPTY, hops: 0 };

    /// Whether there is none.
    pub fn is_none(self) -> bool {
        self.firm.is_empty()
    }

    /// The one by the lesser firm, or else the nearer.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        let place = |gang: Self| (gang.is_none(), gang.firm, gang.hops);
        if place(other) < place(self) { other } else { self }
    }

    /// As the firms of a hand hear of it, that has it from another; none beyond so many hands.
    #[must_use]
    pub fn further(self, hops_max: i64) -> Self {
        if self.is_none() || i64::from(self.hops) >= hops_max {
            Self::NONE
        } else {
            Self { hops: self.hops + 1, ..self }
        }
    }
}

impl Default for Gang {
    fn default() -> Self {
        Self::NONE
    }
}

/// A firm tells the case of its gang of itself, all in all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// By which firm the gang is named.
    pub gang: TaxpayerId,
    /// Who tells.
    pub taxpayer_id: TaxpayerId,
    /// Whether it is of the gang; `false` where it is no longer.
    pub is_in: bool,
    /// Hands between it and the firm that the gang is named by.
    pub hops: u8,
    /// Whether a finding of a shared hand that stands against it is strong enough to make a case of the gang.
    pub strong: bool,
    /// The hands that tie it.
    pub ties: Vec<GangTie>,
    /// Event time of what changed.
    pub at: Instant,
}

/// A hand that ties a firm to its gang.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GangTie {
    /// Which party.
    pub party_id: Id,
    /// What it is.
    pub kind: PartyKind,
    /// By what the firm is tied to it.
    pub roles: Roles,
}

/// Of more firms than this a party passes no name of a gang on.
pub const GANG_HAND_MAX: u32 = 512;
/// Up to so many firms a party tells each of every change, and of each by name.
pub const HAND_EXACT_MAX: u32 = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_thing_is_the_same_party_however_it_is_written() {
        let same = |kind: PartyKind, texts: &[&str]| {
            let ids: Vec<_> = texts.iter().map(|text| kind.named(text)).collect();
            assert!(ids[0].is_some() && ids.iter().all(|id| *id == ids[0]), "{texts:?}: {ids:?}");
        };
        same(PartyKind::Phone, &["13800138000", "+86 138-0013-8000", "0086 13800138000", " 138 0013 8000 "]);
        same(PartyKind::Phone, &["0755-26780000", "(0755) 26780000"]);
        same(PartyKind::HardwareAddress, &["00:1a:2b:3c:4d:5e", "00-1A-2B-3C-4D-5E", "001A.2B3C.4D5E"]);
        same(PartyKind::NetworkAddress, &["113.87.1.2", " 113.87.1.2"]);
        same(PartyKind::Person, &["P1", " P1 "]);
    }

    #[test]
    fn what_stands_for_nothing_ties_nobody() {
        let none = [
            (PartyKind::Phone, &["", "-", "00000000000", "11111111"][..]),
            (PartyKind::HardwareAddress, &["00:00:00:00:00:00", "FF-FF-FF-FF-FF-FF", ""]),
            (PartyKind::NetworkAddress, &["10.1.2.3", "192.168.0.1", "127.0.0.1", "fe80::1", "fd00::1", "unknown"]),
            (PartyKind::Person, &["", " "]),
            (PartyKind::Address, &["", "无", "-"]),
        ];
        for (kind, texts) in none {
            for text in texts {
                assert_eq!(kind.named(text), None, "{kind:?} {text}");
            }
        }
    }

    #[test]
    fn a_firm_that_closed_in_order_is_gone_and_one_that_closed_under_suspicion_is_not() {
        let closed = FirmRecord::DEREGISTERED;
        assert!(closed.is_closed() && !closed.and(FirmRecord::ACCUSED).is_closed());
        assert!(!FirmRecord::GRADE_D.is_bad() && FirmRecord::MISSING.is_bad());
    }
}
