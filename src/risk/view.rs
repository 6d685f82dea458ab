//! What a check sees: one taxpayer's rows, to be read and no more, and the rule set in force.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::indicators::Indicator;
use super::rules::{Limits, RuleSet};
use super::{ALL, Entry, Finding, Sample, ToldBy, Typology};
use crate::model::{
    About, Date, Fen, Gang, GoodsCode, Id, Instant, InvoiceNo, ObservationSource, PeerQuantiles, PeersTold, Period,
    Status, TaxpayerId, TaxpayerKind,
};
use crate::state::{
    AbnormalFrom, AbnormalMonth, Books, Claim, Goods, GoodsMonth, Held, Key, Metric, Month, Opening, Papers, Partner,
    PartyKey, Profile, Readings, Side, TaintTold, Tainted, TieRow, province, standing,
};

/// What customs cleared into the country.
static IMPORTS: LazyLock<Metric> = LazyLock::new(|| Metric::of(ObservationSource::Customs, "import_value"));

/// One taxpayer's rows, and the rules.
pub struct View<'a, 'b> {
    books: &'a mut Books<'b>,
    /// The profile, which is in the fold's hands while a step runs.
    pub profile: &'a Profile,
    rules: &'a RuleSet,
    opening: Opening,
    /// The last hour the clock has passed.
    hour: Instant,
    recent: &'a mut Recent,
    /// The place in [`ALL`] of the typology that is asked, while one is.
    asked: Option<usize>,
}

/// Months that are remembered: a year, and the window of a check before it.
const RECENT: usize = 16;

/// Months that were looked up last: checks of one month look at it and the year before again and again. To be forgotten when
/// any month may have changed.
#[derive(Default)]
pub struct Recent([Option<(Period, Option<Month>)>; RECENT]);

/// Months that are looked through for what was left at the end of an earlier one; a finding is asked again within two.
const MONTHS_MAX: i32 = 36;

/// Months with refunds, up to the latest, in which a refund is held against accused origins: they are asked again whenever
/// one is accused.
pub const REFUND_MONTHS: i32 = 12;
/// Where more accused origins than these are behind a taxpayer, each is judged by itself, and asked again when value of its own
/// has moved.
pub const TOGETHER_MAX: usize = 12;
/// Accused origins that a refund is held against.
const TAINTED_MAX: usize = 32;
/// Whom a firm meets so long after it is first known, it did not deal with before.
const SETTLED_DAYS: i64 = 60;
/// Whom it has dealt with so long from then on is a partner of long standing.
const STEADY_DAYS: i64 = 180;
/// Names of one accused origin, and sellers who told of it in each, that are looked at to tell who sold its value.
pub const NAMES_MAX: usize = 8;
/// Sellers of abnormal invoices of one month that are looked at to find those of the most tax.
const SELLERS_MAX: usize = 256;

/// Tax bought from those who sold an accused origin's value.
#[derive(Clone, Copy, Debug, Default)]
pub struct BoughtOfAccused {
    /// From all of them.
    pub all: Fen,
    /// From the nearest to the origin, those of long standing left out but itself.
    pub nearest: Fen,
    /// From those that the taxpayer met lately, and that are nearer to the origin than any it had known before.
    pub lately_met: Fen,
    /// Of that, what is known to be the origin's: what it sold itself, and all that came where none came through others.
    pub lately_taken: Fen,
}

/// Deductions that stand, oldest first, of one invoice.
pub struct Standing {
    /// Each with its period, tax and event time.
    pub claims: Vec<Claim>,
}

impl<'a, 'b> View<'a, 'b> {
    /// A view on one taxpayer.
    pub fn new(
        books: &'a mut Books<'b>,
        profile: &'a Profile,
        rules: &'a RuleSet,
        opening: Opening,
        hour: Instant,
        recent: &'a mut Recent,
    ) -> Self {
        Self { books, profile, rules, opening, hour, recent, asked: None }
    }

    /// Whom it is on.
    pub fn taxpayer(&self) -> TaxpayerId {
        self.books.entity.id
    }

    /// The numbers the rule set gives a typology; `None` where it is switched off.
    pub fn parameters<const N: usize>(&self, typology: &Typology) -> Option<[i64; N]> {
        // Nearly always it is the one that is asked, and need not be searched for.
        match self.asked {
            Some(asked) if std::ptr::eq(ALL[asked], typology) => self.rules.parameters_at(asked),
            _ => self.rules.parameters(typology),
        }
    }

