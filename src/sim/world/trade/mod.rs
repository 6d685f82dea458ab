//! Who buys from whom, and how much: steady partners with Zipf-like weights, and yearly flows of tax such that every
//! firm's output is its input and the value it adds. Flows are planned in tax, in fen a year, and paid out invoice by
//! invoice: whatever an invoice is more or less than planned, the next ones make up for.

mod partners;
mod quota;

use super::calendar::{Calendar, DayNo, Season, WHOLE};
use super::chance::Chance;
use super::firm::{Firm, FirmNo, NOBODY, index};
use super::readings::sales_per_head;
use partners::{find_customers, sellers_by_industry, supply};

/// How often the plan of flows is carried through the network before it stands. What is missing then is below one per
/// cent: nine tenths of a firm's output tax are its input at most, and chains have at most seven steps.
const ROUNDS: usize = 24;
/// The smallest tax planned on an invoice, in fen.
const TAX_MIN: i64 = 100;
/// How much two firms of a pair buy from each other, relative to all their other purchases, in per cent.
const PAIR_PERCENT: i64 = 20;

/// A steady relation between a seller and a buyer. The seller is the buyer for purchases from farmers.
#[derive(Clone, Debug)]
pub(super) struct Edge {
    pub(super) seller: FirmNo,
    /// Or [`NOBODY`].
    pub(super) buyer: FirmNo,
    /// Whether the goods leave the country; the buyer is nobody then.
    pub(super) export: bool,
    season: Season,
    /// Tax a year, in fen. Until the flows stand: the weight among the buyer's suppliers.
    flow: i64,
    /// Between two invoices, as a share of the year's trade.
    gap: u64,
    /// When the next one is due, as the share of the year's trade done then.
    next: u64,
    /// Tax that should have been invoiced by now, and was not; negative where more was.
    owed: i64,
}

impl Edge {
    /// A purchase from a farmer, on a voucher issued by the buyer.
    pub(super) fn is_farm(&self) -> bool {
        self.seller == self.buyer
    }

    fn new(seller: FirmNo, buyer: FirmNo, flow: i64) -> Self {
        Self { seller, buyer, export: false, season: Season::Business, flow, gap: WHOLE, next: 0, owed: 0 }
    }

    /// What the next invoice is planned to carry on average.
    fn slot_tax(&self) -> i64 {
        let tax = i128::from(self.flow) * i128::from(self.gap) / i128::from(WHOLE);
        i64::try_from(tax).unwrap_or(i64::MAX / 4).min(i64::MAX / 4)
    }
}

/// How many invoices are to be issued along the edges.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    /// To firms.
    pub(super) between_firms: u64,
    /// To those who take no part.
    pub(super) to_ends: u64,
}

/// All relations, and what falls due on which day.
pub(super) struct Network {
    pub(super) edges: Vec<Edge>,
    /// Planned output tax a year of each firm, in fen.
    pub(super) output: Vec<i64>,
    due: Vec<Vec<u32>>,
}

impl Network {
    /// Finds every firm its suppliers, then lets the flows settle. `pairs` trade both ways.
    pub(super) fn wire(
        firms: &[Firm],
        calendar: &Calendar,
        pairs: &[(FirmNo, FirmNo)],
        partners_max: usize,
        chance: &mut Chance,
    ) -> Self {
        let sellers = sellers_by_industry(firms);
        let mut edges = Vec::new();
        for (buyer, firm) in (0..).zip(firms) {
            supply(buyer, firm, &sellers, partners_max, chance, &mut edges);
        }
        find_customers(firms, chance, &mut edges);
        let present: Vec<i64> = firms.iter().map(|firm| firm.present_per_mille(calendar)).collect();
        for edge in &mut edges {
            edge.flow = edge.flow * present[index(edge.seller)] / 1_000;
        }
        let mut network = Self { edges, output: vec![0; firms.len()], due: Vec::new() };
        network.pair_up(firms, pairs);
        network.settle(firms, &present);
        network
    }

    /// Firms that came later and need no partners of weight: one supplier, and customers who take no invoice.
    pub(super) fn add_corner_shops(
        &mut self,
        firms: &[Firm],
        calendar: &Calendar,
        shops: &[FirmNo],
        chance: &mut Chance,
    ) {
        let sellers = sellers_by_industry(firms);
        self.output.resize(firms.len(), 0);
        for &shop in shops {
            let firm = &firms[index(shop)];
            let tax = firm.end_sales_tax * firm.present_per_mille(calendar) / 1_000;
            self.output[index(shop)] = tax;
            self.edges.push(Edge::new(shop, NOBODY, tax));
            for &(industry, _) in firm.line_of_business().buys.iter().take(1) {
                let known = &sellers[industry];
                if !known.is_empty() {
                    let seller = known[chance.early_place(known.len())];
                    self.edges.push(Edge::new(seller, shop, tax));
                }
            }
        }
    }

