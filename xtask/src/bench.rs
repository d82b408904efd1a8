//! `cargo xtask bench`: run the benchmarks of the workspace's crates, one after the other.
//!
//! Which benchmarks exist is asked of cargo, so there is no list to keep. Each prints its own table; numbers mean
//! something on a quiet machine only.

use crate::{process, workspace};

/// Runs all benchmarks, or those of the named packages.
pub(crate) fn run(packages: &[String]) -> Result<(), String> {
    let crates = workspace::crates()?;
    let wanted = |name: &String| packages.is_empty() || packages.contains(name);
    let mut found = false;
    for member in crates.iter().filter(|member| wanted(&member.name)) {
        for bench in &member.benches {
            found = true;
            process::run(&mut process::cargo(["bench", "--package", &member.name, "--bench", bench]))?;
        }
    }
    if found { Ok(()) } else { Err("no benchmark has that name".into()) }
}
