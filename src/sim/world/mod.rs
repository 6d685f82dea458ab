//! A seeded economy: honest firms that buy, add value and sell, and planted schemes among them, as the stream of input
//! events the authority would see. The same settings give the same events on every machine.
//!
//! The plan is made at once (who trades with whom, how much a year, which schemes); events are made day by day, so
//! memory holds the firms, their relations and what is pending in the coming weeks, never the events.

mod aftermath;
mod agenda;
mod calendar;
mod chance;
mod events;
mod firm;
mod goods;
mod identity;
mod ledger;
mod lookalikes;
mod population;
mod readings;
mod schemes;
mod sheet;
mod ties;
mod trade;

use crate::model::{
    Date, Event, Fact, HOUR_MS, Instant, Status, TaxpayerChanged, TaxpayerId, TaxpayerKind, TaxpayerStatusChanged,
};

use super::label::Label;
use agenda::{Action, Agenda, Entry};
use calendar::{Calendar, DayNo, Hours};
use chance::Chance;
use firm::{Firm, FirmNo, NOBODY, index};
use ledger::Ledger;
use population::{Founding, Population};
use trade::{Budget, Network};

/// The opening registry is read from midnight on, so long.
const OPENING_MS: i64 = 5 * HOUR_MS;

/// What a world is made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Everything that is drawn follows from it.
    pub seed: u64,
    /// Firms, fraudsters and look-alikes among them.
    pub taxpayers: u32,
    /// Invoices to be issued, red letters among them, as nearly as it goes.
    pub invoices: u64,
    /// Months in which firms trade; half a month of receipts, deductions and returns follows.
    pub months: u32,
    /// The first day.
    pub start: Date,
    /// Firms that take part in schemes, in basis points.
    pub fraud_bp: u32,
    /// Only schemes in which one of these typologies appears; any where there is none.
    pub typologies: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        // 2025-01-01.
        Self {
            seed: 1,
            taxpayers: 2_000,
            invoices: 200_000,
            months: 12,
            start: Date(20_089),
            fraud_bp: 50,
            typologies: Vec::new(),
        }
    }
}

/// Why settings make no world.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// Too few for chains from mine to shop, or more than invoice numbers can tell apart.
    #[error("{0} taxpayers make no world: ask for {TAXPAYERS_MIN} to {TAXPAYERS_MAX}")]
    Taxpayers(u32),
    /// More than the largest firm could number.
    #[error("{invoices} invoices are too many for {taxpayers} taxpayers: ask for at most {INVOICES_EACH_MAX} for each")]
    Invoices {
        /// Asked for.
        invoices: u64,
        /// Asked for.
        taxpayers: u32,
    },
    /// Not a span of time events may fall into.
    #[error("{months} months from {start} are no world's time: ask for 1 to {MONTHS_MAX}, from 1995 to 2080")]
    Months {
        /// Asked for.
        months: u32,
        /// Asked for.
        start: Date,
    },
    /// A share above one fifth.
    #[error("{0} basis points of the firms in schemes leave no honest economy: ask for at most {FRAUD_BP_MAX}")]
    Fraud(u32),
    /// Nothing that is planted.
    #[error("`{0}` is no typology that is planted: ask for some of {known}", known = planted().join(", "))]
    Typology(String),
}

/// The fewest taxpayers: one firm of each industry and some to spare.
pub const TAXPAYERS_MIN: u32 = 50;
/// The most taxpayers: an invoice number has eight digits for its issuer.
pub const TAXPAYERS_MAX: u32 = 99_999_999;
/// The most invoices per taxpayer, on average: the largest issues a few hundred times that, and has seven digits.
pub const INVOICES_EACH_MAX: u64 = 20_000;
/// The most months.
pub const MONTHS_MAX: u32 = 120;
/// The largest share of firms in schemes, in basis points.
pub const FRAUD_BP_MAX: u32 = 2_000;

/// The typologies that schemes are planted of.
pub fn planted() -> Vec<&'static str> {
    schemes::planted()
}

