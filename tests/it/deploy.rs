//! What is under `deploy/`: every file can be read by who it is for, figures and alarms are those that there are, and each
//! alarm stands in the runbook.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use promql_parser::label::Matchers;
use promql_parser::parser::{self, Expr};
use serde::Deserialize;
use serde_json::Value;
use suyuan::telemetry::metrics::{ALL, Metric};
use suyuan::telemetry::{Kind, metrics};
use suyuan::topology::{Kind as Where, Topology};

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy").join(name)
}

fn text(name: &str) -> String {
    std::fs::read_to_string(path(name)).unwrap()
}

fn yaml<T: for<'de> Deserialize<'de>>(name: &str) -> T {
    serde_saphyr::from_str(&text(name)).unwrap_or_else(|error| panic!("deploy/{name}: {error}"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Alarms {
    groups: Vec<Group>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    name: String,
    rules: Vec<Alarm>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Alarm {
    alert: String,
    expr: String,
    #[serde(default, rename = "for")]
    lasting: Option<String>,
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
}

fn alarms() -> Vec<Alarm> {
    let Alarms { groups } = yaml("alarms.yaml");
    assert!(groups.iter().all(|group| !group.name.is_empty()));
    groups.into_iter().flat_map(|group| group.rules).collect()
}

/// Every series that an expression selects: its name and the labels that it names.
fn selected(expression: &Expr, found: &mut Vec<(String, BTreeSet<String>)>) {
    let mut one = |name: &Option<String>, matchers: &Matchers| {
        let labels = matchers.matchers.iter().map(|matcher| matcher.name.clone()).collect();
        found.push((name.clone().expect("series are named"), labels));
    };
    match expression {
        Expr::Aggregate(inner) => selected(&inner.expr, found),
        Expr::Unary(inner) => selected(&inner.expr, found),
        Expr::Binary(inner) => {
            selected(&inner.lhs, found);
            selected(&inner.rhs, found);
        }
        Expr::Paren(inner) => selected(&inner.expr, found),
        Expr::Subquery(inner) => selected(&inner.expr, found),
        Expr::VectorSelector(inner) => one(&inner.name, &inner.matchers),
        Expr::MatrixSelector(inner) => one(&inner.vs.name, &inner.vs.matchers),
        Expr::Call(inner) => {
            for argument in &inner.args.args {
                selected(argument, found);
            }
        }
        Expr::NumberLiteral(_) | Expr::StringLiteral(_) => {}
        Expr::Extension(_) => panic!("no extensions"),
    }
}

/// The figure that a series is of.
fn figure(series: &str) -> Option<&'static Metric> {
    let of = |name: &str| ALL.iter().find(|metric| metric.name == name);
    let parts = ["_bucket", "_sum", "_count"].iter().find_map(|part| series.strip_suffix(part));
    of(series).or_else(|| of(parts?).filter(|metric| metric.kind == Kind::Histogram))
}

#[test]
fn every_alarm_can_be_asked_and_names_figures_that_there_are() {
    let alarms = alarms();
    assert!(alarms.len() > 10);
    for Alarm { alert, expr, lasting, labels, annotations } in alarms {
        let expression = parser::parse(&expr).unwrap_or_else(|error| panic!("{alert}: {error}"));
        let mut series = Vec::new();
        selected(&expression, &mut series);
        assert!(!series.is_empty(), "{alert}");
        for (name, named) in series {
            if name == "up" {
                continue;
            }
            let metric = figure(&name).unwrap_or_else(|| panic!("{alert}: there is no {name}"));
            for label in named.iter().filter(|label| *label != "__name__") {
                assert!(metric.labels.contains(&&**label), "{alert}: {name} has no label {label}");
            }
        }
        assert!(["page", "ticket"].contains(&&*labels["severity"]), "{alert}");
        assert_eq!(annotations["runbook"], format!("RUNBOOK.md#{}", alert.to_lowercase()));
        assert!(!annotations["summary"].is_empty());
        assert!(lasting.is_none_or(|lasting| lasting.ends_with('m') || lasting.ends_with('h')), "{alert}");
    }
}

#[test]
fn every_alarm_stands_in_the_runbook_and_every_alarm_there_is_one() {
    let runbook = text("RUNBOOK.md");
    let there: BTreeSet<&str> = runbook.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    let alarms = alarms();
    let asked: BTreeSet<&str> = alarms.iter().map(|alarm| &*alarm.alert).collect();
    assert_eq!(there, asked);
    let words = runbook.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'));
    for name in words.filter(|word| word.starts_with("suyuan_")) {
        assert!(figure(name).is_some(), "the runbook names {name}, which there is not");
    }
}

#[test]
fn prometheus_is_told_where_the_instance_and_the_alarms_are() {
    let document: Value = yaml("prometheus.yaml");
    assert_eq!(document["rule_files"][0], "alarms.yaml");
    assert_eq!(document["scrape_configs"][0]["job_name"], "suyuan");
    let topology = Topology::parse(&text("compose.toml")).unwrap();
    let port = topology.telemetry.address.rsplit(':').next().unwrap();
    assert_eq!(document["scrape_configs"][0]["static_configs"][0]["targets"][0], format!("suyuan:{port}"));
}

#[test]
fn the_compose_file_holds_together() {
    let document: Value = yaml("compose.yaml");
    let (services, volumes) = (document["services"].as_object().unwrap(), document["volumes"].as_object().unwrap());
    let topology = Topology::parse(&text("compose.toml")).unwrap();
    assert_eq!(topology.kind, Where::Kafka);
    let (host, port) = topology.kafka.bootstrap_servers.split_once(':').unwrap();
    assert_eq!(services[host]["environment"]["KAFKA_ADVERTISED_LISTENERS"], format!("PLAINTEXT://{host}:{port}"));
    let known = ["image", "build", "command", "environment", "volumes", "ports", "depends_on", "healthcheck"];
    for (name, service) in services {
        for key in service.as_object().unwrap().keys() {
            assert!(known.contains(&&**key) || key == "restart" || key == "stop_grace_period", "{name}: {key}");
        }
        let image = service["image"].as_str().unwrap();
        assert!(image == "suyuan" || image.rsplit_once(':').is_some_and(|(_, version)| version != "latest"), "{image}");
        for volume in service["volumes"].as_array().into_iter().flatten() {
            let source = volume.as_str().unwrap().split(':').next().unwrap();
            let is_there = if source.starts_with('.') { path(source).is_file() } else { volumes.contains_key(source) };
            assert!(is_there, "{name}: {source}");
        }
        for port in service["ports"].as_array().into_iter().flatten() {
            assert!(port.as_str().unwrap().starts_with("127.0.0.1:"), "{name} listens beyond loopback: {port}");
        }
        for other in service["depends_on"].as_object().into_iter().flat_map(|others| others.keys()) {
            assert!(services.contains_key(other), "{name} depends on {other}");
        }
        if let Some(build) = service["build"].as_object() {
            assert!(path("..").join(build["dockerfile"].as_str().unwrap()).is_file());
        }
        // The command line takes what the program is given: with `--help` it is read and not done.
        if image == "suyuan" {
            let arguments = service["command"].as_array().unwrap().iter().map(|word| word.as_str().unwrap());
            takes(arguments.collect());
        }
    }
    let compose =
        Command::new("docker").args(["compose", "-f"]).arg(path("compose.yaml")).args(["config", "-q"]).output();
    let has_compose = Command::new("docker").args(["compose", "version"]).output();
    if has_compose.is_ok_and(|done| done.status.success()) {
        let done = compose.unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }
}

/// Holds arguments against the program's own parser: what is wrong with them ends it with 2 before anything is done, and a
/// topology that is not there with 1.
fn takes(mut arguments: Vec<&str>) {
    for word in &mut arguments {
        if word.starts_with("/etc/") {
            *word = "/nowhere/topology.toml";
        }
    }
    let done = Command::new(env!("CARGO_BIN_EXE_suyuan")).args(&arguments).output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.code() == Some(1) && said.contains("/nowhere/topology.toml"), "{arguments:?}: {said}");
}

#[test]
fn the_container_runs_what_the_program_takes_and_copies_what_there_is() {
    let file = text("Containerfile");
    let words: Vec<&str> = file.lines().flat_map(str::split_whitespace).collect();
    assert!(!words.iter().any(|word| word.ends_with(":latest")));
    let toolchain = std::fs::read_to_string(path("../rust-toolchain.toml")).unwrap();
    let version = file.split("library/rust:").nth(1).unwrap().split('-').next().unwrap();
    assert!(toolchain.contains(&format!("\"{version}")), "the toolchain is not {version}: {toolchain}");
    let command = file.lines().find_map(|line| line.strip_prefix("CMD ")).unwrap();
    let command: Vec<String> = serde_json::from_str(command).unwrap();
    takes(command.iter().map(String::as_str).collect());
    assert!(path("../topologies/kafka.toml").is_file());
    let port = Topology::parse(&text("compose.toml")).unwrap().telemetry.address;
    assert!(file.contains(&format!("EXPOSE {}", port.rsplit(':').next().unwrap())));
}

#[test]
fn the_unit_is_one() {
    let unit = text("suyuan@.service");
    let start = unit.lines().find_map(|line| line.strip_prefix("ExecStart=/usr/local/bin/suyuan ")).unwrap();
    takes(start.split(' ').collect());
    let Ok(version) = Command::new("systemd-analyze").arg("--version").output() else { return };
    assert!(version.status.success());
    // With a program that is there.
    let scratch = tempfile::tempdir().unwrap();
    let copy = scratch.path().join("suyuan@one.service");
    std::fs::write(&copy, unit.replace("/usr/local/bin/suyuan", env!("CARGO_BIN_EXE_suyuan"))).unwrap();
    let done = Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(&copy).output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    let ours: Vec<_> = said.lines().filter(|line| line.contains("suyuan@one")).collect();
    assert!(done.status.success() && ours.is_empty(), "{said}");
}

fn readme() -> String {
    let mut text = String::from(
        "# Running Suyuan\n\nGenerated by `make accept` from the code and its comments.\n\n\
         | file | what it is |\n|---|---|\n\
         | [RUNBOOK.md](RUNBOOK.md) | what each alarm means, and what to do |\n\
         | [alarms.yaml](alarms.yaml) | alarms for Prometheus |\n\
         | [compose.yaml](compose.yaml) | a broker, an instance and Prometheus on one machine, to try it out; \
         `compose.toml` and `prometheus.yaml` belong to it |\n\
         | [Containerfile](Containerfile) | builds an image of the program |\n\
         | [suyuan@.service](suyuan@.service) | an instance under systemd |\n\
         | `env.sh`, `setup.sh`, `rustc.sh`, `fuzz.sh`, `kafka.sh`, `registry.sh` | what `make` uses: building, fuzzing, a broker and a schema registry for development |\n\n\
         ## What an instance serves\n\n\
         At `[telemetry] address` of the topology, or `--telemetry`:\n\n\
         | path | what it says |\n|---|---|\n\
         | `/metrics` | the figures below, for Prometheus |\n\
         | `/healthz` | 200 while its loop turns; 503 when it has not for `unhealthy_after_s`: restart it |\n\
         | `/readyz` | 200 when partitions are assigned, their state is taken up and input is folded; otherwise 503 and the reason |\n\n\
         No figure names a taxpayer, an invoice or an officer. Figures that say what holds now are looked up once a second.\n\n\
         ## Figures\n\n| name | kind | labels | what it means |\n|---|---|---|---|\n",
    );
    for Metric { name, kind, labels, meaning } in metrics::ALL {
        let labels: Vec<String> = labels.iter().map(|label| format!("`{label}`")).collect();
        writeln!(text, "| `{name}` | {} | {} | {meaning} |", kind.name(), labels.join(", ")).unwrap();
    }
    text
}

#[test]
fn the_readme_lists_every_figure_and_every_file() {
    let right = readme();
    if std::env::var_os("SUYUAN_ACCEPT").is_some() {
        std::fs::write(path("README.md"), &right).unwrap();
    }
    assert!(text("README.md") == right, "deploy/README.md is out of date: run `make accept`");
    for entry in std::fs::read_dir(path("")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(name == "README.md" || right.contains(&name), "deploy/{name} is not said");
    }
}
