//! The ranks of the workspace's crates: the one table that says which arrow between two crates points down.
//!
//! A crate may import crates of lower layers, and crates of its own layer with a smaller step. Naive twins and
//! tooling stand outside of the layers. Reasons are in `docs/adr/0001-layers.md`.

/// Where a crate stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// In a layer, at a step within it.
    Layer {
        /// 0 words, 1 rules, 2 protocols, 3 faces, 4 programs.
        layer: u8,
        /// Order within the layer: only smaller steps may be imported.
        step: u8,
    },
    /// A naive twin under `reference/`: only tests may import it, and it imports layer 0 at most.
    Reference,
    /// Tooling: nobody imports it.
    Tooling,
}

/// Crates of the layers: folder name, layer, step.
const RANKS: &[(&str, u8, u8)] = &[
    // Words.
    ("codec", 0, 0),
    ("types", 0, 1),
    ("crypto", 0, 2),
    ("state", 0, 3),
    // Rules. What is called stands before what calls it.
    ("book", 1, 0),
    ("coprocessor", 1, 0),
    ("system", 1, 1),
    ("oracle", 1, 2),
    ("exchange", 1, 3),
    ("messages", 1, 4),
    ("evm", 1, 5),
    ("stf", 1, 9),
    // Protocols don't know each other; `node` puts them together.
    ("consensus", 2, 0),
    ("light-client", 2, 0),
    ("mempool", 2, 0),
    ("network", 2, 0),
    ("prices", 2, 0),
    ("storage", 2, 0),
    ("sync", 2, 0),
    ("witness", 2, 0),
    // Only tests import it.
    ("testkit", 2, 1),
    ("node", 2, 9),
    // Faces.
    ("connections", 3, 0),
    ("api", 3, 1),
    ("indexer", 3, 0),
    ("replay", 3, 2),
    ("rpc", 3, 1),
    // Programs.
    ("tandem", 4, 0),
];

/// The highest layer whose crates follow the rules of the deterministic layers.
pub(crate) const RULES_LAYER: u8 = 1;

/// The place of the crate whose folder, relative to the root and with `/`, is `folder`.
///
/// # Errors
/// If the table doesn't know the crate; the text says where to add it.
pub(crate) fn place_of(folder: &str) -> Result<Place, String> {
    if folder == "xtask" {
        return Ok(Place::Tooling);
    }
    if folder.starts_with("reference/") {
        return Ok(Place::Reference);
    }
    let name = folder.rsplit('/').next().unwrap_or(folder);
    let row = RANKS.iter().find(|(known, ..)| *known == name);
    row.map(|&(_, layer, step)| Place::Layer { layer, step }).ok_or_else(|| {
        format!("crate `{folder}` has no layer: add a row for `{name}` to RANKS in xtask/src/layers.rs")
    })
}

/// Whether a crate at `from` may import a crate at `to` outside of tests.
pub(crate) const fn may_import(from: Place, to: Place) -> bool {
    match (from, to) {
        (Place::Layer { layer, step }, Place::Layer { layer: below, step: before }) => {
            below < layer || (below == layer && before < step)
        }
        (Place::Reference, Place::Layer { layer, .. }) => layer == 0,
        (Place::Tooling | Place::Layer { .. } | Place::Reference, _) => false,
    }
}

/// Whether the tests of a crate at `from` may import a crate at `to`.
pub(crate) fn tests_may_import(from: Place, to: Place) -> bool {
    to == Place::Reference || may_import(from, to)
}

#[cfg(test)]
mod tests {
    use super::{Place, RANKS, may_import, place_of, tests_may_import};

    fn at(folder: &str) -> Place {
        place_of(folder).expect("the table knows the crates that these tests name")
    }

    #[test]
    fn arrows_point_down() {
        let check = |from, to, expect| {
            assert_eq!(may_import(at(from), at(to)), expect, "{from} imports {to}");
        };
        check("crates/types", "crates/codec", true);
        check("crates/codec", "crates/types", false);
        check("crates/stf", "crates/evm", true);
        check("crates/book", "crates/coprocessor", false);
        check("crates/mempool", "crates/stf", true);
        check("crates/stf", "crates/mempool", false);
        check("crates/mempool", "crates/consensus", false);
        check("crates/node", "crates/consensus", true);
        check("crates/rpc", "crates/api", false);
        check("bin/tandem", "crates/api", true);
        check("crates/api", "bin/tandem", false);
        check("crates/book", "reference/book", false);
        check("reference/book", "crates/types", true);
        check("reference/book", "crates/book", false);
        check("xtask", "crates/types", false);
        check("crates/types", "xtask", false);
    }

    #[test]
    fn tests_may_import_naive_twins_but_nothing_above() {
        assert!(tests_may_import(at("crates/book"), at("reference/book")));
        assert!(tests_may_import(at("crates/book"), at("crates/types")));
        assert!(!tests_may_import(at("crates/book"), at("crates/stf")));
    }

    #[test]
    fn an_unknown_crate_is_told_where_to_register() {
        let error = place_of("crates/lending").expect_err("not in the table");
        assert!(error.contains("lending") && error.contains("xtask/src/layers.rs"), "{error}");
    }

    #[test]
    fn each_crate_has_one_row() {
        for (index, (name, ..)) in RANKS.iter().enumerate() {
            assert!(RANKS.iter().skip(index + 1).all(|(other, ..)| other != name), "{name} twice");
        }
    }
}
