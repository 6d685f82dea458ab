//! A journal whose messages are delivered in any order that keeps what one entity says to another in order: as on a cluster,
//! where partitions run ahead of each other.

use std::collections::{BTreeMap, VecDeque};

use suyuan::codec::fingerprint;
use suyuan::fold::{Effects, Fold};
use suyuan::model::{Body, Entity, Event, Fact, Instant, Message, Position, Record, Root, RulesPublished, Source};
use suyuan::risk::RuleSet;
use suyuan::state::Memory;

/// What is on its way, by who says it to whom.
type Ways = BTreeMap<(Entity, Entity), VecDeque<(Root, Message)>>;

pub(crate) struct Loose {
    pub(crate) rows: Memory,
    fold: Fold,
    ways: Ways,
    clock: Instant,
    began: bool,
    fed: u64,
    folded: u64,
    pub(crate) delivered: u64,
}

impl Loose {
    pub(crate) fn new(rules: &str, at: Instant) -> Self {
        let mut rows = Memory::default();
        let fold = Fold::open(&mut rows).unwrap();
        let mut loose =
            Self { rows, fold, ways: Ways::new(), clock: at, began: false, fed: 0, folded: 0, delivered: 0 };
        let version = RuleSet::parse(rules).unwrap().version;
        let fact = Fact::RulesPublished(RulesPublished { version, rules: rules.into() });
        let event =
            Event { occurred_at: at, event_id: None, source_system: None, fingerprint: fingerprint(at, &fact), fact };
        loose.step(Root(0), Entity::CONTROL, Body::Fact(Source::default(), Box::new(event)));
        loose
    }

    pub(crate) fn feed(&mut self, event: Event) {
        self.clock = self.clock.max(event.occurred_at);
        if !self.began && matches!(event.fact, Fact::InvoiceIssued(_)) {
            self.began = true;
            self.step(Root(0), Entity::CONTROL, Body::Message(Message::Began(event.occurred_at)));
        }
        self.fed += 1;
        let to = event.owner();
        self.step(Root(self.fed), to, Body::Fact(Source { file: 0, line: self.fed }, Box::new(event)));
    }

    /// Lets an hour mark pass, as each partition's owner does.
    pub(crate) fn tick(&mut self) {
        self.step(Root(self.fed), Entity::CLOCK, Body::Tick);
    }

    /// Delivers one message, of any two entities: `choose` picks among so many pairs. Whether there was one.
    pub(crate) fn deliver(&mut self, choose: impl FnOnce(usize) -> usize) -> bool {
        let waiting: Vec<(Entity, Entity)> = self.ways.keys().copied().collect();
        if waiting.is_empty() {
            return false;
        }
        let way = waiting[choose(waiting.len())];
        let queue = self.ways.get_mut(&way).unwrap();
        let (root, message) = queue.pop_front().unwrap();
        if queue.is_empty() {
            self.ways.remove(&way);
        }
        self.delivered += 1;
        self.step(root, way.1, Body::Message(message));
        true
    }

    fn step(&mut self, root: Root, to: Entity, body: Body) {
        let position = Position { partition: 0, offset: self.folded };
        self.folded += 1;
        let record = Record { position, at: self.clock, root, to, body };
        let mut effects = Effects::default();
        self.fold.step(&mut self.rows, &record, &mut effects);
        for (receiver, message) in effects.messages {
            self.ways.entry((to, receiver)).or_default().push_back((root, message));
        }
    }
}
