//! `cargo xtask tidy`: what the compiler can't check about the repository.
//!
//! Each check is a function from the files (and the crates) to a list of complaints, in a file of its own. All run,
//! then all complaints are printed; one is enough to fail. Sizes are only reported: they are a matter of judgement.

mod arrows;
mod documents;
mod headers;
mod rule_crates;
mod sizes;
mod tree;
mod vectors;

use crate::process;
use crate::workspace::{self, Crate};
use tree::Tree;

/// A row of the table of checks.
struct Check {
    name: &'static str,
    complaints: fn(&Tree, &[Crate]) -> Vec<String>,
}

const CHECKS: &[Check] = &[
    Check { name: "arrows between crates point down", complaints: |_, crates| arrows::check(crates) },
    Check { name: "crates of layers 0 and 1 are rule crates", complaints: rule_crates::check },
    Check { name: "files open with what they are for", complaints: |tree, _| headers::check(tree) },
    Check { name: "documents name what exists", complaints: |tree, _| documents::check(tree) },
    Check { name: "golden files are used", complaints: |tree, _| vectors::check(tree) },
];

/// Runs all checks and prints the report on sizes.
pub(crate) fn run(_arguments: &[String]) -> Result<(), String> {
    let tree = Tree::read(&process::root())?;
    let crates = workspace::crates()?;
    let mut total = 0;
    for check in CHECKS {
        let complaints = (check.complaints)(&tree, &crates);
        println!("{} {}", if complaints.is_empty() { "ok    " } else { "FAILED" }, check.name);
        for complaint in &complaints {
            println!("       {complaint}");
        }
        total += complaints.len();
    }
    print!("{}", sizes::report(&tree));
    if total == 0 { Ok(()) } else { Err(format!("complaints: {total}")) }
}
