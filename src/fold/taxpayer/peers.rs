//! What a firm and its peers tell each other when a month has passed: see `fold/peers.rs`.

use super::Step;
use crate::model::{Entity, Fen, Instant, Measured, Message, PeersTold, Period};
use crate::risk::{Recent, ToldBy, View, indicators};
use crate::state::{Key, Month};

/// A firm is as large as it was in so many months, the last one included.
const SCALE_MONTHS: i32 = 12;
/// What peers told is kept for so many months.
const MONTHS_KEPT: i32 = 25;

impl Step<'_> {
    /// Tells the firm's peers how it measured up in a month that has passed.
    pub(super) fn tell_peers(&mut self, period: Period, at: Instant) {
        let Some(industry) = self.profile.industry.value.map(|industry| industry / 100).filter(|two| *two > 0) else {
            return;
        };
        let recent = &mut Recent::default();
        let mut view = View::new(&mut self.books, &self.profile, self.rules, self.opening, self.hour, recent);
        let Some(scale) = scale(&mut view, period) else { return };
        let measures = indicators::compared(&mut view, period);
        let told = Measured { taxpayer_id: self.books.entity.id, period, measures, at };
        self.send(Entity::peers(industry, scale), Message::Measured(Box::new(told)));
    }

    /// Takes down how its peers measured up; what is compared with them is asked again.
    pub(super) fn peers_told(&mut self, told: &PeersTold) {
        self.now = told.at;
        self.books.remove(&Key::Peers(told.period.minus(MONTHS_KEPT)));
        self.books.put(Key::Peers(told.period), told.clone());
        self.touch_told(told.period.minus(-1), ToldBy::Peers);
    }
}

/// By its mean sales over the months in which it sold; none where it sold nothing.
fn scale(view: &mut View<'_, '_>, period: Period) -> Option<u8> {
    let sold = |month: &Month| month.sold.amount - month.sold_void.amount;
    let months = (0..SCALE_MONTHS).map(|back| view.read_month(period.minus(back), sold));
    let sales = months.filter(|sales| *sales > Fen::ZERO);
    let (count, sum) = sales.fold((0, Fen::ZERO), |(count, sum), sales| (count + 1, sum + sales));
    let mean = sum.0.checked_div(count)?;
    let reached = view.limits().peer_scales_fen.iter().filter(|least| mean >= **least).count();
    u8::try_from(reached).ok()
}
