//! What ties a taxpayer to others: the people of its papers, their phones, its address, the devices it issues from. Each
//! such party is told when the taxpayer begins or ceases to be tied to it and when its record changes; what the party knows
//! of its other firms comes back, and has the findings about it asked again.

use std::collections::BTreeMap;

use super::Step;
use crate::fold::register::hash;
use crate::model::{
    About, Date, Device, Entity, FirmRecord, Gang, GangTie, Hand, Id, Instant, Kind, Membership, Message, PartyKind,
    Period, Person, Role, Roles, Shared, Tie,
};
use crate::risk::gang_case;
use crate::state::{DEVICES_MAX, Devices, Key, Papers, PartyKey, ROLE_PEOPLE_MAX, SignalOrder, TieRow};

const PAPERS: Key = Key::Party(PartyKey::Papers);
const DEVICES: Key = Key::Party(PartyKey::Devices);

/// The four roles, in the order of the contract and of [`Papers::people`].
const ROLES: [(Role, Roles); 4] = [
    (Role::LegalRepresentative, Roles::REPRESENTATIVE),
    (Role::FinanceOfficer, Roles::FINANCE_OFFICER),
    (Role::TaxHandler, Roles::TAX_HANDLER),
    (Role::InvoiceCollector, Roles::INVOICE_COLLECTOR),
];