    /// The finding of a typology about a subject, where it stands now; of a month, by whether it has passed.
    pub fn ask(&mut self, entry: &Entry, about: &About, has_passed: bool) -> Option<Finding> {
        self.asked = Some(entry.place);
        let finding = entry.typology.finding(self, about, has_passed);
        self.asked = None;
        finding
    }

    /// A typology may look at what it said it rests on: it is asked again on account of nothing else.
    fn looks_at(&self, told_by: ToldBy) {
        debug_assert!(
            self.asked.is_none_or(|asked| ALL[asked].told_by.contains(&told_by)),
            "{:?} does not say that it rests on what is told by {told_by:?}",
            self.asked.map(|asked| ALL[asked].code)
        );
    }

    /// The numbers that are not of one typology.
    pub fn limits(&self) -> &Limits {
        &self.rules.limits
    }

    /// How the random sample is drawn.
    pub fn sample(&self) -> Option<&Sample> {
        self.rules.sample.as_ref()
    }

    /// Whether a month has passed, and with it the days in which its return is due.
    pub fn has_passed(&self, period: Period) -> bool {
        self.rules.limits.month_passes(period, self.taxpayer()) <= self.hour
    }

    /// Whether the clock has passed a time.
    pub fn has_come(&self, at: Instant) -> bool {
        at <= self.hour
    }

    /// A month's sums; zero where there is none.
    pub fn month(&mut self, period: Period) -> Month {
        self.recent(period).cloned().unwrap_or_default()
    }

    fn recent(&mut self, period: Period) -> Option<&Month> {
        let place = period.0.unsigned_abs() as usize % RECENT;
        if self.recent.0[place].as_ref().is_none_or(|(known, _)| *known != period) {
            self.recent.0[place] = Some((period, self.books.find::<Month>(&Key::Month(period)).cloned()));
        }
        self.recent.0[place].as_ref().and_then(|(_, month)| month.as_ref())
    }

    /// What is read off a month's sums, all of them zero where there is none: cheaper than to have them.
    pub fn read_month<T>(&mut self, period: Period, read: impl FnOnce(&Month) -> T) -> T {
        match self.recent(period) {
            Some(month) => read(month),
            None => read(&Month::default()),
        }
    }

    /// A month's sums, where there are such as may matter.
    pub fn month_if(&mut self, period: Period, may_matter: impl Fn(&Month) -> bool) -> Option<Month> {
        self.recent(period).filter(|month| may_matter(month)).cloned()
    }

    /// What third parties observed of a month, metric by metric; nothing where nobody did.
    pub fn readings<const N: usize>(&mut self, period: Period, metrics: &[Metric; N]) -> [Option<i64>; N] {
        self.looks_at(ToldBy::ThirdParties);
        let Some(readings) = self.books.find::<Readings>(&Key::Readings(period)) else { return [None; N] };
        metrics.map(|metric| readings.of(metric))
    }

    /// Input tax on what customs cleared in a month, which is deducted without an invoice; `None` where they told of none.
    pub fn imported(&mut self, period: Period) -> Option<Fen> {
        let [value] = self.readings(period, &[*IMPORTS]);
        value.map(|value| Fen(value.max(0)).share(Fen(self.rules.limits.import_rate_bp), Fen(10_000)))
    }

    /// An invoice on the holder's side.
    pub fn held(&mut self, seller_id: TaxpayerId, invoice_no: InvoiceNo) -> Option<&Held> {
        self.books.held(invoice_no, seller_id)
    }

    /// Sellers from whom an invoice of this number arrived, at most three: two are already too many.
    pub fn sellers_of(&mut self, invoice_no: InvoiceNo) -> Vec<TaxpayerId> {
        self.books.sellers_of(invoice_no)
    }

    /// The deductions of an invoice that stand, those that name no seller and can only mean it included.
    pub fn standing(&mut self, seller_id: TaxpayerId, invoice_no: InvoiceNo) -> Standing {
        let mut claims_on =
            |seller_id| self.books.held(invoice_no, seller_id).map(|held| held.claims.clone()).unwrap_or_default();
        let mut claims = claims_on(seller_id);
        if !seller_id.is_empty() && self.profile.unnamed_claims > 0 {
            let unnamed = claims_on(Id::EMPTY);
            if !unnamed.is_empty() && self.sellers_of(invoice_no) == [seller_id] {
                claims.extend(unnamed);
            }
        }
        Standing { claims: standing(claims) }
    }

    /// Trade with one counterparty.
    pub fn partner(&mut self, side: Side, id: TaxpayerId) -> Option<Partner> {
        self.books.find::<Partner>(&Key::Partner(side, id)).copied()
    }

