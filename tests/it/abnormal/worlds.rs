//! Small random worlds of special invoices, claims and marks: few firms that sell to each other round and round, few months,
//! amounts that come close to the law's two numbers, and everything taken back again. As JSON Lines, in the order in which
//! they are fed.

use rand_pcg::Mcg128Xsl64;
use rand_pcg::rand_core::Rng as _;

/// Monday 2026-01-05, 09:00 in China.
const BEGIN: i64 = 1_767_574_800_000;
const MINUTE: i64 = 60_000;
const DAY: i64 = 1_440 * MINUTE;
const MONTHS: [&str; 3] = ["2026-01", "2026-02", "2026-03"];

/// A world: the rules it is folded under, its events, and after how many of them the journal is quiet each time.
#[derive(Clone, Debug)]
pub(super) struct World {
    pub(super) seed: u64,
    pub(super) rules: String,
    pub(super) lines: Vec<String>,
    pub(super) quiet_after: usize,
}

pub(super) struct Chance(Mcg128Xsl64);

impl Chance {
    pub(super) fn new(seed: u64) -> Self {
        let mut chance = Self(Mcg128Xsl64::new(
            u128::from(seed).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835),
        ));
        for _ in 0..4 {
            chance.below(2);
        }
        chance
    }

    pub(super) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.0.next_u64() % end.max(1) as u64).unwrap()
    }

    fn happens(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }
}

#[derive(Clone, Debug)]
struct Sold {
    no: String,
    seller: usize,
    buyer: usize,
    day: i64,
    tax: i64,
}

struct Maker {
    chance: Chance,
    firms: usize,
    /// Of a hundred invoices, so many go to the next firm of the ring.
    ring: usize,
    events: Vec<(i64, String)>,
    sold: Vec<Sold>,
    /// What was claimed of which invoice, in which month, named or not.
    claimed: Vec<(usize, i64, &'static str, bool)>,
    late: usize,
}

/// The law with other numbers, and nothing else that is found.
pub(super) fn rules(tax_over: i64, share: i64) -> String {
    let limits = suyuan::drive::STANDARD_RULES.split("[typologies.").next().unwrap();
    format!(
        "{limits}[typologies.abnormal_voucher]\nscore_held = 150\nscore = 350\nscore_in_turn = 700\n\
         abnormal_tax_over_fen = {tax_over}\nabnormal_share_min_bp = {share}\nverify_days = 14\n"
    )
}

/// The world of a seed.
pub(super) fn world(seed: u64) -> World {
    let mut chance = Chance::new(seed);
    let rules = rules(chance.pick(&[0, 1_999, 3_000, 7_000]), chance.pick(&[7_000, 7_000, 7_000, 3_334, 10_000]));
    let quiet_after = chance.pick(&[1, 1, 2, 3, 7, 20]);
    let (firms, ring, late) =
        (chance.pick(&[2, 3, 3, 4, 5, 7]), chance.pick(&[100, 90, 60, 20]), chance.pick(&[0, 5, 30]));
    let mut maker = Maker { chance, firms, ring, events: Vec::new(), sold: Vec::new(), claimed: Vec::new(), late };
    maker.papers();
    let invoices = firms + maker.chance.below(14);
    for _ in 0..invoices {
        maker.sell();
    }
    let rounds = maker.chance.below(40);
    for _ in 0..rounds {
        maker.follow_up();
    }
    if maker.chance.happens(6) {
        // Everything else is about months that are closed by then.
        let place = maker.chance.below(maker.events.len());
        let far = BEGIN + 1_000 * DAY;
        maker.events.insert(place, (far, "\"type\":\"observed\",\"taxpayer_id\":\"Z\",\"source\":\"bank\",\"metric\":\"inflow\",\"period\":\"2026-01\",\"value\":1,\"unit\":\"fen\"".into()));
    }
    World { seed, rules, lines: maker.lines(), quiet_after }
}

fn name(firm: usize) -> String {
    format!("F{firm}")
}

impl Maker {
    /// Adds an event after the others, or somewhere before them.
    fn say(&mut self, day: i64, body: String) {
        let at = BEGIN + day * DAY + i64::try_from(self.events.len()).unwrap() * 7 * MINUTE;
        let place =
            if self.chance.happens(self.late) { self.chance.below(self.events.len() + 1) } else { self.events.len() };
        self.events.insert(place, (at, body));
        if self.chance.happens(2) {
            // The same again.
            let again = self.events[place].clone();
            self.events.push(again);
        }
    }

    fn papers(&mut self) {
        for firm in 0..self.firms {
            if self.chance.happens(30) {
                let kind = if self.chance.happens(25) { "small_scale" } else { "general" };
                let day = self.chance.pick(&[-20, 3, 33]);
                self.say(day, format!(
                    "\"type\":\"taxpayer_registered\",\"taxpayer_id\":\"{}\",\"name\":\"\",\"registered_on\":\"2025-12-01\",\
                     \"industry\":\"5123\",\"region\":\"440300\",\"address\":\"\",\"capital_fen\":1,\"kind\":\"{kind}\",\
                     \"people\":[]",
                    name(firm)
                ));
            }
        }
    }

    fn tax(&mut self) -> i64 {
        self.chance.pick(&[1_000, 2_000, 3_000, 3_000, 7_000, 10_000, 999])
    }