    /// Fixes how many invoices each edge gets and when the first is due, and with it what each firm may issue.
    pub(super) fn schedule(&mut self, firms: &mut [Firm], calendar: &Calendar, budget: Budget, chance: &mut Chance) {
        let starts: Vec<u64> = self.edges.iter_mut().map(|edge| edge.begin(firms, calendar)).collect();
        let share = |edge: &Edge, start: u64| u128::from(edge.flow.unsigned_abs().isqrt()) * u128::from(WHOLE - start);
        let (mut firms_sum, mut ends_sum) = (0_u128, 0_u128);
        for (edge, &start) in self.edges.iter().zip(&starts) {
            let sum = if edge.buyer == NOBODY { &mut ends_sum } else { &mut firms_sum };
            *sum += share(edge, start);
        }
        for edge in &mut self.edges {
            let to_end = edge.buyer == NOBODY;
            let (count, sum) = if to_end { (budget.to_ends, ends_sum) } else { (budget.between_firms, firms_sum) };
            // An edge of weight w over the whole year gets count × w × WHOLE / sum invoices.
            let per_year = u128::from(count.max(1)) * u128::from(edge.flow.unsigned_abs().isqrt().max(1));
            edge.gap = u64::try_from(sum / per_year).unwrap_or(u64::MAX).clamp(64, WHOLE << 16);
        }
        self.fit_quotas(firms, &starts);
        self.due = vec![Vec::new(); calendar.trading];
        for (place, (edge, &start)) in (0..).zip(self.edges.iter_mut().zip(&starts)) {
            edge.next = start.saturating_add(chance.below(edge.gap));
            edge.owed = edge.slot_tax();
            if let Some(day) = calendar.day_at(edge.season, edge.next) {
                self.due[day].push(place);
            }
        }
        for (firm, &output) in firms.iter_mut().zip(&self.output) {
            firm.staff = (output / 100 * 100 / 13 / sales_per_head(firm.tier())).clamp(1, 20_000);
            firm.ask_for_more_later(calendar, chance);
        }
    }

    /// Takes what falls due on a day: the edge and the tax of its next invoice.
    pub(super) fn take_due(
        &mut self,
        day: DayNo,
        firms: &[Firm],
        calendar: &Calendar,
        chance: &mut Chance,
        take: &mut dyn FnMut(u32, &Edge, i64, &mut Chance),
    ) {
        let Some(due) = self.due.get_mut(day).map(std::mem::take) else { return };
        for place in due {
            let edge = &mut self.edges[place as usize];
            if edge.is_over(firms, day) {
                continue;
            }
            loop {
                let tax = edge.pay(&firms[index(edge.seller)], chance);
                take(place, edge, tax, chance);
                match calendar.day_at(edge.season, edge.next) {
                    Some(next) if next == day => {}
                    Some(next) => {
                        self.due[next].push(place);
                        break;
                    }
                    None => break,
                }
            }
        }
    }

    /// The suppliers of a firm that satisfy a condition. Corner shops have none here.
    pub(super) fn suppliers(&self, buyer: FirmNo, wanted: impl Fn(FirmNo) -> bool) -> Vec<FirmNo> {
        let first = self.edges.partition_point(|edge| edge.buyer < buyer);
        let from = self.edges[first..].iter().take_while(|edge| edge.buyer == buyer).filter(|edge| !edge.is_farm());
        from.map(|edge| edge.seller).filter(|&seller| wanted(seller)).collect()
    }

    fn pair_up(&mut self, firms: &[Firm], pairs: &[(FirmNo, FirmNo)]) {
        let weights = self.weights(firms);
        for &(one, other) in pairs {
            for (seller, buyer) in [(one, other), (other, one)] {
                self.edges.push(Edge::new(seller, buyer, (weights[index(buyer)] * PAIR_PERCENT / 100).max(1)));
            }
        }
    }

    /// The weight of all suppliers of each firm.
    fn weights(&self, firms: &[Firm]) -> Vec<i64> {
        let mut weights = vec![0_i64; firms.len()];
        for edge in &self.edges {
            weights[index(edge.buyer)] += edge.flow;
        }
        weights
    }

