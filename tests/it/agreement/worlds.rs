//! Small random worlds for the oracle and the fold to agree on: made from a seed, as JSON Lines, in the order in which they
//! are fed. Each has a theme that makes something rare common; everything else happens in each.

use std::fmt::Write as _;

use rand_pcg::Mcg128Xsl64;
use rand_pcg::rand_core::Rng as _;

/// Monday 2026-01-05, 09:00 in China.
const BEGIN: i64 = 1_767_574_800_000;
const MINUTE: i64 = 60_000;
const DAY: i64 = 1_440 * MINUTE;
/// The rules that worlds vary.
const STANDARD: &str = include_str!("../../../topologies/rules-standard.toml");
const GOODS: [&str; 3] = ["1090511000000000000", "1020101010000000000", "1070101010000000000"];

/// A world: its events, and the rules they are folded under.
#[derive(Clone, Debug)]
pub(super) struct World {
    pub(super) seed: u64,
    pub(super) rules: String,
    pub(super) lines: Vec<String>,
}

/// What it is mostly about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Theme {
    /// Anybody sells to anybody.
    Market,
    /// A source, washers, beneficiaries.
    Chain,
    /// Many suppliers of one firm.
    Hub,
    /// Firms that sell round and round.
    Ring,
    /// Sales that come before the purchases behind them.
    Late,
    /// Half a year, of which much is known late.
    Long,
}

struct Maker {
    chance: Mcg128Xsl64,
    theme: Theme,
    firms: usize,
    /// Between two events, on the average.
    step: i64,
    span: i64,
    /// When it is fed, when it happens, what it is.
    events: Vec<(i64, i64, String)>,
    sold: Vec<Sold>,
    numbers: u32,
}

#[derive(Clone, Debug)]
struct Sold {
    no: String,
    seller: String,
    buyer: Option<String>,
    kind: &'static str,
    at: i64,
    tax: i64,
}

impl Maker {
    fn below(&mut self, end: u64) -> u64 {
        self.chance.next_u64() % end.max(1)
    }

    fn between(&mut self, first: i64, last: i64) -> i64 {
        first + i64::try_from(self.below(u64::try_from(last - first + 1).unwrap_or(1))).unwrap_or(0)
    }

    fn happens(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[usize::try_from(self.below(of.len() as u64)).unwrap_or(0)]
    }

    fn firm(&mut self) -> String {
        let at = self.below(self.firms as u64);
        format!("F{at:02}")
    }

    /// Some time after another, mostly soon.
    fn after(&mut self, at: i64) -> i64 {
        let far = self.happens(30);
        let steps = if far { self.span / self.step } else { 4 };
        at + self.between(1, steps.max(1)) * self.step
    }

    /// Adds an event: fed when it happens, or later.
    fn say(&mut self, at: i64, body: &str) {
        // No two at the same moment.
        let at = at + i64::try_from(self.events.len()).unwrap_or(0) * 7;
        let late = self.happens(if matches!(self.theme, Theme::Late | Theme::Long) { 35 } else { 12 });
        let delay = if late { self.between(1, self.span / self.step) * self.step } else { 0 };
        self.events.push((at + delay, at, body.to_owned()));
    }

    fn number(&mut self) -> String {
        self.numbers += 1;
        // Now and then a number that another has had.
        let again = self.happens(4);
        let number = if again { self.between(1, i64::from(self.numbers)) } else { i64::from(self.numbers) };
        format!("legacy:{number:03}")
    }

    fn tax(&mut self) -> i64 {
        let most = self.pick(&[3_000, 90_000, 400_000]);
        self.between(1, most)
    }
}

/// The typologies that the oracle states; of others it says nothing, and worlds are without them.
const STATED: [&str; 9] = [
    "deduct_without_invoice",
    "double_deduction",
    "deduct_after_void",
    "dormant_revival",
    "source_burst",
    "pass_through",
    "circular",
    "false_deduction",
    "abnormal_voucher",
];