/// A world in motion: iterate over its events, in the order of their time.
pub struct World {
    settings: Settings,
    calendar: Calendar,
    firms: Vec<Firm>,
    network: Network,
    agenda: Agenda,
    ledger: Ledger,
    labels: Vec<Label>,
    schemes: usize,
    chance: Chance,
    /// The next firm to appear in the opening registry, and whether it has registered already.
    opening: (usize, bool),
    /// The day being played, and what of it is left.
    day: DayNo,
    today: std::vec::IntoIter<Entry>,
    next_day: DayNo,
}

impl World {
    /// Plans a world.
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        settings.check()?;
        let calendar = Calendar::new(&settings);
        let seed = settings.seed;
        let taxpayers = settings.taxpayers as usize;
        let in_schemes = (taxpayers * settings.fraud_bp as usize).div_ceil(10_000);
        let shells = if in_schemes == 0 { 0 } else { (in_schemes * 7 / 10 + schemes::SHELLS_MAX).min(taxpayers / 3) };

        let honest = taxpayers - shells;
        let mut population = Population::honest(&settings, &calendar, honest, &mut Chance::new(seed, 1));
        ties::tie(&mut population, &mut Chance::new(seed, 9));
        let mut labels = Vec::new();
        let pairs = lookalikes::cast(&mut population, &calendar, in_schemes, &mut Chance::new(seed, 2), &mut labels);
        let partners_max = usize::try_from(settings.invoices / u64::from(settings.taxpayers) / 25).unwrap_or(3);
        let mut network =
            Network::wire(&population.firms, &calendar, &pairs, partners_max.clamp(1, 3), &mut Chance::new(seed, 3));
        let mut agenda = Agenda::new(&calendar);
        let mut chance = Chance::new(seed, 4);
        let mut stage = schemes::Stage {
            population: &mut population,
            network: &network,
            calendar: &calendar,
            agenda: &mut agenda,
            labels: &mut labels,
            chance: &mut chance,
            typologies: &settings.typologies,
            taxpayers,
            in_schemes,
        };
        let schemes = schemes::plant(&mut stage);
        lookalikes::act(&mut stage);
        open_corner_shops(&mut population, &mut network, &calendar, taxpayers, &mut Chance::new(seed, 5));

        let mut firms = population.firms;
        let budget = settings.budget(&firms, &calendar, agenda.planned_invoices());
        network.schedule(&mut firms, &calendar, budget, &mut Chance::new(seed, 6));
        register_newcomers(&firms, &calendar, &mut agenda, &mut Chance::new(seed, 7));
        change_registry(&mut firms, seed, &calendar, &mut agenda, &mut Chance::new(seed, 11));
        let months = i64::try_from(calendar.months()).expect("at most 120");
        let ledger = Ledger::new(network.output.iter().map(|tax| tax / 13 * 100 / months).collect());
        Ok(Self {
            chance: Chance::new(seed, 8),
            opening: (0, false),
            day: 0,
            today: Vec::new().into_iter(),
            next_day: 0,
            settings,
            calendar,
            firms,
            network,
            agenda,
            ledger,
            labels,
            schemes,
        })
    }

    /// The truth: known before the first event.
    pub fn labels(&self) -> &[Label] {
        &self.labels
    }

    /// How many schemes are planted.
    pub fn schemes(&self) -> usize {
        self.schemes
    }

    /// How many firms there are.
    pub fn taxpayers(&self) -> usize {
        self.firms.len()
    }

    /// The registry as the journal finds it: each established firm and its quota, before the first office hour.
    fn open(&mut self) -> Option<Event> {
        let (mut place, registered) = self.opening;
        while self.firms.get(place).is_some_and(|firm| !firm.established) {
            place += 1;
        }
        self.opening = (place, registered);
        if place == self.firms.len() {
            return None;
        }
        let firm = FirmNo::try_from(place).expect("settings allow fewer firms");
        self.opening = if registered { (place + 1, false) } else { (place, true) };
        let action = if registered { Action::Grant(firm) } else { Action::Register(firm) };
        let step = 2 * i64::from(firm) + i64::from(registered);
        let span = 2 * i64::try_from(self.firms.len()).expect("fewer firms");
        let at = Instant(self.calendar.days[0].start.0 + OPENING_MS / 1_000 * step / span * 1_000);
        self.perform(Entry { at, action })
    }

    /// Gathers a day's doings, in order.
    fn begin_day(&mut self, day: DayNo) {
        let mut entries = self.agenda.take(day);
        let (calendar, firms) = (&self.calendar, &self.firms);
        let mut take = |place: u32, edge: &trade::Edge, tax, chance: &mut Chance| {
            let hours = match firms[index(edge.seller)].hours {
                Hours::Shop if edge.buyer != NOBODY => Hours::Office,
                Hours::Office if chance.happens(200) => Hours::Shop,
                kept => kept,
            };
            entries.push(Entry { at: calendar.moment(day, hours, chance), action: Action::Trade(place, tax) });
        };
        self.network.take_due(day, firms, calendar, &mut self.chance, &mut take);
        self.file_returns(day, &mut entries);
        if day == 0 {
            // Nobody trades before all are registered, not even by night.
            let opened = Instant(self.calendar.days[day].start.0 + OPENING_MS);
            for entry in &mut entries {
                entry.at = entry.at.max(opened);
            }
        }
        entries.sort_by_key(|entry| entry.at);
        self.day = day;
        self.today = entries.into_iter();
    }

    /// The returns for the month before that are filed on a day.
    fn file_returns(&mut self, day: DayNo, entries: &mut Vec<Entry>) {
        let today = self.calendar.days[day];
        if today.period == self.calendar.days[0].period {
            return;
        }
        for (number, firm) in (0..).zip(&self.firms) {
            let was_there = self.calendar.days[firm.born].period < today.period;
            if firm.filing_day != today.of_month || !was_there {
                continue;
            }
            let at = filed_at(&self.calendar, self.settings.seed, number, day);
            let late = firm.careless_bp > 0 && self.chance.happens(firm.careless_bp);
            if late {
                // Up to the 28th: the month after is filed then.
                let at = at.plus_days(1 + i64::try_from(self.chance.below(13)).expect("small"));
                self.agenda.add(&self.calendar, at, Action::File(number));
            } else {
                entries.push(Entry { at, action: Action::File(number) });
            }
        }
    }
}