    /// Turns weights into flows: output is what others buy and what ends take; purchases are a share of output.
    fn settle(&mut self, firms: &[Firm], present: &[i64]) {
        let weights = self.weights(firms);
        let of_year = |tax: fn(&Firm) -> i64| -> Vec<i64> {
            firms.iter().zip(present).map(|(firm, present)| tax(firm) * present / 1_000).collect()
        };
        let (ends, exports) = (of_year(|firm| firm.end_sales_tax), of_year(|firm| firm.export_tax));
        let out_of_trade: Vec<i64> = ends.iter().zip(&exports).map(|(ends, exports)| ends + exports).collect();
        let bought = |network: &Self, edge: &Edge| {
            let buyer = index(edge.buyer);
            network.bought(&firms[buyer], buyer, ends[buyer], edge.flow, weights[buyer])
        };
        self.output.clone_from(&out_of_trade);
        for _ in 0..ROUNDS {
            let mut next = out_of_trade.clone();
            for edge in &self.edges {
                next[index(edge.seller)] += bought(self, edge);
            }
            self.output = next;
        }
        let flows: Vec<i64> = self.edges.iter().map(|edge| bought(self, edge)).collect();
        for (edge, flow) in self.edges.iter_mut().zip(flows) {
            edge.flow = flow;
        }
        for (number, firm) in (0..).zip(firms) {
            let bought = self.output[index(number)] * firm.input_percent / 100;
            let farm_percent = firm.line_of_business().farm_percent;
            if farm_percent > 0 && bought > 0 {
                self.edges.push(Edge::new(number, number, bought * farm_percent / 100));
            }
            self.edges.push(Edge::new(number, NOBODY, ends[index(number)]));
            self.edges.push(Edge { export: true, ..Edge::new(number, NOBODY, exports[index(number)]) });
        }
        self.edges.retain(|edge| edge.flow > 0);
        self.edges.sort_by_key(|edge| edge.buyer);
    }

    /// The tax a buyer pays along an edge of this weight, of so much weight of all its suppliers.
    fn bought(&self, buyer: &Firm, place: usize, ends: i64, weight: i64, weights: i64) -> i64 {
        let all = if buyer.is_general() {
            let farm_percent = buyer.line_of_business().farm_percent;
            i128::from(self.output[place]) * i128::from(buyer.input_percent * (100 - farm_percent)) / 10_000
        } else {
            // It charges 1 to 3 % and pays 13: half of what it sells, at the rate of its suppliers.
            i128::from(ends) * 4
        };
        i64::try_from(all * i128::from(weight) / i128::from(weights.max(1))).unwrap_or(i64::MAX / 1_000)
    }
}

impl Edge {
    /// How many invoices it is to have, if it begins so far into the year's trade.
    fn invoices(&self, start: u64) -> u128 {
        // In parts of an invoice: in a small world most edges have less than one.
        (u128::from(WHOLE - start.min(WHOLE)) << 16) / u128::from(self.gap)
    }

    /// Whether one of the two has closed. A buyer who is going to close buys nothing in its last weeks.
    fn is_over(&self, firms: &[Firm], day: DayNo) -> bool {
        let closed = |firm: FirmNo, day| firm != NOBODY && firms[index(firm)].is_closed(day);
        closed(self.seller, day) || closed(self.buyer, day + 20)
    }

    /// Sets the season, and returns the share of the year's trade done when it begins: newcomers buy before they sell.
    fn begin(&mut self, firms: &[Firm], calendar: &Calendar) -> u64 {
        let seller = &firms[index(self.seller)];
        let buyer = (self.buyer != NOBODY).then(|| &firms[index(self.buyer)]);
        self.season = match buyer {
            Some(_) if self.is_farm() => Season::Harvest,
            Some(buyer) if buyer.season == Season::Peak => Season::BeforePeak,
            // Shops sell to the public at weekends, to firms on working days.
            Some(_) if seller.season == Season::Retail => Season::Business,
            Some(_) | None => seller.season,
        };
        if buyer.is_none() && !self.export {
            self.flow = self.flow / 100 * i64::from(100 - seller.uninvoiced_percent);
        }
        let open = |firm: &Firm, days: DayNo| if firm.established { 0 } else { firm.born + days };
        let from = open(seller, 18).max(buyer.map_or(0, |buyer| open(buyer, 6)));
        let start = calendar.done_by(self.season, from);
        // What is planned for the journal's months falls into what is left of them: now it is a flow a year.
        let flow = i128::from(self.flow) * i128::from(WHOLE) / i128::from((WHOLE - start).max(WHOLE / 50));
        self.flow = i64::try_from(flow).unwrap_or(i64::MAX / 1_000);
        start
    }

    /// The tax of the invoice now due; moves on to the next.
    fn pay(&mut self, seller: &Firm, chance: &mut Chance) -> i64 {
        let good = seller.line_of_business().sells[0];
        let rate = i64::from(seller.rate_bp(good));
        let most = seller.cap / 10_000 * rate;
        let wanted = self.owed / 100 * chance.between(50, 150);
        let tax = if wanted > most { most / 1_000 * chance.between(920, 999) } else { wanted }.max(TAX_MIN);
        let gap = self.gap / 128 * (64 + chance.below(129));
        self.next += gap.max(1);
        let earned = i128::from(self.flow) * i128::from(gap) / i128::from(WHOLE);
        self.owed = (self.owed - tax).saturating_add(i64::try_from(earned).unwrap_or(i64::MAX / 4));
        tax
    }
}

impl Firm {
    /// For how much of the journal's months it can sell, in per mille.
    fn present_per_mille(&self, calendar: &Calendar) -> i64 {
        if self.established {
            return 1_000;
        }
        let left = calendar.trading.saturating_sub(self.born + 18) * 1_000 / calendar.trading;
        i64::try_from(left).unwrap_or(0)
    }
}
