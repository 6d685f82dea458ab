//! The part that hangs on the order of folding: whose value each invoice carries. One event after the other, over maps of
//! all firms at once. What an event leads to at another firm, other than an arrival, waits for the end of the epoch.

mod later;
mod value;

use std::collections::{BTreeMap, BTreeSet};

use super::checks;
use super::events::{Claim, Event, HOUR, Invoice, Verdict, What};
use super::firms::{Firm, at};
use super::mixture::{Mixture, Unclear};
use super::rules::Rules;
use super::vouchers::{Vouchers, vouchers};

/// Ten minutes of event time: the longest epoch.
const WINDOW: i64 = HOUR / 6;
/// The most events of one.
const EPOCH_EVENTS: usize = 4_096;

/// An invoice at its issuer.
#[derive(Clone, Debug, Default)]
pub struct Sale {
    pub invoice: Invoice,
    pub near_cap: bool,
    /// What of its vector stands.
    pub vector: Mixture,
    /// Of the issuer's own value in it, what nothing stands behind, and what later purchases do.
    pub short: i64,
    pub settled: Mixture,
    /// Whether it counts as sold by a firm that was deregistered: then all of it is short, whatever it was sent with.
    pub gone: bool,
    /// How many purchases its seller had given up by then.
    pub after: usize,
}

/// An invoice at its buyer.
#[derive(Clone, Debug, Default)]
pub struct Holding {
    pub vector: Mixture,
    /// Whether it counts in the buyer's books.
    pub counts: bool,
    /// Whether value of the buyer's own in it went round, and how much of that stands.
    pub goes_round: bool,
    pub own_back: i64,
    pub voided: bool,
}

/// What happens at another firm at the end of the epoch.
#[derive(Clone, Debug)]
enum Delivery {
    Void { at: i64, returned: Mixture },
    Red { at: i64, returned: Mixture, restored: Mixture },
}

/// An accusation against a firm as a source.
#[derive(Clone, Debug, Default)]
pub struct Accusation {
    pub count: u32,
    pub standing: bool,
}

/// A firm and an invoice number.
pub type Of = (String, String);

/// All books.
#[derive(Clone, Debug)]
pub struct Books {
    pub rules: Rules,
    pub firms: BTreeMap<String, Firm>,
    /// By seller and number.
    pub sales: BTreeMap<Of, Sale>,
    pub voids: BTreeMap<Of, i64>,
    pub marks: BTreeMap<Of, Vec<(i64, bool)>>,
    /// Red letters whose blue invoice is not there: seller, blue, red.
    pub waiting: BTreeSet<(String, String, String)>,
    /// By buyer, number and seller.
    pub held: BTreeMap<(String, String, String), Holding>,
    /// By buyer and number, in the order of folding.
    pub claims: BTreeMap<Of, Vec<Claim>>,
    /// Buyer, number, seller or nobody.
    pub received: BTreeSet<(String, String, String)>,
    /// What of an origin settled a seller's sales to a buyer: seller, origin, buyer.
    pub settled_to: BTreeMap<(String, String, String), i64>,
    /// Which sales an origin settled: seller, origin, number.
    pub settlements: BTreeSet<(String, String, String)>,
    pub accused: BTreeMap<String, Accusation>,
    /// The time of the journal's first invoice.
    pub began: Option<i64>,
    /// The last hour that passed.
    pub hour: Option<i64>,
    pub unclear: Unclear,
    /// What the law on abnormal vouchers says.
    pub vouchers: Vouchers,
    /// Whether accusations are followed while they come and go, or only those that stand at the end.
    watch: bool,
    clock: Option<i64>,
    taken: usize,
    later: Vec<(String, String, String, Delivery)>,
    recounts: Vec<(usize, String)>,
}

