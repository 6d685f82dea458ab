//! What the fold's rows say at the end of a world, under the same names as the oracle says it.

use std::collections::BTreeMap;

use suyuan::drive::World;
use suyuan::fold::published_case;
use suyuan::model::{About, ChainRole, Entity, Fen, Id, Instant, Kind, SignalStatus, TaskStatus};
use suyuan::provenance::{Blend, Ordinal};
use suyuan::risk;
use suyuan::state::{
    Books, CaseHead, ClaimKind, Held, Issued, Key, Memory, Month, Partner, Profile, Row, Side, Totals, standing,
};

use crate::oracle::statement::Statement;

type Rows = BTreeMap<(Entity, Key), Row>;

/// The same statement, from the fold.
pub(super) fn state(world: &mut World) -> Statement {
    let rows: Rows = world.rows().iter().map(|(key, row)| (*key, row.clone())).collect();
    let mut teller = Teller { names: names(&rows), cases: cases(&rows), all: Statement::new() };
    for ((entity, key), row) in &rows {
        if entity.kind == Kind::Taxpayer {
            teller.taxpayer(entity.id, key, row);
        }
    }
    let rules = world.fold().rules().clone();
    for (entity, head) in rows.iter().filter_map(|((entity, _), row)| head(row).map(|head| (*entity, head))) {
        teller.case(world.rows(), entity, head, &rules);
    }
    teller.all.retain(|_, value| value != "0");
    teller.all
}

fn head(row: &Row) -> Option<&CaseHead> {
    if let Row::CaseHead(head) = row { Some(head) } else { None }
}

/// Whose an ordinal is, in whose books.
fn names(rows: &Rows) -> BTreeMap<(Id, Ordinal), Id> {
    let mut names = BTreeMap::new();
    for ((entity, key), row) in rows {
        names.insert((entity.id, Ordinal::OWN), entity.id);
        if let (Key::Origin(id), Row::Origin(origin)) = (key, row) {
            names.insert((entity.id, origin.ordinal), *id);
        }
    }
    names
}

/// The origin and count of each case of each taxpayer, by the case's id.
fn cases(rows: &Rows) -> BTreeMap<Id, (Id, u32)> {
    let mut cases = BTreeMap::new();
    for ((entity, _), row) in rows {
        if let Row::Profile(profile) = row {
            let accusing = risk::ALL.iter().filter(|typology| typology.accuses_source);
            for (typology, count) in
                accusing.flat_map(|typology| (1..=profile.flags).map(move |count| (typology, count)))
            {
                cases.insert(CaseHead::id(typology.code, entity.id, count), (entity.id, count));
            }
        }
    }
    cases
}

struct Teller {
    names: BTreeMap<(Id, Ordinal), Id>,
    cases: BTreeMap<Id, (Id, u32)>,
    all: Statement,
}

impl Teller {
    fn say(&mut self, name: String, value: impl std::fmt::Display) {
        self.all.insert(name, value.to_string());
    }

    fn blend(&mut self, of: Id, name: &str, blend: &Blend, with_hops: bool) {
        for slice in blend.slices() {
            let origin = self.names[&(of, slice.origin)];
            let hops = if with_hops { format!(", {} hops", slice.hops) } else { String::new() };
            self.say(format!("{name} of {origin}"), format!("{}{hops}", slice.tax));
        }
        self.say(format!("{name} of others"), blend.remainder().0);
    }