/// The standard rules, of what the oracle states.
pub(super) fn standard() -> String {
    let mut rules = String::new();
    let mut is_stated = true;
    for line in STANDARD.lines() {
        if let Some(table) = line.strip_prefix('[') {
            let code = table.strip_prefix("typologies.").map(|code| code.trim_end_matches(']'));
            is_stated = code.is_none_or(|code| STATED.contains(&code));
        }
        if is_stated {
            writeln!(rules, "{line}").unwrap();
        }
    }
    rules
}

/// The same with other numbers: the first of a name counts, wherever it stands.
pub(super) fn with_numbers(numbers: &[(&str, i64)]) -> String {
    let mut rules = String::new();
    for line in standard().lines() {
        let name = line.split(" = ").next().unwrap_or_default();
        match numbers.iter().find(|(known, _)| *known == name) {
            Some((name, value)) => writeln!(rules, "{name} = {value}").unwrap(),
            None => writeln!(rules, "{line}").unwrap(),
        }
    }
    rules
}

fn quoted(name: &str, value: &str) -> String {
    format!(",\"{name}\":\"{value}\"")
}

/// The world of a seed.
pub(super) fn world(seed: u64) -> World {
    let state = u128::from(seed).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    let themes = [Theme::Market, Theme::Chain, Theme::Hub, Theme::Ring, Theme::Late, Theme::Long];
    let theme = themes[usize::try_from(seed % 6).unwrap_or(0)];
    let mut maker = Maker {
        chance: Mcg128Xsl64::new(state),
        theme,
        firms: 5,
        step: 1,
        span: 1,
        events: Vec::new(),
        sold: Vec::new(),
        numbers: 0,
    };
    for _ in 0..4 {
        maker.below(2);
    }
    // Each event an epoch of its own, or several to one.
    maker.step = maker.pick(&[11 * MINUTE, 97 * MINUTE, DAY, 3 * DAY, MINUTE, MINUTE / 2]);
    if theme == Theme::Long {
        maker.step = 4 * DAY;
    }
    maker.span = maker.step * 40;
    maker.firms = if theme == Theme::Hub { 22 } else { maker.pick(&[3, 4, 5, 6]) };
    let rules = maker.rules();
    maker.papers();
    maker.trade();
    maker.follow_ups();
    maker.again();
    World { seed, rules, lines: maker.lines() }
}

impl Maker {
    fn rules(&mut self) -> String {
        let (pool, vector) = self.pick(&[(16, 8), (16, 8), (16, 8), (2, 2), (3, 2), (4, 1)]);
        let least = self.pick(&[1, 1, 20_000, 50_000]);
        let numbers = [
            ("pool_origins", pool),
            ("vector_origins", vector),
            ("settle_days", self.pick(&[31, 31, 3])),
            ("opening_months", self.pick(&[0, 0, 1, 3])),
            ("grace_days", self.pick(&[30, 5])),
            ("taint_hops_max", self.pick(&[8, 8, 8, 2])),
            ("taint_tax_min_fen", least),
            ("own_tax_min_fen", self.pick(&[1, 1, 50_000])),
            ("own_share_min_bp", self.pick(&[1, 3_000, 8_000])),
            ("own_share_trader_min_bp", self.pick(&[1, 3_000])),
            ("own_tax_held_min_fen", self.pick(&[1, 1, 20_000])),
            ("own_rise_min_bp", self.pick(&[1, 3_000])),
            ("growth_min_percent", self.pick(&[100, 500])),
            ("tax_part_min_fen", self.pick(&[1, 1, 10_000])),
            ("accused_tax_min_fen", self.pick(&[1, 1, 30_000])),
            ("tax_min_fen", self.pick(&[1, 1, 30_000])),
            ("tax_full_fen", self.pick(&[30_000, 200_000])),
            ("share_min_bp", self.pick(&[1, 2_000])),
            ("margin_max_bp", self.pick(&[300, 5_000, 9_000])),
            ("days_max", 31),
            ("idle_months", self.pick(&[6, 1])),
            ("idle_months_unseen", self.pick(&[2, 1])),
            ("idle_amount_max_fen", self.pick(&[1_000_000, 0])),
            ("abnormal_tax_over_fen", self.pick(&[0, 0, 50_000, 5_000_000])),
            ("kept_invoices_min", self.pick(&[1, 2, 3])),
            ("kept_share_min_bp", self.pick(&[1, 1_000])),
        ];
        with_numbers(&numbers)
    }

