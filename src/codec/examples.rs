//! Events, messages and outputs for tests: every type, with every field filled and with none but the required.

use super::json;
use crate::model::{
    Abnormal, About, Arrival, Associate, Body, Case, CaseEdge, CaseNode, CaseTie, ChainRole, Claimed, Closing,
    Continue, Date, DeadLetter, Doubt, Edge, Entity, Event, Evidence, Fen, FirmRecord, Flag, Gang, GangTie,
    GoodsAmount, GoodsCode, Hand, Id, Identified, Instant, InvoiceKind, InvoiceNo, Kind, Layers, Marked, Measure,
    Measured, Membership, Message, Output, Part, PartyKind, Pass, Passage, PeerQuantiles, PeersTold, Period, Position,
    Record, Refused, Report, Returned, Roles, Root, ScoreShare, Shared, Signal, SignalStatus, Source, Taint, Task,
    TaskStatus, Tie, Timer, Vector, Voided,
};

/// One line for each input event, as the contract has it, with every optional field.
pub(crate) const FULL: [&str; 20] = [
    r#"{"type":"taxpayer_registered","occurred_at":"2026-01-05T10:00:00+08:00","taxpayer_id":"914403001922038216","name":"深圳市溯源商贸有限公司","registered_on":"2026-01-04","industry":"5123","region":"440300","street":"440305001","address":"南山区科技路1号","capital_fen":100000000,"kind":"general","credit_grade":"M","people":[{"role":"legal_representative","person_id":"p:1","phone":"t:1"},{"role":"invoice_collector","person_id":"p:2"}],"event_id":"reg-1","source_system":"golden-tax"}"#,
    r#"{"type":"taxpayer_changed","occurred_at":"2026-02-01T10:00:00+08:00","taxpayer_id":"914403001922038216","name":"深圳市源流商贸有限公司","industry":"5124","region":"440305","street":"440305002","address":"南山区科技路2号","capital_fen":200000000,"kind":"small_scale","credit_grade":"D","people":[{"role":"finance_officer","person_id":"p:3","phone":"t:3"}],"former_taxpayer_id":"440300192203821","event_id":"chg-1","source_system":"golden-tax"}"#,
    r#"{"type":"taxpayer_status_changed","occurred_at":"2026-03-01T10:00:00+08:00","taxpayer_id":"914403001922038216","status":"missing","reason":"实地核查无法联系","event_id":"st-1","source_system":"golden-tax"}"#,
    r#"{"type":"invoice_quota_granted","occurred_at":"2026-01-06T10:00:00+08:00","taxpayer_id":"914403001922038216","invoice_kind":"special","max_amount_fen":10000000,"monthly_count":25,"event_id":"q-1","source_system":"golden-tax"}"#,
    r#"{"type":"invoice_issued","occurred_at":"2026-03-01T09:12:33+08:00","invoice_no":"26442000000012345678","invoice_kind":"special","seller_id":"914403001922038216","buyer_id":"91310000MA1FL0LX06","lines":[{"goods_code":"1020101010000000000","goods_name":"*煤炭*原煤","spec":"5500大卡","unit":"吨","quantity":"12.5","amount_fen":900000,"rate_bp":1300,"tax_fen":117000},{"goods_code":"3040502020200000000","goods_name":"*经营租赁*\"车\"","amount_fen":100,"rate_bp":900,"tax_fen":9}],"amount_fen":900100,"tax_fen":117009,"device":{"ip":"10.1.2.3","mac":"00:1A:2B:3C:4D:5E"},"issuer_person_id":"p:2","red_of":null,"remark":"合同编号 A-1","event_id":"inv-1","source_system":"golden-tax"}"#,
    r#"{"type":"invoice_voided","occurred_at":"2026-03-02T09:00:00+08:00","invoice_no":"3100162130-12345678","seller_id":"914403001922038216","event_id":"void-1","source_system":"golden-tax"}"#,
    r#"{"type":"invoice_received","occurred_at":"2026-03-02T09:00:00.125+08:00","invoice_no":"26442000000012345678","buyer_id":"91310000MA1FL0LX06","seller_id":"914403001922038216","event_id":"rec-1","source_system":"golden-tax"}"#,
    r#"{"type":"invoice_deducted","occurred_at":"2026-04-10T09:00:00+08:00","invoice_no":"26442000000012345678","buyer_id":"91310000MA1FL0LX06","seller_id":"914403001922038216","period":"2026-03","tax_fen":117009,"purpose":"export_refund","event_id":"ded-1","source_system":"golden-tax"}"#,
    r#"{"type":"deduction_reversed","occurred_at":"2026-05-10T09:00:00+08:00","invoice_no":"26442000000012345678","buyer_id":"91310000MA1FL0LX06","seller_id":"914403001922038216","period":"2026-04","tax_fen":117009,"reason":"异常凭证转出","event_id":"rev-1","source_system":"golden-tax"}"#,
    r#"{"type":"invoice_marked_abnormal","occurred_at":"2026-05-01T09:00:00+08:00","invoice_no":"26442000000012345678","seller_id":"914403001922038216","reason":"走逃失联","event_id":"mark-1","source_system":"golden-tax"}"#,
    r#"{"type":"invoice_mark_lifted","occurred_at":"2026-06-01T09:00:00+08:00","invoice_no":"26442000000012345678","seller_id":"914403001922038216","reason":"核实无误","event_id":"lift-1","source_system":"golden-tax"}"#,
    r#"{"type":"taxpayer_verified","occurred_at":"2026-06-01T09:00:00+08:00","taxpayer_id":"914403001922038216","subject":"2026-03 采购","outcome":"false","reason":"无货物","event_id":"ver-1","source_system":"golden-tax"}"#,
    r#"{"type":"vat_declared","occurred_at":"2026-04-15T09:00:00+08:00","taxpayer_id":"914403001922038216","period":"2026-03","sales_fen":900100,"output_tax_fen":117009,"input_tax_fen":100000,"transferred_out_fen":0,"payable_tax_fen":17009,"event_id":"vat-1","source_system":"golden-tax"}"#,
    r#"{"type":"observed","occurred_at":"2026-04-02T09:00:00+08:00","taxpayer_id":"914403001922038216","source":"electricity","metric":"consumption","period":"2026-03","value":-1200,"unit":"kWh","event_id":"obs-1","source_system":"grid-power"}"#,
    r#"{"type":"org_defined","occurred_at":"2026-01-01T00:00:00+08:00","org_id":"4403","name":"深圳市税务局","level":"city","parent_id":"44","regions":["440300","440305001"],"event_id":"org-1","source_system":"directory"}"#,
    r#"{"type":"grid_defined","occurred_at":"2026-01-01T00:00:00+08:00","grid_id":"g-1","org_id":"440305","name":"科技园网格","kind":"area","regions":["440305"],"industries":["51"],"taxpayers":["914403001922038216"],"event_id":"grid-1","source_system":"directory"}"#,
    r#"{"type":"officer_defined","occurred_at":"2026-01-01T00:00:00+08:00","officer_id":"o-1","name":"王网格","person_id":"p:9","posts":[{"grid_id":"g-1","post":"main"},{"grid_id":"g-2","post":"secondary"}],"expertise":["pass_through"],"active":true,"event_id":"off-1","source_system":"directory"}"#,
    r#"{"type":"task_acted","occurred_at":"2026-06-02T09:00:00+08:00","task_id":"0123456789abcdef01234567","officer_id":"o-1","action":"request_peer","verdict":"partly","recovered_tax_fen":50000,"reason":"补税","to_officer_id":"o-2","evidence":["doc:1","doc:2"],"event_id":"act-1","source_system":"console"}"#,
    r#"{"type":"rules_published","occurred_at":"2026-01-01T00:00:00+08:00","version":"2026.1","rules":"[rules]\nname = \"first\"\n","event_id":"rules-1","source_system":"console"}"#,
    r#"{"type":"model_published","occurred_at":"2026-01-01T00:00:00+08:00","version":"m1","model":"s3://models/m1#blake3:00","event_id":"model-1","source_system":"console"}"#,
];