impl Iterator for World {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        if let Some(event) = self.open() {
            return Some(event);
        }
        loop {
            if let Some(entry) = self.today.next() {
                if let Some(event) = self.perform(entry) {
                    return Some(event);
                }
            } else if self.next_day < self.calendar.days.len() {
                self.begin_day(self.next_day);
                self.next_day += 1;
            } else {
                return None;
            }
        }
    }
}

impl Settings {
    fn check(&self) -> Result<(), SettingsError> {
        let Self { taxpayers, invoices, months, start, fraud_bp, .. } = *self;
        if !(TAXPAYERS_MIN..=TAXPAYERS_MAX).contains(&taxpayers) {
            return Err(SettingsError::Taxpayers(taxpayers));
        }
        if invoices > INVOICES_EACH_MAX * u64::from(taxpayers) {
            return Err(SettingsError::Invoices { invoices, taxpayers });
        }
        // 1995-01-01 to 2080-01-01.
        if !(1..=MONTHS_MAX).contains(&months) || !(9_131..=40_177).contains(&start.0) {
            return Err(SettingsError::Months { months, start });
        }
        if fraud_bp > FRAUD_BP_MAX {
            return Err(SettingsError::Fraud(fraud_bp));
        }
        if let Some(unknown) = self.typologies.iter().find(|code| !planted().contains(&code.as_str())) {
            return Err(SettingsError::Typology(unknown.clone()));
        }
        Ok(())
    }

    /// How many invoices go between firms and how many to ends, so that there are about three events to an invoice:
    /// registrations and returns take the place of receipts and deductions that sales to ends do not have.
    fn budget(&self, firms: &[Firm], calendar: &Calendar, planned: u64) -> Budget {
        let months = calendar.months() as u64;
        // A registration, a quota, and for each month a return and 1.7 readings of third parties.
        let overhead = firms.len() as u64 * (2 + months * 27 / 10);
        // Of 1,000 invoices some 70 are red letters, issued a second time, or near the cap where one was too large: nobody
        // plans those. Of 1,000 planned between firms, 1,910 other events follow.
        let invoices = self.invoices.saturating_sub(planned) * 930 / 1_000;
        let between_firms = (2 * self.invoices).saturating_sub(overhead) * 1_000 / 1_910;
        let between_firms = between_firms.clamp(invoices / 2, invoices * 96 / 100);
        Budget { between_firms, to_ends: invoices - between_firms }
    }
}

