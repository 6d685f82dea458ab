//! Who shares what with whom, honestly: a bookkeeping agent handles the tax of hundreds of small firms from one machine,
//! an incubator gives all its firms one address and one network, a group has one finance officer, a family one phone.
//! None of it says anything about anybody's trade.

use super::calendar::{Calendar, DayNo};
use super::chance::Chance;
use super::firm::{Firm, FirmNo, index};
use super::goods::Tier;
use super::identity::REGIONS;
use super::population::Population;

/// Small firms that have an agent, in basis points; the first for those without general status.
const CLIENTS_BP: [u64; 2] = [5_500, 3_000];
/// About so many firms have one agent.
const CLIENTS: usize = 150;
/// Firms in an incubator, in basis points, and about so many in one.
const TENANTS_BP: u64 = 700;
const TENANTS: usize = 14;
/// Firms that belong to a group, in basis points.
const GROUPED_BP: u64 = 250;
/// Firms whose owner has another one; firms that give the phone of somebody in the family.
const SECOND_FIRM_BP: u64 = 200;
const FAMILY_PHONE_BP: u64 = 150;
/// Honest firms that get a new representative in a year, in basis points.
const SUCCESSION_BP: u64 = 300;

/// Ties honest firms to each other.
pub(super) fn tie(population: &mut Population, chance: &mut Chance) {
    agents(population, chance);
    incubators(population, chance);
    groups(population, chance);
    families(population, chance);
}

/// Whether a firm is so small that it has its books kept elsewhere.
fn is_small(firm: &Firm) -> bool {
    !firm.is_general() || (firm.tier() >= Tier::Trader && firm.end_sales_tax < 20_000_000)
}

fn agents(population: &mut Population, chance: &mut Chance) {
    let clients: Vec<usize> = (0..population.firms.len())
        .filter(|&place| {
            let firm = &population.firms[place];
            is_small(firm) && chance.happens(CLIENTS_BP[usize::from(firm.is_general())])
        })
        .collect();
    population.agents = (0..clients.len().div_ceil(CLIENTS)).map(|_| population.stranger()).collect();
    for place in clients {
        let agent = population.agents[chance.early_place(population.agents.len())];
        population.firms[place].keep_books_at(agent, chance);
    }
}

impl Firm {
    /// Has its tax handled by an agent, mostly from the agent's machine.
    pub(super) fn keep_books_at(&mut self, agent: u32, chance: &mut Chance) {
        (self.people[2], self.people[3]) = (agent, agent);
        if chance.happens(3_000) {
            self.people[1] = agent;
        }
        if !self.paper && chance.happens(7_000) {
            // Machines of agents are numbered from the other end.
            (self.device, self.network) = (u32::MAX - agent, u32::MAX - agent);
        }
    }
}

fn incubators(population: &mut Population, chance: &mut Chance) {
    let mut rooms: Vec<(u32, usize)> = vec![(0, usize::MAX); REGIONS.len()];
    for place in 0..population.firms.len() {
        let firm = &mut population.firms[place];
        if firm.tier() < Tier::Trader || !chance.happens(TENANTS_BP) {
            continue;
        }
        let (site, tenants) = &mut rooms[firm.region];
        if *tenants >= TENANTS {
            (*site, *tenants) = (firm.site, chance.place(TENANTS / 2));
        }
        firm.site = *site;
        if firm.device == firm.network {
            firm.network = *site;
        }
        *tenants += 1;
    }
}

fn groups(population: &mut Population, chance: &mut Chance) {
    let mut left = 0;
    let mut head = (0, 0);
    for place in 0..population.firms.len() {
        let firm = &mut population.firms[place];
        if !firm.is_general() || firm.end_sales_tax < 5_000_000 || !chance.happens(GROUPED_BP) {
            continue;
        }
        if left == 0 {
            left = chance.between(1, 4);
            head = (firm.people[1], firm.contact);
        } else {
            left -= 1;
            (firm.people[1], firm.contact) = head;
        }
    }
}

fn families(population: &mut Population, chance: &mut Chance) {
    for place in 1..population.firms.len() {
        let other = chance.place(place);
        let (person, phone) = (population.firms[other].people[0], population.firms[other].contact);
        let firm = &mut population.firms[place];
        if chance.happens(SECOND_FIRM_BP) {
            firm.people[0] = person;
        } else if chance.happens(FAMILY_PHONE_BP) && firm.contact == 0 {
            firm.contact = if phone == 0 { person } else { phone };
        }
    }
}

/// Firms that get a new representative, each with its day; their trade goes on as before.
pub(super) fn successions(firms: &[Firm], calendar: &Calendar, chance: &mut Chance) -> Vec<(FirmNo, DayNo)> {
    let mut days = Vec::new();
    for number in 0..FirmNo::try_from(firms.len()).expect("settings allow fewer firms") {
        let firm = &firms[index(number)];
        if firm.established && !firm.cast && chance.happens(SUCCESSION_BP) {
            days.push((number, calendar.worked_from(chance.place(calendar.trading))));
        }
    }
    days
}
