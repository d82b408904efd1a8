//! Crates of layers 0 and 1 say at the top of `lib.rs` that they are pure: `no_std`, no unsafe code, and one list of
//! denied lints, the same text everywhere, so that none can quietly lack a line.

use super::tree::Tree;
use crate::layers::{Place, RULES_LAYER, place_of};
use crate::workspace::Crate;

/// Crates whose use of unsafe code was agreed on in an ADR.
const UNSAFE_AGREED: &[&str] = &[];

/// The lints that rule crates deny outside of tests.
const DENIED: &str = "\
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::float_arithmetic,
        clippy::indexing_slicing,
        clippy::as_conversions,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::let_underscore_must_use,
        clippy::wildcard_enum_match_arm,
        clippy::disallowed_types,
        clippy::disallowed_methods
    )
)]
";

/// One complaint per missing attribute.
pub(super) fn check(tree: &Tree, crates: &[Crate]) -> Vec<String> {
    let is_rules = |member: &&Crate| matches!(place_of(&member.folder), Ok(Place::Layer { layer, .. }) if layer <= RULES_LAYER);
    crates.iter().filter(is_rules).flat_map(|member| complaints(tree, &member.folder)).collect()
}

fn complaints(tree: &Tree, folder: &str) -> Vec<String> {
    let path = format!("{folder}/src/lib.rs");
    let Some(text) = tree.text(&path) else { return vec![format!("{path} is missing")] };
    let has_line = |line: &str| text.lines().any(|other| other == line);
    let mut complaints = Vec::new();
    if !has_line("#![no_std]") {
        complaints.push(format!("{path} lacks `#![no_std]`"));
    }
    if !has_line("#![forbid(unsafe_code)]") && !UNSAFE_AGREED.contains(&folder) {
        complaints.push(format!("{path} lacks `#![forbid(unsafe_code)]`"));
    }
    if !text.contains(DENIED) {
        complaints.push(format!("{path} lacks the list of denied lints, as in crates/codec/src/lib.rs"));
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::{DENIED, check};
    use crate::tidy::tree::Tree;
    use crate::workspace::Crate;

    fn complaints(folder: &str, text: &str) -> Vec<String> {
        let member = Crate {
            name: folder.to_owned(),
            folder: folder.to_owned(),
            imports: Vec::new(),
            benches: Vec::new(),
        };
        check(&Tree::of(&[(&format!("{folder}/src/lib.rs"), text)]), &[member])
    }

    #[test]
    fn a_complete_opening_is_fine() {
        let text = format!("//! Book.\n#![no_std]\n#![forbid(unsafe_code)]\n{DENIED}");
        assert_eq!(complaints("crates/book", &text), Vec::<String>::new());
    }

    #[test]
    fn each_missing_attribute_is_named() {
        let denied_less = DENIED.replace("        clippy::panic,\n", "");
        let text = format!("//! Book.\n// #![no_std]\n#![forbid(unsafe_code)]\n{denied_less}");
        let complaints = complaints("crates/book", &text);
        assert!(
            matches!(&complaints[..], [a, b] if a.contains("no_std") && b.contains("denied")),
            "{complaints:?}"
        );
    }

    #[test]
    fn higher_layers_are_free() {
        assert_eq!(complaints("crates/mempool", ""), Vec::<String>::new());
        assert_eq!(complaints("crates/book", "").len(), 3);
    }
}
