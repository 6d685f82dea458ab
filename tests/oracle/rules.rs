//! The numbers of a rule set, read from its TOML by name.

use std::collections::BTreeMap;

/// The numbers the oracle uses.
#[derive(Clone, Debug)]
pub struct Rules {
    pub pool_origins: usize,
    pub vector_origins: usize,
    limits: BTreeMap<String, i64>,
    pub level_scores: Vec<i64>,
    pub level_stakes: Vec<i64>,
    typologies: BTreeMap<String, BTreeMap<String, i64>>,
}

impl Rules {
    /// Reads a rule set that is known to be one.
    pub fn read(text: &str) -> Self {
        let table: toml::Table = text.parse().expect("a rule set is TOML");
        let numbers = |value: &toml::Value| -> BTreeMap<String, i64> {
            let table = value.as_table().expect("a table of numbers");
            table.iter().filter_map(|(name, value)| Some((name.clone(), value.as_integer()?))).collect()
        };
        let limits = numbers(&table["limits"]);
        let typologies = table["typologies"].as_table().expect("a table of typologies");
        let levels = |name: &str| -> Vec<i64> {
            let levels = table["limits"][name].as_array().expect("the levels");
            levels.iter().filter_map(toml::Value::as_integer).collect()
        };
        let size = |name: &str| usize::try_from(limits[name]).expect("a size");
        Self {
            pool_origins: size("pool_origins"),
            vector_origins: size("vector_origins"),
            level_scores: levels("level_scores"),
            level_stakes: levels("level_stakes_fen"),
            typologies: typologies.iter().map(|(code, value)| (code.clone(), numbers(value))).collect(),
            limits,
        }
    }

    /// The same rules with room for every origin.
    #[must_use]
    #[allow(dead_code, reason = "only the bench asks")]
    pub fn without_budget(mut self) -> Self {
        (self.pool_origins, self.vector_origins) = (usize::MAX, usize::MAX);
        self
    }

    /// A number of `[limits]`.
    pub fn limit(&self, name: &str) -> i64 {
        self.limits[name]
    }

    /// A number of a typology, which must be switched on.
    pub fn of(&self, typology: &str, name: &str) -> i64 {
        self.typologies[typology][name]
    }
}
