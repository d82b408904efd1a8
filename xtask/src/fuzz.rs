//! `cargo xtask nightly fuzz`: every fuzz target for a while, with AddressSanitizer.
//!
//! The targets are found in `fuzz/fuzz_targets/`, so a new one needs no row. They are built by the nightly toolchain, which
//! `cargo-fuzz` needs; `cargo-fuzz` itself is built once into the cache folder. `TANDEM_FUZZ_SECONDS` sets how long each
//! target runs. What a target found is in `fuzz/artifacts/`, and the end says which did.

use crate::process;
use std::path::{Path, PathBuf};

/// Seconds that each target runs for.
const SECONDS: &str = "1800";
/// The version that is used.
const VERSION: &str = "0.13.1";
/// A target may not take more memory than this for one input, in MiB: the state machines hold a whole chain.
const MEMORY_MIB: u32 = 4_096;

/// Runs all targets, also after one fails.
pub(crate) fn run() -> Result<(), String> {
    let cargo_fuzz = ensure_installed()?;
    let seconds = std::env::var("TANDEM_FUZZ_SECONDS").unwrap_or_else(|_| SECONDS.to_owned());
    process::run(&mut cargo(&cargo_fuzz, &["build"]))?;
    let mut failures = Vec::new();
    for target in targets()? {
        let (limit, memory) = (format!("-max_total_time={seconds}"), format!("-rss_limit_mb={MEMORY_MIB}"));
        let mut command =
            cargo(&cargo_fuzz, &["run", &target, "--", &limit, &memory, "-print_final_stats=1"]);
        if let Err(error) = process::run(&mut command) {
            failures.push(error);
        }
    }
    if failures.is_empty() { Ok(()) } else { Err(failures.join("\n")) }
}

/// `cargo fuzz` on the nightly toolchain.
fn cargo(cargo_fuzz: &Path, arguments: &[&str]) -> std::process::Command {
    let folder = cargo_fuzz.parent().map(Path::to_path_buf).into_iter();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(folder.chain(std::env::split_paths(&path))).unwrap_or(path);
    let mut command = process::program("rustup");
    command.args(["run", "nightly", "cargo", "fuzz"]).args(arguments);
    command.env("PATH", path).env("CARGO_TARGET_DIR", process::target_dir().join("fuzz"));
    command.env_remove("RUSTUP_TOOLCHAIN").env_remove("CARGO").env_remove("RUSTC");
    command
}

fn ensure_installed() -> Result<PathBuf, String> {
    let root = process::cache_dir().join(format!("cargo-fuzz-{VERSION}"));
    let binary = root.join("bin").join("cargo-fuzz");
    if binary.exists() {
        return Ok(binary);
    }
    let mut install = process::cargo(["install", "--locked", "--version", VERSION, "cargo-fuzz", "--root"]);
    process::run(install.arg(&root).env("CARGO_TARGET_DIR", root.join("target")))?;
    // Build outputs are large and of no further use; that they stay would be no failure.
    drop(std::fs::remove_dir_all(root.join("target")));
    Ok(binary)
}

/// The names of the fuzz targets, in order.
fn targets() -> Result<Vec<String>, String> {
    let folder = process::root().join("fuzz").join("fuzz_targets");
    let entries = std::fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let paths = entries.filter_map(Result::ok).map(|entry| entry.path());
    let rust = paths.filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    let mut names: Vec<String> =
        rust.filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned())).collect();
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::targets;
    use crate::process;

    #[test]
    fn every_target_is_named_in_the_manifest_and_the_other_way_round() {
        let manifest = process::root().join("fuzz").join("Cargo.toml");
        let manifest = std::fs::read_to_string(manifest).expect("the fuzzing workspace has a manifest");
        let paths = manifest.lines().filter_map(|line| line.strip_prefix("path = \"fuzz_targets/"));
        let mut named: Vec<String> =
            paths.filter_map(|path| Some(path.strip_suffix(".rs\"")?.to_owned())).collect();
        named.sort();
        assert_eq!(targets(), Ok(named));
    }
}