    /// The first `limit` counterparties of a side, in the order of their ids.
    pub fn partners(&mut self, side: Side, limit: usize) -> Vec<(TaxpayerId, Partner)> {
        let keys = self.books.scan(&Key::Partner(side, Id::EMPTY), &Key::Partner(side, Id::LAST), limit);
        keys.into_iter()
            .filter_map(|key| match (key, self.books.find::<Partner>(&key)) {
                (Key::Partner(_, id), Some(partner)) => Some((id, *partner)),
                _ => None,
            })
            .collect()
    }

    /// The first `limit` codes of goods of a side, in their order, with the trade in each.
    pub fn goods(&mut self, side: Side, limit: usize) -> Vec<(GoodsCode, Goods)> {
        let (from, to) = (Key::Goods(side, GoodsCode(0)), Key::Goods(side, GoodsCode(u64::MAX)));
        let keys = self.books.scan(&from, &to, limit);
        keys.into_iter()
            .filter_map(|key| match (key, self.books.find::<Goods>(&key)) {
                (Key::Goods(_, code), Some(goods)) => Some((code, *goods)),
                _ => None,
            })
            .collect()
    }

    /// How the firm's peers, those of its industry and scale, measured up in an indicator by what was complete when a month
    /// had passed: the month before it. `None` where they are too few, or the indicator is none that the rule set compares.
    pub fn peers(&mut self, indicator: &Indicator, period: Period) -> Option<PeerQuantiles> {
        self.looks_at(ToldBy::Peers);
        let number = indicator.peers?;
        let told = self.books.find::<PeersTold>(&Key::Peers(period.minus(1)))?;
        let at = told.quantiles.binary_search_by_key(&number, |quantiles| quantiles.indicator).ok()?;
        let quantiles = told.quantiles[at];
        (i64::from(quantiles.firms) >= self.rules.limits.peers_min).then_some(quantiles)
    }

    /// Whether the rule set compares firms with their peers in the indicator of a number.
    pub fn compares(&self, indicator: u16) -> bool {
        self.rules.compares(indicator)
    }

    /// When the firm was registered, where that was in a month or at most `days` before it began.
    pub fn registered_within(&self, period: Period, days: i64) -> Option<Date> {
        self.profile.registered_on.filter(|on| is_within(on.start(), period, days))
    }

    /// Since when its legal representative of a month had been it, where there was another before and that was in the month or
    /// at most `days` before it began.
    pub fn representative_within(&self, period: Period, days: i64) -> Option<Date> {
        let last = Instant(period.minus(-1).start().0 - 1);
        let changed = self.profile.representative.changed_by(last);
        changed.filter(|at| is_within(*at, period, days)).map(Instant::date)
    }

    /// The first month in which trade of the taxpayer would be known: the journal's first, or that of its registration.
    pub fn known_from(&self) -> Period {
        let months = i32::try_from(self.rules.limits.opening_months).unwrap_or(0);
        let first = self.opening.until.minus(months);
        self.profile.registered_on.map_or(first, |on| first.max(on.start().period()))
    }

    /// Whether the taxpayer is older than the journal, so that what it did before is not known.
    pub fn is_older(&self) -> bool {
        self.opening.is_older(self.profile.registered_on)
    }

    /// Whether a month is one of the journal's first, in which such a taxpayer may sell stock from before it.
    pub fn is_opening(&self, period: Period) -> bool {
        self.opening.covers(self.profile.registered_on, period)
    }

    /// Whether an invoice may have been issued before the journal began, as one that is deducted in its first months may have
    /// been, or one whose number says so.
    pub fn may_be_before_journal(&self, invoice_no: InvoiceNo, deducted_in: Period) -> bool {
        let is_earlier = |year| Period::of(year, 12) < self.opening.until;
        self.opening.is_first(deducted_in) || invoice_no.year().is_some_and(is_earlier)
    }

    /// Whether a month is one of the journal's first, of which little is known yet.
    pub fn is_first(&self, month: Period) -> bool {
        self.opening.is_first(month)
    }

    /// The months before one, the latest first, as far as trade would be known of them: at most so many.
    pub fn past_periods(&self, before: Period, months: i64) -> impl Iterator<Item = Period> + use<> {
        let known_from = self.known_from();
        let months = i32::try_from(months).unwrap_or(0);
        (1..=months).map(move |back| before.minus(back)).take_while(move |period| *period >= known_from)
    }

