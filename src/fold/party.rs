//! A party: a person, a phone, an address or a device, and the firms tied to it. It counts them by role, record and week
//! of registration, and tells its firms when that changes: a few of everything, many only when the count has grown by
//! much, so that a tie costs about the same behind two firms and behind a hundred thousand.
//!
//! It judges nothing: whether a tie is that of a gang or of a bookkeeper is for each firm to say, by its rule set.

use super::effects::Effects;
use crate::model::{
    Associate, Body, Continue, Date, Entity, GANG_HAND_MAX, Gang, HAND_EXACT_MAX, Hand, Id, Message, Record, Shared,
    TaxpayerId, Tie,
};
use crate::state::{Books, Key, PartyHead, PartyKey, PartyMember, Rows};

/// Firms that are told in one step.
const TOLD_PER_STEP: usize = 256;
/// Registrations so many days apart, at most, are of one week: the indicator's own meaning, not a threshold.
const TOGETHER_DAYS: i32 = 7;

pub(super) fn step(rows: &mut dyn Rows, record: &Record, effects: &mut Effects) {
    let Body::Message(message) = &record.body else { return };
    let mut books = Books::of(rows, record.to);
    if let Message::Tied(tie) = message {
        tied(&mut books, tie, effects);
    } else if let Message::Continue(rest) = message
        && let Continue::Share { after } = &**rest
    {
        tell_all(&mut books, *after, effects);
    }
}

/// Notes how a firm is tied, and tells it, or all, what that changes.
fn tied(books: &mut Books<'_>, tie: &Tie, effects: &mut Effects) {
    let key = Key::Party(PartyKey::Member(tie.taxpayer_id));
    let before = books.find::<PartyMember>(&key).copied().unwrap_or_default();
    let now = PartyMember {
        roles: tie.roles,
        registered_on: tie.registered_on,
        record: tie.record,
        gang: tie.gang,
        number: tie.number,
    };
    let (mut head, is_new) = books.lift::<PartyHead>(Key::Party(PartyKey::Head));
    if is_new {
        list_only(books, &mut head, true);
    }
    head.count(&before, false);
    register(books, &mut head, tie.taxpayer_id, &before, false);
    register(books, &mut head, tie.taxpayer_id, &now, true);
    head.count(&now, true);
    rename(books, tie.taxpayer_id, &before, &now);
    // A firm that closed in order is none of its firms; should it open again, it will say so.
    if now.counts() {
        books.put(key, now);
    } else {
        books.remove(&key);
    }
    head.at = head.at.max(tie.at);
    let hand = hand(books, &head);
    let gang = gang(books, &head);
    let changed = (&hand, gang) != (&head.told, head.gang);
    if !changed && now.counts() && !before.counts() && hand.firms > 0 {
        tell(books.entity.id, tie.taxpayer_id, tie.number, &head, effects);
    }
    (head.told, head.gang) = (hand, gang);
    let restart = head.telling.is_some();
    if changed && restart {
        head.telling = Some(true);
    }
    books.put(Key::Party(PartyKey::Head), head);
    if changed && !restart {
        tell_all(books, Id::EMPTY, effects);
    }
    forget(books);
}

/// Of a party with one firm at most, as nearly all are, there is nothing to know but that firm's row.
fn forget(books: &mut Books<'_>) {
    let key = Key::Party(PartyKey::Head);
    let Some(head) = books.find::<PartyHead>(&key) else { return };
    if head.firms > 1 || head.telling.is_some() {
        return;
    }
    let mut head = head.clone();
    list_only(books, &mut head, false);
    books.remove(&key);
}

/// Counts and lists the only firm that a party has, or strikes it off again.
fn list_only(books: &mut Books<'_>, head: &mut PartyHead, enters: bool) {
    let Some(only) = members(books, Id::EMPTY, 1).first().copied() else { return };
    let member = books.find::<PartyMember>(&Key::Party(PartyKey::Member(only))).copied().unwrap_or_default();
    head.count(&member, enters);
    register(books, head, only, &member, enters);
    let (none, known) = (PartyMember::default(), member);
    let (before, now) = if enters { (none, known) } else { (known, none) };
    rename(books, only, &before, &now);
}

