//! `cargo xtask e2e`: real clients against the real binary, as `e2e/README.md` describes.
//!
//! The tests are pytest's. This file brings their surroundings, at the versions that `e2e/` pins: a `tandem` binary
//! (that of `TANDEM_BIN`, or one built here), a Python environment in the cache folder, and the Node packages beside
//! the suite, where Node looks for them.

use crate::counts::Counts;
use crate::{apt, process};
use std::path::{Path, PathBuf};

/// Runs the suite; arguments go to pytest.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    run_suite(&binary()?, arguments, &[], &mut Counts::default())
}

/// Runs the suite and adds its tests to `counts`.
pub(crate) fn run_counting(counts: &mut Counts) -> Result<(), String> {
    run_suite(&binary()?, &[], &[], counts)
}

/// Runs the suite on a binary, with variables set.
pub(crate) fn run_with(binary: &Path, variables: &[(&str, &str)]) -> Result<(), String> {
    run_suite(binary, &[], variables, &mut Counts::default())
}

fn run_suite(
    binary: &Path,
    arguments: &[String],
    variables: &[(&str, &str)],
    counts: &mut Counts,
) -> Result<(), String> {
    let suite = process::root().join("e2e");
    let python = python(&suite)?;
    install_node_packages(&suite)?;
    let mut pytest = process::program(python);
    pytest.args(["-m", "pytest", "-p", "no:cacheprovider"]).args(arguments).current_dir(&suite);
    pytest.envs(variables.iter().copied());
    pytest.env("TANDEM_BIN", binary).env("PYTHONDONTWRITEBYTECODE", "1");
    process::run_watching(&mut pytest, |line| counts.read_line(line))
}

/// The binary under test. The test profile shares its build with `cargo test` and optimises dependencies.
fn binary() -> Result<PathBuf, String> {
    if let Some(path) = std::env::var_os("TANDEM_BIN") {
        return Ok(PathBuf::from(path));
    }
    process::run(&mut process::cargo(["build", "--package", "tandem"]))?;
    let path = process::target_dir().join("debug").join("tandem");
    path.canonicalize().map_err(|error| format!("{}: {error}", path.display()))
}

/// A Python environment with the pinned packages.
fn python(suite: &Path) -> Result<PathBuf, String> {
    let folder = process::cache_dir().join("e2e-python");
    let python = folder.join("bin").join("python");
    // Without pip it is what a failed attempt has left.
    if !folder.join("bin").join("pip").exists() {
        let create =
            || process::run(process::program("python3").args(["-m", "venv", "--clear"]).arg(&folder));
        create().or_else(|_| apt::install(&["python3-venv"]).and_then(|()| create()))?;
    }
    let mut install = process::program(&python);
    install.args(["-m", "pip", "install", "--quiet", "--requirement"]).arg(suite.join("requirements.txt"));
    process::run(&mut install)?;
    Ok(python)
}

/// Installs the pinned Node packages, unless the same lockfile was installed before.
fn install_node_packages(suite: &Path) -> Result<(), String> {
    let lock =
        std::fs::read(suite.join("package-lock.json")).map_err(|error| format!("lockfile: {error}"))?;
    let stamp = suite.join("node_modules").join(".installed-from");
    if std::fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    let mut install = process::program("npm");
    install.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
    process::run(install.current_dir(suite))?;
    std::fs::write(&stamp, lock).map_err(|error| format!("{}: {error}", stamp.display()))
}
