//! What ties a taxpayer to others: the people of its papers, their phones, its address, the devices it issues from. Each
//! such party is told when the taxpayer begins or ceases to be tied to it and when its record changes; what the party knows
//! of its other firms comes back, and has the findings about it asked again.

use std::collections::BTreeMap;

use super::Step;
use crate::model::{
    About, Date, Device, Entity, FirmRecord, Hand, Id, Instant, Kind, Message, PartyKind, Period, Person, Role, Roles,
    Shared, Tie,
};
use crate::state::{DEVICES_MAX, Devices, Key, Papers, PartyKey, ROLE_PEOPLE_MAX, TieRow};

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

    /// Tells its parties what has changed since they were told: nearly always nothing.
    pub(super) fn tell_parties(&mut self, was_accused: bool) {
        if !self.parties_due && self.profile.flag.is_some() == was_accused {
            return;
        }
        // All that was touched has been judged.
        self.touched.clear();
        let told = (self.profile.registered_on, self.profile.record());
        let (papers, _) = self.books.edit_or_new::<Papers>(PAPERS);
        let is_news = std::mem::replace(&mut papers.told, told) != told;
        let mut wanted = self.parties();
        for party in self.books.ties() {
            let key = Key::Party(PartyKey::Tie(party));
            let Some(tie) = self.books.edit::<TieRow>(&key) else { continue };
            let Some((kind, roles)) = wanted.remove(&party) else {
                let kind = tie.kind;
                self.books.remove(&key);
                self.tell_party(party, kind, Roles::default(), told);
                self.touch(About::Party(party));
                continue;
            };
            if tie.roles == roles && !is_news {
                continue;
            }
            tie.roles = roles;
            // Parties forget a firm that has closed, and it forgets what they said.
            if told.1.is_closed() {
                tie.hand = Hand::default();
            }
            self.tell_party(party, kind, roles, told);
            self.touch(About::Party(party));
        }
        for (party, (kind, roles)) in wanted {
            self.books.put(Key::Party(PartyKey::Tie(party)), TieRow { kind, roles, hand: Hand::default() });
            self.tell_party(party, kind, roles, told);
        }
        self.judge_touched();
    }

    fn tell_party(&mut self, party: Id, kind: PartyKind, roles: Roles, told: (Option<Date>, FirmRecord)) {
        let (taxpayer_id, at) = (self.books.entity.id, self.now);
        let tie = Tie { taxpayer_id, kind, roles, registered_on: told.0, record: told.1, at };
        self.send(Entity { kind: Kind::Party, id: party }, Message::Tied(Box::new(tie)));
    }

    /// The parties it is tied to by its papers and by what it issues from, each with what the party is and by what.
    fn parties(&mut self) -> BTreeMap<Id, (PartyKind, Roles)> {
        let mut parties: BTreeMap<Id, (PartyKind, Roles)> = BTreeMap::new();
        let mut tie = |party: Id, kind: PartyKind, by: Roles| {
            let (_, roles) = parties.entry(party).or_insert((kind, Roles::default()));
            *roles = roles.and(by);
        };
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
        if let Some(devices) = self.books.find::<Devices>(&DEVICES) {
            devices.hardware.iter().for_each(|(_, id)| tie(*id, PartyKind::HardwareAddress, Roles::ISSUES));
            devices.network.iter().for_each(|(_, id)| tie(*id, PartyKind::NetworkAddress, Roles::ISSUES));
        }
        parties
    }

    /// A party tells what it knows of its firms.
    pub(super) fn shared(&mut self, shared: &Shared) {
        self.now = shared.at;
        // What comes after the tie has ended is about nobody.
        let Some(tie) = self.books.edit::<TieRow>(&Key::Party(PartyKey::Tie(shared.party_id))) else { return };
        if tie.hand == shared.hand {
            return;
        }
        tie.hand = shared.hand.clone();
        // A tie counts for more beside others to the same firms.
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