    fn sell(&mut self) {
        let seller = self.chance.below(self.firms);
        let buyer =
            if self.chance.happens(self.ring) { (seller + 1) % self.firms } else { self.chance.below(self.firms) };
        let again = !self.sold.is_empty() && self.chance.happens(5);
        let no = if again { self.chance.below(self.sold.len()) } else { self.sold.len() };
        let day = self.chance.pick(&[0, 1, 2, 3, 30]);
        let tax = self.tax();
        let kind = if self.chance.happens(8) { "ordinary" } else { "special" };
        let sold = Sold { no: format!("legacy:{no:03}"), seller, buyer, day, tax };
        self.issue(&sold, kind, None);
        self.sold.push(sold);
        if self.chance.happens(80) {
            self.claim(self.sold.len() - 1);
        }
        if self.chance.happens(22) {
            self.mark(self.sold.len() - 1, true);
        }
    }

    fn issue(&mut self, sold: &Sold, kind: &str, red_of: Option<&str>) {
        let Sold { no, seller, buyer, day, tax } = sold;
        let (seller, buyer, amount) = (name(*seller), name(*buyer), tax * 7);
        let red = red_of.map(|no| format!(",\"red_of\":\"{no}\"")).unwrap_or_default();
        self.say(*day, format!(
            "\"type\":\"invoice_issued\",\"invoice_no\":\"{no}\",\"invoice_kind\":\"{kind}\",\"seller_id\":\"{seller}\",\
             \"buyer_id\":\"{buyer}\",\"lines\":[],\"amount_fen\":{amount},\"tax_fen\":{tax}{red}"
        ));
    }

    fn claim(&mut self, sold: usize) {
        let Sold { no, seller, buyer, day, tax } = self.sold[sold].clone();
        let named = self.chance.happens(85);
        let own = if day < 20 { MONTHS[0] } else { MONTHS[1] };
        let month = if self.chance.happens(80) { own } else { self.chance.pick(&MONTHS) };
        let tax = if self.chance.happens(80) { tax } else { self.tax() };
        let purpose = self.chance.pick(&["deduct", "deduct", "deduct", "export_refund", "not_deductible"]);
        self.say(
            day + 1,
            format!(
                "\"type\":\"invoice_deducted\",\"invoice_no\":\"{no}\",\"buyer_id\":\"{}\"{},\"period\":\"{month}\",\
             \"tax_fen\":{tax},\"purpose\":\"{purpose}\"",
                name(buyer),
                from(named, seller)
            ),
        );
        self.claimed.push((sold, tax, month, named));
    }

    fn mark(&mut self, sold: usize, abnormal: bool) {
        let Sold { no, seller, day, .. } = self.sold[sold].clone();
        let kind = if abnormal { "invoice_marked_abnormal" } else { "invoice_mark_lifted" };
        self.say(
            day + 2,
            format!("\"type\":\"{kind}\",\"invoice_no\":\"{no}\",\"seller_id\":\"{}\",\"reason\":\"r\"", name(seller)),
        );
    }

    fn follow_up(&mut self) {
        let sold = self.chance.below(self.sold.len());
        let Sold { no, seller, buyer, day, tax } = self.sold[sold].clone();
        match self.chance.below(20) {
            0..=3 => self.reverse(),
            4..=6 => self.claim(sold),
            7..=9 => self.mark(sold, false),
            10..=12 => self.mark(sold, true),
            13 | 14 => self.sell(),
            15 => self.say(
                day + 3,
                format!("\"type\":\"invoice_voided\",\"invoice_no\":\"{no}\",\"seller_id\":\"{}\"", name(seller)),
            ),
            16 => {
                let kind = self.chance.pick(&["small_scale", "general", "general"]);
                let day = self.chance.pick(&[-10, 10, 25, 40]);
                self.say(
                    day,
                    format!("\"type\":\"taxpayer_changed\",\"taxpayer_id\":\"{}\",\"kind\":\"{kind}\"", name(buyer)),
                );
            }
            17 => {
                let red =
                    Sold { no: format!("legacy:r{:03}", self.events.len()), tax: -tax, ..self.sold[sold].clone() };
                self.issue(&red, "special", Some(&no));
            }
            // Marks taken off, one after the other, until nothing may stand.
            _ => {
                for sold in 0..self.sold.len() {
                    if self.chance.happens(70) {
                        self.mark(sold, false);
                    }
                }
            }
        }
    }

    fn reverse(&mut self) {
        if self.claimed.is_empty() {
            return;
        }
        let (sold, tax, month, named) = self.claimed[self.chance.below(self.claimed.len())];
        let Sold { no, seller, buyer, day, .. } = self.sold[sold].clone();
        let tax = if self.chance.happens(70) { tax } else { tax / 2 };
        let month = if self.chance.happens(80) { month } else { self.chance.pick(&MONTHS) };
        let named = if self.chance.happens(90) { named } else { !named };
        self.say(
            day + 2,
            format!(
                "\"type\":\"deduction_reversed\",\"invoice_no\":\"{no}\",\"buyer_id\":\"{}\"{},\"period\":\"{month}\",\
             \"tax_fen\":{tax},\"reason\":\"r\"",
                name(buyer),
                from(named, seller)
            ),
        );
    }

    fn lines(self) -> Vec<String> {
        let line = |(at, body): (i64, String)| format!("{{\"occurred_at\":\"{}\",{body}}}", suyuan::model::Instant(at));
        self.events.into_iter().map(line).collect()
    }
}

fn from(named: bool, seller: usize) -> String {
    if named { format!(",\"seller_id\":\"{}\"", name(seller)) } else { String::new() }
}
