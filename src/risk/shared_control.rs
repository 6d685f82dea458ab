//! Firms in one hand.

use super::finding::{COUNTERPARTIES_MAX, counted};
use super::{Finding, Matter, Parameter, RuleSet, Sentence, Subject, Typology, Unit, View, When};
use crate::model::{About, Associate, Fen, FirmRecord, Hand, Id, PartyKind, TaxpayerId};
use crate::state::{CaseHead, TieRow};

/// See `doc`.
pub(super) static TYPOLOGY: Typology = Typology {
    code: "shared_control",
    name_zh: "团伙",
    since: "0.1.0",
    subject: Subject::Party,
    also: None,
    matter: Matter::Ties,
    doc: "One person, phone, room or device stands behind this firm and others, as the one who controls them: their legal \
          representative, where they are registered, what they issue from. How many firms (notice from three, strong from \
          five), firms registered within a week of one another, firms that went missing, abnormal or are accused as a source, \
          a representative who is another's tax handler, and further ties between the same firms each add to it; with one of \
          these alone the score stays low. Source of the pattern: nine coal traders of which each one's representative was the \
          next one's tax handler; one address behind 103 shells. Looks alike and is honest: a group whose firms share a \
          finance officer; a bookkeeping agent who handles taxes for many firms, with its phone, room and device; a business \
          park; an owner of a few shops. Those serve and do not control, or are many and in good standing.",
    parameters: &[
        Parameter::new("score", Unit::Score, "Score from the firms of a notice on, 0 to 1000."),
        Parameter::new("score_strong", Unit::Score, "Score from the firms of a strong tie on, 0 to 1000.")
            .not_below("score"),
        Parameter::new("score_together", Unit::Score, "Added where most registered within a week of one another."),
        Parameter::new("score_bad", Unit::Score, "Added where another firm is missing, abnormal or an accused source."),
        Parameter::new("score_grade_d", Unit::Score, "Added where another firm has credit grade D."),
        Parameter::new("score_other_tie", Unit::Score, "Added for each further kind of tie to the same firms."),
        Parameter::new("score_crossed", Unit::Score, "Added where one firm's representative is another's handler."),
        Parameter::new("score_one_indicator_max", Unit::Score, "Most that one indicator alone may score."),
        Parameter::new("firms_notice", Unit::Taxpayers, "Firms behind one party that are worth a notice."),
        Parameter::new("firms_strong", Unit::Taxpayers, "Firms behind one party that make a strong tie.")
            .not_below("firms_notice"),
        Parameter::new("served_firms_max", Unit::Taxpayers, "Who serves more firms than this is a bookkeeper."),
        Parameter::new(
            "firms_max",
            Unit::Taxpayers,
            "What more firms than this share is an agent's or a business park's.",
        ),
        Parameter::new(
            "bad_share_min_bp",
            Unit::BasisPoints,
            "Unless so many of them are missing, abnormal or accused.",
        ),
        Parameter::new(
            "together_min_bp",
            Unit::BasisPoints,
            "Share of firms registered within a week of another: most.",
        ),
        Parameter::new("gang_hops_max", Unit::Taxpayers, "Hands between two firms of a gang, at most."),
    ],
    months_back: 0,
    months_ahead: 0,
    told_by: &[],
    accuses_source: false,
    when: When::AtOnce,
    check,
};

/// What may tell the same twice: a person and their phone are one hand, and so are a device's two addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Family {
    Hand,
    Place,
    Device,
}

fn family(kind: PartyKind) -> Family {
    match kind {
        PartyKind::Person | PartyKind::Phone => Family::Hand,
        PartyKind::Address => Family::Place,
        PartyKind::HardwareAddress | PartyKind::NetworkAddress => Family::Device,
    }
}

/// Up to how many firms a tie is that of a hand.
struct Sizes {
    served_max: i64,
    firms_max: i64,
    bad_share_min: i64,
    together_min: i64,
}

/// Firms behind a tie that one who controls them may be behind: none where the party rather serves them, or is everybody's.
fn held(tie: &TieRow, sizes: &Sizes) -> i64 {
    let Hand { firms, represented, served, bad, .. } = tie.hand;
    let [firms, represented, served, bad] = [firms, represented, served, bad].map(i64::from);
    let is_rotten = bad >= 3 && Fen(bad).ratio_bp(Fen(firms)) >= sizes.bad_share_min;
    match tie.kind {
        // Whoever represents firms answers for them, however many; whom else they serve, only while these are few.
        PartyKind::Person if tie.roles.represents() => {
            if is_rotten || served <= sizes.served_max {
                firms
            } else {
                represented
            }
        }
        // Who only handles taxes is a bookkeeper, unless clients came together or went together.
        PartyKind::Person | PartyKind::Phone if represented == 0 => {
            let is_hand = served <= sizes.served_max && (is_rotten || are_together(&tie.hand, sizes));
            if is_hand { firms } else { 0 }
        }
        PartyKind::Person => {
            if is_rotten || served <= sizes.served_max {
                firms
            } else {
                0
            }
        }
        PartyKind::Phone | PartyKind::Address | PartyKind::HardwareAddress | PartyKind::NetworkAddress => {
            if is_rotten || firms <= sizes.firms_max { firms } else { 0 }
        }
    }
}