    /// Registrations, and what changes.
    fn papers(&mut self) {
        for firm in 0..self.firms {
            let firm = format!("F{firm:02}");
            if self.happens(75) {
                let late = self.happens(25);
                let at = if late { BEGIN + self.between(0, self.span) } else { BEGIN - self.between(1, 90) * DAY };
                let on = self.pick(&["2001-05-01", "2025-12-20", "2025-12-20", "2026-01-04"]);
                let kind = if self.happens(12) { "small_scale" } else { "general" };
                self.register(&firm, at, on, kind);
            }
            for _ in 0..2 {
                let at = BEGIN + self.between(0, self.span);
                if self.happens(8) {
                    let kind = self.pick(&["general", "small_scale"]);
                    self.say(
                        at,
                        &format!("\"type\":\"taxpayer_changed\"{},\"kind\":\"{kind}\"", quoted("taxpayer_id", &firm)),
                    );
                } else if self.happens(9) {
                    let person = self.pick(&["P1", "P2"]);
                    let people = people(person);
                    self.say(at, &format!("\"type\":\"taxpayer_changed\"{}{people}", quoted("taxpayer_id", &firm)));
                } else if self.happens(14) {
                    let status = self.pick(&["missing", "abnormal", "normal", "deregistered", "deregistered"]);
                    let who = quoted("taxpayer_id", &firm);
                    self.say(at, &format!("\"type\":\"taxpayer_status_changed\"{who}{}", quoted("status", status)));
                } else if self.happens(15) {
                    let cap = self.pick(&[100_000, 1_000_000]);
                    let who = quoted("taxpayer_id", &firm);
                    let rest = format!(",\"invoice_kind\":\"special\",\"max_amount_fen\":{cap},\"monthly_count\":25");
                    self.say(at, &format!("\"type\":\"invoice_quota_granted\"{who}{rest}"));
                } else if self.happens(10) {
                    let figure = self.tax();
                    let who = quoted("taxpayer_id", &firm);
                    let rest = format!(
                        ",\"period\":\"2026-01\",\"sales_fen\":{figure},\"output_tax_fen\":1,\"input_tax_fen\":2,\
                         \"transferred_out_fen\":3,\"payable_tax_fen\":4"
                    );
                    self.say(at, &format!("\"type\":\"vat_declared\"{who}{rest}"));
                }
            }
        }
    }

    fn register(&mut self, firm: &str, at: i64, on: &str, kind: &str) {
        let person = self.pick(&["P1", "P2"]);
        let people = people(person);
        let rest = ",\"name\":\"\",\"industry\":\"5179\",\"region\":\"440305\",\"address\":\"\",\"capital_fen\":1";
        let (who, on, kind) = (quoted("taxpayer_id", firm), quoted("registered_on", on), quoted("kind", kind));
        self.say(at, &format!("\"type\":\"taxpayer_registered\"{who}{on}{kind}{rest}{people}"));
    }

    fn trade(&mut self) {
        let invoices = self.between(5, 14);
        for place in 0..invoices {
            let at = BEGIN + self.span * place / invoices + self.between(0, 3) * self.step;
            let (seller, buyer) = self.partners(place);
            let farm = self.happens(4);
            let kind = match (farm, self.happens(7)) {
                (true, _) => "farm_purchase",
                (_, true) => self.pick(&["ordinary", "toll", "other"]),
                _ => "special",
            };
            let buyer = if farm { Some(seller.clone()) } else { buyer };
            let tax = self.tax();
            let no = self.number();
            self.issue(Sold { no, seller, buyer, kind, at, tax }, None);
        }
        if self.theme == Theme::Hub {
            self.hub();
        }
    }

