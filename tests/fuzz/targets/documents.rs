//! Documents that people write: mapping files, rule sets, topologies. What is wrong is told with its line.

use suyuan::drive::World;
use suyuan::intake::Mapping;
use suyuan::risk::RuleSet;
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

/// A rule set; one that is taken can be put in force.
pub(crate) fn rules(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    match RuleSet::parse(text) {
        Ok(_) => drop(World::new(text)),
        Err(error) => assert!(!error.to_string().is_empty()),
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
