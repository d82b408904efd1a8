//! Every Rust file opens with a sentence that says what it is for.

use super::tree::Tree;

/// One complaint per file whose first line is not a `//!` comment with text.
pub(super) fn check(tree: &Tree) -> Vec<String> {
    let opens = |text: &str| {
        let first = text.lines().next().unwrap_or_default();
        first.strip_prefix("//!").is_some_and(|rest| !rest.trim().is_empty())
    };
    let silent = tree.with_extension(&["rs"]).filter(|(_, text)| !opens(text));
    silent.map(|(path, _)| format!("{path} doesn't open with a `//!` paragraph")).collect()
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::tree::Tree;

    #[test]
    fn files_without_an_opening_sentence_are_named() {
        let tree = Tree::of(&[
            ("a.rs", "//! What it is for.\n"),
            ("b.rs", "use core::fmt;\n"),
            ("c.rs", "//!\n//! Late.\n"),
            ("d.rs", ""),
            ("e.md", "# Not Rust\n"),
        ]);
        let complaints = check(&tree);
        let named: Vec<_> = complaints.iter().filter_map(|complaint| complaint.split(' ').next()).collect();
        assert_eq!(named, ["b.rs", "c.rs", "d.rs"]);
    }
}