/// Works out the books of a journal.
pub fn fold(events: &[(Event, Verdict)], rules: &Rules, watch: bool) -> Books {
    let mut books = Books {
        rules: rules.clone(),
        firms: BTreeMap::new(),
        sales: BTreeMap::new(),
        voids: BTreeMap::new(),
        marks: BTreeMap::new(),
        waiting: BTreeSet::new(),
        held: BTreeMap::new(),
        claims: BTreeMap::new(),
        received: BTreeSet::new(),
        settled_to: BTreeMap::new(),
        settlements: BTreeSet::new(),
        accused: BTreeMap::new(),
        began: None,
        hour: None,
        unclear: Unclear::default(),
        vouchers: vouchers(events, rules),
        watch,
        clock: None,
        taken: 0,
        later: Vec::new(),
        recounts: Vec::new(),
    };
    for (event, verdict) in events {
        books.feed(event, *verdict);
    }
    books.end_epoch();
    if !watch {
        books.accuse();
    }
    books
}

impl Books {
    fn feed(&mut self, event: &Event, verdict: Verdict) {
        let clock = self.clock.map_or(event.at, |clock| clock.max(event.at));
        let another = self.clock.is_some_and(|before| before.div_euclid(WINDOW) != clock.div_euclid(WINDOW));
        if self.taken > 0 && (another || self.taken == EPOCH_EVENTS) {
            self.end_epoch();
        }
        self.clock = Some(clock);
        self.taken += 1;
        if let (What::Issued(_), None) = (&event.what, self.began) {
            self.began = Some(event.at);
        }
        if verdict == Verdict::Accepted {
            self.firm(&event.who).know(event.at);
            self.take(event);
        }
    }

    pub fn firm(&mut self, id: &str) -> &mut Firm {
        self.firms.entry(id.to_owned()).or_default()
    }

    fn take(&mut self, event: &Event) {
        let (who, time) = (&event.who, event.at);
        match &event.what {
            What::Registered { on, small, representative } => {
                let before = self.firm(who).clone();
                let firm = self.firm(who);
                firm.registered_on = Some(*on);
                firm.small.push((time, *small));
                firm.representatives.extend(representative.iter().map(|person| ((*on).min(time), person.clone())));
                self.recount_later(who, &before);
            }
            What::Changed { small, representative } => {
                let before = self.firm(who).clone();
                let firm = self.firm(who);
                firm.small.extend(small.iter().map(|small| (time, *small)));
                firm.representatives.extend(representative.iter().map(|person| (time, person.clone())));
                self.recount_later(who, &before);
            }
            What::Status(status) => {
                let before = self.firm(who).clone();
                self.firm(who).statuses.push((time, status.clone()));
                // Of a firm that has sold nothing since, no invoice counts otherwise.
                if self.sales_of(who).any(|(_, sale)| !sale.invoice.is_red() && sale.invoice.at >= time) {
                    self.recount_later(who, &before);
                }
            }
            What::Cap(cap) => self.firm(who).caps.push((time, *cap)),
            What::Issued(invoice) => return self.issue(who, invoice),
            What::Voided { no } => self.void(who, no, time),
            What::Received { no, seller } => {
                self.received.insert((who.clone(), no.clone(), seller.clone()));
            }
            What::Claimed { no, claim } => {
                self.claims.entry((who.clone(), no.clone())).or_default().push(claim.clone());
            }
            What::Marked { no, abnormal } => {
                self.marks.entry((who.clone(), no.clone())).or_default().push((time, *abnormal));
            }
            What::Declared { month, figures } => {
                self.firm(who).declared.entry(*month).or_default().push((time, *figures));
            }
            What::Other => {}
        }
        self.judge(who);
    }

    /// Where a firm turns out to be of another kind at some time, or to have had another status, its invoices are counted
    /// again at the end of the epoch.
    fn recount_later(&mut self, id: &str, before: &Firm) {
        let firm = &self.firms[id];
        let said = firm.small.iter().map(|said| said.0).chain(firm.statuses.iter().map(|said| said.0));
        let times: Vec<i64> = said.chain([i64::MIN]).collect();
        let place = self.later.len();
        let other = |was: fn(&Firm, i64) -> bool| times.iter().any(|time| was(firm, *time) != was(before, *time));
        if other(Firm::sells_its_own) || other(Firm::is_general) {
            self.recounts.push((place, id.to_owned()));
        }
    }

