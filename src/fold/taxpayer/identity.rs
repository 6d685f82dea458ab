//! One subject behind several identifiers. A firm whose identifier changes goes on in the books that it has: its old
//! identifier keeps them, and the new one becomes a *door*, which hands on whatever comes to it, facts and messages. So
//! the pool, the invoices and the claims of one subject are in one place, and value keeps the name that it was sent under
//! before. Only its invoices say under which identifier they were issued, for that is how others name them.
//!
//! Not here: identifiers of which nothing says that they are one subject (who registered twice is seen by its people and
//! its address, as others in one hand are), and books that both had before it was known: they stay two, with a doubt.

use super::Step;
use crate::codec::avro;
use crate::fold::effects::Seen;
use crate::fold::register;
use crate::model::{
    Body, Entity, Event, Identified, Instant, InvoiceNo, Message, Source, Status, TaxpayerId, TaxpayerRegistered,
};
use crate::state::{HistoryOf, Key, NotedFact, PartyKey, Subject};

/// Papers that a door hands over as it becomes one: a firm without trade has few.
const PAPERS_MAX: usize = 512;

const SUBJECT: Key = Key::Party(PartyKey::Subject);

impl Step<'_> {
    /// Whether this is a door: then what came is handed on to the subject, and nothing more is done.
    pub(super) fn hands_on(&mut self) -> bool {
        if !self.profile.is_door {
            return false;
        }
        let subject = self.books.find::<Subject>(&SUBJECT).map(|subject| subject.0);
        let Some(subject) = subject else { return false };
        match &self.record.body {
            Body::Fact(source, event) | Body::Message(Message::Forwarded(source, event)) => {
                self.hand_on_fact(subject, *source, event);
            }
            Body::Message(message) => self.hand_on(subject, message),
            Body::Tick | Body::Refused(_) => {}
        }
        true
    }

    /// Hands on a fact that was not handed on before.
    fn hand_on_fact(&mut self, subject: TaxpayerId, source: Source, event: &Event) {
        if register::has_row(event) {
            if !register::note(&mut self.books, self.record, source, event, self.effects) {
                return;
            }
        } else {
            let detail = event.fingerprint.0;
            let key = Key::History { of: HistoryOf::Forwarded, detail, at: event.occurred_at };
            if let Some(first) = self.books.find::<NotedFact>(&key) {
                let seen = Seen { fingerprint: first.fingerprint, position: first.position };
                self.seen(source, event, seen);
                return;
            }
            let position = self.record.root.position();
            let noted =
                NotedFact { fingerprint: event.fingerprint, position, at: event.occurred_at, event: Vec::new() };
            self.books.put(key, noted);
        }
        self.send(Entity::taxpayer(subject), Message::Forwarded(source, Box::new(event.clone())));
    }

    fn hand_on(&mut self, subject: TaxpayerId, message: &Message) {
        match message {
            Message::Arrival(_)
            | Message::Voided(_)
            | Message::Returned(_)
            | Message::Marked(_)
            | Message::Taint(_)
            | Message::Claimed(_)
            | Message::Abnormal(_)
            | Message::Released(_) => {
                self.send(Entity::taxpayer(subject), message.clone());
            }
            Message::Identified(identified) => {
                let this = self.books.entity.id;
                if identified.taxpayer_id != this {
                    let least = identified.least.min(this);
                    self.send(Entity::taxpayer(subject), Message::Identified(Identified { least, ..*identified }));
                } else if identified.least == this {
                    // Its own word has come back: of a circle of doors the least is none.
                    self.profile.is_door = false;
                    self.books.remove(&SUBJECT);
                    self.parties_due = true;
                    self.now = identified.at;
                    let reason = format!("taxpayer {this} is said to be a former identifier of its own former one");
                    self.doubt("identifier_circle", None, reason);
                }
            }
            // Its own from before, or about others.
            Message::Timer(_)
            | Message::Continue(_)
            | Message::Shared(_)
            | Message::Report(_)
            | Message::Began(_)
            | Message::Tied(_)
            | Message::Joined(_)
            | Message::Measured(_)
            | Message::Peers(_)
            | Message::Forwarded(..) => {}
        }
    }

    /// A paper says that this was another identifier's subject before.
    pub(super) fn follows(&mut self, former: TaxpayerId, source: Source, at: Instant) {
        let this = self.books.entity.id;
        if former == this || self.has_identifier(former) {
            return;
        }
        if self.profile.identifiers > 0 || self.has_trade() {
            let reason = format!(
                "taxpayer {this} is said to have been {former}, when both had books of their own: they are kept apart, and \
                 should be looked at as one"
            );
            self.doubt("identifier_late", None, reason);
            return;
        }
        self.profile.is_door = true;
        self.books.put(SUBJECT, Subject(former));
        self.parties_due = true;
        let to = Entity::taxpayer(former);
        self.send(to, Message::Identified(Identified { taxpayer_id: this, least: this, at }));
        let history = |of| Key::History { of, detail: 0, at: Instant(i64::MIN) };
        for key in self.books.scan(&history(HistoryOf::Registered), &history(HistoryOf::Defined), PAPERS_MAX) {
            let Key::History { of, .. } = key else { continue };
            let noted = self.books.find::<NotedFact>(&key);
            let event = noted.and_then(|noted| avro::read_event(of.type_name()?, &noted.event).ok());
            if let Some(event) = event {
                self.send(to, Message::Forwarded(source, Box::new(event)));
            }
        }
    }

    /// Another identifier leads here from now on. Whoever goes on under it is there, though the old one was given up before.
    pub(super) fn identified(&mut self, identified: &Identified) {
        self.now = identified.at;
        let key = Key::Party(PartyKey::Identifier(identified.taxpayer_id));
        if self.books.has(&key) {
            return;
        }
        self.books.put(key, ());
        self.profile.identifiers += 1;
        if self.profile.status.by(identified.at) == Some(Status::Deregistered) {
            self.status_changed(Status::Normal, identified.at);
        }
        self.parties_due = true;
        self.touch_papers();
    }

    /// Whether what is said of a status is said of an identifier that was given up, and not of the subject.
    pub(super) fn is_given_up(&self, taxpayer_id: TaxpayerId, status: Status) -> bool {
        status == Status::Deregistered && self.profile.identifiers > 0 && taxpayer_id == self.books.entity.id
    }

    /// Whether an identifier leads here.
    fn has_identifier(&mut self, id: TaxpayerId) -> bool {
        self.profile.identifiers > 0 && self.books.has(&Key::Party(PartyKey::Identifier(id)))
    }

    fn has_trade(&mut self) -> bool {
        let issued = (Key::Issued(InvoiceNo::FIRST), Key::Issued(InvoiceNo::LAST));
        let held = |invoice_no| Key::Held { invoice_no, place: 0 };
        let held = (held(InvoiceNo::FIRST), held(InvoiceNo::LAST));
        [issued, held].iter().any(|(from, to)| !self.books.scan(from, to, 1).is_empty())
    }

    /// Notes under which identifier an invoice was issued, where it is not the one that the books have.
    pub(super) fn note_identifier(&mut self, invoice_no: InvoiceNo, seller_id: TaxpayerId) {
        if seller_id != self.books.entity.id {
            self.books.put(Key::Party(PartyKey::IssuedAs(invoice_no)), Subject(seller_id));
        }
    }

    /// Under which identifier an invoice was issued.
    pub(super) fn seller_of(&mut self, invoice_no: InvoiceNo) -> TaxpayerId {
        let own = self.books.entity.id;
        if self.profile.identifiers == 0 {
            return own;
        }
        self.books.find::<Subject>(&Key::Party(PartyKey::IssuedAs(invoice_no))).map_or(own, |seller| seller.0)
    }

    /// A registration under a later identifier: what it says holds from then on, but for the day, which is the first one's.
    pub(super) fn registered_again(&mut self, registered: &TaxpayerRegistered, at: Instant) {
        let changed = crate::model::TaxpayerChanged {
            taxpayer_id: registered.taxpayer_id,
            name: Some(registered.name.clone()),
            industry: Some(registered.industry.clone()),
            region: Some(registered.region.clone()),
            street: registered.street.clone(),
            address: Some(registered.address.clone()),
            capital: Some(registered.capital),
            kind: Some(registered.kind),
            credit_grade: registered.credit_grade,
            people: registered.people.clone(),
            former_taxpayer_id: None,
        };
        self.changed(&changed, at);
    }
}
