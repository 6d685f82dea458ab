//! Brokers that let in by TLS and SASL alone.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::broker::Broker;
use crate::sameness;
use crate::world::{World, run, suyuan};

/// The most that it may take until what will not go away by itself is said.
const SAID_WITHIN: Duration = Duration::from_secs(20);

/// The tables of a topology.
fn tables(mechanism: &str, authority: &Path, password: &str) -> String {
    format!(
        "[kafka.librdkafka]\n\"security.protocol\" = \"sasl_ssl\"\n\"sasl.mechanism\" = \"{mechanism}\"\n\
         \"sasl.username\" = \"suyuan\"\n\"ssl.ca.location\" = \"{}\"\n[kafka.secrets]\n\"sasl.password\" = {password}\n",
        authority.display()
    )
}

/// An authority that signed nothing.
fn other_authority(folder: &Path) -> std::path::PathBuf {
    let (key, certificate) = (folder.join("other.key"), folder.join("other.pem"));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=other", "-keyout"])
        .arg(key)
        .arg("-out")
        .arg(&certificate)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    certificate
}

pub(crate) fn only_who_knows_the_password_and_whom_to_trust_comes_in(_: &Broker, name: &str) {
    let broker = Broker::start_secure();
    let authority = broker.file("ca.pem");
    let password_file = broker.file("password");
    let password = std::fs::read_to_string(&password_file).unwrap().trim().to_owned();
    let in_file = |path: &Path| format!("{{ file = \"{}\" }}", path.display());

    // A whole run, with SCRAM.
    let world = World::new(&broker, name, 2, 1_000, &tables("SCRAM-SHA-512", &authority, &in_file(&password_file)));
    assert!(run(&mut world.import()).0);
    let mut instance = world.start("one");
    world.wait_until_quiet(&mut [&mut instance]);
    instance.stop();
    assert!(!instance.said().contains(&password));
    sameness::check(&world);

    // And in other ways, each of which is let in, or told at once what is wrong.
    let folder = world.folder.path();
    let (wrong, missing) = (folder.join("wrong"), folder.join("missing"));
    std::fs::write(&wrong, "a wrong password").unwrap();
    let stranger = other_authority(folder);
    let in_environment = "{ env = \"SUYUAN_TEST_PASSWORD\" }".to_owned();
    let of_who = "look at sasl.mechanism, sasl.username";
    for (mechanism, authority, password_in, expected) in [
        ("PLAIN", &authority, &in_file(&password_file), None),
        ("PLAIN", &authority, &in_environment, None),
        ("SCRAM-SHA-512", &authority, &in_file(&wrong), Some(of_who)),
        ("PLAIN", &authority, &in_file(&wrong), Some(of_who)),
        ("SCRAM-SHA-256", &authority, &in_file(&password_file), Some(of_who)),
        ("PLAIN", &stranger, &in_file(&password_file), Some("whether ssl.ca.location has the authority")),
        ("PLAIN", &authority, &in_file(&missing), Some("sasl.password of the topology is to be read from the file")),
    ] {
        let other = World::without_topics(&broker, name, 2, &tables(mechanism, authority, password_in));
        let checking = ["topics", "check", "--log-level", "trace", "--topology"];
        let mut commands = vec![suyuan()];
        commands[0].args(checking).arg(&other.topology_file);
        if expected.is_some() {
            std::fs::copy(&world.input, &other.input).unwrap();
            commands.extend([other.import(), other.instance_command("one")]);
        }
        for mut command in commands {
            let began = Instant::now();
            let (ok, said, error) = run(command.env("SUYUAN_TEST_PASSWORD", &password));
            assert_eq!(ok, expected.is_none(), "{mechanism}, {password_in}: {said}{error}");
            assert!(error.contains(expected.unwrap_or_default()), "{mechanism}, {password_in}: {error}");
            for secret in [&*password, "a wrong password"] {
                assert!(!said.contains(secret) && !error.contains(secret), "a password is said: {said}{error}");
            }
            assert!(began.elapsed() < SAID_WITHIN, "it took {:?}: {error}", began.elapsed());
        }
    }
}