    fn issue(&mut self, seller: &str, invoice: &Invoice) {
        let no = invoice.no.as_str();
        let key = (seller.to_owned(), no.to_owned());
        let firm = self.firm(seller);
        firm.goods_sold.extend(invoice.goods.iter().cloned());
        let cap = at(&firm.caps, invoice.at).copied().unwrap_or(0);
        let near_cap = cap > 0 && i128::from(invoice.amount) * 10_000 / i128::from(cap) >= 9_000;
        let blue = invoice.red_of.as_ref().map(|blue| (seller.to_owned(), blue.clone()));
        if blue.is_some_and(|blue| self.sales.contains_key(&blue)) {
            self.count_by_status(seller, invoice.red_of.as_deref().unwrap_or_default());
        }
        let sale = Sale { invoice: invoice.clone(), near_cap, ..Sale::default() };
        self.sales.insert(key.clone(), sale);
        let voided = self.voids.contains_key(&key);
        if invoice.is_red() {
            if !voided {
                self.red_letter(seller, no, invoice);
            }
        } else if !voided && is_voucher(seller, invoice) {
            let sale = self.sales.get_mut(&key).expect("it was just put there");
            sale.vector.put(seller, invoice.tax, 0);
            sale.short = invoice.tax;
        } else if !voided {
            let (vector, short) = self.draw(seller, invoice, invoice.tax, &Mixture::default());
            let sale = self.sales.get_mut(&key).expect("it was just put there");
            (sale.vector, sale.short) = (vector, short);
            sale.gone = self.firms[seller].sells_its_own(invoice.at);
            sale.after = self.firms[seller].given_up;
        }
        let sent = self.sales[&key].vector.clone();
        if !invoice.is_red() {
            let waiting = self.waiting.iter().filter(|(of, blue, _)| of == seller && blue == no);
            for (_, _, red) in waiting.cloned().collect::<Vec<_>>() {
                self.waiting.remove(&(seller.to_owned(), no.to_owned(), red.clone()));
                let red = self.sales[&(seller.to_owned(), red)].invoice.clone();
                self.meet(seller, no, &red);
            }
        }
        self.judge(seller);
        if let Some(buyer) = &invoice.buyer {
            self.arrive(buyer, seller, no, invoice, &sent, voided);
            self.judge(buyer);
        }
    }

    /// A red letter meets its blue invoice, or waits for it.
    fn red_letter(&mut self, seller: &str, no: &str, red: &Invoice) {
        let Some(blue) = &red.red_of else { return };
        if blue != no && self.sales.contains_key(&(seller.to_owned(), blue.clone())) {
            self.meet(seller, blue, red);
        } else {
            self.waiting.insert((seller.to_owned(), blue.clone(), no.to_owned()));
        }
    }

    fn meet(&mut self, seller: &str, blue: &str, red: &Invoice) {
        let returned = self.take_back(seller, blue, red.tax.abs());
        let delivery = Delivery::Red { at: red.at, returned, restored: Mixture::default() };
        self.tell_holder(seller, blue, delivery);
    }

    fn tell_holder(&mut self, seller: &str, no: &str, delivery: Delivery) {
        let buyer = self.sales[&(seller.to_owned(), no.to_owned())].invoice.buyer.clone();
        if let Some(buyer) = buyer {
            self.later.push((buyer, no.to_owned(), seller.to_owned(), delivery));
        }
    }

