//! The workspace as cargo sees it: its crates, where they lie and what they import of each other.

use crate::process;
use serde_json::Value;
use std::path::Path;

/// A crate of the workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Crate {
    /// The package's name.
    pub(crate) name: String,
    /// Its folder, relative to the workspace's root, with `/`.
    pub(crate) folder: String,
    /// The crates of the workspace that it names.
    pub(crate) imports: Vec<Import>,
    /// Names of its benchmark targets.
    pub(crate) benches: Vec<String>,
}

/// One crate's use of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Import {
    /// The imported package.
    pub(crate) name: String,
    /// Whether only tests, examples and benchmarks use it.
    pub(crate) in_tests: bool,
}

/// Asks cargo for the crates of the workspace.
///
/// # Errors
/// If cargo fails, for example on a manifest that it can't read.
pub(crate) fn crates() -> Result<Vec<Crate>, String> {
    let text = process::output(&mut process::cargo(["metadata", "--no-deps", "--format-version", "1"]))?;
    parse(&text, &process::root())
}

/// Reads the answer of `cargo metadata --no-deps`.
fn parse(text: &str, root: &Path) -> Result<Vec<Crate>, String> {
    let metadata: Value = serde_json::from_str(text).map_err(|error| format!("cargo metadata: {error}"))?;
    let packages = metadata["packages"].as_array().ok_or("cargo metadata: no packages")?;
    let names: Vec<&str> = packages.iter().filter_map(|package| package["name"].as_str()).collect();
    packages.iter().map(|package| crate_of(package, &names, root)).collect()
}

fn crate_of(package: &Value, members: &[&str], root: &Path) -> Result<Crate, String> {
    let name = package["name"].as_str().ok_or("cargo metadata: a package without a name")?;
    let manifest = package["manifest_path"].as_str().ok_or("cargo metadata: a package without a manifest")?;
    let folder = Path::new(manifest).parent().and_then(|folder| folder.strip_prefix(root).ok());
    let folder = folder.ok_or_else(|| format!("{name} lies outside of the workspace"))?;
    Ok(Crate {
        name: name.to_owned(),
        folder: folder.to_string_lossy().replace('\\', "/"),
        imports: items(&package["dependencies"]).filter_map(|item| import_of(item, members)).collect(),
        benches: items(&package["targets"]).filter_map(bench_of).collect(),
    })
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn import_of(dependency: &Value, members: &[&str]) -> Option<Import> {
    let name = dependency["name"].as_str().filter(|name| members.contains(name))?;
    Some(Import { name: name.to_owned(), in_tests: dependency["kind"].as_str() == Some("dev") })
}

fn bench_of(target: &Value) -> Option<String> {
    let is_bench = items(&target["kind"]).any(|kind| kind.as_str() == Some("bench"));
    is_bench.then(|| target["name"].as_str().map(str::to_owned)).flatten()
}

#[cfg(test)]
mod tests {
    use super::{Import, parse};
    use std::path::Path;

    #[test]
    fn members_are_read_with_their_arrows_to_each_other() {
        let text = r#"{ "packages": [
            { "name": "tandem-types", "manifest_path": "/w/crates/types/Cargo.toml", "targets": [],
              "dependencies": [
                { "name": "tandem-codec", "kind": null }, { "name": "proptest", "kind": "dev" } ] },
            { "name": "tandem-codec", "manifest_path": "/w/crates/codec/Cargo.toml",
              "dependencies": [ { "name": "tandem-types", "kind": "dev" } ],
              "targets": [ { "name": "codec", "kind": ["lib"] }, { "name": "speed", "kind": ["bench"] } ] } ] }"#;
        let crates = parse(text, Path::new("/w")).expect("well-formed");
        assert_eq!(crates[0].folder, "crates/types");
        assert_eq!(crates[0].imports, [Import { name: "tandem-codec".into(), in_tests: false }]);
        assert_eq!(crates[1].imports, [Import { name: "tandem-types".into(), in_tests: true }]);
        assert_eq!(crates[1].benches, ["speed"]);
    }

    #[test]
    fn what_cargo_would_not_say_is_an_error() {
        for text in ["", "{}", r#"{ "packages": [ {} ] }"#] {
            assert!(parse(text, Path::new("/w")).is_err(), "{text}");
        }
    }
}