/// Enters a firm among those in the order of their registration, or strikes it off, and counts who registered within a
/// week after another. Each is counted by the one before it alone, so that one entry changes two counts at most.
fn register(books: &mut Books<'_>, head: &mut PartyHead, id: TaxpayerId, member: &PartyMember, enters: bool) {
    let Some(on) = member.registered_on.filter(|_| member.counts()) else { return };
    let key = Key::Party(PartyKey::Registered(on, id));
    books.remove(&key);
    let from = |on: Date, id: TaxpayerId| Key::Party(PartyKey::Registered(on, id));
    let follows = |books: &mut Books<'_>, on: Date, id: TaxpayerId| {
        let week_before = Date(on.0.saturating_sub(TOGETHER_DAYS));
        !books.scan(&from(week_before, Id::EMPTY), &from(on, id), 1).is_empty()
    };
    let until = Date(on.0.saturating_add(TOGETHER_DAYS));
    let next = books
        .scan(&from(on, id), &from(until, Id::LAST), 1)
        .first()
        .and_then(|key| if let Key::Party(PartyKey::Registered(on, id)) = key { Some((*on, *id)) } else { None });
    let own = follows(books, on, id);
    let next_anyway = next.is_none_or(|(on, id)| follows(books, on, id));
    let counted = u32::from(own) + u32::from(!next_anyway);
    if enters {
        books.put(key, ());
        head.together += counted;
    } else {
        head.together -= counted;
    }
}

/// Enters by which firm a firm names its gang, in place of what it said before.
fn rename(books: &mut Books<'_>, by: TaxpayerId, before: &PartyMember, now: &PartyMember) {
    let key = |gang: Gang| Key::Party(PartyKey::Named { firm: gang.firm, hops: gang.hops, by });
    if !before.gang.is_none() {
        books.remove(&key(before.gang));
    }
    if now.counts() && !now.gang.is_none() {
        books.put(key(now.gang), ());
    }
}

/// By which firm the gang of its firms is named.
fn gang(books: &mut Books<'_>, head: &PartyHead) -> Gang {
    if !(2..=GANG_HAND_MAX).contains(&head.firms) {
        return Gang::NONE;
    }
    let key = |firm: TaxpayerId| Key::Party(PartyKey::Named { firm, hops: 0, by: Id::EMPTY });
    let first = books.scan(&key(Id::EMPTY), &key(Id::LAST), 1).first().copied();
    if let Some(Key::Party(PartyKey::Named { firm, hops, .. })) = first { Gang { firm, hops } } else { Gang::NONE }
}

/// What all firms are told: the counts, and while they are few their names.
fn hand(books: &mut Books<'_>, head: &PartyHead) -> Hand {
    let mut hand = head.hand();
    if (2..=HAND_EXACT_MAX).contains(&head.firms) {
        hand.associates =
            members(books, Id::EMPTY, HAND_EXACT_MAX as usize).into_iter().filter_map(|id| named(books, id)).collect();
    }
    hand
}

fn named(books: &mut Books<'_>, id: TaxpayerId) -> Option<Associate> {
    books.find::<PartyMember>(&Key::Party(PartyKey::Member(id))).map(|member| member.associate(id))
}

fn members(books: &mut Books<'_>, after: TaxpayerId, limit: usize) -> Vec<TaxpayerId> {
    let (from, to) = (Key::Party(PartyKey::Member(after)), Key::Party(PartyKey::Member(Id::LAST)));
    let keys = books.scan(&from, &to, limit.saturating_add(1)).into_iter();
    let id = |key| if let Key::Party(PartyKey::Member(id)) = key { Some(id) } else { None };
    keys.filter_map(id).filter(|id| *id != after).take(limit).collect()
}

/// Tells all firms after one, as many as a step may, and the others in later steps; what changes meanwhile is told to all
/// when this has come to its end.
fn tell_all(books: &mut Books<'_>, after: TaxpayerId, effects: &mut Effects) {
    let Some(mut head) = books.find::<PartyHead>(&Key::Party(PartyKey::Head)).cloned() else { return };
    let told = members(books, after, TOLD_PER_STEP);
    for id in &told {
        let number = books.find::<PartyMember>(&Key::Party(PartyKey::Member(*id))).map_or(0, |member| member.number);
        tell(books.entity.id, *id, number, &head, effects);
    }
    let again = head.telling == Some(true);
    let rest = match told.last() {
        Some(last) if told.len() == TOLD_PER_STEP => Some((*last, again)),
        _ if again => Some((Id::EMPTY, false)),
        _ => None,
    };
    head.telling = rest.map(|(_, again)| again);
    books.put(Key::Party(PartyKey::Head), head);
    if let Some((after, _)) = rest {
        effects.messages.push((books.entity, Message::Continue(Box::new(Continue::Share { after }))));
    } else {
        forget(books);
    }
}

fn tell(party_id: Id, to: TaxpayerId, number: u32, head: &PartyHead, effects: &mut Effects) {
    let shared = Shared { party_id, hand: head.told.clone(), gang: head.gang, number, at: head.at };
    effects.messages.push((Entity::taxpayer(to), Message::Shared(Box::new(shared))));
}
