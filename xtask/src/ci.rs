//! `cargo xtask ci`: every check that a change must pass, in one table of stages.
//!
//! Stages run in the table's order, cheap ones first, and stop at the first failure. Whatever happens, the log ends
//! with minutes per stage and one line of test counts. A new check is a new row.

use crate::counts::Counts;
use crate::{asides, deny, e2e, guest_fitness, process, tidy};
use std::time::{Duration, Instant};

/// Minutes that the whole run may take on two cores with empty caches.
const MINUTES_MAX: f64 = 43.0;

/// A row of the table: one check.
struct Stage {
    name: &'static str,
    run: fn(&mut Counts) -> Result<(), String>,
}

const STAGES: &[Stage] = &[
    Stage { name: "format", run: |_| process::run(&mut process::cargo(["fmt", "--all", "--check"])) },
    Stage { name: "tidy", run: |_| tidy::run(&[]) },
    Stage { name: "clippy", run: |_| clippy() },
    Stage { name: "asides", run: |_| asides::run() },
    Stage { name: "test", run: test },
    Stage { name: "guest-fitness", run: |_| guest_fitness::run(&[]) },
    Stage { name: "e2e", run: e2e::run_counting },
    Stage { name: "deny", run: |_| deny::run(&[]) },
];

/// How a stage ended.
struct Row {
    name: &'static str,
    time: Duration,
    result: &'static str,
}

/// Runs all stages, or those that the arguments name.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    let chosen = choose(arguments)?;
    let mut counts = Counts::default();
    let mut rows = Vec::new();
    let mut outcome = Ok(());
    for stage in chosen {
        if outcome.is_err() {
            rows.push(Row { name: stage.name, time: Duration::ZERO, result: "not run" });
            continue;
        }
        println!("\n== {}", stage.name);
        let start = Instant::now();
        outcome = (stage.run)(&mut counts).map_err(|error| format!("{}: {error}", stage.name));
        let result = if outcome.is_ok() { "ok" } else { "FAILED" };
        rows.push(Row { name: stage.name, time: start.elapsed(), result });
    }
    if let Err(error) = &outcome {
        println!("\n{error}");
    }
    print_summary(&rows, counts);
    outcome
}

fn choose(names: &[String]) -> Result<Vec<&'static Stage>, String> {
    if names.is_empty() {
        return Ok(STAGES.iter().collect());
    }
    let known = || STAGES.iter().map(|stage| stage.name).collect::<Vec<_>>().join(", ");
    let find = |name: &String| {
        STAGES
            .iter()
            .find(|stage| stage.name == name)
            .ok_or_else(|| format!("no stage `{name}`; there are {}", known()))
    };
    names.iter().map(find).collect()
}

fn print_summary(rows: &[Row], counts: Counts) {
    println!("\n{:<16} {:>7}  result", "stage", "minutes");
    for row in rows {
        println!("{:<16} {:>7.1}  {}", row.name, minutes(row.time), row.result);
    }
    let total = minutes(rows.iter().map(|row| row.time).sum());
    println!("{:<16} {total:>7.1}", "total");
    if total > MINUTES_MAX {
        println!("more than the {MINUTES_MAX} minutes that a run may take");
    }
    println!("{} passed, {} failed", counts.passed, counts.failed);
}

fn minutes(time: Duration) -> f64 {
    time.as_secs_f64() / 60.0
}

fn clippy() -> Result<(), String> {
    process::run(&mut process::cargo(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
}

/// The test command of the README, as it stands there.
fn test(counts: &mut Counts) -> Result<(), String> {
    process::run_watching(&mut process::cargo(["test", "--workspace"]), |line| counts.read_line(line))
}

#[cfg(test)]
mod tests {
    use super::{STAGES, choose};

    #[test]
    fn without_names_all_stages_are_chosen_and_unknown_names_are_refused() {
        assert_eq!(choose(&[]).map(|chosen| chosen.len()), Ok(STAGES.len()));
        assert_eq!(choose(&["tidy".into()]).map(|chosen| chosen.len()), Ok(1));
        let refused = choose(&["tidyy".into()]).map(|chosen| chosen.len());
        assert!(refused.is_err_and(|error| error.contains("tidyy") && error.contains("clippy")));
    }
}
