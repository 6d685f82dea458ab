//! A topology as a drawing: Mermaid, which code hosts and many editors show.

use std::fmt::Write as _;

use super::kafka::Role;
use super::{Kind, Topology};

/// Draws a topology.
pub fn mermaid(topology: &Topology) -> String {
    let mut text = String::from("flowchart LR\n");
    let partitions = topology.partitions;
    let mut line = |line: std::fmt::Arguments<'_>| writeln!(text, "    {line}").expect("a String takes any write");
    match topology.kind {
        Kind::Embedded => {
            line(format_args!("files[\"files of events\"] --> fold"));
            line(format_args!("fold{{{{\"fold, {partitions} partitions\"}}}} --> journal[(\"journal, one folder\")]"));
            line(format_args!("journal --> rows[(\"rows, {} MiB in memory\")]", topology.cache_mib));
        }
        Kind::Kafka => {
            let kafka = &topology.kafka;
            line(format_args!("fold{{{{\"group {}, {partitions} partitions\"}}}}", kafka.group_id));
            for (number, topic) in kafka.all().iter().enumerate() {
                let name = &topic.name;
                match topic.role {
                    Role::Input => line(format_args!("t{number}[/\"{name}\"/] --> fold")),
                    Role::Journal => line(format_args!("fold ==> t{number}[(\"{name}\")]")),
                    Role::Inbox => line(format_args!("fold <--> t{number}[/\"{name}\"/]")),
                    Role::Output => line(format_args!("fold --> t{number}[\\\"{name}\"\\]")),
                }
            }
            line(format_args!("fold -.-> rows[(\"rows, {} MiB in memory of each instance\")]", topology.cache_mib));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::{EMBEDDED, KAFKA};
    use super::*;

    #[test]
    fn both_topologies_can_be_drawn() {
        let embedded = mermaid(&Topology::parse(EMBEDDED).unwrap());
        assert!(embedded.contains("fold, 8 partitions"), "{embedded}");
        let kafka = mermaid(&Topology::parse(KAFKA).unwrap());
        assert!(kafka.contains("[/\"invoice.issuance\"/] --> fold"), "{kafka}");
        assert!(kafka.contains("fold ==> t9[(\"suyuan.journal\")]"), "{kafka}");
    }
}
