//! The fields of a mapped event, compiled, and written as the JSON that the contract's reader takes.

use super::value::{Datum, Value};

/// A field, an element of a list, or a whole event.
#[derive(Debug)]
pub(super) enum Node {
    /// A value as it is.
    Value(usize),
    /// A text with values in it.
    Text(Vec<Part>),
    /// JSON that is always the same.
    Constant(Vec<u8>),
    /// Fields, each with its key and colon as JSON.
    Object(Vec<Member>),
    /// Elements.
    List(Vec<Node>),
}

/// A field: its key and colon as JSON, and what it says.
type Member = (Vec<u8>, Node);

/// A piece of a text.
#[derive(Debug)]
pub(super) enum Part {
    /// Always the same.
    Constant(String),
    /// A value.
    Value(usize),
}

impl Node {
    /// Compiles what stands in the mapping. `values` are those that a text may name.
    pub(super) fn compile(toml: &toml::Value, values: &[Value]) -> Result<Self, String> {
        Ok(match toml {
            toml::Value::String(text) => Self::text(text, values)?,
            toml::Value::Integer(number) => Self::Constant(number.to_string().into_bytes()),
            toml::Value::Boolean(holds) => Self::Constant(holds.to_string().into_bytes()),
            toml::Value::Datetime(at) => Self::Constant(format!("\"{at}\"").into_bytes()),
            toml::Value::Float(number) => {
                return Err(format!("{number} is no integer: money is in fen, rates in basis points"));
            }
            toml::Value::Array(list) => {
                Self::List(list.iter().map(|element| Self::compile(element, values)).collect::<Result<_, _>>()?)
            }
            toml::Value::Table(table) => Self::Object(Self::members(table, values)?),
        })
    }

    /// Compiles an event. The type comes first, where the codec looks for it first.
    pub(super) fn event(event_type: &str, fields: &toml::Table, values: &[Value]) -> Result<Self, String> {
        let mut members = vec![member("type", Self::compile(&event_type.into(), values)?)];
        members.extend(Self::members(fields, values)?);
        Ok(Self::Object(members))
    }

    fn members(table: &toml::Table, values: &[Value]) -> Result<Vec<Member>, String> {
        let compile = |(name, value): (&String, &toml::Value)| {
            Self::compile(value, values).map(|node| member(name, node)).map_err(|why| format!("`{name}`: {why}"))
        };
        table.iter().map(compile).collect()
    }

    fn text(text: &str, values: &[Value]) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut constant = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            constant.push_str(&rest[..at]);
            let brace = &rest[at..=at];
            rest = &rest[at + 1..];
            if let Some(after) = rest.strip_prefix(brace) {
                constant.push_str(brace);
                rest = after;
                continue;
            }
            let close = rest.find('}').filter(|_| brace == "{");
            let close = close.ok_or_else(|| {
                format!("`{text}` has a brace without its other; write {{{{ or }}}} for a brace itself")
            })?;
            let name = &rest[..close];
            let value = values.iter().position(|value| value.name == name).ok_or_else(|| {
                let known: Vec<&str> = values.iter().map(|value| value.name.as_str()).collect();
                format!("there is no value `{name}`; there are {}", known.join(", "))
            })?;
            if !constant.is_empty() {
                parts.push(Part::Constant(std::mem::take(&mut constant)));
            }
            parts.push(Part::Value(value));
            rest = &rest[close + 1..];
        }
        constant.push_str(rest);
        match parts[..] {
            [] => {
                let mut json = Vec::new();
                write_text(&constant, &mut json);
                return Ok(Self::Constant(json));
            }
            [Part::Value(value)] if constant.is_empty() => return Ok(Self::Value(value)),
            _ => {}
        }
        if !constant.is_empty() {
            parts.push(Part::Constant(constant));
        }
        Ok(Self::Text(parts))
    }

    /// Writes JSON. Returns `false`, with nothing written, where a value that is needed is absent.
    pub(super) fn write(&self, data: &[Datum], out: &mut Vec<u8>) -> bool {
        match self {
            Self::Constant(json) => out.extend_from_slice(json),
            Self::Value(value) => match &data[*value] {
                Datum::Absent => return false,
                Datum::Text(text) => write_text(text, out),
                Datum::Integer(number) => out.extend_from_slice(number.to_string().as_bytes()),
            },
            Self::Text(parts) => {
                let mut text = String::new();
                for part in parts {
                    match part {
                        Part::Constant(constant) => text.push_str(constant),
                        Part::Value(value) => match &data[*value] {
                            Datum::Absent => return false,
                            Datum::Text(datum) => text.push_str(datum),
                            Datum::Integer(number) => text.push_str(&number.to_string()),
                        },
                    }
                }
                write_text(&text, out);
            }
            Self::Object(fields) => {
                out.push(b'{');
                for (key, node) in fields {
                    write_member(key, node, data, out);
                }
                close(out, b'}');
            }
            Self::List(elements) => {
                out.push(b'[');
                for element in elements {
                    write_member(&[], element, data, out);
                }
                close(out, b']');
            }
        }
        true
    }
}