/// Whether most of three firms or more registered within a week of one another.
fn are_together(hand: &Hand, sizes: &Sizes) -> bool {
    let (firms, together) = (i64::from(hand.firms), i64::from(hand.together));
    together >= 2 && Fen(together).ratio_bp(Fen(firms - 1)) >= sizes.together_min
}

/// The case of the gang that is named by a firm.
pub fn gang_case(firm: TaxpayerId) -> Id {
    CaseHead::id(TYPOLOGY.code, firm, 1)
}

impl RuleSet {
    /// Whether a party holds a taxpayer tied to it together with others, as one who controls them.
    pub fn is_held(&self, tie: &TieRow) -> bool {
        let Some(numbers) = self.parameters::<PARAMETERS>(&TYPOLOGY) else { return false };
        let [.., served_max, firms_max, bad_share_min, together_min, _] = numbers;
        held(tie, &Sizes { served_max, firms_max, bad_share_min, together_min }) >= 2
    }

    /// Hands between two firms of a gang, at most.
    pub fn gang_hops_max(&self) -> i64 {
        self.parameters::<PARAMETERS>(&TYPOLOGY).map_or(0, |[.., hops_max]| hops_max)
    }
}

const PARAMETERS: usize = 15;

fn check(view: &mut View<'_, '_>, about: &About) -> Option<Finding> {
    let [
        score,
        strong,
        add_together,
        add_bad,
        add_grade_d,
        add_other,
        add_crossed,
        one_max,
        firms_notice,
        firms_strong,
        served_max,
        firms_max,
        bad_share_min,
        together_min,
        _,
    ] = view.parameters(&TYPOLOGY)?;
    let About::Party(party) = *about else { return None };
    let tie = view.tie(party)?;
    let sizes = Sizes { served_max, firms_max, bad_share_min, together_min };
    let firms = held(&tie, &sizes);
    if firms < 2 {
        return None;
    }
    let this = view.taxpayer();
    let own = view.profile.record();
    if own.is_closed() {
        return None;
    }
    let hand = &tie.hand;
    let bad = i64::from(hand.bad) - i64::from(own.is_bad());
    let grade_d = i64::from(hand.grade_d) - i64::from(own.has(FirmRecord::GRADE_D));
    let together = i64::from(hand.together);
    let are_together = are_together(hand, &sizes);
    let crossed = tie.kind == PartyKind::Person && hand.represented > 0 && hand.served > 0 && is_crossed(hand);
    let others = other_ties(view, party, &tie, &sizes);
    // Rooms are let again, and numbers given out again: two firms in one are worth a look only where more ties them.
    let second_hand = family(tie.kind) == Family::Place || tie.kind == PartyKind::NetworkAddress;
    let tainted = bad > 0 && (!second_hand || !others.is_empty());
    let is_found = firms >= firms_notice || tainted || crossed && !others.is_empty();
    if !is_found {
        return None;
    }
    let added = [
        (are_together, add_together),
        (bad > 0, add_bad),
        (grade_d > 0, add_grade_d),
        (crossed, add_crossed),
        (!others.is_empty(), add_other * i64::try_from(others.len()).unwrap_or(1)),
    ];
    let many = firms >= firms_notice;
    let indicators = usize::from(many) + added.iter().filter(|(is_one, _)| *is_one).count();
    let base = if firms >= firms_strong { strong } else { score };
    let sum = base + added.iter().filter(|(is_one, _)| *is_one).map(|(_, add)| add).sum::<i64>();
    // Who shares a hand with one bad firm is to be looked at; that a hand does it again, or that its firms came together or
    // are crossed, says that it is the hand.
    let is_hard = are_together || crossed || bad >= 2 || bad > 0 && firms <= 2;
    let score = if indicators < 2 || !is_hard { sum.min(one_max) } else { sum };
    let bad = bad.max(0);
    let sentence = sentence(&tie, firms, bad, if are_together { together + 1 } else { 0 }, &others);
    let limit = if firms >= firms_strong { firms_strong } else { firms_notice };
    let mut finding = Finding::new(score, Fen::ZERO, sentence).number("shared_firms", firms, limit, "taxpayers", "now");
    if bad > 0 {
        finding = finding.number("shared_bad_firms", bad, 0, "taxpayers", "now");
    }
    if are_together {
        finding = finding.number("registered_within_a_week", together + 1, 3, "taxpayers", "life of the firms");
    }
    if grade_d > 0 {
        finding = finding.number("shared_grade_d_firms", grade_d, 0, "taxpayers", "now");
    }
    if crossed {
        let served = i64::from(hand.served);
        finding = finding.number("represented_and_served_firms", served, 0, "taxpayers", "now");
    }
    if !others.is_empty() {
        let kinds = i64::try_from(others.len()).unwrap_or(i64::MAX);
        finding = finding.number("other_shared_ties", kinds, 0, "ties", "now");
    }
    let gang = view.gang();
    if score >= i64::from(view.limits().level_scores[1]) && !gang.is_none() {
        finding.case_id = Some(gang_case(gang.firm));
    }
    Some(finding.with(counterparties(&tie, this)))
}

