//! Rows about parties: a party's own, and those of a taxpayer about the parties it is tied to.

use serde::{Deserialize, Serialize};

use super::books::Books;
use super::dated::Dated;
use super::key::{Key, PartyKey};
use super::row::Beyond;
use crate::model::{
    Associate, Date, FirmRecord, Gang, GangTie, HAND_EXACT_MAX, Hand, Id, Instant, PartyKind, Period, Roles, TaxpayerId,
};

/// What a party knows of its firms as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartyHead {
    /// Firms tied to it, those closed in order left out.
    pub firms: u32,
    /// See [`Hand::represented`]; exact, as all counts here.
    pub represented: u32,
    /// See [`Hand::served`].
    pub served: u32,
    /// See [`Hand::bad`].
    pub bad: u32,
    /// See [`Hand::grade_d`].
    pub grade_d: u32,
    /// See [`Hand::together`].
    pub together: u32,
    /// What all its firms were told last, or are being told.
    pub told: Hand,
    /// By which firm they were told that their gang is named.
    pub gang: Gang,
    /// Event time of what changed last.
    pub at: Instant,
    /// While a telling goes on by steps: whether it is to begin anew when it has ended.
    pub telling: Option<bool>,
}

impl PartyHead {
    /// The counts as they are told, without names; nothing where there is but one firm.
    pub fn hand(&self) -> Hand {
        if self.firms < 2 {
            return Hand::default();
        }
        let told = |count: u32| if self.firms <= HAND_EXACT_MAX { count } else { rounded(count) };
        Hand {
            firms: told(self.firms),
            represented: told(self.represented),
            served: told(self.served),
            bad: told(self.bad),
            grade_d: told(self.grade_d),
            together: told(self.together),
            associates: Vec::new(),
        }
    }

    /// Counts a firm in, or out again.
    pub fn count(&mut self, member: &PartyMember, is_in: bool) {
        if !member.counts() {
            return;
        }
        let counts = [
            (&mut self.firms, true),
            (&mut self.represented, member.roles.represents()),
            (&mut self.served, !member.roles.represents()),
            (&mut self.bad, member.record.is_bad()),
            (&mut self.grade_d, member.record.has(FirmRecord::GRADE_D)),
        ];
        for (count, _) in counts.into_iter().filter(|(_, is_one)| *is_one) {
            *count = if is_in { *count + 1 } else { *count - 1 };
        }
    }
}

/// Down to a number of which the first two binary digits say all: 16, 24, 32, 48 and so on.
fn rounded(count: u32) -> u32 {
    let digits = 32 - count.leading_zeros();
    let dropped = digits.saturating_sub(2);
    count >> dropped << dropped
}

/// A firm that a party is tied to, as it last told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartyMember {
    /// By what.
    pub roles: Roles,
    /// When it registered, where that is known.
    pub registered_on: Option<Date>,
    /// What is known against it.
    pub record: FirmRecord,
    /// By which firm it names its gang, where this party is a hand that holds it.
    pub gang: Gang,
    /// See [`crate::model::Tie::number`].
    pub number: u32,
}

impl PartyMember {
    /// Whether it counts among the party's firms.
    pub fn counts(&self) -> bool {
        !self.roles.is_empty() && !self.record.is_closed()
    }

    /// As others are told of it.
    pub fn associate(&self, taxpayer_id: TaxpayerId) -> Associate {
        Associate { taxpayer_id, roles: self.roles, record: self.record }
    }
}

/// A taxpayer's tie to a party, as it told the party, and what that told of its other firms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TieRow {
    /// What the party is.
    pub kind: PartyKind,
    /// By what.
    pub roles: Roles,
    /// What the party knows.
    pub hand: Hand,
    /// By which firm it says that the gang is named.
    pub gang: Gang,
    /// What it was told of that; `None` before it was told anything of what stands here.
    pub told: Option<Gang>,
    /// See [`crate::model::Tie::number`].
    pub number: u32,
}

/// Somebody in a role of a firm, and their phone.
pub type Officer = (Id, Option<Id>);