/// One line for each input event that has optional fields of its own, without any optional field.
pub(crate) const SPARE: [&str; 14] = [
    r#"{"type":"taxpayer_registered","occurred_at":"2026-01-05T10:00:00+08:00","taxpayer_id":"A1","name":"甲","registered_on":"1999-12-31","industry":"5123","region":"440300","address":"","capital_fen":0,"kind":"general","people":[]}"#,
    r#"{"type":"taxpayer_changed","occurred_at":"2026-02-01T10:00:00+08:00","taxpayer_id":"A1"}"#,
    r#"{"type":"taxpayer_status_changed","occurred_at":"2026-03-01T10:00:00+08:00","taxpayer_id":"A1","status":"normal"}"#,
    r#"{"type":"invoice_issued","occurred_at":"2017-03-01T09:12:33+08:00","invoice_no":"legacy:2017-11459356","invoice_kind":"ordinary","seller_id":"A1","lines":[],"amount_fen":-100,"tax_fen":0}"#,
    r#"{"type":"invoice_issued","occurred_at":"2026-03-01T09:12:33+08:00","invoice_no":"26442000000012345679","invoice_kind":"farm_purchase","seller_id":"A1","buyer_id":"A1","lines":[{"goods_code":"0000000000000000000","goods_name":"","amount_fen":-100,"rate_bp":0,"tax_fen":-9}],"amount_fen":-100,"tax_fen":-9,"device":{},"red_of":"031001600211-12345678"}"#,
    r#"{"type":"invoice_received","occurred_at":"2026-03-02T09:00:00+08:00","invoice_no":"26442000000012345678","buyer_id":"B1"}"#,
    r#"{"type":"invoice_deducted","occurred_at":"2026-04-10T09:00:00+08:00","invoice_no":"26442000000012345678","buyer_id":"B1","period":"2026-03","tax_fen":117009,"purpose":"deduct"}"#,
    r#"{"type":"deduction_reversed","occurred_at":"2026-05-10T09:00:00+08:00","invoice_no":"26442000000012345678","buyer_id":"B1","period":"2026-04","tax_fen":117009,"reason":""}"#,
    r#"{"type":"taxpayer_verified","occurred_at":"2026-06-01T09:00:00+08:00","taxpayer_id":"A1","subject":"","outcome":"genuine"}"#,
    r#"{"type":"org_defined","occurred_at":"2026-01-01T00:00:00+08:00","org_id":"0","name":"总局","level":"nation","regions":[]}"#,
    r#"{"type":"grid_defined","occurred_at":"2026-01-01T00:00:00+08:00","grid_id":"g-1","org_id":"0","name":"","kind":"specialist"}"#,
    r#"{"type":"officer_defined","occurred_at":"2026-01-01T00:00:00+08:00","officer_id":"o-1","name":"","posts":[],"expertise":[],"active":false}"#,
    r#"{"type":"task_acted","occurred_at":"2026-06-02T09:00:00+08:00","task_id":"t-1","officer_id":"o-1","action":"accept","event_id":"act-2"}"#,
    r#"{"type":"invoice_voided","occurred_at":"2026-03-02T09:00:00+08:00","invoice_no":"3100162130-12345678","seller_id":"A1"}"#,
];