impl Step<'_> {
    /// Notes who is in which role since when: a paper replaces the roles that it names.
    pub(super) fn note_people(&mut self, people: &[Person], at: Instant) {
        self.parties_due = true;
        for (place, (role, _)) in ROLES.into_iter().enumerate() {
            let of_role = people.iter().filter(|person| person.role == role);
            let named: Vec<_> = of_role
                .filter_map(|person| {
                    let phone = person.phone.as_deref().and_then(|phone| PartyKind::Phone.named(phone));
                    Some((PartyKind::Person.named(&person.person_id)?, phone))
                })
                .take(ROLE_PEOPLE_MAX)
                .collect();
            if people.iter().any(|person| person.role == role) {
                self.books.edit_or_new::<Papers>(PAPERS).0.people[place].say(named, at);
            }
        }
    }

    /// Notes where it is since when.
    pub(super) fn note_address(&mut self, address: &str, at: Instant) {
        self.parties_due = true;
        self.books.edit_or_new::<Papers>(PAPERS).0.address.say(PartyKind::Address.named(address), at);
    }

    /// Notes what an invoice was issued from. Nearly all are issued from what the last one was: then it is known already.
    pub(super) fn note_device(&mut self, device: &Device, at: Instant) {
        let seen = fingerprint(device, at.period());
        if self.profile.device_seen == seen {
            return;
        }
        self.profile.device_seen = seen;
        let hardware = device.mac.as_deref().and_then(|mac| PartyKind::HardwareAddress.named(mac));
        let network = device.ip.as_deref().and_then(|ip| PartyKind::NetworkAddress.named(ip));
        if hardware.is_none() && network.is_none() {
            return;
        }
        let (month, months) = (at.period(), self.rules.limits.device_months);
        let (devices, _) = self.books.edit_or_new::<Devices>(DEVICES);
        devices.latest = devices.latest.max(month);
        let first = devices.latest.minus(months);
        let changes = [(&mut devices.hardware, hardware), (&mut devices.network, network)];
        let changes = changes.map(|(known, used)| use_device(known, used, month, first));
        self.parties_due |= changes.contains(&true);
    }

    /// Tells its parties what has changed since they were told, and by which firm its gang is named: nearly always nothing.
    pub(super) fn tell_parties(&mut self, was_accused: bool) {
        if !self.parties_due && self.profile.flag.is_some() == was_accused {
            return;
        }
        // All that was touched has been judged.
        self.touched.clear();
        let told = (self.profile.registered_on, self.profile.record());
        let (papers, _) = self.books.edit_or_new::<Papers>(PAPERS);
        let is_news = std::mem::replace(&mut papers.told, told) != told;
        let papers_number = papers.ties;
        let (mut wanted, mut number, mut changed) = (self.parties(), papers_number, false);
        for party in self.books.ties() {
            let key = Key::Party(PartyKey::Tie(party));
            // Nearly all stay as they are: what is not changed is not written again.
            let Some(tie) = self.books.find::<TieRow>(&key) else { continue };
            let wanted = wanted.remove(&party);
            if !is_news && wanted.is_some_and(|(_, roles)| roles == tie.roles) {
                continue;
            }
            let Some(tie) = self.books.edit::<TieRow>(&key) else { continue };
            let Some((_, roles)) = wanted else {
                let ended = TieRow { roles: Roles::default(), ..tie.clone() };
                self.books.remove(&key);
                self.tell_party(party, &ended, Gang::NONE, told);
                self.touch(About::Party(party));
                changed = true;
                continue;
            };
            // Parties forget a firm that has closed, and it forgets what they said.
            if told.1.is_closed() && is_news {
                number += 1;
                (tie.hand, tie.gang, tie.number) = (Hand::default(), Gang::NONE, number);
            }
            if tie.roles != roles || is_news {
                tie.roles = roles;
                tie.told = None;
                changed = true;
            }
        }
        for (party, (kind, roles)) in wanted {
            number += 1;
            let tie = TieRow { kind, roles, hand: Hand::default(), gang: Gang::NONE, told: None, number };
            self.books.put(Key::Party(PartyKey::Tie(party)), tie);
        }
        self.books.edit_or_new::<Papers>(PAPERS).0.ties = number;
        if changed {
            self.touch_ties();
        }
        self.name_gang(told);
        self.judge_touched();
        self.tell_gang();
    }

    /// Names its gang by the least firm that it hears of over the hands that hold it, itself among them, and tells all its
    /// parties that do not know.
    fn name_gang(&mut self, told: (Option<Date>, FirmRecord)) {
        let ties = self.held_ties();
        let this = self.books.entity.id;
        let mut gang = if ties.is_empty() { Gang::NONE } else { Gang { firm: this, hops: 0 } };
        let hops_max = self.rules.gang_hops_max();
        for (party, _) in &ties {
            let said = self.books.find::<TieRow>(&Key::Party(PartyKey::Tie(*party))).map(|tie| tie.gang);
            gang = gang.or(said.unwrap_or_default().further(hops_max));
        }
        let (papers, _) = self.books.edit_or_new::<Papers>(PAPERS);
        let is_renamed = std::mem::replace(&mut papers.gang, gang).firm != gang.firm;
        for party in self.books.ties() {
            let holds = ties.iter().any(|(held, _)| *held == party);
            let named = if holds { gang } else { Gang::NONE };
            let key = Key::Party(PartyKey::Tie(party));
            let Some(tie) = self.books.find::<TieRow>(&key) else { continue };
            if tie.told != Some(named) {
                let tie = TieRow { told: Some(named), ..tie.clone() };
                self.tell_party(party, &tie, named, told);
                self.books.put(key, tie);
            }
            if is_renamed {
                self.touch(About::Party(party));
            }
        }
    }

    /// The ties to hands that hold it together with others.
    fn held_ties(&mut self) -> Vec<(Id, GangTie)> {
        if self.profile.record().is_closed() {
            return Vec::new();
        }
        let mut held = Vec::new();
        for party in self.books.ties() {
            let Some(tie) = self.books.find::<TieRow>(&Key::Party(PartyKey::Tie(party))) else { continue };
            if self.rules.is_held(tie) {
                held.push((party, GangTie { party_id: party, kind: tie.kind, roles: tie.roles }));
            }
        }
        held
    }

    /// Tells the case of its gang of itself, where it was told otherwise; and the one that it was of, that it is no longer.
    fn tell_gang(&mut self) {
        let best = self.first_of(SignalOrder::Score("shared_control"), 1).first().map_or(0, |(place, _)| -place);
        let strong = best >= i64::from(self.rules.limits.level_scores[1]);
        let ties: Vec<GangTie> = self.held_ties().into_iter().map(|(_, tie)| tie).collect();
        let Some(papers) = self.books.find::<Papers>(&PAPERS) else { return };
        let (gang, joined) = (papers.gang, papers.joined);
        let said = format!("{strong} {} {ties:?}", gang.hops);
        let now = (gang.firm, if gang.is_none() { 0 } else { hash(&[&said]) });
        if now == joined {
            return;
        }
        self.books.edit_or_new::<Papers>(PAPERS).0.joined = now;
        let (taxpayer_id, at) = (self.books.entity.id, self.now);
        if joined.0 != gang.firm && !joined.0.is_empty() {
            let left =
                Membership { gang: joined.0, taxpayer_id, is_in: false, hops: 0, strong: false, ties: Vec::new(), at };
            self.send(Entity::case(gang_case(joined.0)), Message::Joined(Box::new(left)));
        }
        if !gang.is_none() {
            let is = Membership { gang: gang.firm, taxpayer_id, is_in: true, hops: gang.hops, strong, ties, at };
            self.send(Entity::case(gang_case(gang.firm)), Message::Joined(Box::new(is)));
        }
    }

    fn tell_party(&mut self, party: Id, tie: &TieRow, gang: Gang, told: (Option<Date>, FirmRecord)) {
        let TieRow { kind, roles, number, .. } = *tie;
        let (taxpayer_id, at) = (self.books.entity.id, self.now);
        let tie = Tie { taxpayer_id, kind, roles, registered_on: told.0, record: told.1, gang, number, at };
        self.send(Entity { kind: Kind::Party, id: party }, Message::Tied(Box::new(tie)));
    }

    /// The parties it is tied to by its papers and by what it issues from, each with what the party is and by what.
    fn parties(&mut self) -> BTreeMap<Id, (PartyKind, Roles)> {
        let mut parties: BTreeMap<Id, (PartyKind, Roles)> = BTreeMap::new();
        let mut tie = |party: Id, kind: PartyKind, by: Roles| {
            let (_, roles) = parties.entry(party).or_insert((kind, Roles::default()));
            *roles = roles.and(by);
        };
        // A door has no ties of its own: the subject has them.
        if self.profile.is_door {
            return parties;
        }
        if let Some(papers) = self.books.find::<Papers>(&PAPERS) {
            for (people, (_, by)) in papers.people.iter().zip(ROLES) {
                for (person, phone) in people.value.iter().flatten() {
                    tie(*person, PartyKind::Person, by);
                    if let Some(phone) = phone {
                        tie(*phone, PartyKind::Phone, by);
                    }
                }
            }
            if let Some(address) = papers.address.value.flatten() {
                // Each city has its 人民路1号. Of the region, the city's part: a district may be named either way.
                let city = self.profile.region.value.unwrap_or_default() / 100;
                let here = Id::derived("party", &[address.as_str(), &city.to_string()]);
                tie(here, PartyKind::Address, Roles::PREMISES);
            }
        }
        // Who keeps accounts and no more is of a group, or of an office: a finance officer ties nobody together.
        parties.retain(|_, (_, roles)| *roles != Roles::FINANCE_OFFICER);
        if let Some(devices) = self.books.find::<Devices>(&DEVICES) {
            let by_kind =
                [(PartyKind::HardwareAddress, &devices.hardware), (PartyKind::NetworkAddress, &devices.network)];
            for (kind, used) in by_kind {
                parties.extend(used.iter().map(|(_, id)| (*id, (kind, Roles::ISSUES))));
            }
        }
        parties
    }

    /// A party tells what it knows of its firms.
    pub(super) fn shared(&mut self, shared: &Shared) {
        self.now = shared.at;
        // What comes after the tie has ended is about nobody; what was said of an earlier one is not about this one.
        let Some(tie) = self.books.edit::<TieRow>(&Key::Party(PartyKey::Tie(shared.party_id))) else { return };
        if tie.number != shared.number || (&tie.hand, tie.gang) == (&shared.hand, shared.gang) {
            return;
        }
        self.parties_due = true;
        tie.gang = shared.gang;
        if tie.hand == shared.hand {
            return;
        }
        tie.hand = shared.hand.clone();
        self.touch_ties();
    }

    /// A tie counts for more beside others to the same firms: where one changes, all are asked about again.
    fn touch_ties(&mut self) {
        for party in self.books.ties() {
            self.touch(About::Party(party));
        }
    }
}

