//! No crate imports one of the same rank or above.
//!
//! Every allowed arrow goes to a strictly smaller rank, so circles can't exist. Tests may import naive twins as well.

use crate::layers::{Place, may_import, place_of, tests_may_import};
use crate::workspace::Crate;
use std::collections::BTreeMap;

/// One complaint per crate without a place, and per arrow that doesn't point down.
pub(super) fn check(crates: &[Crate]) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut places = BTreeMap::new();
    for member in crates {
        match place_of(&member.folder) {
            Ok(place) => drop(places.insert(member.name.as_str(), place)),
            Err(error) => complaints.push(error),
        }
    }
    for member in crates {
        complaints.extend(wrong_arrows(member, &places));
    }
    complaints
}

fn wrong_arrows(member: &Crate, places: &BTreeMap<&str, Place>) -> Vec<String> {
    let Some(&from) = places.get(member.name.as_str()) else { return Vec::new() };
    let mut complaints = Vec::new();
    for import in &member.imports {
        let Some(&to) = places.get(import.name.as_str()) else { continue };
        // Tests of a crate may switch on features of their own crate by importing it.
        let own = import.name == member.name;
        let allowed = if import.in_tests { own || tests_may_import(from, to) } else { may_import(from, to) };
        if !allowed {
            let whose = if import.in_tests { "the tests of " } else { "" };
            complaints.push(format!("{whose}{} must not import {}", member.name, import.name));
        }
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::workspace::{Crate, Import};

    fn member(folder: &str, imports: &[(&str, bool)]) -> Crate {
        Crate {
            name: folder.to_owned(),
            folder: folder.to_owned(),
            imports: imports
                .iter()
                .map(|&(name, in_tests)| Import { name: name.to_owned(), in_tests })
                .collect(),
            benches: Vec::new(),
        }
    }

    #[test]
    fn arrows_down_and_to_twins_in_tests_are_fine() {
        let crates = [
            member("crates/types", &[]),
            member(
                "crates/book",
                &[("crates/types", false), ("reference/book", true), ("crates/book", true)],
            ),
            member("reference/book", &[("crates/types", false)]),
        ];
        assert_eq!(check(&crates), Vec::<String>::new());
    }

    #[test]
    fn arrows_up_sideways_and_from_tests_are_complained_about() {
        let crates = [
            member("crates/codec", &[("crates/types", false)]),
            member("crates/types", &[("crates/codec", false), ("crates/book", true)]),
            member("crates/book", &[("crates/coprocessor", false), ("reference/book", false)]),
            member("crates/coprocessor", &[]),
            member("reference/book", &[]),
        ];
        let expect = [
            "crates/codec must not import crates/types",
            "the tests of crates/types must not import crates/book",
            "crates/book must not import crates/coprocessor",
            "crates/book must not import reference/book",
        ];
        assert_eq!(check(&crates), expect);
    }

    #[test]
    fn a_crate_without_a_place_is_named_once() {
        let complaints = check(&[member("crates/lending", &[("crates/lending", false)])]);
        assert!(matches!(&complaints[..], [one] if one.contains("crates/lending")), "{complaints:?}");
    }
}