/// All of them, read.
pub(crate) fn events() -> Vec<Event> {
    let read = |line: &&str| json::read_event(line.as_bytes()).unwrap_or_else(|refusal| panic!("{refusal}: {line}"));
    FULL.iter().chain(&SPARE).map(read).collect()
}

/// Every kind of message.
pub(crate) fn messages() -> Vec<Message> {
    let goes_on = continuations().into_iter().map(|rest| Message::Continue(Box::new(rest)));
    others().into_iter().chain(goes_on).collect()
}

fn continuations() -> Vec<Continue> {
    vec![
        Continue::Share { after: id("A1") },
        Continue::Pass(Pass { after: Some(invoice("26442000000012345678")), month: None, at: at(6) }),
        Continue::Pass(Pass { after: None, month: Some(Period::of(2026, 3)), at: at(6) }),
        Continue::Weigh { after: Period::of(2026, 3), at: at(6) },
        Continue::Taint { taint: Box::new(taint()), after: id("B1") },
        Continue::Taint { taint: Box::new(taint()), after: Id::EMPTY },
        Continue::Timers,
        Continue::Settle { left: vector(), issued_at: at(6) },
        Continue::Reds { blue_no: invoice("26442000000012345678") },
        Continue::Unsettle { origin: id("A1"), tax: Fen(117_000), issued_at: at(6), number: 3 },
        Continue::Behind { named: id("W1"), after: id("A1"), at: at(6) },
        Continue::Bursts { after: Period::of(2026, 3), at: at(6) },
        Continue::Moved {
            passages: ["B1", "B2"].map(|buyer| Passage { named: id("W1"), buyer: id(buyer) }).to_vec(),
            after: id("A1"),
            at: at(6),
        },
        Continue::Closing(Closing::default()),
        Continue::Kind { after: Some(invoice("26442000000012345678")), place: 2 },
        Continue::Gone { after: Some(invoice("26442000000012345678")) },
        Continue::Judge { months: vec![Period::of(2026, 3), Period::of(2026, 4)], at: at(6) },
        Continue::Closing(Closing {
            held: true,
            after: Some(invoice("26442000000012345678")),
            place: 1 << 63,
            open: true,
        }),
        Continue::RulesChanged { after: id("A1"), at: at(7) },
    ]
}

