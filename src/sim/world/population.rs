//! Founds firms: the established ones, those registered in the course of the year, and the shells of schemes.

use crate::model::{CreditGrade, Date, Fen, Period, TaxpayerKind};

use super::Settings;
use super::calendar::{Calendar, DayNo, Hours, Season};
use super::chance::Chance;
use super::firm::{Filing, Firm, FirmNo};
use super::goods::{INDUSTRIES, Tier};
use super::identity::{self, REGIONS};

/// Registered in the course of the journal, in basis points of all firms.
const NEWCOMERS_BP: u64 = 700;
/// Still on tax-control equipment, in basis points of the established.
const PAPER_BP: u64 = 2_500;
/// Shops without general status, in basis points.
const SMALL_SHOPS_BP: u64 = 4_500;
/// Farms without general status, in basis points.
const SMALL_FARMS_BP: u64 = 3_000;
/// Makers that sell abroad, and traders in goods that go abroad, in basis points.
const EXPORTERS_BP: u64 = 1_300;
/// Clothes and electronics: trades whose goods go abroad.
const EXPORT_TRADES: [usize; 5] = [11, 15, 16, 24, 25];
/// Works, depots and stations that issue round the clock, in basis points.
const SHIFTS_BP: u64 = 250;
/// Shops wound up in the course of a year, in basis points of the small.
const CLOSING_BP: u64 = 350;
/// Voided in the month of issue, in basis points, at each twentieth of firms on paper: 05, "Baselines from real firms".
const VOIDS_BP: [i64; 20] = [
    50, 150, 250, 380, 480, 580, 680, 770, 850, 930, 1_000, 1_080, 1_180, 1_300, 1_450, 1_650, 1_900, 2_250, 2_900,
    3_600,
];
/// Red-lettered in the month of issue, the same way.
const RETURNS_BP: [i64; 20] = [0, 10, 20, 25, 30, 40, 45, 50, 60, 70, 80, 95, 110, 130, 160, 190, 230, 300, 420, 600];
/// The most a sale carries on one sheet, in per cent of the largest sale. Below it, a sale takes several sheets near the cap.
const SHEET_PERCENT: [i64; 10] = [400, 250, 160, 120, 100, 85, 70, 50, 35, 20];
/// One yuan, in fen.
const YUAN: i64 = 100;

/// What a new firm must be; the rest is drawn.
pub(super) struct Founding {
    pub(super) industry: usize,
    pub(super) kind: TaxpayerKind,
    /// When it is heard of. `None`: years before the journal begins.
    pub(super) born: Option<DayNo>,
}

/// The registry of firms, as it grows.
pub(super) struct Population {
    pub(super) firms: Vec<Firm>,
    /// Bookkeeping agents: the clerk who handles their clients' tax, and the machine that clerk works on.
    pub(super) agents: Vec<u32>,
    seed: u64,
    first_day: Date,
    next_person: u32,
}

impl Population {
    /// So many honest firms in all industries.
    pub(super) fn honest(settings: &Settings, calendar: &Calendar, count: usize, chance: &mut Chance) -> Self {
        let mut population = Self {
            firms: Vec::with_capacity(count),
            agents: Vec::new(),
            seed: settings.seed,
            first_day: settings.start,
            next_person: 0,
        };
        for number in 0..count {
            // One firm of each industry first, so that small worlds have whole chains.
            let industry = if number < INDUSTRIES.len() {
                number
            } else {
                chance.weighted(INDUSTRIES.iter().map(|industry| industry.weight))
            };
            let newcomer = number >= INDUSTRIES.len() && chance.happens(NEWCOMERS_BP);
            let born = newcomer.then(|| chance.place(calendar.trading));
            let kind = kind(industry, number, chance);
            population.found(&Founding { industry, kind, born }, calendar, chance);
        }
        population
    }