    /// Suppliers of one firm, more than a pool keeps apart, and what it sells.
    fn hub(&mut self) {
        let suppliers = self.between(14, 21);
        for supplier in 0..suppliers {
            let at = BEGIN + self.between(0, 30) * self.step;
            let (no, tax) = (self.number(), self.tax());
            let seller = format!("F{:02}", supplier + 1);
            self.issue(Sold { no, seller, buyer: Some("F00".into()), kind: "special", at, tax }, None);
        }
        for _ in 0..3 {
            let at = BEGIN + self.between(25, 40) * self.step;
            let (no, tax, buyer) = (self.number(), self.tax() * 2, self.firm());
            self.issue(Sold { no, seller: "F00".into(), buyer: Some(buyer), kind: "special", at, tax }, None);
        }
    }

    fn partners(&mut self, place: i64) -> (String, Option<String>) {
        let person = self.happens(7);
        let name = |firm: i64| format!("F{firm:02}");
        let firms = i64::try_from(self.firms).unwrap_or(1);
        let typical = self.happens(80);
        let (seller, buyer) = match self.theme {
            Theme::Chain | Theme::Late | Theme::Long if typical => {
                let link = self.between(0, (firms - 2).max(0));
                (name(link), name(self.between(link + 1, firms - 1)))
            }
            Theme::Ring if typical => (name(place % firms), name((place + 1) % firms)),
            _ => (self.firm(), self.firm()),
        };
        (seller, (!person).then_some(buyer))
    }

    fn issue(&mut self, sold: Sold, red_of: Option<&str>) {
        let buyer = sold.buyer.as_ref().map(|buyer| quoted("buyer_id", buyer)).unwrap_or_default();
        let red = red_of.map(|no| quoted("red_of", no)).unwrap_or_default();
        let amount = if self.happens(2) { 0 } else { sold.tax * 7 };
        let code = self.pick(&GOODS);
        let line = format!(
            "{{\"goods_code\":\"{code}\",\"goods_name\":\"\",\"amount_fen\":{amount},\"rate_bp\":1300,\"tax_fen\":{}}}",
            sold.tax
        );
        let lines = if self.happens(70) { String::new() } else { line };
        let (no, seller, kind) =
            (quoted("invoice_no", &sold.no), quoted("seller_id", &sold.seller), quoted("invoice_kind", sold.kind));
        let rest = format!(",\"lines\":[{lines}],\"amount_fen\":{amount},\"tax_fen\":{}", sold.tax);
        self.say(sold.at, &format!("\"type\":\"invoice_issued\"{no}{kind}{seller}{buyer}{rest}{red}"));
        if red_of.is_none() {
            self.sold.push(sold);
        }
    }

    /// What becomes of the invoices.
    fn follow_ups(&mut self) {
        for sold in self.sold.clone() {
            if self.happens(14) {
                let at = if self.happens(10) { sold.at - self.step } else { self.after(sold.at) };
                self.void(&sold.no, &sold.seller, at);
            }
            let mut left = sold.tax;
            while self.happens(22) && left > 0 {
                let share = self.between(1, 100);
                let tax = if self.happens(25) { left } else { (left * share / 100).max(1) };
                left -= tax;
                self.red(&sold, tax);
            }
            if self.happens(8) {
                let at = self.after(sold.at);
                let (no, who) = (quoted("invoice_no", &sold.no), quoted("seller_id", &sold.seller));
                let kind = self.pick(&["invoice_marked_abnormal", "invoice_mark_lifted"]);
                self.say(at, &format!("\"type\":\"{kind}\"{no}{who},\"reason\":\"r\""));
            }
            if let Some(buyer) = sold.buyer.clone() {
                self.claims(&sold, &buyer);
            }
        }
    }