fn others() -> Vec<Message> {
    let event = || Box::new(events()[4].clone());
    let timer = Timer::RedLetter { red_no: invoice("26442000000012345679") };
    let claim = |seller_id| Message::Timer(Timer::Claim { invoice_no: invoice("26442000000012345678"), seller_id });
    vec![
        Message::Arrival(Box::new(arrival())),
        Message::Arrival(Box::new(Arrival { red_of: None, voided_at: None, goods: vec![], ..arrival() })),
        Message::Voided(Box::new(Voided {
            invoice_no: invoice("26442000000012345678"),
            seller_id: id("A1"),
            voided_at: at(7),
            returned: vector(),
        })),
        Message::Returned(Box::new(Returned {
            red_no: invoice("26442000000012345679"),
            blue_no: invoice("26442000000012345678"),
            seller_id: id("A1"),
            at: at(7),
            returned: vector(),
            restored: Vector::default(),
        })),
        Message::Marked(Marked {
            invoice_no: invoice("26442000000012345678"),
            seller_id: id("A1"),
            at: at(8),
            abnormal: true,
        }),
        Message::Taint(Box::new(taint())),
        Message::Report(Box::new(report())),
        claim(id("A1")),
        claim(Id::EMPTY),
        Message::Timer(timer),
        Message::Timer(Timer::CasePublished),
        Message::Timer(Timer::Closing),
        Message::Timer(Timer::MonthPassed { period: Period::of(2026, 3) }),
        Message::Timer(Timer::RulesChanged),
        Message::Forwarded(Source { file: 3, line: 4 }, event()),
        Message::Began(at(9)),
        Message::Tied(Box::new(Tie {
            taxpayer_id: id("A1"),
            kind: PartyKind::HardwareAddress,
            roles: Roles::ISSUES,
            registered_on: Some(Date(20_456)),
            record: FirmRecord::MISSING.and(FirmRecord::ACCUSED),
            gang: Gang::NONE,
            number: 1,
            at: at(9),
        })),
        Message::Shared(Box::new(Shared {
            party_id: id("0123456789abcdef01234567"),
            hand: hand(),
            gang: Gang { firm: id("A1"), hops: 2 },
            number: 3,
            at: at(9),
        })),
        Message::Identified(Identified { taxpayer_id: id("B1"), least: id("A1"), at: at(9) }),
        Message::Joined(Box::new(Membership {
            gang: id("A1"),
            taxpayer_id: id("B1"),
            is_in: true,
            hops: 2,
            strong: true,
            ties: vec![GangTie { party_id: id("p:1"), kind: PartyKind::Person, roles: Roles::REPRESENTATIVE }],
            at: at(9),
        })),
        Message::Measured(Box::new(Measured {
            taxpayer_id: id("A1"),
            period: Period::of(2026, 3),
            measures: vec![Measure { indicator: 1, value: -9 }, Measure { indicator: 300, value: 1 << 40 }],
            at: at(10),
        })),
        Message::Peers(Box::new(PeersTold {
            period: Period::of(2026, 2),
            quantiles: vec![PeerQuantiles {
                indicator: 300,
                firms: 12,
                p10: -5,
                p25: 0,
                median: 7,
                p75: 900,
                p90: 1 << 40,
            }],
            at: at(11),
        })),
        Message::Claimed(Claimed {
            invoice_no: invoice("26442000000012345678"),
            buyer_id: id("B1"),
            tax: Fen(117_000),
            is_void: true,
            at: at(7),
        }),
        Message::Abnormal(Abnormal {
            invoice_no: invoice("26442000000012345678"),
            seller_id: id("A1"),
            period: Period::of(2026, 3),
            rank: 1 << 40,
            at: at(8),
        }),
        Message::Released(Period::of(2026, 3)),
        Message::Timer(Timer::Verification { period: Period::of(2026, 3) }),
    ]
}