fn member(name: &str, node: Node) -> Member {
    let mut key = Vec::new();
    write_text(name, &mut key);
    key.push(b':');
    (key, node)
}

/// Writes a member and the comma after it, or nothing where it is absent.
fn write_member(key: &[u8], node: &Node, data: &[Datum], out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(key);
    if node.write(data, out) {
        out.push(b',');
    } else {
        out.truncate(start);
    }
}

/// Ends an object or a list in the place of its last comma.
fn close(out: &mut Vec<u8>, end: u8) {
    if out.last() == Some(&b',') {
        out.pop();
    }
    out.push(end);
}

/// Writes a text as JSON.
fn write_text(text: &str, out: &mut Vec<u8>) {
    serde_json::to_writer(out, text).expect("a Vec takes any write, and a text is always JSON");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(toml: &str, data: &[Datum]) -> Result<String, String> {
        let rule = toml::from_str("column = \"x\"").unwrap();
        let values = ["number", "year", "tax"].map(|name| Value::compile(name, &rule).unwrap());
        let node = Node::event("t", &toml.parse().unwrap(), &values)?;
        let mut out = Vec::new();
        assert!(node.write(data, &mut out));
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn texts_numbers_constants_and_what_is_absent() {
        let data = [Datum::Text("12\"3".into()), Datum::Absent, Datum::Integer(-5)];
        let cases = [
            ("a = \"{tax}\"", r#"{"type":"t","a":-5}"#),
            ("a = \"{number}-{tax}!\"", r#"{"type":"t","a":"12\"3--5!"}"#),
            ("a = \"{{{number}}}\"", r#"{"type":"t","a":"{12\"3}"}"#),
            ("a = \"{year}\"\nb = \"x{year}\"\nc = true", r#"{"type":"t","c":true}"#),
            ("a = []\nb = { c = \"{year}\" }\nd = 2026-03-01", r#"{"type":"t","a":[],"b":{},"d":"2026-03-01"}"#),
            ("a = [{ b = \"{tax}\", c = 7 }, \"{year}\", \"d\"]", r#"{"type":"t","a":[{"b":-5,"c":7},"d"]}"#),
        ];
        for (toml, expected) in cases {
            assert_eq!(written(toml, &data).as_deref(), Ok(expected), "{toml}");
        }
    }

    #[test]
    fn mistakes_are_told_with_what_is_there() {
        for (toml, expected) in [
            ("a = \"{nmber}\"", "`a`: there is no value `nmber`; there are number, year, tax"),
            ("a = \"{number\"", "brace without its other"),
            ("a = \"number}\"", "brace without its other"),
            ("a = 1.5", "1.5 is no integer"),
        ] {
            let why = written(toml, &[]).unwrap_err();
            assert!(why.contains(expected), "{why}");
        }
    }
}