    fn void(&mut self, no: &str, seller: &str, at: i64) {
        let (no, who) = (quoted("invoice_no", no), quoted("seller_id", seller));
        self.say(at, &format!("\"type\":\"invoice_voided\"{no}{who}"));
    }

    fn red(&mut self, sold: &Sold, tax: i64) {
        let at = if self.happens(8) { sold.at - self.step } else { self.after(sold.at) };
        let elsewhere = self.happens(6);
        let buyer = if elsewhere { Some(self.firm()) } else { sold.buyer.clone() };
        let missing = self.happens(4);
        let blue = if missing { "legacy:999".to_owned() } else { sold.no.clone() };
        let no = self.number();
        self.issue(Sold { no: no.clone(), buyer, at, tax: -tax, ..sold.clone() }, Some(&blue));
        if self.happens(30) {
            let at = self.after(at);
            self.void(&no, &sold.seller, at);
        }
    }

    fn claims(&mut self, sold: &Sold, buyer: &str) {
        let named = self.happens(80);
        let from = if named { quoted("seller_id", &sold.seller) } else { String::new() };
        // Now and then of a number that nobody issued.
        let no = if self.happens(4) { "legacy:998" } else { &sold.no };
        let head = format!("{}{}{from}", quoted("invoice_no", no), quoted("buyer_id", buyer));
        if self.happens(25) {
            let at = self.after(sold.at);
            self.say(at, &format!("\"type\":\"invoice_received\"{head}"));
        }
        let mut count = self.pick(&[0, 1, 1, 1, 2, 3]);
        while count > 0 {
            count -= 1;
            let at = if self.happens(10) { sold.at - self.step } else { self.after(sold.at) };
            let whole = self.happens(60);
            let tax = if whole { sold.tax } else { self.between(0, sold.tax + 50) };
            let period = self.pick(&["2026-01", "2026-02", "2026-03"]);
            let purpose = self.pick(&["deduct", "deduct", "deduct", "export_refund", "not_deductible"]);
            let rest = format!(",\"period\":\"{period}\",\"tax_fen\":{tax}");
            self.say(at, &format!("\"type\":\"invoice_deducted\"{head}{rest}{}", quoted("purpose", purpose)));
            if self.happens(25) {
                let at = self.after(at);
                let part = self.happens(40);
                let tax = if part { tax / 2 } else { tax };
                let period = if self.happens(75) { period } else { "2026-04" };
                let rest = format!(",\"period\":\"{period}\",\"tax_fen\":{tax},\"reason\":\"r\"");
                self.say(at, &format!("\"type\":\"deduction_reversed\"{head}{rest}"));
            }
        }
    }

    /// The same again, and something else under the same name.
    fn again(&mut self) {
        for (fed, at, body) in self.events.clone() {
            if self.happens(4) {
                let later = fed + self.between(0, 10) * self.step;
                self.events.push((later, at, body.clone()));
            }
            let other = body.replace("\"tax_fen\":", "\"tax_fen\":1");
            if self.happens(3) && other != body && !body.contains("\"tax_fen\":-") {
                let later = fed + self.between(0, 10) * self.step;
                self.events.push((later, at, other));
            }
        }
    }

    fn lines(mut self) -> Vec<String> {
        self.events.sort_by_key(|(fed, _, _)| *fed);
        let line = |(_, at, body): (i64, i64, String)| format!("{{\"occurred_at\":\"{}\",{body}}}", moment(at));
        self.events.into_iter().map(line).collect()
    }
}

fn people(person: &str) -> String {
    format!(",\"people\":[{{\"role\":\"legal_representative\",\"person_id\":\"{person}\"}}]")
}

fn moment(at: i64) -> String {
    suyuan::model::Instant(at).to_string()
}
