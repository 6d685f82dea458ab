//! One partition in memory, folded one event at a time.

use crate::fold::{Effects, EpochCutter, Fold, Verdict, waiting_delivered, weight};
use crate::model::{
    Body, Entity, Event, Fact, Instant, Message, Output, Position, Record, Root, RulesPublished, Source,
};
use crate::state::Memory;

/// Something that went out, and the input event that led to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Which event, from 1; 0 is the rule set.
    pub root: Root,
    /// What.
    pub output: Output,
}

/// A message on its way: sorted by what caused it, then by its place in what that caused.
#[derive(Clone, Debug)]
struct Waiting {
    root: Root,
    parent: u32,
    to: Entity,
    message: Message,
}

/// A fresh world, or one that has folded some events.
#[derive(Clone, Debug)]
pub struct World {
    rows: Memory,
    fold: Fold,
    cutter: EpochCutter,
    rules: String,
    waiting: Vec<Waiting>,
    /// What waits for the end of a later epoch.
    kept: Vec<Waiting>,
    said: Vec<Said>,
    verdicts: Vec<Verdict>,
    fed: u64,
    /// Whether an invoice was.
    began: bool,
    folded: u64,
    most_effects: usize,
}

impl World {
    /// A world under a rule set, which takes effect with the first event.
    pub fn new(rules: &str) -> Self {
        let mut rows = Memory::default();
        let fold = Fold::open(&mut rows).expect("fresh rows have no rules in force");
        let never = Instant(i64::MIN);
        Self {
            rows,
            fold,
            cutter: EpochCutter::new(never, never),
            rules: rules.into(),
            waiting: Vec::new(),
            kept: Vec::new(),
            said: Vec::new(),
            verdicts: Vec::new(),
            fed: 0,
            began: false,
            folded: 0,
            most_effects: 0,
        }
    }

    /// Folds one event, with its arrival; all other messages wait for the end of the epoch.
    pub fn feed(&mut self, event: Event) {
        if self.cutter.ends_before(event.occurred_at) {
            self.end_epoch();
        }
        self.cutter.take(event.occurred_at, weight(&event));
        if self.fed == 0 {
            self.publish_rules(event.occurred_at);
        }
        if !self.began && matches!(event.fact, Fact::InvoiceIssued(_)) {
            self.began = true;
            self.fold_one(Root(0), Entity::CONTROL, Body::Message(Message::Began(event.occurred_at)));
        }
        self.fed += 1;
        let root = Root(self.fed);
        let to = event.owner();
        let body = Body::Fact(Source { file: 0, line: self.fed }, Box::new(event));
        let effects = self.fold_one(root, to, body);
        self.verdicts.push(effects.verdict);
        let mut arrivals = Vec::new();
        for (to, message) in effects.messages {
            if matches!(message, Message::Arrival(_)) {
                arrivals.push((to, message));
            } else {
                self.waiting.push(Waiting { root, parent: 0, to, message });
            }
        }
        for (to, message) in arrivals {
            let effects = self.fold_one(root, to, Body::Message(message));
            let waiting = effects.messages.into_iter();
            self.waiting.extend(waiting.map(|(to, message)| Waiting { root, parent: 1, to, message }));
        }
    }

    /// Ends the epoch, and whatever still waits after it.
    pub fn settle(&mut self) {
        self.end_epoch();
        while !self.kept.is_empty() {
            self.end_epoch();
        }
    }

    /// Records folded so far.
    pub fn folded(&self) -> u64 {
        self.folded
    }

    /// The most effects that a step has had.
    pub fn most_effects(&self) -> usize {
        self.most_effects
    }

    /// How many messages wait for the end of a later epoch.
    pub fn kept(&self) -> usize {
        self.kept.len()
    }

    /// Ends the epoch: delivers what waits, in rounds until quiet but for what is kept for the next, and ticks where an hour
    /// has passed.
    fn end_epoch(&mut self) {
        let mut may_wait = waiting_delivered(self.kept.len());
        self.waiting.append(&mut self.kept);
        self.rounds(&mut may_wait);
        if let Some(mark) = self.cutter.end() {
            let root = Root(self.fed);
            let effects = self.fold_at(mark, root, Entity::CLOCK, Body::Tick);
            let waiting = effects.messages.into_iter();
            self.waiting.extend(waiting.map(|(to, message)| Waiting { root, parent: 0, to, message }));
            self.waiting.sort_by_key(|waiting| waiting.to);
            self.rounds(&mut may_wait);
        }
    }

    /// What went out so far.
    pub fn said(&self) -> &[Said] {
        &self.said
    }

    /// What became of each event so far.
    pub fn verdicts(&self) -> &[Verdict] {
        &self.verdicts
    }

    /// The rows.
    pub fn rows(&mut self) -> &mut Memory {
        &mut self.rows
    }

    /// The rules in force.
    pub fn fold(&self) -> &Fold {
        &self.fold
    }

    fn rounds(&mut self, may_wait: &mut usize) {
        while !self.waiting.is_empty() {
            let mut round = std::mem::take(&mut self.waiting);
            round.sort_by_key(|waiting| (waiting.root, waiting.parent));
            for (rank, waiting) in (0..).zip(round) {
                if waiting.message.may_wait() {
                    if *may_wait == 0 {
                        self.kept.push(waiting);
                        continue;
                    }
                    *may_wait -= 1;
                }
                let Waiting { root, to, message, .. } = waiting;
                let effects = self.fold_one(root, to, Body::Message(message));
                let waiting = effects.messages.into_iter();
                self.waiting.extend(waiting.map(|(to, message)| Waiting { root, parent: rank, to, message }));
            }
        }
    }

    fn publish_rules(&mut self, at: Instant) {
        let version = crate::risk::RuleSet::parse(&self.rules).map_or("unknown".into(), |rules| rules.version);
        let fact = Fact::RulesPublished(RulesPublished { version, rules: self.rules.clone().into() });
        let fingerprint = crate::codec::fingerprint(at, &fact);
        let event = Event { occurred_at: at, event_id: None, source_system: None, fingerprint, fact };
        let effects = self.fold_one(Root(0), Entity::CONTROL, Body::Fact(Source::default(), Box::new(event)));
        assert!(effects.outputs.is_empty(), "a script is folded under a rule set that was checked: {effects:?}");
    }

    fn fold_one(&mut self, root: Root, to: Entity, body: Body) -> Effects {
        self.fold_at(self.cutter.clock(), root, to, body)
    }

    fn fold_at(&mut self, at: Instant, root: Root, to: Entity, body: Body) -> Effects {
        let record = Record { position: Position { partition: 0, offset: self.folded }, at, root, to, body };
        self.folded += 1;
        let mut effects = Effects::default();
        self.fold.step(&mut self.rows, &record, &mut effects);
        self.most_effects = self.most_effects.max(effects.len());
        self.said.extend(effects.outputs.drain(..).map(|output| Said { root, output }));
        effects
    }
}
