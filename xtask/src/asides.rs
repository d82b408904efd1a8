//! Workspaces beside the main one, which nobody who builds Tandem builds: fuzz targets and comparisons with others' books.
//!
//! They call the same crates, and would otherwise be found broken on the day that they are needed.

use crate::process;

/// Their folders.
const FOLDERS: [&str; 3] = ["fuzz", "bench/book", "bench/risk"];

/// Checks that each compiles.
pub(crate) fn run() -> Result<(), String> {
    FOLDERS.iter().try_for_each(|folder| {
        let manifest = process::root().join(folder).join("Cargo.toml");
        process::run(process::cargo(["check", "--locked", "--all-targets", "--manifest-path"]).arg(manifest))
    })
}
