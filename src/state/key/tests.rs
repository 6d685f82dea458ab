//! Keys sort as their bytes do, and are read back as they were written.

use proptest::prelude::*;

use super::*;
use crate::model::Date;

fn any_id() -> impl Strategy<Value = Id> {
    prop_oneof![Just(Id::EMPTY), "[A-C甲乙]{1,9}".prop_map(|text| Id::parse(&text).unwrap())]
}

fn any_no() -> impl Strategy<Value = InvoiceNo> {
    prop_oneof![Just(InvoiceNo::FIRST), "[0-1]{20}|legacy:[a-b]{1,3}".prop_map(|text| InvoiceNo::parse(&text).unwrap())]
}

fn any_place() -> impl Strategy<Value = u64> {
    prop_oneof![0u64..600, any::<u64>()]
}

fn any_key() -> impl Strategy<Value = Key> {
    let side = prop_oneof![Just(Side::Sold), Just(Side::Bought)];
    prop_oneof![
        Just(Key::Profile),
        (any::<u64>(), any::<i64>()).prop_map(|(detail, at)| Key::History {
            of: HistoryOf::Observed,
            detail,
            at: Instant(at)
        }),
        any::<i32>().prop_map(|p| Key::Month(Period(p))),
        any::<i32>().prop_map(|p| Key::Readings(Period(p))),
        any::<i32>().prop_map(|p| Key::Peers(Period(p))),
        any::<i32>().prop_map(|p| Key::PeersMonth(Period(p))),
        any_no().prop_map(Key::Issued),
        (any_no(), any_place()).prop_map(|(invoice_no, place)| Key::Held { invoice_no, place }),
        (side.clone(), any_id()).prop_map(|(side, id)| Key::Partner(side, id)),
        (side, any::<u64>()).prop_map(|(side, code)| Key::Goods(side, GoodsCode(code))),
        any_id().prop_map(Key::Origin),
        any::<u32>().prop_map(Key::OriginNames),
        (any::<u32>(), any_id()).prop_map(|(page, id)| Key::Passed(page, id)),
        (any::<i64>(), any_no()).prop_map(|(at, no)| Key::Deficit(Instant(at), no)),
        (any_no(), any_no()).prop_map(|(blue_no, red_no)| Key::WaitingRed { blue_no, red_no }),
        any_id().prop_map(Key::Signal),
        Just(Key::Task),
        (any_id(), any_id()).prop_map(|(origin, named)| Key::Taint { origin, named }),
        Just(Key::CaseHead),
        any_id().prop_map(Key::CaseNode),
        (any::<i64>(), any_id()).prop_map(|(descending, taxpayer_id)| Key::CaseRank { descending, taxpayer_id }),
        (any_id(), any_id()).prop_map(|(from, to)| Key::CaseEdge { from, to }),
        (any::<i64>(), any_id(), any::<u64>()).prop_map(|(due, id, what)| Key::Timer {
            due: Instant(due),
            to: Entity::taxpayer(id),
            what
        }),
        Just(Key::Rules),
        Just(Key::Ticked),
        (any::<u32>(), any_no()).prop_map(|(o, no)| Key::Settled(Ordinal(o), no)),
        (any_id(), any::<i64>(), any_id()).prop_map(|(order, place, signal_id)| Key::Standing {
            order,
            place,
            signal_id
        }),
        (any_id(), any_id()).prop_map(|(named, origin)| Key::TaintName { named, origin }),
        any_id().prop_map(Key::Tainted),
        (any_id(), any_id()).prop_map(|(value, from)| Key::TaintTold { value, from }),
        (any_id(), any_id()).prop_map(|(origin, buyer)| Key::TaintSent { origin, buyer }),
        (any::<u32>(), any::<u32>()).prop_map(|(o, number)| Key::FlowedOn(Ordinal(o), number)),
        (any_id(), any_id()).prop_map(|(origin, named)| Key::TaintDue { origin, named }),
        (0..11, any::<i32>(), any_id(), any_id()).prop_map(|(which, on, id, by)| Key::Party(match which {
            0 => PartyKey::Head,
            1 => PartyKey::Member(id),
            2 => PartyKey::Registered(Date(on), id),
            3 => PartyKey::Papers,
            4 => PartyKey::Tie(id),
            5 => PartyKey::Devices,
            6 => PartyKey::Named { firm: id, hops: on.to_be_bytes()[3], by },
            7 => PartyKey::Gang,
            8 => PartyKey::GangMember(id),
            9 => PartyKey::Subject,
            _ => PartyKey::Identifier(id),
        })),
        any_no().prop_map(|no| Key::Party(PartyKey::IssuedAs(no))),
        any::<i32>().prop_map(|p| Key::GoodsMonth(Period(p))),
        any::<i32>().prop_map(|p| Key::Abnormal(Period(p))),
        (any::<i32>(), any_id()).prop_map(|(p, seller_id)| Key::AbnormalFrom { period: Period(p), seller_id }),
    ]
}

fn bytes(id: Id, key: &Key) -> Vec<u8> {
    let mut out = Vec::new();
    key.write(&Entity::taxpayer(id), &mut out);
    out
}

proptest! {
    #[test]
    fn keys_are_read_back_and_their_bytes_sort_as_they_do(
        a in (any_id(), any_key()), b in (any_id(), any_key()),
    ) {
        let read = Key::read(&bytes(a.0, &a.1)).unwrap();
        prop_assert_eq!(read, (Entity::taxpayer(a.0), a.1));
        prop_assert_eq!(bytes(a.0, &a.1).cmp(&bytes(b.0, &b.1)), a.cmp(&b));
    }

    #[test]
    fn the_number_of_an_invoice_is_the_same_in_a_key_and_in_its_bytes(id in any_id(), key in any_key()) {
        let bytes = bytes(id, &key);
        let number = key.number();
        prop_assert_eq!(Key::number_in(&bytes), number.as_ref().map(|no| no.as_str().as_bytes()));
    }

    #[test]
    fn a_short_key_is_told_from_its_number(key in any_key()) {
        prop_assert!(key.short().is_none_or(|short| Key::from_short(short) == Some(key)));
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        drop(Key::read(&bytes));
        Key::number_in(&bytes);
    }
}