    fn void(&mut self, seller: &str, no: &str, time: i64) {
        let key = (seller.to_owned(), no.to_owned());
        if self.sales.contains_key(&key) {
            self.count_by_status(seller, no);
        }
        self.voids.insert(key.clone(), time);
        let Some(sale) = self.sales.get(&key) else { return };
        let invoice = sale.invoice.clone();
        let returned = if invoice.is_red() {
            self.undo_red(seller, no, &invoice, time);
            Mixture::default()
        } else {
            let all = sale.vector.total();
            self.take_back(seller, no, all)
        };
        self.tell_holder(seller, no, Delivery::Void { at: time, returned });
    }

    /// Lets go out again what a red letter, now voided, had taken back.
    fn undo_red(&mut self, seller: &str, no: &str, red: &Invoice, time: i64) {
        let Some(blue) = &red.red_of else { return };
        if self.waiting.remove(&(seller.to_owned(), blue.clone(), no.to_owned())) {
            return;
        }
        let key = (seller.to_owned(), blue.clone());
        if self.voids.contains_key(&key) {
            return;
        }
        self.count_by_status(seller, blue);
        let again = self.send_again(seller, blue, red.tax.abs());
        let delivery = Delivery::Red { at: time, returned: Mixture::default(), restored: again };
        self.tell_holder(seller, blue, delivery);
    }

    /// Draws anew what had been taken back of a sale.
    fn send_again(&mut self, seller: &str, no: &str, tax: i64) -> Mixture {
        let key = (seller.to_owned(), no.to_owned());
        let (_, _, offset) = self.reds(seller, no);
        let sale = &self.sales[&key];
        // What stands is the sale less the red letters that stand, whatever those that do not had taken.
        let room = (sale.invoice.tax + offset).max(0) - sale.vector.total();
        let (tax, invoice, beside) = (tax.min(room).max(0), sale.invoice.clone(), sale.vector.clone());
        let (again, short) = if is_voucher(seller, &invoice) {
            let mut again = Mixture::default();
            again.put(seller, tax, 0);
            (again, tax)
        } else {
            self.draw(seller, &invoice, tax, &beside)
        };
        let sale = self.sales.get_mut(&key).expect("it was just seen");
        if sale.vector.total() == 0 {
            sale.after = self.firms[seller].given_up;
        }
        sale.vector.pour(&again);
        sale.short += short;
        again
    }

    /// How many red letters that stand name an invoice, and their amounts and tax.
    pub fn reds(&self, seller: &str, blue: &str) -> (i64, i64, i64) {
        let mut sum = (0, 0, 0);
        for (no, red) in self.sales_of(seller).filter(|(_, red)| red.invoice.red_of.as_deref() == Some(blue)) {
            let waits = self.waiting.contains(&(seller.to_owned(), blue.to_owned(), no.to_owned()));
            if !self.is_void(seller, no) && !waits {
                sum = (sum.0 + 1, sum.1 + red.invoice.amount, sum.2 + red.invoice.tax);
            }
        }
        sum
    }

    /// Accuses whoever stands accused at the end, and follows it from there.
    fn accuse(&mut self) {
        self.watch = true;
        for firm in self.firms.keys().cloned().collect::<Vec<_>>() {
            self.judge(&firm);
        }
    }

    /// Whether a firm's finding as a source stands is asked after everything that happens to it: how often it was accused
    /// is part of a case's name.
    fn judge(&mut self, firm: &str) {
        if !self.watch {
            return;
        }
        // What asks for no assessment accuses nobody.
        let least = self.rules.level_scores[1];
        let stands = checks::accusing(self, firm).values().any(|finding| finding.score >= least);
        let accusation = self.accused.entry(firm.to_owned()).or_default();
        accusation.count += u32::from(stands && !accusation.standing);
        accusation.standing = stands;
    }
}

/// A purchase voucher, which a buyer issues to itself for a farmer who cannot.
pub fn is_voucher(seller: &str, invoice: &Invoice) -> bool {
    invoice.kind == "farm_purchase" && invoice.buyer.as_deref() == Some(seller)
}