/// Notes the use of a device in a month among the latest ones, and forgets those last used before `first`. Whether other
/// devices are known now than before; whatever the order of uses, those of the latest months stay.
fn use_device(known: &mut Vec<(Period, Id)>, used: Option<Id>, month: Period, first: Period) -> bool {
    let ids = |known: &[(Period, Id)]| {
        let mut ids: Vec<Id> = known.iter().map(|(_, id)| *id).collect();
        ids.sort_unstable();
        ids
    };
    let before = ids(known);
    if let Some(used) = used {
        match known.iter_mut().find(|(_, id)| *id == used) {
            Some((last, _)) => *last = month.max(*last),
            None => known.push((month, used)),
        }
    }
    known.retain(|(last, _)| *last > first);
    known.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    known.truncate(DEVICES_MAX);
    ids(known) != before
}

/// Tells a device and a month from others (FNV-1a): so cheap that every invoice can be asked.
fn fingerprint(device: &Device, month: Period) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut add = |byte: u8| hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    month.0.to_be_bytes().into_iter().for_each(&mut add);
    device.mac.iter().for_each(|text| text.bytes().for_each(&mut add));
    add(0);
    device.ip.iter().for_each(|text| text.bytes().for_each(&mut add));
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_devices_that_are_kept_are_those_used_latest_whatever_the_order() {
        let id = |number: i32| Id::parse(&format!("device-{number}")).unwrap();
        let uses: Vec<(Id, Period)> = (0..60).map(|at: i32| (id(at * 7 % 20), Period(24_300 + at / 6))).collect();
        let kept = |uses: &[(Id, Period)]| {
            let (mut known, mut latest) = (Vec::new(), Period::default());
            for (device, month) in uses {
                latest = latest.max(*month);
                use_device(&mut known, Some(*device), *month, latest.minus(6));
            }
            known
        };
        let in_time = kept(&uses);
        assert_eq!(in_time.len(), DEVICES_MAX);
        let mut turned = uses.clone();
        turned.reverse();
        assert_eq!(kept(&turned), in_time);
        turned.rotate_left(17);
        assert_eq!(kept(&turned), in_time);
    }

    #[test]
    fn a_device_that_is_used_no_longer_is_forgotten() {
        let mut known = Vec::new();
        let (old, new) = (Id::parse("old").unwrap(), Id::parse("new").unwrap());
        assert!(use_device(&mut known, Some(old), Period(24_300), Period(24_294)));
        assert!(!use_device(&mut known, Some(old), Period(24_301), Period(24_295)));
        assert!(use_device(&mut known, Some(new), Period(24_307), Period(24_301)));
        assert_eq!(known, [(Period(24_307), new)]);
    }
}