    /// One more firm.
    pub(super) fn found(&mut self, founding: &Founding, calendar: &Calendar, chance: &mut Chance) -> FirmNo {
        let number = FirmNo::try_from(self.firms.len()).expect("settings allow fewer firms");
        let &Founding { industry, kind, born } = founding;
        let tier = INDUSTRIES[industry].tier;
        let registered_on = match born {
            Some(day) => calendar.days[day].start.date(),
            None => Date(self.first_day.0 - i32::try_from(chance.between(400, 7_000)).expect("a few years")),
        };
        let region = chance.place(REGIONS.len());
        let class = match (tier, kind) {
            (Tier::Producer, _) if industry < 2 => "93",
            (_, TaxpayerKind::SmallScale) => "92",
            _ => "91",
        };
        let after_2015 = registered_on.0 > DAY_2015_10_01;
        let id = identity::credit_code(self.seed, number, class, REGIONS[region].0, after_2015);
        let grade = Some(if born.is_some() { CreditGrade::M } else { grade(chance) });
        let size = chance.weighted([30, 26, 20, 12, 7, 3, 1, 1].into_iter());
        let (input_percent, end_sales_tax) = economy(tier, kind, size, chance);
        let people = self.people(chance);
        let retail = INDUSTRIES[industry].season == Season::Retail;
        let exports =
            kind == TaxpayerKind::General && EXPORT_TRADES.contains(&industry) && chance.happens(EXPORTERS_BP);
        let works = tier == Tier::Maker || tier == Tier::Producer || [19, 32].contains(&industry);
        let closes = (born.is_none() && tier == Tier::Shop && size < 2 && chance.happens(CLOSING_BP))
            .then(|| chance.place(calendar.trading));
        self.firms.push(Firm {
            id,
            industry,
            kind,
            region,
            registered_on,
            born: born.unwrap_or(0),
            established: born.is_none(),
            capital: Fen((chance.between(1, 10) * 500_000 * YUAN) << size.min(5)),
            grade,
            people,
            site: number,
            device: number,
            network: number,
            contact: 0,
            paper: born.is_none() && kind == TaxpayerKind::General && chance.happens(PAPER_BP),
            input_percent,
            end_sales_tax,
            uninvoiced_percent: if retail { u8::try_from(chance.between(5, 55)).expect("a share") } else { 0 },
            export_tax: if exports { (chance.between(60_000, 200_000) * YUAN) << size.min(4) } else { 0 },
            refund_bp: 0,
            season: INDUSTRIES[industry].season,
            hours: match retail {
                _ if works && chance.happens(SHIFTS_BP) => Hours::Shifts,
                true => Hours::Shop,
                false => Hours::Office,
            },
            cap: 0,
            monthly_count: 25,
            planned_amount: 0,
            small_rate_bp: if chance.happens(8_000) { 100 } else { 300 },
            sheet_percent: SHEET_PERCENT[chance.place(10)],
            raised: None,
            voids_bp: VOIDS_BP[chance.place(20)].unsigned_abs(),
            returns_bp: RETURNS_BP[chance.place(20)].unsigned_abs(),
            careless_bp: if chance.happens(500) { chance.below(1_200) } else { chance.below(120) },
            filing: Filing::Honest,
            filing_since: Period(i32::MIN),
            staff: 0,
            power_percent: chance.between(70, 140),
            gone: None,
            closes,
            filing_day: u32::try_from(chance.between(8, 15)).expect("a day of the month"),
            cast: false,
            serial: 0,
        });
        number
    }

    /// The seed all names follow from.
    pub(super) fn seed(&self) -> u64 {
        self.seed
    }

    /// A person nobody has met yet.
    pub(super) fn stranger(&mut self) -> u32 {
        self.next_person += 1;
        self.next_person
    }

    /// Two to four people for the four posts.
    fn people(&mut self, chance: &mut Chance) -> [u32; 4] {
        let representative = self.stranger();
        let finance = self.stranger();
        let handler = if chance.happens(6_000) { finance } else { self.stranger() };
        let collector = if chance.happens(7_000) { handler } else { self.stranger() };
        [representative, finance, handler, collector]
    }
}

/// Organisation codes beginning `MA` were handed out from 2015-10-01 on.
const DAY_2015_10_01: i32 = 16_709;

fn kind(industry: usize, number: usize, chance: &mut Chance) -> TaxpayerKind {
    let small_bp = match INDUSTRIES[industry].tier {
        _ if number < INDUSTRIES.len() => 0,
        Tier::Shop => SMALL_SHOPS_BP,
        Tier::Producer if industry < 2 => SMALL_FARMS_BP,
        Tier::Producer | Tier::Maker | Tier::Trader => 0,
    };
    if chance.happens(small_bp) { TaxpayerKind::SmallScale } else { TaxpayerKind::General }
}

fn grade(chance: &mut Chance) -> CreditGrade {
    let grades = [CreditGrade::A, CreditGrade::B, CreditGrade::M, CreditGrade::C, CreditGrade::D];
    grades[chance.weighted([15, 55, 18, 10, 2].into_iter())]
}

/// Input over output in per cent, and the yearly output tax to those who do not deduct.
fn economy(tier: Tier, kind: TaxpayerKind, size: usize, chance: &mut Chance) -> (i64, i64) {
    if kind == TaxpayerKind::SmallScale {
        return (0, chance.between(1_500, 40_000) * YUAN);
    }
    let input_percent = match tier {
        Tier::Producer => chance.between(15, 35),
        Tier::Maker => chance.between(70, 86),
        Tier::Trader => chance.between(84, 94),
        Tier::Shop => chance.between(66, 86),
    };
    let whole = (chance.between(30_000, 60_000) * YUAN) << size;
    let end_sales_tax = match tier {
        Tier::Shop => whole,
        Tier::Trader | Tier::Maker if chance.happens(5_000) => whole / 8,
        Tier::Producer if chance.happens(3_000) => whole / 30,
        Tier::Producer | Tier::Trader | Tier::Maker => 0,
    };
    (input_percent, end_sales_tax)
}
