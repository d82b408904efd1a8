//! `cargo xtask nightly`: the same tests as always, with larger counts, and what needs hours or the network.
//!
//! A campaign is a row of the table: a command and the variables that make it long. Fuzz targets are found in
//! `fuzz/fuzz_targets/`, so a new target needs no row. All campaigns run, also after one fails; the end names them.

use crate::{deny, process};

/// Seconds that each fuzz target runs for.
const FUZZ_SECONDS: u32 = 1800;

/// A row of the table: a set of tests with their larger counts.
struct Campaign {
    name: &'static str,
    run: fn() -> Result<(), String>,
}

const CAMPAIGNS: &[Campaign] = &[
    Campaign { name: "properties", run: properties },
    Campaign { name: "fuzz", run: fuzz },
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

/// Every test of the workspace, optimised. `PROPTEST_CASES` is proptest's own variable; `TANDEM_CAMPAIGN` multiplies
/// the counts of tests that drive seeded command streams.
fn properties() -> Result<(), String> {
    let mut tests = process::cargo(["test", "--workspace", "--release"]);
    process::run(tests.env("PROPTEST_CASES", "20000").env("TANDEM_CAMPAIGN", "100"))
}

/// Each fuzz target for a while, on the nightly toolchain that `cargo-fuzz` needs.
fn fuzz() -> Result<(), String> {
    let mut failures = Vec::new();
    for target in fuzz_targets()? {
        let limit = format!("-max_total_time={FUZZ_SECONDS}");
        let mut command = process::program("rustup");
        command.args(["run", "nightly", "cargo", "fuzz", "run", &target, "--", &limit]);
        if let Err(error) = process::run(command.env_remove("RUSTUP_TOOLCHAIN")) {
            failures.push(error);
        }
    }
    if failures.is_empty() { Ok(()) } else { Err(failures.join("\n")) }
}

/// The names of the fuzz targets, in order; none if there is no `fuzz/` folder.
fn fuzz_targets() -> Result<Vec<String>, String> {
    let folder = process::root().join("fuzz").join("fuzz_targets");
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let entries = std::fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let paths = entries.filter_map(Result::ok).map(|entry| entry.path());
    let rust = paths.filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    let mut names: Vec<String> =
        rust.filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned())).collect();
    names.sort();
    Ok(names)
}
