//! `cargo xtask deny`: licences, sources, bans and duplicates of the dependencies, by `cargo-deny` and `deny.toml`.
//!
//! `cargo-deny` is built once into the cache folder (under three minutes on two cores) and found there afterwards.
//! Advisories need the advisory database from the network; they are part of `cargo xtask nightly`, so that a change
//! isn't refused for what the world learnt overnight.

use crate::process;
use std::path::PathBuf;

/// The version whose checks and configuration format `deny.toml` is written for.
const VERSION: &str = "0.20.2";

/// Runs the checks that depend on this repository alone.
pub(crate) fn run(_arguments: &[String]) -> Result<(), String> {
    check(&["bans", "licenses", "sources"])
}

/// Checks the dependencies against known vulnerabilities.
///
/// # Errors
/// If the advisory database can't be fetched, or knows one of the dependencies.
pub(crate) fn advisories() -> Result<(), String> {
    check(&["advisories"])
}

fn check(what: &[&str]) -> Result<(), String> {
    let mut command = process::program(ensure_installed()?);
    process::run(command.args(["--all-features", "check", "--hide-inclusion-graph"]).args(what))
}

fn ensure_installed() -> Result<PathBuf, String> {
    let root = process::cache_dir().join(format!("cargo-deny-{VERSION}"));
    let binary = root.join("bin").join("cargo-deny");
    if binary.exists() {
        return Ok(binary);
    }
    let mut install = process::cargo(["install", "--locked", "--version", VERSION, "cargo-deny", "--root"]);
    process::run(install.arg(&root).env("CARGO_TARGET_DIR", root.join("target")))?;
    // Build outputs are large and of no further use; that they stay would be no failure.
    drop(std::fs::remove_dir_all(root.join("target")));
    Ok(binary)
}
