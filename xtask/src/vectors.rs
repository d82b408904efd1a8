//! `cargo xtask vectors`: regenerate the golden files in `vectors/`.
//!
//! A test that compares with a golden file writes it instead when `TANDEM_BLESS` is `1`. So the files are made by the
//! very code that checks them, and a regeneration is one run of the tests. It goes into a commit of its own, with the
//! reason why the bytes changed.

use crate::process;

/// The variable that tells tests to write golden files instead of comparing with them.
const BLESS: &str = "TANDEM_BLESS";

/// Runs the tests of all crates, or of those named, with writing switched on, and shows what changed.
pub(crate) fn run(packages: &[String]) -> Result<(), String> {
    let mut tests = process::cargo(["test"]);
    if packages.is_empty() {
        tests.arg("--workspace");
    }
    for package in packages {
        tests.args(["--package", package]);
    }
    process::run(tests.env(BLESS, "1"))?;
    process::run(process::program("git").args(["status", "--short", "--", "vectors"]))
}