    /// Their sums.
    pub fn past(&mut self, before: Period, months: i64) -> Vec<(Period, Month)> {
        self.past_periods(before, months).map(|period| (period, self.month(period))).collect()
    }

    /// What was bought and sold in a month, by class of goods.
    pub fn goods_of(&mut self, period: Period) -> GoodsMonth {
        self.books.find::<GoodsMonth>(&Key::GoodsMonth(period)).cloned().unwrap_or_default()
    }

    /// What is read off that, where there is anything.
    pub fn read_goods(&mut self, period: Period, read: impl FnOnce(&GoodsMonth)) {
        if let Some(goods) = self.books.find::<GoodsMonth>(&Key::GoodsMonth(period)) {
            read(goods);
        }
    }

    /// The same as a whole, where it is such as may matter.
    pub fn goods_if(&mut self, period: Period, may_matter: impl Fn(&GoodsMonth) -> bool) -> Option<GoodsMonth> {
        self.books.find::<GoodsMonth>(&Key::GoodsMonth(period)).filter(|goods| may_matter(goods)).cloned()
    }

    /// Raises of its quota in the days up to the end of a month, to so much in per cent of what it was, at least: oldest
    /// first, each with the day and what it was raised to in per cent.
    pub fn quota_raises(&self, period: Period, days: i64, least_percent: i64) -> Vec<(Date, i64)> {
        let end = period.minus(-1).start();
        let within = self.profile.quota.changes().filter(|(at, ..)| *at < end && end.days_since(*at) <= days);
        within
            .map(|(at, before, now)| (at.date(), now.capacity().percent_of(before.capacity())))
            .filter(|(_, percent)| *percent >= least_percent)
            .collect()
    }

    /// The division of its industry: the first two of the four digits of GB/T 4754.
    pub fn industry_division(&self) -> Option<u16> {
        self.profile.industry.value.map(|industry| industry / 100)
    }

    /// Whether the province of its id is that of its registration, so that ids tell who is of which.
    pub fn has_sure_province(&self) -> bool {
        let region = self.profile.region.value.map(|region| region / 10_000);
        province(self.taxpayer()).is_some_and(|[first, second]| {
            let own = u32::from(first - b'0') * 10 + u32::from(second - b'0');
            region.is_none_or(|region| region == own)
        })
    }

    /// Whether it has gone missing or abnormal.
    pub fn has_vanished(&self) -> bool {
        matches!(self.profile.status.latest(), Some(Status::Missing | Status::Abnormal))
    }

    /// What was left in the pool at the end of a month, by the invoices of the months up to it, whenever they came.
    pub fn pool_left(&mut self, period: Period) -> Fen {
        let mut left = self.profile.pooled();
        let later = self.profile.last_month.0.saturating_sub(period.0).min(MONTHS_MAX);
        for months in 1..=later {
            left += self.read_month(period.minus(-months), |month| month.drawn - month.arrived - month.flowed_on);
        }
        left
    }

    /// Its tie to a party, and what that knows.
    pub fn tie(&mut self, party: Id) -> Option<TieRow> {
        self.books.find::<TieRow>(&Key::Party(PartyKey::Tie(party))).cloned()
    }

    /// All its ties, in the order of the parties' ids.
    pub fn ties(&mut self) -> Vec<(Id, TieRow)> {
        let ties = self.books.ties().into_iter();
        ties.filter_map(|party| Some((party, self.tie(party)?))).collect()
    }

    /// By which firm its gang is named.
    pub fn gang(&mut self) -> Gang {
        self.books.find::<Papers>(&Key::Party(PartyKey::Papers)).map_or(Gang::NONE, |papers| papers.gang)
    }

    /// The first accused origins whose value is in the taxpayer's books, with what was deducted of each.
    pub fn tainted_origins(&mut self) -> Vec<(TaxpayerId, Fen)> {
        if self.profile.tainted_origins == 0 {
            return Vec::new();
        }
        let keys = self.books.scan(&Key::Tainted(Id::EMPTY), &Key::Tainted(Id::LAST), TAINTED_MAX);
        keys.into_iter()
            .filter_map(|key| match (key, self.books.find::<Tainted>(&key)) {
                (Key::Tainted(origin), Some(tainted)) => Some((origin, tainted.deducted)),
                _ => None,
            })
            .collect()
    }

