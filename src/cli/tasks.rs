//! `suyuan tasks`: one taxpayer's findings, merged and ranked.

use clap::Args as ClapArgs;

use super::filter::LevelListArgs;
use super::show::{Cell, Color, Table, clean, color_wanted, fit, minute, money, put};
use super::signals::sentences;
use crate::codec::json;
use crate::model::{Task, TaskStatus};
use crate::query::{self, Folder, words};
use crate::state::{Key, SignalRow};

/// List tasks, the highest level first.
#[derive(ClapArgs)]
#[command(after_help = "Examples:
  suyuan tasks --min-level 4                           what asks for an inspection or an audit
  suyuan tasks --typology source_burst --since 2026-03-01
  suyuan tasks --taxpayer 91310000MA1FL0LX06 --status all
  suyuan tasks 0123456789abcdef01234567                one task with its findings
  suyuan tasks --status all --format jsonl > tasks.jsonl")]
pub(crate) struct Args {
    /// Which, where and how.
    #[command(flatten)]
    pub(crate) list: LevelListArgs,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    args.list.print("task", query::tasks, json::write_task, table, page)
}

/// Tasks as a table; nothing where there are none.
fn table(folder: &Folder, tasks: &[Task]) -> anyhow::Result<String> {
    let mut table = Table::new(&[
        ">level",
        "response",
        "taxpayer",
        "name",
        ">score",
        ">at stake",
        "opened",
        "typologies",
        "status",
        "task",
    ]);
    for task in tasks {
        let open = task.status == TaskStatus::Open;
        let color = open.then_some(if task.level >= 4 { Color::Red } else { Color::Yellow });
        let name = folder.name(task.taxpayer_id)?.map(|name| fit(&name, 20)).unwrap_or_default();
        table.row(vec![
            Cell { text: task.level.to_string(), color },
            (&*task.response).into(),
            task.taxpayer_id.as_str().into(),
            name.into(),
            task.score.to_string().into(),
            money(task.stake).into(),
            minute(task.opened_at).into(),
            task.typologies.join(" ").into(),
            if open { "".into() } else { words::task_status(task.status).into() },
            task.task_id.as_str().into(),
        ]);
    }
    Ok(if table.is_empty() { String::new() } else { table.write("", color_wanted()) })
}

/// All there is to say about one task.
fn page(folder: &Folder, task: &Task) -> anyhow::Result<String> {
    let name = folder.name(task.taxpayer_id)?.map(|name| clean(&name)).unwrap_or_default();
    let mut text = format!(
        "task {}\n  {} {name}\n  level {} ({}), score {}, {} yuan at stake\n  opened {}, {}, version {}\n",
        task.task_id,
        task.taxpayer_id,
        task.level,
        task.response,
        task.score,
        money(task.stake),
        minute(task.opened_at),
        words::task_status(task.status),
        task.version,
    );
    text += &shares(task, "  ");
    for id in &task.signals {
        let Some(SignalRow(signal)) = folder.row(task.taxpayer_id, &Key::Signal(*id))? else { continue };
        let about = folder.with_names(&words::about(&signal.about), &signal)?;
        put(&mut text, format_args!("\n  {} {about}, score {}, signal {id}\n", signal.typology, signal.score));
        text += &sentences(folder, &signal, "    ")?;
    }
    for case_id in &task.case_ids {
        put(&mut text, format_args!("\n  case {case_id}: suyuan cases {case_id} --data {}\n", folder.dir().display()));
    }
    let (id, dir) = (task.taxpayer_id, folder.dir().display());
    Ok(text + &format!("\n  all about the taxpayer: suyuan taxpayer {id} --data {dir}\n"))
}

/// What of the score is of which typology; nothing where one is all of it.
pub(crate) fn shares(task: &Task, indent: &str) -> String {
    let several = task.shares.len() > 1;
    let shares = task.shares.iter().filter(|_| several).map(|share| format!("{} {}", share.points, share.typology));
    let shares = shares.collect::<Vec<_>>().join(", ");
    if shares.is_empty() { shares } else { format!("{indent}of the score: {shares}\n") }
}