fn hand() -> Hand {
    let associate = |taxpayer| Associate {
        taxpayer_id: id(taxpayer),
        roles: Roles::REPRESENTATIVE.and(Roles::TAX_HANDLER),
        record: FirmRecord::GRADE_D,
    };
    Hand {
        firms: 2,
        represented: 2,
        served: 2,
        bad: 1,
        grade_d: 2,
        together: 1,
        associates: ["A1", "B1"].map(associate).to_vec(),
    }
}

/// Records with every fact and message, a refused input and a tick.
pub(crate) fn records() -> Vec<Record> {
    let facts = events().into_iter().map(|event| Body::Fact(Source { file: 3, line: 1 << 40 }, Box::new(event)));
    let refused =
        Refused { source: Source { file: 0, line: 7 }, reason: "is no event".into(), bytes: "{\"键\":".into() };
    let bodies = facts.chain(messages().into_iter().map(Body::Message));
    let bodies = bodies.chain([Body::Refused(Box::new(refused)), Body::Tick]);
    let to = |body: &Body| match body {
        Body::Tick => Entity::CLOCK,
        Body::Fact(_, event) => event.owner(),
        Body::Message(_) | Body::Refused(_) => Entity { kind: Kind::Party, id: id("p:1") },
    };
    let record = |(offset, body): (u64, Body)| Record {
        position: Position { partition: 2, offset },
        at: at(9),
        root: Root(1_000_000 + offset),
        to: to(&body),
        body,
    };
    (0..).zip(bodies).map(record).collect()
}

/// Every kind of output, with every field and with none but the required.
pub(crate) fn outputs() -> Vec<Output> {
    let position = Position { partition: 2, offset: 12_345 };
    let letter = DeadLetter {
        source: Source { file: 0, line: 17 },
        code: "SY0001".into(),
        reason: "tax_fen: is missing".into(),
        first: Some(Position { partition: 0, offset: 3 }),
        position,
        bytes: "{\"type\":\"invoice_issued\"}".into(),
    };
    let doubt = Doubt {
        code: "check_character".into(),
        taxpayer_id: id("914403001922038215"),
        invoice_no: Some(invoice("26442000000012345678")),
        reason: "the check character is wrong".into(),
        at: at(1),
        position,
    };
    let about_invoice = |seller_id| About::Invoice { seller_id, invoice_no: invoice("26442000000012345678") };
    let bare = Signal {
        withdrawn_at: None,
        withdrawn_reason: None,
        evidence: vec![],
        causes: vec![],
        counterparties: vec![],
        case_id: None,
        status: SignalStatus::Open,
        ..signal(About::Origin(id("A1")))
    };
    let desk = Task {
        grid_id: Some(id("g-1")),
        org_id: Some(id("0")),
        officer_id: Some(id("o-1")),
        due_at: Some(at(5)),
        shares: vec![
            ScoreShare { typology: "double_deduction".into(), points: 400 },
            ScoreShare { typology: "source_burst".into(), points: 590 },
        ],
        ..task()
    };
    vec![
        Output::Signal(Box::new(signal(about_invoice(id("A1"))))),
        Output::Signal(Box::new(signal(about_invoice(Id::EMPTY)))),
        Output::Signal(Box::new(signal(About::Period(Period::of(2026, 3))))),
        Output::Signal(Box::new(signal(About::Party(id("0123456789abcdef01234567"))))),
        Output::Signal(Box::new(bare)),
        Output::Case(Box::new(case())),
        Output::Case(Box::new(Case { ties: Vec::new(), ..case() })),
        Output::Task(Box::new(task())),
        Output::Task(Box::new(desk)),
        Output::DeadLetter(Box::new(DeadLetter { first: None, ..letter.clone() })),
        Output::DeadLetter(Box::new(letter)),
        Output::Doubt(Box::new(Doubt { invoice_no: None, ..doubt.clone() })),
        Output::Doubt(Box::new(doubt)),
    ]
}

