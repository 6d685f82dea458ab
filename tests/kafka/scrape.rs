//! What an instance says of itself over HTTP, asked as a scraper does.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::world::{Instance, PATIENCE};

/// A page of an instance: its status and its text.
pub(crate) fn page(instance: &Instance, path: &str) -> (u16, String) {
    let began = Instant::now();
    let said = loop {
        let said = instance.said_itself();
        if let Some((_, after)) = said.split_once("Telemetry is served.")
            && after.contains('\n')
        {
            break said;
        }
        assert!(began.elapsed() < PATIENCE, "it serves nothing: {said}");
        std::thread::sleep(Duration::from_millis(20));
    };
    let (_, after) = said.split_once("Telemetry is served.").unwrap();
    let (_, port) = after.split_once("127.0.0.1:").unwrap();
    let port = port.split(|letter: char| !letter.is_ascii_digit()).next().unwrap().parse().unwrap();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

/// Its figures, each by its name and labels.
pub(crate) fn figures(instance: &Instance) -> BTreeMap<String, f64> {
    let (status, text) = page(instance, "/metrics");
    assert_eq!(status, 200);
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| line.rsplit_once(' ').unwrap())
        .map(|(name, value)| (name.into(), value.parse().unwrap()))
        .collect()
}

/// The sum of a figure over its labels.
pub(crate) fn sum(figures: &BTreeMap<String, f64>, name: &str) -> f64 {
    let is_it = |full: &str| full.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('{'));
    figures.iter().filter(|(full, _)| is_it(full)).map(|(_, value)| value).sum()
}

/// Waits until a page has this status.
pub(crate) fn wait_for_status(instance: &mut Instance, path: &str, status: u16) -> String {
    let began = Instant::now();
    loop {
        instance.expect_alive();
        let (found, text) = page(instance, path);
        if found == status {
            return text;
        }
        assert!(began.elapsed() < PATIENCE, "{path} is {found} {text}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Waits until figures are so.
pub(crate) fn wait_for_figures(
    instance: &mut Instance,
    what: &str,
    mut is_so: impl FnMut(&BTreeMap<String, f64>) -> bool,
) -> BTreeMap<String, f64> {
    let began = Instant::now();
    loop {
        instance.expect_alive();
        let figures = figures(instance);
        if is_so(&figures) {
            return figures;
        }
        assert!(began.elapsed() < PATIENCE, "never {what}: {figures:#?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
