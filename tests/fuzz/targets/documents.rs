//! Documents that people write: mapping files, rule sets, topologies, and the lines that a run is measured by. What is wrong
//! is told with its line or its field.

use suyuan::drive::World;
use suyuan::intake::Mapping;
use suyuan::risk::{RuleSet, read_cases};
use suyuan::sim::evaluate::{SignalLine, TaskLine};
use suyuan::sim::label::Label;
use suyuan::topology::Topology;

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

/// A mapping file.
pub(crate) fn mapping(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    if let Err(error) = Mapping::parse("mapping.toml", text) {
        let said = error.to_string();
        let line = said.strip_prefix("mapping.toml, line ").and_then(|rest| rest.split_once(": "));
        let (line, what) = line.unwrap_or_else(|| panic!("no line in `{said}`"));
        assert!((1..=text.lines().count() + 1).contains(&line.parse().unwrap()), "{said}");
        assert!(!what.is_empty(), "{said}");
    }
}

/// A rule set; one that is taken can be put in force, and of one that is not every mistake has its place.
pub(crate) fn rules(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    let mistakes = RuleSet::mistakes(text);
    for mistake in &mistakes {
        assert!((1..=text.split('\n').count()).contains(&mistake.line) && mistake.column > 0, "{mistake}");
        assert!(!mistake.what.is_empty());
    }
    match RuleSet::parse(text) {
        Ok(_) => {
            drop(World::new(text));
            assert_eq!(read_cases(text).is_ok(), mistakes.is_empty(), "{mistakes:?}");
        }
        Err(error) => assert!(!error.to_string().is_empty() && !mistakes.is_empty(), "{error}"),
    }
}

/// A topology.
pub(crate) fn topology(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    match Topology::parse(text) {
        Ok(topology) => assert!(topology.partitions > 0 && topology.cache_mib > 0),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// A line of labels, tasks or signals, as measuring reads it.
pub(crate) fn measured(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    let refusals = [Label::parse(text).err(), TaskLine::parse(text).err(), SignalLine::parse(text).err()];
    for refusal in refusals.into_iter().flatten() {
        assert!(!refusal.is_empty());
    }
    if let Ok(label) = Label::parse(text) {
        assert_eq!(Label::parse(&label.to_string()), Ok(label));
    }
}