fn signal(about: About) -> Signal {
    Signal {
        signal_id: id("0123456789abcdef01234567"),
        taxpayer_id: id("A1"),
        typology: "double_deduction".into(),
        score: 1_000,
        stake: Fen(117_009),
        raised_at: at(1),
        status: SignalStatus::Withdrawn,
        withdrawn_at: Some(at(2)),
        withdrawn_reason: Some("deduction_reversed".into()),
        evidence: vec![Evidence {
            indicator: "tax deducted again".into(),
            observed: 117_009,
            threshold: 0,
            unit: "fen".into(),
            window: "2026-03".into(),
        }],
        text_zh: "同一发票重复抵扣".into(),
        text_en: "The same invoice is deducted again.".into(),
        about,
        causes: vec![Position { partition: 0, offset: 12 }, Position { partition: 3, offset: 1 << 40 }],
        counterparties: vec![id("B1")],
        case_id: Some(id("case-1")),
        version: 2,
    }
}

fn case() -> Case {
    Case {
        case_id: id("case-1"),
        typology: "source_burst".into(),
        origin: id("A1"),
        standing: true,
        nodes: vec![CaseNode { taxpayer_id: id("A1"), role: ChainRole::Source, hop: 0, tax: Fen(9), deducted: Fen(0) }],
        edges: vec![CaseEdge {
            from: id("A1"),
            to: id("B1"),
            tax: Fen(9),
            invoices: 2,
            first_at: at(1),
            last_at: at(2),
        }],
        nodes_total: 600,
        edges_total: 1,
        ties: vec![CaseTie {
            taxpayer_id: id("B1"),
            party_id: id("0123456789abcdef01234567"),
            kind: PartyKind::NetworkAddress,
            roles: Roles::ISSUES.and(Roles::PREMISES),
        }],
        version: 4,
    }
}

fn task() -> Task {
    Task {
        task_id: id("task-1"),
        taxpayer_id: id("A1"),
        grid_id: None,
        org_id: None,
        officer_id: None,
        level: 5,
        response: "audit".into(),
        typologies: vec!["double_deduction".into(), "source_burst".into()],
        score: 990,
        stake: Fen(117_009),
        signals: vec![id("0123456789abcdef01234567")],
        case_ids: vec![id("case-1")],
        status: TaskStatus::Open,
        opened_at: at(1),
        due_at: None,
        version: 1,
        shares: vec![],
    }
}

fn arrival() -> Arrival {
    Arrival {
        invoice_no: invoice("26442000000012345679"),
        invoice_kind: InvoiceKind::Special,
        seller_id: id("A1"),
        issued_at: at(3),
        amount: Fen(-900_000),
        tax: Fen(-117_000),
        red_of: Some(invoice("26442000000012345678")),
        voided_at: Some(at(4)),
        goods: vec![GoodsAmount { code: GoodsCode(1_020_101_010_000_000_000), amount: Fen(-900_000) }],
        vector: vector(),
    }
}

fn taint() -> Taint {
    let mut layers = Layers::one(2, Fen(3));
    layers.add(5, Fen(700));
    Taint {
        origin: id("A1"),
        flag: flag(),
        standing: false,
        named: id("B1"),
        parts: layers,
        from: id("C1"),
        raised_at: at(5),
    }
}

fn report() -> Report {
    Report {
        origin: id("A1"),
        flag: flag(),
        standing: true,
        taxpayer_id: id("B1"),
        hops: 1,
        taken: Fen(100),
        deducted: Fen(60),
        edges: vec![Edge { to: id("C1"), tax: Fen(40), invoices: 3, first_at: at(1), last_at: at(2) }],
        at: at(6),
    }
}

fn vector() -> Vector {
    let part = |origin, tax, hops| Part { origin: id(origin), tax: Fen(tax), hops };
    Vector { parts: vec![part("A1", 100_000, 0), part("D1", 17_000, 3)], remainder: Fen(9) }
}

fn flag() -> Flag {
    Flag { case_id: id("case-1"), version: 3 }
}

fn at(hour: i64) -> Instant {
    Instant(1_772_323_200_000 + hour * 3_600_000)
}

fn id(text: &str) -> Id {
    Id::parse(text).expect("an example id")
}

fn invoice(text: &str) -> InvoiceNo {
    InvoiceNo::parse(text).expect("an example number")
}
