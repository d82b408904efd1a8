//! Documents name only what exists: paths in backticks, and targets of relative links with their headings.
//!
//! A word in backticks counts as a path if it starts with a folder of the repository's plan, or is a document at the
//! root; so `text/plain` and `/info` don't. Text inside fenced blocks is free. External links are not followed.

use super::tree::Tree;

/// Folders that the repository has or will have at its root.
const FOLDERS: &[&str] = &[
    ".cargo",
    ".ci",
    "bench",
    "bin",
    "contracts",
    "crates",
    "docs",
    "e2e",
    "fuzz",
    "guest",
    "prover",
    "reference",
    "vectors",
    "web",
    "xtask",
];

/// One complaint per name that leads nowhere.
pub(super) fn check(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    for (path, text) in tree.with_extension(&["md"]) {
        for (number, line) in lines_outside_fences(text) {
            let dead_paths = quoted(line).filter(|word| is_dead_path(tree, path, word));
            complaints.extend(dead_paths.map(|word| format!("{path}:{number}: `{word}` doesn't exist")));
            let dead_links = links(line).filter(|target| is_dead_link(tree, path, target));
            complaints.extend(dead_links.map(|target| format!("{path}:{number}: dead link to {target}")));
        }
    }
    complaints
}

/// Lines with their numbers from 1, without those of fenced blocks.
fn lines_outside_fences(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    text.lines().zip(1..).filter_map(move |(line, number)| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        (!fenced && !fence).then_some((number, line))
    })
}

/// The parts of a line between backticks.
fn quoted(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// Targets of inline links and of link definitions.
fn links(line: &str) -> impl Iterator<Item = &str> {
    let inline = line.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next());
    let definition =
        line.strip_prefix('[').and_then(|rest| rest.split_once("]: ")).map(|(_, target)| target.trim());
    inline.chain(definition)
}

fn is_dead_path(tree: &Tree, document: &str, word: &str) -> bool {
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || "._/*-".contains(letter);
    let first = word.split('/').next().unwrap_or_default();
    let is_path = word.chars().all(allowed)
        && ((word.contains('/') && FOLDERS.contains(&first))
            || (!word.contains('/') && word.ends_with(".md")));
    // Of a pattern, the part before the first star must exist.
    let fixed = word.split('*').next().unwrap_or_default().trim_end_matches('/');
    is_path && !tree.contains(fixed) && !tree.contains(&join(document, fixed).unwrap_or_default())
}

fn is_dead_link(tree: &Tree, document: &str, target: &str) -> bool {
    if target.contains("://") || target.starts_with("mailto:") {
        return false;
    }
    let (file, heading) =
        target.split_once('#').map_or((target, None), |(file, heading)| (file, Some(heading)));
    let path = if file.is_empty() { Some(document.to_owned()) } else { join(document, file) };
    let Some(path) = path.filter(|path| tree.contains(path)) else { return true };
    heading.is_some_and(|heading| tree.text(&path).is_some_and(|text| !has_heading(text, heading)))
}

/// `relative` as seen from the folder of `document`; `None` if it leaves the repository.
fn join(document: &str, relative: &str) -> Option<String> {
    let mut parts: Vec<&str> = document.split('/').collect();
    parts.pop();
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

fn has_heading(text: &str, anchor: &str) -> bool {
    let headings = lines_outside_fences(text).filter(|(_, line)| line.starts_with('#'));
    headings.map(|(_, line)| anchor_of(line)).any(|found| found == anchor)
}

/// The anchor of a heading: lower case, spaces as hyphens, without punctuation.
fn anchor_of(heading: &str) -> String {
    let title = heading.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
    title.chars().filter(|letter| letter.is_alphanumeric() || "-_".contains(*letter)).collect()
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::tree::Tree;

    fn complaints(text: &str) -> Vec<String> {
        check(&Tree::of(&[
            ("docs/here.md", text),
            ("docs/there.md", "# A title: of two\n"),
            ("crates/book/src/lib.rs", ""),
            ("README.md", ""),
        ]))
    }

    #[test]
    fn what_exists_may_be_named() {
        let text = "`crates/book`, `crates/book/src/`, `crates/*`, `README.md`, `there.md`, `docs/there.md`\n\
                    [a](there.md), [b](../README.md), [c](there.md#a-title-of-two), [d](#here), [e](..)\n\
                    # Here\n[f]: ../crates/book\n";
        assert_eq!(complaints(text), Vec::<String>::new());
    }

    #[test]
    fn what_is_no_path_is_left_alone() {
        let text = "`/info`, `text/plain`, `price/size`, `a b`, `::1`, [x](https://example.org/no), `crates/$name`\n\
                    ```\n`crates/none` [y](none.md)\n```\n";
        assert_eq!(complaints(text), Vec::<String>::new());
    }

    #[test]
    fn dead_names_are_listed_with_their_lines() {
        let text =
            "`crates/none` and `NONE.md`\n[a](none.md) [b](there.md#none) [c](../../out.md)\n[d]: none\n";
        let expect = [
            "docs/here.md:1: `crates/none` doesn't exist",
            "docs/here.md:1: `NONE.md` doesn't exist",
            "docs/here.md:2: dead link to none.md",
            "docs/here.md:2: dead link to there.md#none",
            "docs/here.md:2: dead link to ../../out.md",
            "docs/here.md:3: dead link to none",
        ];
        assert_eq!(complaints(text), expect);
    }
}