/// Whether one of few represents one firm and serves another.
fn is_crossed(hand: &Hand) -> bool {
    hand.associates.iter().any(|associate| !associate.roles.represents())
}

/// The other kinds of tie, of a hand each, by which the taxpayer hangs together with one of the same firms.
fn other_ties(view: &mut View<'_, '_>, party: Id, tie: &TieRow, sizes: &Sizes) -> Vec<PartyKind> {
    let this = view.taxpayer();
    let named: Vec<TaxpayerId> =
        tie.hand.associates.iter().map(|associate| associate.taxpayer_id).filter(|id| *id != this).collect();
    let mut kinds: Vec<PartyKind> = Vec::new();
    for (other, row) in view.ties() {
        let is_known = |associate: &Associate| named.binary_search(&associate.taxpayer_id).is_ok();
        let counts = other != party
            && family(row.kind) != family(tie.kind)
            && kinds.iter().all(|kind| family(*kind) != family(row.kind))
            && held(&row, sizes) >= 2
            && row.hand.associates.iter().any(is_known);
        if counts {
            kinds.push(row.kind);
        }
    }
    kinds
}

/// The others behind it, those with a record first.
fn counterparties(tie: &TieRow, this: TaxpayerId) -> Vec<TaxpayerId> {
    let mut others: Vec<&Associate> =
        tie.hand.associates.iter().filter(|associate| associate.taxpayer_id != this).collect();
    others.sort_by_key(|associate| !associate.record.is_bad());
    others.into_iter().take(COUNTERPARTIES_MAX).map(|associate| associate.taxpayer_id).collect()
}

fn name(kind: PartyKind) -> (&'static str, &'static str) {
    match kind {
        PartyKind::Person => ("人员", "person"),
        PartyKind::Phone => ("电话", "phone"),
        PartyKind::Address => ("地址", "address"),
        PartyKind::HardwareAddress => ("开票设备", "issuing device"),
        PartyKind::NetworkAddress => ("开票网络地址", "network address"),
    }
}

fn sentence(tie: &TieRow, firms: i64, bad: i64, together: i64, others: &[PartyKind]) -> Sentence {
    let (name_zh, name_en) = name(tie.kind);
    let others_number = firms - 1;
    let mut more: Vec<(String, String)> = Vec::new();
    if bad > 0 {
        let en = format!("; {} missing, abnormal or suspected as a source", of_them(bad));
        more.push((format!("，其中{bad}户走逃失联、非正常或涉嫌虚开"), en));
    }
    if together > 0 {
        let en = format!("; {} registered within a week of one another", counted(together, "firm"));
        more.push((format!("，{together}户在一周内先后登记"), en));
    }
    if !others.is_empty() {
        let (zh, en): (Vec<_>, Vec<_>) = others.iter().map(|kind| name(*kind)).unzip();
        let en = format!("; the same {} ties them as well", en.join(" and "));
        more.push((format!("，且{}也相同", zh.join("、")), en));
    }
    let (zh, en): (String, String) = more.into_iter().unzip();
    Sentence {
        zh: format!("该户与其他{others_number}户由同一{name_zh}关联{zh}；请核实是否由同一团伙控制，一并检查相关企业。"),
        en: format!(
            "This firm and {} are tied by the same {name_en}{en}; find out whether one hand controls them, and look at all \
             of them together.",
            counted(others_number, "other firm")
        ),
    }
}

fn of_them(count: i64) -> String {
    if count == 1 { "one of them is".into() } else { format!("{count} of them are") }
}