/// Who and where a taxpayer is by its papers, for its parties.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Papers {
    /// By role, in the order of the contract: the people in it, each with their phone. At most [`ROLE_PEOPLE_MAX`].
    pub people: [Dated<Vec<Officer>>; 4],
    /// Its address, without the region.
    pub address: Dated<Option<Id>>,
    /// What its parties were told of it last.
    pub told: (Option<Date>, FirmRecord),
    /// By which firm its gang is named; by none where no hand holds it together with others.
    pub gang: Gang,
    /// What the gang's case was told: of which gang it is, and a hash of what else.
    pub joined: (TaxpayerId, u64),
    /// Ties so far, each closing of the firm counted as well.
    pub ties: u32,
}

/// What a case knows of a gang before there is anything to publish of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GangHead {
    /// Firms of it.
    pub firms: u64,
    /// Of those, with a finding that makes a case of it.
    pub strong: u64,
}

/// An identifier of a subject: whose books a later one leads to, or under which one an invoice was issued.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject(pub TaxpayerId);

/// The ties of a firm of a gang.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GangMember {
    /// Whether a finding against it makes a case of the gang.
    pub strong: bool,
    /// The hands that hold it.
    pub ties: Vec<GangTie>,
}

/// People in one role of a firm that are followed.
pub const ROLE_PEOPLE_MAX: usize = 4;

/// Devices that a taxpayer issues from, those it used latest: [`DEVICES_MAX`] of each kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Devices {
    /// The latest month of any.
    pub latest: Period,
    /// Hardware addresses, the one used latest first, each with the last month of its use.
    pub hardware: Vec<(Period, Id)>,
    /// Network addresses.
    pub network: Vec<(Period, Id)>,
}

/// Ties of a taxpayer, at most: people in four roles with a phone each, an address, and devices.
pub const TIES_MAX: usize = 4 * ROLE_PEOPLE_MAX * 2 + 1 + 2 * DEVICES_MAX;

impl Books<'_> {
    /// The parties a taxpayer is tied to, in the order of their ids.
    pub fn ties(&mut self) -> Vec<Id> {
        let (from, to) = (Key::Party(PartyKey::Tie(Id::EMPTY)), Key::Party(PartyKey::Tie(Id::LAST)));
        let keys = self.scan(&from, &to, TIES_MAX).into_iter();
        keys.filter_map(|key| if let Key::Party(PartyKey::Tie(party)) = key { Some(party) } else { None }).collect()
    }
}

/// Devices of a kind that are kept of a taxpayer.
pub const DEVICES_MAX: usize = 8;

impl Beyond for PartyHead {
    fn beyond_bytes(&self) -> usize {
        self.told.associates.capacity() * size_of::<Associate>()
    }
}
impl Beyond for PartyMember {}
impl Beyond for GangHead {}
impl Beyond for Subject {}
impl Beyond for GangMember {
    fn beyond_bytes(&self) -> usize {
        self.ties.capacity() * size_of::<GangTie>()
    }
}
impl Beyond for TieRow {
    fn beyond_bytes(&self) -> usize {
        self.hand.associates.capacity() * size_of::<Associate>()
    }
}
impl Beyond for Papers {
    fn beyond_bytes(&self) -> usize {
        let people = |role: &Dated<Vec<Officer>>| role.value.as_ref().map_or(0, Vec::capacity);
        self.people.iter().map(people).sum::<usize>() * size_of::<Officer>()
    }
}
impl Beyond for Devices {
    fn beyond_bytes(&self) -> usize {
        (self.hardware.capacity() + self.network.capacity()) * size_of::<(Period, Id)>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_of_many_changes_seldom() {
        assert_eq!([0, 1, 3, 4, 5, 16, 17, 24, 31, 33, 100].map(rounded), [0, 1, 3, 4, 4, 16, 16, 24, 24, 32, 96]);
        let told: std::collections::BTreeSet<u32> = (17..100_000).map(rounded).collect();
        assert!(told.len() < 30);
    }
}
