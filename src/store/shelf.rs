//! Entities that nobody asks for, as bytes. Where there is no room, any of them goes: those that are visited in turn,
//! month for month, would each go just before its visit if the oldest went first.

use rustc_hash::FxHashMap;

use super::name::Name;
use super::parcel::Parcel;

/// How many are looked at, at most, to find one that needs no writing.
const TRIES: u32 = 16;

/// Parcels by the name of whose they are.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    parcels: Vec<Parcel>,
    index: FxHashMap<Name, u32>,
    /// What they take.
    pub(super) bytes: usize,
    drawn: u64,
}

impl Shelf {
    pub(super) fn len(&self) -> usize {
        self.parcels.len()
    }

    pub(super) fn put(&mut self, parcel: Parcel) {
        self.bytes += parcel.size();
        self.index.insert(parcel.name, u32::try_from(self.parcels.len()).expect("parcels are fewer than 2³²"));
        self.parcels.push(parcel);
    }

    pub(super) fn get(&self, name: Name) -> Option<&Parcel> {
        Some(&self.parcels[*self.index.get(&name)? as usize])
    }

    /// Notes that what waited of a parcel is written.
    pub(super) fn clean(&mut self, name: Name) {
        if let Some(at) = self.index.get(&name) {
            let parcel = &mut self.parcels[*at as usize];
            (parcel.is_dirty, parcel.has_stored) = (false, true);
        }
    }

    pub(super) fn take(&mut self, name: Name) -> Option<Parcel> {
        let at = self.index.remove(&name)? as usize;
        let parcel = self.parcels.swap_remove(at);
        if let Some(moved) = self.parcels.get(at) {
            self.index.insert(moved.name, u32::try_from(at).expect("parcels are fewer than 2³²"));
        }
        self.bytes -= parcel.size();
        Some(parcel)
    }

    /// Takes any one out that needs no writing.
    pub(super) fn take_any(&mut self) -> Option<Parcel> {
        let count = self.parcels.len() as u64;
        for _ in 0..TRIES.min(u32::try_from(count).unwrap_or(u32::MAX)) {
            // A full period of 64 bits; its upper half is as good as drawn.
            self.drawn = self.drawn.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let at = (((self.drawn >> 32) * count) >> 32) as usize;
            if !self.parcels[at].is_dirty {
                return self.take(self.parcels[at].name);
            }
        }
        None
    }
}