/// Fills up the number of taxpayers with small shops, for what schemes did not need.
fn open_corner_shops(
    population: &mut Population,
    network: &mut Network,
    calendar: &Calendar,
    taxpayers: usize,
    chance: &mut Chance,
) {
    let mut shops = Vec::new();
    while population.firms.len() < taxpayers {
        let industry = [26, 27, 29, 31][chance.place(4)];
        let born = chance.happens(2_000).then(|| chance.place(calendar.trading));
        shops.push(population.found(&Founding { industry, kind: TaxpayerKind::SmallScale, born }, calendar, chance));
    }
    network.add_corner_shops(&population.firms, calendar, &shops, chance);
}

/// The moment at which a firm files on a day.
fn filed_at(calendar: &Calendar, seed: u64, firm: FirmNo, day: DayNo) -> Instant {
    let mut chance = Chance::new(seed ^ 0x7265_7475, u64::from(firm) << 32 | day as u64);
    calendar.moment(day, Hours::Office, &mut chance)
}

/// What changes in the registry in the ordinary course of things: new representatives, larger quotas, firms wound up.
fn change_registry(firms: &mut [Firm], seed: u64, calendar: &Calendar, agenda: &mut Agenda, chance: &mut Chance) {
    let first_stranger = u32::MAX / 2;
    for (stranger, (number, day)) in (first_stranger..).zip(ties::successions(firms, calendar, chance)) {
        let mut people = firms[index(number)].named_people(seed);
        people.truncate(1);
        people[0].person_id = identity::person_id(seed, stranger);
        people[0].phone = Some(identity::phone(seed, stranger));
        let successor = TaxpayerChanged { people, ..no_change(firms[index(number)].id) };
        let at = calendar.moment(day, Hours::Office, chance);
        agenda.add(calendar, at, Action::Say(Box::new(Fact::TaxpayerChanged(Box::new(successor)))));
    }
    for (number, firm) in (0..).zip(firms) {
        if let Some((day, quota)) = firm.raised {
            agenda.add(calendar, calendar.moment(day, Hours::Office, chance), Action::Raise(number, quota));
        }
        if let Some(day) = firm.closes {
            let wound_up = calendar.worked_from(day + 30 + chance.place(30));
            let at = calendar.moment(wound_up, Hours::Office, chance);
            if day + 60 < calendar.days.len() {
                firm.gone = Some(at);
                let (status, reason) = (Status::Deregistered, Some("股东会决议解散".into()));
                let fact = TaxpayerStatusChanged { taxpayer_id: firm.id, status, reason };
                agenda.add(calendar, at, Action::Say(Box::new(Fact::TaxpayerStatusChanged(fact))));
            }
        }
    }
}

/// A change of a registration in which nothing changes yet.
pub fn no_change(taxpayer_id: TaxpayerId) -> TaxpayerChanged {
    TaxpayerChanged {
        taxpayer_id,
        name: None,
        industry: None,
        region: None,
        street: None,
        address: None,
        capital: None,
        kind: None,
        credit_grade: None,
        people: Vec::new(),
        former_taxpayer_id: None,
    }
}

/// Newcomers register on their day and get their quota within three.
fn register_newcomers(firms: &[Firm], calendar: &Calendar, agenda: &mut Agenda, chance: &mut Chance) {
    for (number, firm) in (0..).zip(firms) {
        if !firm.established {
            agenda.add(calendar, calendar.moment(firm.born, Hours::Office, chance), Action::Register(number));
            let granted = firm.born + 1 + chance.place(3);
            agenda.add(calendar, calendar.moment(granted, Hours::Office, chance), Action::Grant(number));
        }
    }
}

impl World {
    /// Whether a firm has vanished by then.
    fn is_gone(&self, firm: FirmNo, at: Instant) -> bool {
        self.firms[index(firm)].gone.is_some_and(|gone| gone <= at)
    }
}

#[cfg(test)]
mod tests;