    fn taxpayer(&mut self, id: Id, key: &Key, row: &Row) {
        match (*key, row) {
            (Key::Profile, Row::Profile(profile)) => self.profile(id, profile),
            (Key::Month(month), Row::Month(sums)) => self.month(id, &month.to_string(), sums),
            (Key::Issued(no), Row::Issued(issued)) => self.issued(id, no.as_str(), issued),
            (Key::Held { invoice_no, .. }, Row::Held(held)) => self.held(id, invoice_no.as_str(), held),
            (Key::Partner(side, with), Row::Partner(partner)) => self.partner(id, side, with, partner),
            (Key::Origin(origin), Row::Origin(row)) => {
                self.say(format!("taken {id} of {origin}"), row.taken.0);
                self.say(format!("deducted {id} of {origin}"), row.deducted.0);
            }
            (Key::Passed(_, buyer), Row::Passed(page)) => {
                for (ordinal, passed) in page.iter() {
                    let origin = self.names[&(id, ordinal)];
                    self.say(format!("passed {id} to {buyer} of {origin}"), passed.direct.0);
                    self.say(format!("settled {id} to {buyer} of {origin}"), passed.settled.0);
                }
            }
            (Key::WaitingRed { blue_no, red_no }, _) => {
                self.say(format!("red letter {id} {}", red_no.as_str()), format!("waits for {}", blue_no.as_str()));
            }
            (Key::Signal(_), Row::Signal(signal)) if signal.0.status == SignalStatus::Open => {
                let signal = &signal.0;
                let about = match &signal.about {
                    About::Invoice { seller_id, invoice_no } => format!("{} of {seller_id}", invoice_no.as_str()),
                    About::Period(period) => period.to_string(),
                    About::Origin(origin) => origin.to_string(),
                    About::Party(party) => party.to_string(),
                };
                let of_chain = signal.case_id.filter(|_| &*signal.typology == "false_deduction");
                let case = of_chain
                    .map(|id| self.cases.get(&id).map_or(", no case".into(), |(o, n)| format!(", case {n} of {o}")));
                let name = format!("finding {id} {} about {about}", signal.typology);
                let (score, stake, case) = (signal.score, signal.stake.0, case.unwrap_or_default());
                self.say(name, format!("score {score}, at stake {stake}{case}"));
            }
            (Key::Task, Row::Task(row)) if row.0.status == TaskStatus::Open => {
                let task = &row.0;
                let text = format!("level {}, score {}, at stake {}", task.level, task.score, task.stake.0);
                self.say(format!("task {id}"), text);
            }
            _ => {}
        }
    }

    fn profile(&mut self, id: Id, profile: &Profile) {
        let ledger = &profile.ledger;
        for (name, amount) in [
            ("arrived", ledger.arrived),
            ("withdrawn", ledger.withdrawn),
            ("originated", ledger.originated),
            ("opening", ledger.opening),
            ("passed on", ledger.passed_on),
            ("expired", ledger.expired),
        ] {
            self.say(format!("ledger {id} {name}"), amount);
        }
        self.blend(id, &format!("pool {id}"), &profile.pool, true);
        if !profile.expired.is_empty() {
            self.blend(id, &format!("pool {id}"), &profile.expired, true);
        }
        if profile.flags > 0 {
            self.say(format!("case {} of {id}", profile.flags), format!("standing {}", profile.flag.is_some()));
        }
    }

    fn month(&mut self, id: Id, month: &str, m: &Month) {
        let mut totals = |name: &str, totals: &Totals| {
            self.say(format!("month {id} {month} {name}"), totals.count);
            self.say(format!("month {id} {month} {name}_amount"), totals.amount.0);
            self.say(format!("month {id} {month} {name}_tax"), totals.tax.0);
        };
        totals("sold", &m.sold);
        totals("sold_void", &m.sold_void);
        totals("sold_red", &m.sold_red);
        totals("bought", &m.bought);
        totals("bought_void", &m.bought_void);
        totals("bought_red", &m.bought_red);
        totals("deducted", &m.deducted);
        totals("reversed", &m.reversed);
        let counts = [
            ("sold_zero", m.sold_zero),
            ("near_cap", m.near_cap),
            ("sold_blue", m.sold_blue),
            ("new_buyers", m.new_buyers),
            ("buyers", m.buyers),
            ("new_sellers", m.new_sellers),
            ("sellers", m.sellers),
        ];
        let sums = [
            ("standing", m.sold_standing),
            ("originated", m.originated),
            ("opening", m.opening),
            ("drawn", m.drawn),
            ("arrived", m.arrived),
            ("flowed_on", m.flowed_on),
            ("own_back", m.returned_own),
            ("arrived_days", Fen(m.arrived_days)),
            ("drawn_days", Fen(m.drawn_days)),
        ];
        for (name, value) in
            counts.map(|(name, count)| (name, i64::from(count))).into_iter().chain(sums.map(|(n, s)| (n, s.0)))
        {
            self.say(format!("month {id} {month} {name}"), value);
        }
        if let Some(figures) = m.declared.value {
            self.say(format!("declared {id} {month}"), format!("{:?}", figures.map(|fen| fen.0)));
        }
    }

