//! What becomes of a run whose disk somebody has damaged: it comes to its end all the same, or says what is wrong, changes
//! nothing, and is repaired as it says.

use std::path::PathBuf;

use suyuan::files::End;
use suyuan::log::CUT;

use crate::audit::{Outcome, is_told_well};
use crate::machine::{self, Done, Image, Told, image};
use crate::schedule::Damage;

use super::{Runner, no_panic};

impl Runner<'_> {
    /// Damages the disk and starts the program. It comes to its end all the same, which the audit judges, or says what is
    /// wrong and leaves everything as it was; then it is repaired as it says. In some seeds it is first started with faults
    /// beside the damage.
    pub(super) fn damage(
        &mut self,
        damage: Damage,
        number: usize,
        ended: Option<Done>,
    ) -> Result<Option<Done>, String> {
        let command = &self.schedule.commands[number].clone();
        let healthy = image(&self.machine);
        let Some(done) = self.apply(&damage) else { return Ok(ended) };
        self.tally.damages += 1;
        let harmed = image(&self.machine);
        self.say(&format!("damage: {done}"));
        if let Some(start) = self.schedule.beside_damage(&self.calm.asked[number], command.files()) {
            self.tally.damages_beside_faults += 1;
            self.harmed = Some(damage);
            let ended = self.start(command, start)?;
            self.harmed = None;
            if ended.is_some() || image(&self.machine) != harmed {
                // It did not come upon the damage, or had gone on before it did: what is left of it is mended.
                self.heal_unread(&healthy, &harmed);
                if ended.is_none() && matches!(damage, Damage::ForeignRows { .. } | Damage::RowsExchanged { .. }) {
                    machine::remove_rows(&self.machine);
                }
                return Ok(ended);
            }
        }
        let (settings, mut told) = (self.schedule.calm(), Told::default());
        let ended = machine::run(&self.machine, command, self.world, settings, &mut told);
        self.say(&format!("  told {:?}; {ended:?}", told.0));
        no_panic(&ended, matches!(damage, Damage::Row { .. }))?;
        self.machine.restart(End::Killed);
        let error = match ended {
            Ok(done) => {
                self.heal_unread(&healthy, &harmed);
                return Ok(Some(done));
            }
            Err(error) => error,
        };
        self.tally.stopped_by_damage += 1;
        is_told_well(&error)?;
        // What is done below is what was advised.
        let of_others = matches!(damage, Damage::ForeignRows { .. } | Damage::RowsExchanged { .. });
        let of_journal = !of_others && !matches!(damage, Damage::Row { .. } | Damage::NoRows);
        let remedies = if of_journal { ["put ", "Put "] } else { ["delete ", "remove the folder `state`"] };
        if !remedies.iter().any(|remedy| error.contains(remedy)) {
            return Err(format!("what would mend it is not advised: {error}"));
        }
        let of_rows = matches!(damage, Damage::Row { .. } | Damage::NoRows);
        if !of_rows {
            let left = image(&self.machine);
            // Rows of other partitions may have been brought up before foreign ones were found.
            let changed = self.changed(&harmed, &left, of_others);
            if let Some(what) = changed {
                return Err(format!("{what} changed although it ended with: {error}"));
            }
        }
        match damage {
            Damage::Flip { .. }
            | Damage::Cut { .. }
            | Damage::Lost { .. }
            | Damage::JournalLost
            | Damage::ForeignHeader { .. } => {
                self.put_back(&healthy, &harmed);
            }
            Damage::Row { .. } | Damage::ForeignRows { .. } | Damage::RowsExchanged { .. } | Damage::NoRows => {
                machine::remove_rows(&self.machine);
            }
        }
        Ok(None)
    }

    /// What nobody has read so far is damaged still: puts back the bytes that were exchanged, unless others stand there now,
    /// and files that are gone. A file may have grown meanwhile, or lost an end that was not synced.
    fn heal_unread(&self, healthy: &Image, harmed: &Image) {
        self.machine.heal_rows();
        if Outcome::of(&self.machine).is_ok() {
            return;
        }
        for (path, bytes) in &harmed.files {
            let before = &healthy.files[path];
            let now = self.machine.read(path).unwrap_or_default();
            if before == bytes {
                continue;
            }
            if let Some(grown) = now.strip_prefix(&bytes[..]) {
                self.machine.put(path, &[before, grown].concat());
            } else if bytes.starts_with(&now) && bytes.len() == before.len() {
                self.machine.put(path, &before[..now.len()]);
            }
        }
        for (path, before) in healthy.files.iter().filter(|(path, _)| !harmed.files.contains_key(*path)) {
            if self.machine.read(path).is_none() {
                self.machine.put(path, before);
            }
        }
    }

    /// Puts the files that were harmed back as they were, and nothing else.
    fn put_back(&self, healthy: &Image, harmed: &Image) {
        for (path, before) in healthy.files.iter().filter(|(path, before)| harmed.files.get(*path) != Some(*before)) {
            self.machine.put(path, before);
        }
    }

    /// What a run that came upon damage has changed and must not have. Damage further back in the journal is found when it
    /// is read; until then the journal may have grown.
    fn changed(&self, harmed: &Image, left: &Image, rows_may: bool) -> Option<String> {
        let is_journal = |path: &&PathBuf| path.parent().is_some_and(|parent| parent.ends_with("journal"));
        // What was being made is no segment yet.
        let is_segment = |path: &&PathBuf| path.extension().is_some_and(|end| end == "journal");
        let segments = harmed.files.keys().filter(is_journal).filter(is_segment);
        let last = segments.clone().next_back().cloned();
        let is_one = segments.count() < 2;
        let journal_gone = !harmed.files.keys().any(|path| is_journal(&path));
        if let (true, Some(path)) = (journal_gone, left.files.keys().find(is_journal)) {
            return Some(format!("{} is new and the journal", path.display()));
        }
        for (path, bytes) in harmed.files.iter().filter(|(path, _)| is_journal(path)) {
            if path.extension().is_some() && !is_segment(&path) {
                continue;
            }
            let Some(now) = left.files.get(path) else { return Some(format!("{} is gone and was", path.display())) };
            // The rest of a turn that was never committed is cut off, and the run may have gone on from there, before what
            // stands further back is read. What was committed is there in the end: that is looked at then.
            let is_last = Some(path) == last.as_ref();
            // It is kept in the place of what was cut off before.
            let is_kept = path.file_name().is_some_and(|name| name == CUT);
            // Where it is the rows that are refused, the journal has been opened, and what was no whole turn is gone.
            let is_whole = !is_one || now == bytes || (rows_may && bytes.starts_with(now));
            if !(now.starts_with(bytes) || is_last || is_kept) || !is_whole {
                return Some(format!("{} was", path.display()));
            }
        }
        let results = &self.calm.image.files;
        let wrong = left.files.iter().find(|(path, bytes)| {
            !is_journal(path)
                && harmed.files.get(*path) != Some(*bytes)
                && results.get(*path).is_some_and(|calm| calm != *bytes)
        });
        if let Some((path, _)) = wrong {
            return Some(format!("{} was", path.display()));
        }
        (is_one && !rows_may && left.rows != harmed.rows).then(|| "rows were".into())
    }

    /// Returns what was done; `None` where there was nothing to damage.
    fn apply(&self, damage: &Damage) -> Option<String> {
        let machine = &self.machine;
        let files = machine::journal_files(machine);
        let is_begun = files.iter().any(|(path, _)| path.extension().is_some_and(|end| end == "journal"));
        let rows = machine.all_rows();
        if !is_begun || rows.is_empty() {
            return None;
        }
        let file = |part: usize| files[part * files.len() / (1 << 16)].clone();
        Some(match *damage {
            Damage::Flip { file: part, byte, bits } => {
                let (path, bytes) = file(part);
                let byte = byte * bytes / (1 << 16);
                machine.spoil(&path, byte, bits);
                format!("bits {bits:#010b} of byte {byte} of {} are flipped", path.display())
            }
            Damage::Cut { file: part, byte } => {
                let (path, bytes) = file(part);
                let byte = byte * bytes / (1 << 16);
                let whole = machine.read(&path).unwrap_or_default();
                machine.put(&path, &whole[..byte]);
                format!("{} of {bytes} bytes ends at byte {byte}", path.display())
            }
            Damage::Lost { file: part } => {
                let (path, _) = file(part);
                machine.remove(&path);
                format!("{} is gone", path.display())
            }
            // Where no rows stand for it, nothing tells that it was there.
            Damage::JournalLost if !machine::has_rows(machine) => return None,
            Damage::JournalLost => {
                machine::lose_journal(machine);
                "the whole journal is gone".into()
            }
            Damage::ForeignHeader { partitions } => {
                let path = PathBuf::from(machine::DATA).join("journal/header");
                let own = String::from_utf8(machine.read(&path)?).expect("a header is text");
                machine.put(&path, foreign_header(&own, partitions).as_bytes());
                format!(
                    "the header is of a journal with {partitions} partitions more, or of other rules where that is none"
                )
            }
            Damage::Row { partition, row } => {
                let (dir, rows) = &rows[partition * rows.len() / (1 << 16)];
                if rows.all().is_empty() {
                    return None;
                }
                let row = row * rows.len() / (1 << 16);
                machine.spoil_row(dir, row);
                format!("row {row} of {} in {} cannot be read", rows.len(), dir.display())
            }
            Damage::ForeignRows { partition } => {
                let (dir, _) = &rows[partition * rows.len() / (1 << 16)];
                machine.put_rows(dir, self.calm.image.rows.get(dir)?.clone());
                format!("{} has the rows of another run", dir.display())
            }
            Damage::RowsExchanged { partition } => {
                let place = partition * rows.len() / (1 << 16);
                let ((dir, own), (other, theirs)) = (&rows[place], &rows[(place + 1) % rows.len()]);
                if own == theirs {
                    return None;
                }
                machine.put_rows(dir, image(machine).rows[other].clone());
                format!("{} has the rows of {}", dir.display(), other.display())
            }
            Damage::NoRows => {
                machine::remove_rows(machine);
                "all rows are gone".into()
            }
        })
    }
}

/// The header of a journal with so many partitions more, or, where that is none, of one that began under other rules.
fn foreign_header(own: &str, more: i32) -> String {
    let lines = own.lines().filter(|line| !line.starts_with("crc32c: ")).map(|line| match line.split_once(": ") {
        Some(("partitions", count)) => format!("partitions: {}\n", count.parse::<i32>().expect("a number") + more),
        Some(("rules-digest", digest)) if more == 0 => {
            format!("rules-digest: {}\n", digest.chars().rev().collect::<String>())
        }
        Some(_) | None => format!("{line}\n"),
    });
    let text = lines.collect::<String>();
    format!("{text}crc32c: {:08x}\n", crc32c::crc32c(text.as_bytes()))
}
