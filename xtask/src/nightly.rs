//! `cargo xtask nightly`: the same tests as always, with larger counts, and what needs hours or the network.
//!
//! A campaign is a row of the table: a command and the variables that make it long. Fuzz targets are found in
//! `fuzz/fuzz_targets/`, so a new target needs no row. All campaigns run, also after one fails; the end names them.

use crate::{deny, e2e, fuzz, process};

/// What makes the tests long: each variable that a test reads, and proptest's own.
const LARGER_COUNTS: &[(&str, &str)] = &[
    ("PROPTEST_CASES", "20000"),
    // Multiplies the counts of tests that drive seeded streams of commands, or cut the power.
    ("TANDEM_CAMPAIGN", "100"),
    ("TANDEM_CONNECTIONS", "5000"),
    ("TANDEM_KILLS", "50"),
    ("TANDEM_STATE_TESTS", "all"),
    ("TANDEM_TWIN_COMMANDS", "20000000"),
];

/// Variables of the project that are no counts: what is tested, where things are, which stream.
#[cfg(test)]
const OTHER_VARIABLES: &[&str] =
    &["TANDEM_BIN", "TANDEM_BLESS", "TANDEM_KILL_SEED", "TANDEM_LOG", "TANDEM_SHARED", "TANDEM_TWIN_SEED"];

/// A row of the table: a set of tests with their larger counts.
struct Campaign {
    name: &'static str,
    run: fn() -> Result<(), String>,
}

const CAMPAIGNS: &[Campaign] = &[
    Campaign { name: "properties", run: properties },
    Campaign { name: "e2e", run: end_to_end },
    Campaign { name: "fuzz", run: fuzz::run },
    Campaign { name: "advisories", run: deny::advisories },
];

/// Runs all campaigns, or those that the arguments name.
pub(crate) fn run(names: &[String]) -> Result<(), String> {
    if let Some(unknown) = names.iter().find(|name| CAMPAIGNS.iter().all(|campaign| campaign.name != **name))
    {
        let known: Vec<_> = CAMPAIGNS.iter().map(|campaign| campaign.name).collect();
        return Err(format!("no campaign `{unknown}`; there are {}", known.join(", ")));
    }
    let mut failures = Vec::new();
    for campaign in CAMPAIGNS {
        if !names.is_empty() && !names.iter().any(|name| name == campaign.name) {
            continue;
        }
        println!("\n== {}", campaign.name);
        if let Err(error) = (campaign.run)() {
            failures.push(format!("{}: {error}", campaign.name));
        }
    }
    if failures.is_empty() { Ok(()) } else { Err(failures.join("\n")) }
}

/// Every test of the workspace, optimised.
fn properties() -> Result<(), String> {
    let mut tests = process::cargo(["test", "--workspace", "--release", "--no-fail-fast"]);
    process::run(tests.envs(LARGER_COUNTS.iter().copied()))
}

/// Real clients against the real binary, optimised.
fn end_to_end() -> Result<(), String> {
    process::run(&mut process::cargo(["build", "--package", "tandem", "--release"]))?;
    let binary = process::target_dir().join("release").join("tandem");
    e2e::run_with(&binary, LARGER_COUNTS)
}

#[cfg(test)]
mod tests {
    use super::{LARGER_COUNTS, OTHER_VARIABLES};
    use crate::process;
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    /// The variables of this project that a file names.
    fn variables(text: &str) -> impl Iterator<Item = String> + '_ {
        text.match_indices("TANDEM_").map(|(at, _)| {
            let rest = text.get(at..).unwrap_or_default();
            rest.chars().take_while(|char| char.is_ascii_uppercase() || *char == '_').collect()
        })
    }

    fn gather(folder: &Path, found: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).expect("a folder of the repository").filter_map(Result::ok) {
            let path = entry.path();
            if path.is_dir() {
                if entry.file_name() != "node_modules" {
                    gather(&path, found);
                }
            } else if path.extension().is_some_and(|extension| extension == "rs" || extension == "py") {
                found.extend(variables(&fs::read_to_string(&path).expect("text")));
            }
        }
    }

    #[test]
    fn every_count_that_a_test_takes_from_outside_is_larger_here() {
        let mut found = BTreeSet::new();
        for folder in ["bin", "crates", "e2e"] {
            gather(&process::root().join(folder), &mut found);
        }
        let known = LARGER_COUNTS.iter().map(|(name, _)| *name).chain(OTHER_VARIABLES.iter().copied());
        let known: BTreeSet<String> =
            known.filter(|name| name.starts_with("TANDEM_")).map(str::to_owned).collect();
        assert_eq!(found, known);
    }
}