    fn issued(&mut self, id: Id, no: &str, issued: &Issued) {
        if issued.issue.is_none() {
            return;
        }
        let name = format!("sale {id} {no}");
        let voided = issued.void.map(|void| void.at.0);
        let mark = issued.mark.map(|mark| mark.abnormal);
        let Totals { count, amount, tax } = issued.reds;
        let reds = format!("{count} red of {} and tax {}", amount.0, tax.0);
        self.say(name.clone(), format!("void {voided:?}, abnormal {mark:?}, {reds}"));
        self.blend(id, &format!("{name} vector"), &issued.vector, true);
        self.blend(id, &format!("{name} settled"), &issued.settled, false);
        self.say(format!("{name} short"), issued.short.0);
    }

    fn held(&mut self, id: Id, no: &str, held: &Held) {
        let seller = held.seller_id;
        if held.received.is_some() {
            self.say(format!("received {id} {no} of {seller}"), "yes");
        }
        if held.arrived.is_none() {
            return;
        }
        let name = format!("held {id} {no} of {seller}");
        let claimed: Fen = standing(held.claims.clone()).into_iter().map(|claim| claim.tax).sum();
        let deducted = claimed + held.lent.unwrap_or_default();
        // What is void counts nowhere, whatever its buyer turns out to have been.
        let (voided, counts) = (held.voided_at.is_some(), held.entered && held.voided_at.is_none());
        self.say(name.clone(), format!("void {voided}, counts {counts}, deducted {}", deducted.0));
        self.blend(id, &format!("{name} vector"), &held.vector, true);
        self.say(format!("{name} own back"), held.returned_own.0);
        debug_assert!(held.claims.iter().all(|claim| !matches!(claim.kind, ClaimKind::Reverse(0))), "hashes are not 0");
    }

    fn partner(&mut self, id: Id, side: Side, with: Id, partner: &Partner) {
        let side = if side == Side::Sold { "sold to" } else { "bought from" };
        let Totals { count, amount, tax } = partner.totals;
        let (first, last) = (partner.first_at.0, partner.last_at.0);
        let text = format!("{count}, {}, tax {}, {first} to {last}", amount.0, tax.0);
        self.say(format!("trade {id} {side} {with}"), text);
    }

    fn case(&mut self, rows: &mut Memory, entity: Entity, head: &CaseHead, rules: &suyuan::risk::RuleSet) {
        let Some((_, count)) = self.cases.get(&entity.id).copied().filter(|_| head.standing) else { return };
        let name = format!("case {count} of {}", head.origin);
        let edges = rows.iter().filter_map(|((of, key), row)| match (key, row) {
            (Key::CaseEdge { from, to }, Row::CaseEdge(edge)) if *of == entity => Some((*from, *to, **edge)),
            _ => None,
        });
        let edges: Vec<_> = edges.collect();
        for (from, to, edge) in &edges {
            let (first, last): (Instant, Instant) = (edge.first_at, edge.last_at);
            self.say(format!("{name}: {from} to {to}"), edge.tax.0);
            self.say(format!("{name}: {from} to {to} by"), format!("{}, {} to {}", edge.invoices, first.0, last.0));
        }
        let Some(case) = published_case(&mut Books::of(rows, entity), rules) else { return };
        for node in case.nodes {
            let role = match node.role {
                ChainRole::Source => "source",
                ChainRole::Washer => "washer",
                ChainRole::Beneficiary => "beneficiary",
                ChainRole::Associate => "associate",
            };
            let passes = edges.iter().any(|(from, _, _)| *from == node.taxpayer_id);
            if node.tax != Fen::ZERO || node.deducted != Fen::ZERO || passes {
                let text = format!("{role}, tax {}, deducted {}, hop {}", node.tax.0, node.deducted.0, node.hop);
                self.say(format!("{name}: {}", node.taxpayer_id), text);
            }
        }
    }
}
