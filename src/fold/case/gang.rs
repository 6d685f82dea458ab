//! A gang: firms that hang together by hands that hold several of them each, collected from what each tells of itself. It
//! becomes a case when a finding against one of its firms is strong enough; before that it is only known here. Whom the
//! firms name it by is settled among them and their parties: when that changes, they leave one case and join another.

use super::{publish_soon, rank};
use crate::fold::effects::Effects;
use crate::model::{CASE_TIES_MAX, CaseTie, Fen, Instant, Membership, TaxpayerId};
use crate::state::{Books, CaseHead, CaseNodeRow, GangHead, GangMember, Key, PartyKey};

/// Notes what a firm tells of itself.
pub(super) fn joined(hour: Instant, books: &mut Books<'_>, told: &Membership, effects: &mut Effects) {
    let id = told.taxpayer_id;
    let (key, node) = (Key::Party(PartyKey::GangMember(id)), Key::CaseNode(id));
    let before = books.find::<GangMember>(&key).cloned();
    let (mut gang, _) = books.lift::<GangHead>(Key::Party(PartyKey::Gang));
    if let Some(before) = &before {
        gang.firms -= 1;
        gang.strong -= u64::from(before.strong);
    }
    if told.is_in {
        gang.firms += 1;
        gang.strong += u64::from(told.strong);
        books.put(key, GangMember { strong: told.strong, ties: told.ties.clone() });
        books.put(rank(Fen::ZERO, id), ());
        books.put(node, CaseNodeRow { hops: told.hops, ..CaseNodeRow::default() });
    } else {
        books.remove(&key);
        books.remove(&rank(Fen::ZERO, id));
        books.remove(&node);
    }
    if gang.firms == 0 {
        books.remove(&Key::Party(PartyKey::Gang));
    } else {
        books.put(Key::Party(PartyKey::Gang), gang);
    }
    let head = books.find::<CaseHead>(&Key::CaseHead).cloned();
    if gang.strong == 0 && head.as_ref().is_none_or(|head| head.version == 0) {
        books.remove(&Key::CaseHead);
        return;
    }
    let new =
        || CaseHead { typology: "shared_control".into(), origin: told.gang, opened_at: told.at, ..CaseHead::default() };
    let mut head = head.unwrap_or_else(new);
    (head.nodes, head.standing) = (gang.firms, gang.strong > 0);
    // Never at once, however late it comes: names of gangs pass by while they are being settled.
    publish_soon(hour, books, &mut head, told.at.max(hour), effects);
    books.put(Key::CaseHead, head);
}

/// Adds what ties a firm to its gang, as far as there is room.
pub(super) fn collect_ties(books: &mut Books<'_>, taxpayer_id: TaxpayerId, ties: &mut Vec<CaseTie>) {
    let Some(member) = books.find::<GangMember>(&Key::Party(PartyKey::GangMember(taxpayer_id))) else { return };
    let room = CASE_TIES_MAX - ties.len();
    let tie =
        |tie: &crate::model::GangTie| CaseTie { taxpayer_id, party_id: tie.party_id, kind: tie.kind, roles: tie.roles };
    ties.extend(member.ties.iter().take(room).map(tie));
}