    /// The sellers who told of an accused origin's value, each with the fewest invoices over which any came: those it came from.
    pub fn accused_sellers(&mut self, origin: TaxpayerId) -> BTreeMap<TaxpayerId, u8> {
        let mut sellers = BTreeMap::new();
        for name in self.books.accused_names(origin, NAMES_MAX) {
            let told_by = |from| Key::taint_told(origin, name.named, from);
            for key in self.books.scan(&told_by(Id::EMPTY), &told_by(Id::LAST), NAMES_MAX) {
                let (Key::TaintTold { from, .. }, Some(told)) = (key, self.books.find::<TaintTold>(&key)) else {
                    continue;
                };
                let hops = sellers.entry(from).or_insert(u8::MAX);
                *hops = told.parts.fewest().min(*hops);
            }
        }
        sellers
    }

    /// Whether the taxpayer met a counterparty when it had long been known itself: whom a firm met in its own beginning, or the
    /// journal's, it may have known before.
    pub fn is_met_lately(&self, partner: &Partner) -> bool {
        partner.first_at > self.profile.known_since.plus_days(SETTLED_DAYS)
    }

    /// Whether a counterparty is one of long standing: met in the firm's beginning, or the journal's, and dealt with for half a
    /// year since.
    fn is_steady(&self, partner: &Partner) -> bool {
        !self.is_met_lately(partner) && partner.last_at.days_since(partner.first_at) >= STEADY_DAYS
    }

    /// What was bought from those who sold the taxpayer an accused origin's value.
    pub fn bought_of_accused(&mut self, origin: TaxpayerId) -> BoughtOfAccused {
        let sellers = self.accused_sellers(origin).into_iter();
        let sellers: Vec<(TaxpayerId, u8, Partner)> =
            sellers.filter_map(|(seller, hops)| Some((seller, hops, self.partner(Side::Bought, seller)?))).collect();
        let nearest = sellers.iter().map(|(_, hops, _)| *hops).min().unwrap_or(u8::MAX);
        let known = sellers.iter().filter(|(.., partner)| !self.is_met_lately(partner));
        let nearest_known = known.map(|(_, hops, _)| *hops).min().unwrap_or(u8::MAX);
        let mut sums = BoughtOfAccused::default();
        let mut is_all = true;
        for (seller, hops, partner) in sellers {
            let tax = partner.totals.tax.max(Fen::ZERO);
            let is_lately = hops < nearest_known;
            is_all &= is_lately;
            sums.all += tax;
            // Of the origin itself all that it ever sold is held against what was false of it.
            let counts = hops == nearest && (seller == origin || !self.is_steady(&partner));
            sums.nearest += if counts { tax } else { Fen::ZERO };
            sums.lately_met += if is_lately { tax } else { Fen::ZERO };
            sums.lately_taken += if is_lately && seller == origin { tax } else { Fen::ZERO };
        }
        if is_all {
            sums.lately_taken = self.tainted(origin).taken;
        }
        sums
    }

    /// What of a month is abnormal, where anything ever was.
    pub fn abnormal(&mut self, period: Period) -> Option<AbnormalMonth> {
        if self.profile.abnormal_months == 0 {
            return None;
        }
        self.books.find::<AbnormalMonth>(&Key::Abnormal(period)).copied()
    }

    /// Whose abnormal invoices are deducted for a month: those of the most tax first.
    pub fn abnormal_sellers(&mut self, period: Period) -> Vec<TaxpayerId> {
        let key = |seller_id| Key::AbnormalFrom { period, seller_id };
        let keys = self.books.scan(&key(Id::EMPTY), &key(Id::LAST), SELLERS_MAX);
        let mut sellers: Vec<_> = keys
            .into_iter()
            .filter_map(|key| match (key, self.books.find::<AbnormalFrom>(&key)) {
                (Key::AbnormalFrom { seller_id, .. }, Some(from)) => Some((from.tax, seller_id)),
                _ => None,
            })
            .collect();
        sellers.sort_by_key(|(tax, seller_id)| (-*tax, *seller_id));
        sellers.into_iter().map(|(_, seller_id)| seller_id).collect()
    }

    /// Whether input tax of a time counts.
    pub fn is_general(&self, at: Instant) -> bool {
        self.profile.kind.at(at) != Some(TaxpayerKind::SmallScale)
    }

    /// Accused value of an origin in the taxpayer's books, under its own name and under those who stood for it; under no
    /// name where it does not stand accused.
    pub fn tainted(&mut self, origin: TaxpayerId) -> Tainted {
        self.books.tainted(origin)
    }
}

fn is_within(at: Instant, period: Period, days: i64) -> bool {
    at < period.minus(-1).start() && period.start().days_since(at) <= days
}
