//! A report on the longest files and functions. It never fails: a long table may be better than three short ones.

use super::tree::Tree;
use std::fmt::Write as _;

/// How many of the longest are shown.
const SHOWN: usize = 5;

/// The longest files and functions outside of tests, longest first.
pub(super) fn report(tree: &Tree) -> String {
    let mut files = Vec::new();
    let mut functions = Vec::new();
    for (path, text) in tree.with_extension(&["rs"]).filter(|(path, _)| !is_test(path)) {
        let code = without_tests(text);
        files.push((code.lines().count(), path.to_owned()));
        functions
            .extend(functions_of(code).into_iter().map(|(lines, name)| (lines, format!("{path}: {name}"))));
    }
    let mut report = String::new();
    for (title, mut rows) in [("longest files", files), ("longest functions", functions)] {
        rows.sort_by(|one, other| other.cmp(one));
        let count = rows.len();
        let median = rows.get(count / 2).map_or(0, |(lines, _)| *lines);
        // Writing to a string can't fail.
        let _ = writeln!(report, "{title}, of {count} (median {median} lines):");
        for (lines, name) in rows.iter().take(SHOWN) {
            let _ = writeln!(report, "  {lines:>5}  {name}");
        }
    }
    report
}

fn is_test(path: &str) -> bool {
    path.ends_with("tests.rs") || path.split('/').any(|part| matches!(part, "tests" | "benches"))
}

/// The part of a file before its unit tests, which stand last.
fn without_tests(text: &str) -> &str {
    text.split_once("\n#[cfg(test)]\nmod ").map_or(text, |(code, _)| code)
}

/// Lengths and names of functions; of formatted code, a function ends at the brace below its first letter.
fn functions_of(code: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut open: Option<(usize, String, String)> = None;
    for (number, line) in code.lines().enumerate() {
        if let Some((start, name, end)) = &open {
            if line == end {
                found.push((number - start + 1, name.clone()));
                open = None;
            }
        } else if let Some((indent, name)) = opening(line) {
            open = Some((number, name, format!("{indent}}}")));
        }
    }
    found
}

/// Indentation and name, if a function that doesn't end on the same line starts here.
fn opening(line: &str) -> Option<(&str, String)> {
    let trimmed = line.trim_start();
    let indent = line.get(..line.len() - trimmed.len())?;
    let (before, after) = trimmed.split_once("fn ")?;
    let is_item = before.split_whitespace().all(|word| {
        matches!(word, "const" | "async" | "unsafe" | "extern" | "\"C\"")
            || word.starts_with("pub")
            || matches!(word, "super)" | "crate)")
    });
    let ends_here = trimmed.ends_with('}') || trimmed.ends_with(';');
    let name: String =
        after.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect();
    (is_item && !ends_here && !name.is_empty()).then_some((indent, name))
}

#[cfg(test)]
mod tests {
    use super::{functions_of, report};
    use crate::tidy::tree::Tree;

    const CODE: &str = "\
pub fn short() -> u8 { 1 }
impl A {
    pub(crate) const fn long(
        &self,
    ) -> u8 {
        let fn_name = || {
        };
        0
    }
}
trait B { fn declared(&self); }
// fn in prose
fn last() {
}
#[cfg(test)]
mod tests { fn not_counted() {
} }
";

    #[test]
    fn functions_are_measured_from_signature_to_brace() {
        let expect = [(7, "long".to_owned()), (2, "last".to_owned())];
        assert_eq!(functions_of(super::without_tests(CODE)), expect);
    }

    #[test]
    fn the_report_leaves_tests_out() {
        let report = report(&Tree::of(&[("a/src/lib.rs", CODE), ("a/tests/big.rs", CODE)]));
        assert!(report.contains("a/src/lib.rs: long") && !report.contains("big.rs"), "{report}");
        assert!(!report.contains("not_counted"), "{report}");
    }
}
