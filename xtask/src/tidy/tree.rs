//! The repository's files in memory, so that checks are plain functions and their tests need no disk.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Folders that hold what was built or installed, never what was written.
const SKIPPED: &[&str] =
    &[".git", "target", "node_modules", ".venv", "__pycache__", ".pytest_cache", "bench-results"];

/// All files and folders, by their paths relative to the root, with `/`.
#[derive(Debug, Default)]
pub(super) struct Tree {
    /// Files that are text, with their text.
    texts: BTreeMap<String, String>,
    /// All files and folders.
    paths: BTreeSet<String>,
}

impl Tree {
    /// Reads everything below `root`.
    ///
    /// # Errors
    /// If a folder or a file can't be read.
    pub(super) fn read(root: &Path) -> Result<Self, String> {
        let mut tree = Self::default();
        tree.read_folder(root, "")?;
        Ok(tree)
    }

    fn read_folder(&mut self, folder: &Path, prefix: &str) -> Result<(), String> {
        let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
        for entry in std::fs::read_dir(folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}/{name}") };
            if entry.file_type().map_err(failed)?.is_dir() {
                if !SKIPPED.contains(&name.as_str()) {
                    self.read_folder(&entry.path(), &path)?;
                    self.paths.insert(path);
                }
            } else {
                self.read_file(&entry.path(), path)?;
            }
        }
        Ok(())
    }

    fn read_file(&mut self, file: &Path, path: String) -> Result<(), String> {
        let bytes = std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
        if let Ok(text) = String::from_utf8(bytes) {
            self.texts.insert(path.clone(), text);
        }
        self.paths.insert(path);
        Ok(())
    }

    /// A tree of the given files, with the folders that hold them.
    #[cfg(test)]
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        let mut tree = Self::default();
        for (path, text) in files {
            tree.texts.insert((*path).to_owned(), (*text).to_owned());
            tree.paths.insert((*path).to_owned());
            for (end, _) in path.match_indices('/') {
                tree.paths.insert(path.split_at(end).0.to_owned());
            }
        }
        tree
    }

    /// Whether there is a file or folder at `path`; the root is at the empty path.
    pub(super) fn contains(&self, path: &str) -> bool {
        path.is_empty() || self.paths.contains(path)
    }

    /// The text of a file.
    pub(super) fn text(&self, path: &str) -> Option<&str> {
        self.texts.get(path).map(String::as_str)
    }

    /// Paths and texts of the files with one of the extensions.
    pub(super) fn with_extension<'a>(
        &'a self,
        extensions: &'a [&str],
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        let fits =
            |path: &str| path.rsplit_once('.').is_some_and(|(_, extension)| extensions.contains(&extension));
        self.texts
            .iter()
            .filter(move |(path, _)| fits(path))
            .map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// Paths of the files and folders below `folder`.
    pub(super) fn below<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = &'a str> {
        let inside =
            move |path: &&String| path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
        self.paths.iter().filter(inside).map(String::as_str)
    }

    /// Whether there is a folder, not a file, at `path`.
    pub(super) fn is_folder(&self, path: &str) -> bool {
        self.below(path).next().is_some()
    }
}
