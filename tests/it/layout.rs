//! The repository's own rules: a module uses only those listed above it in `lib.rs`, the pure half reaches nothing
//! outside, and files keep their shape.

use std::path::{Path, PathBuf};

/// What a pure module may not name, beside what clippy refuses there.
const SHELL_ONLY: [&str; 8] =
    ["std::fs", "std::net", "std::process", "std::thread", "SystemTime", "std::time::Instant", "rocksdb", "tokio"];
/// What is never committed. Spelt in two halves, so that this file may be read too.
const LEFTOVERS: [&str; 4] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("dbg", "!("), concat!("to", "do!(")];
const LINES_MAX: usize = 500;
/// The data of the vocabulary: one event after the other, and no second subject to split at.
const LONGER: [(&str, usize); 1] = [("src/model/event.rs", 600)];

/// A source file.
struct File {
    /// From the repository's root.
    name: String,
    text: String,
}

impl File {
    /// The module of `lib.rs` that it belongs to; `None` for `lib.rs` and `main.rs`.
    fn module(&self) -> Option<&str> {
        let inside = self.name.strip_prefix("src/")?;
        let module = inside.split(['/', '.']).next()?;
        (module != "lib" && module != "main").then_some(module)
    }

    /// Whether all of it is test code.
    fn is_test(&self) -> bool {
        let parts: Vec<&str> = self.name.split('/').collect();
        let file = parts.last().copied().unwrap_or_default();
        parts.contains(&"tests") || file == "tests.rs"
    }

    /// Its lines of code, numbered: without comments, and only up to its tests, which come last.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let code = self.text.lines().take_while(|line| !line.starts_with("mod tests {"));
        (1..).zip(code).map(|(number, line)| (number, uncommented(line)))
    }
}

fn uncommented(line: &str) -> &str {
    let text = line.trim_start();
    if text.starts_with("//") { "" } else { line }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files_under(folder: &str) -> Vec<File> {
    let mut files = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        let entries: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        for path in entries {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root()).unwrap().to_str().unwrap().replace('\\', "/");
                files.push(File { name, text: std::fs::read_to_string(&path).unwrap() });
            }
        }
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    files
}

/// The modules of `lib.rs` in their order, and how many of them are pure.
fn modules() -> (Vec<String>, usize) {
    let map = std::fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let (mut modules, mut pure) = (Vec::new(), 0);
    for line in map.lines() {
        if let Some(name) = line.strip_prefix("pub mod ").and_then(|rest| rest.strip_suffix(';')) {
            modules.push(name.to_owned());
        } else if line.starts_with("//") && line.contains("Below: the shell") {
            pure = modules.len();
        }
    }
    (modules, pure)
}

/// The modules that a text names behind `crate::`, alone or in a list, with the line each is on.
fn uses(file: &File) -> Vec<(usize, String)> {
    let mut text = String::new();
    let mut found = Vec::new();
    for (_, line) in file.code() {
        text.push_str(line);
        text.push('\n');
    }
    for (at, prefix) in text.match_indices("crate::") {
        if text[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_' || before == '$') {
            continue;
        }
        let line = text[..at].lines().count();
        let rest = &text[at + prefix.len()..];
        if let Some(list) = rest.strip_prefix('{') {
            found.extend(heads(list).into_iter().map(|name| (line, name)));
        } else {
            found.push((line, head(rest)));
        }
    }
    found
}

/// The first name of each entry of a list, up to its closing brace.
fn heads(list: &str) -> Vec<String> {
    let (mut names, mut depth, mut fresh) = (Vec::new(), 0, true);
    for (at, letter) in list.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => fresh = true,
            letter if fresh && !letter.is_whitespace() => {
                names.push(head(&list[at..]));
                fresh = false;
            }
            _ => {}
        }
    }
    names
}

fn head(path: &str) -> String {
    path.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect()
}

#[test]
fn the_oracle_shares_nothing_with_what_it_is_held_against() {
    let files = files_under("tests/oracle");
    assert!(files.len() > 5);
    for file in &files {
        let named = file.code().find(|(_, line)| line.contains("suyuan") || line.contains("crate::"));
        assert!(named.is_none(), "{}: {named:?}", file.name);
    }
}

#[test]
fn a_module_uses_only_those_listed_above_it() {
    let (modules, _) = modules();
    let place = |name: &str| modules.iter().position(|module| module == name);
    let mut wrong = Vec::new();
    let mut seen = 0;
    for file in files_under("src").iter().filter(|file| !file.is_test()) {
        let Some(own) = file.module() else { continue };
        let Some(own_place) = place(own) else {
            wrong.push(format!("{}: `{own}` is not in src/lib.rs", file.name));
            continue;
        };
        for (line, name) in uses(file) {
            seen += 1;
            match place(&name) {
                Some(used) if used <= own_place => {}
                Some(_) => wrong.push(format!("{}:{line}: `{own}` uses `{name}`, listed below it", file.name)),
                None => wrong.push(format!("{}:{line}: `{name}` is no module of src/lib.rs", file.name)),
            }
        }
    }
    assert!(seen > 200, "only {seen} uses were found: this test reads the sources wrongly");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn uses_are_found_in_every_form() {
    let text = "use crate::model::{Fen, Id};\nuse crate::{log, store::{Row, Store}};\n// crate::cli\nlet x = crate::risk::ALL;\n\
        #[cfg(test)]\nmod tests {\nuse crate::sim;\n}\n";
    let found = uses(&File { name: "src/x.rs".into(), text: text.into() });
    let names: Vec<(usize, &str)> = found.iter().map(|(line, name)| (*line, name.as_str())).collect();
    assert_eq!(names, [(1, "model"), (2, "log"), (2, "store"), (4, "risk")]);
}

#[test]
fn the_pure_half_reaches_nothing_outside() {
    let (modules, pure) = modules();
    assert!(pure > 0, "src/lib.rs has no line `Below: the shell`");
    let mut wrong = Vec::new();
    for file in files_under("src").iter().filter(|file| !file.is_test()) {
        if !file.module().is_some_and(|own| modules[..pure].iter().any(|module| module == own)) {
            continue;
        }
        for (number, line) in file.code() {
            for name in SHELL_ONLY.iter().filter(|name| line.contains(**name)) {
                wrong.push(format!("{}:{number}: `{name}` belongs to the shell", file.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_keep_their_shape() {
    let mut wrong = Vec::new();
    let folders = ["src", "tests", "benches"];
    for file in folders.iter().flat_map(|folder| files_under(folder)) {
        if !file.text.starts_with("//!") {
            wrong.push(format!("{}: opens with no `//!` that says what it is for", file.name));
        }
        let lines = file.text.lines().count();
        let most = LONGER.iter().find(|(name, _)| *name == file.name).map_or(LINES_MAX, |(_, most)| *most);
        if lines > most {
            wrong.push(format!("{}: has {lines} lines, split it at its second subject", file.name));
        }
        for (number, line) in (1..).zip(file.text.lines()) {
            for leftover in LEFTOVERS.iter().filter(|leftover| line.contains(**leftover)) {
                wrong.push(format!("{}:{number}: `{leftover}` is not to be committed", file.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
