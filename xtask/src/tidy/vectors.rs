//! Every golden file is opened by some test: one that nothing names guards nothing.

use super::tree::Tree;

/// The folder of the golden files.
const FOLDER: &str = "vectors";

/// One complaint per golden file whose name, or whose folder's name, no source contains.
///
/// A test that reads a whole folder names the folder: `vectors/codec` covers `vectors/codec/header.hex`.
pub(super) fn check(tree: &Tree) -> Vec<String> {
    let sources: Vec<&str> = tree.with_extension(&["rs", "py", "mjs", "sol"]).map(|(_, text)| text).collect();
    let is_golden = |path: &&str| !tree.is_folder(path) && !path.ends_with(".md") && !path.contains("/.");
    let files = tree.below(FOLDER).filter(is_golden);
    let unopened = files.filter(|path| !is_named(path, &sources));
    unopened.map(|path| format!("{path} is named by no source file")).collect()
}

fn is_named(path: &str, sources: &[&str]) -> bool {
    let inside = path.strip_prefix(FOLDER).unwrap_or(path).trim_start_matches('/');
    let name = inside.rsplit('/').next().unwrap_or(inside);
    let folder = inside.rsplit_once('/').map(|(folder, _)| format!("{FOLDER}/{folder}\""));
    sources
        .iter()
        .any(|text| text.contains(name) || folder.as_ref().is_some_and(|folder| text.contains(folder)))
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::tree::Tree;

    #[test]
    fn files_that_no_source_names_are_complained_about() {
        let tree = Tree::of(&[
            ("vectors/header.hex", "00"),
            ("vectors/lost.hex", "00"),
            ("vectors/orders/one.hex", "00"),
            ("vectors/blocks/two.hex", "00"),
            ("vectors/README.md", "about"),
            ("vectors/.gitkeep", ""),
            ("crates/types/src/tests.rs", "read(\"header.hex\"); all_of(\"vectors/orders\");"),
        ]);
        let expect = [
            "vectors/blocks/two.hex is named by no source file",
            "vectors/lost.hex is named by no source file",
        ];
        assert_eq!(check(&tree), expect);
    }

    #[test]
    fn no_folder_means_no_complaint() {
        assert_eq!(check(&Tree::of(&[("README.md", "")])), Vec::<String>::new());
    }
}
