//! `cargo xtask guest-fitness`: layers 0 and 1 build for machines without an operating system.
//!
//! The zkVM guest and the browser's light client run the same rules as the node. A crate that reaches for a clock, a
//! thread or a file doesn't build here: that is the proof that the rules are pure.
//!
//! None of the targets has a ready standard library in the pinned toolchain, so `core` and `alloc` are built from
//! source by Debian's `rustc-web`, which is installed if it is missing and the user may. Its version is another one
//! than that of the pinned toolchain; only the fitness of the code is tested here, never the bytes that come out.

use crate::layers::{Place, RULES_LAYER, place_of};
use crate::{apt, process, workspace};
use std::path::Path;
use std::process::Command;

const CARGO: &str = "/usr/bin/cargo";
const RUSTC: &str = "/usr/bin/rustc";
const PACKAGES: &[&str] = &["rustc-web", "cargo-web", "rust-web-src"];

/// Compilers before this one can't build the workspace.
const RUSTC_MINOR_MIN: u32 = 95;

/// Crates above revm, some of whose dependencies need an atomic compare-and-swap.
///
/// RV64IM has none. The zkVM's target lowers it to plain loads and stores, as its single thread allows.
const NEED_COMPARE_AND_SWAP: &[&str] = &["crates/evm", "crates/stf"];

/// A machine to build for.
struct Target {
    /// A name that the compiler knows, or the path of a specification.
    name: &'static str,
    /// Whether it has an atomic compare-and-swap.
    compare_and_swap: bool,
    flags: &'static str,
}

const TARGETS: &[Target] = &[
    Target { name: "riscv64im-unknown-none-elf", compare_and_swap: false, flags: "" },
    Target {
        name: "xtask/targets/riscv64im-succinct-zkvm-elf.json",
        compare_and_swap: true,
        flags: "-C passes=lower-atomic -C panic=abort --cfg getrandom_backend=\"custom\"",
    },
    Target { name: "wasm32-unknown-unknown", compare_and_swap: true, flags: "" },
];

/// Builds every crate of layers 0 and 1 for every target.
pub(crate) fn run(_arguments: &[String]) -> Result<(), String> {
    ensure_toolchain()?;
    let crates = workspace::crates()?;
    let rules: Vec<_> = crates.iter().filter(|member| is_of_rules(&member.folder)).collect();
    for target in TARGETS {
        let fits = |folder: &str| target.compare_and_swap || !NEED_COMPARE_AND_SWAP.contains(&folder);
        let names = rules.iter().filter(|member| fits(&member.folder)).map(|member| member.name.as_str());
        process::run(&mut build(target, names))?;
    }
    Ok(())
}

fn is_of_rules(folder: &str) -> bool {
    matches!(place_of(folder), Ok(Place::Layer { layer, .. }) if layer <= RULES_LAYER)
}

fn build<'a>(target: &Target, packages: impl Iterator<Item = &'a str>) -> Command {
    let mut command = process::program(CARGO);
    command.args(["build", "--release", "--locked", "-Z", "build-std=core,alloc"]);
    if target.name.ends_with(".json") {
        command.args(["-Z", "json-target-spec"]);
    }
    command.args(["--target", target.name]);
    for package in packages {
        command.args(["--package", package]);
    }
    command.env("RUSTC", RUSTC).env("RUSTC_BOOTSTRAP", "1").env("RUSTFLAGS", target.flags);
    command.env("CARGO_TARGET_DIR", process::target_dir().join("guest-fitness"));
    // Whether code builds doesn't depend on these, only how long it takes.
    command.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0").env("CARGO_PROFILE_RELEASE_DEBUG", "false");
    command.env_remove("RUSTUP_TOOLCHAIN");
    command
}

/// Makes sure that a recent `rustc-web` and the sources of the standard library are there.
fn ensure_toolchain() -> Result<(), String> {
    if installed_minor().is_some_and(|minor| minor >= RUSTC_MINOR_MIN) && has_sources() {
        return Ok(());
    }
    apt::install(PACKAGES)?;
    match installed_minor() {
        Some(minor) if minor >= RUSTC_MINOR_MIN && has_sources() => Ok(()),
        Some(minor) => Err(format!("{RUSTC} is 1.{minor}, or has no sources; 1.{RUSTC_MINOR_MIN} is needed")),
        None => Err(format!("{RUSTC} is still missing after installing {}", PACKAGES.join(" "))),
    }
}

fn has_sources() -> bool {
    let sysroot = Command::new(RUSTC).args(["--print", "sysroot"]).output();
    let sysroot = sysroot.ok().and_then(|output| String::from_utf8(output.stdout).ok()).unwrap_or_default();
    Path::new(sysroot.trim()).join("lib/rustlib/src/rust/library/core/Cargo.toml").exists()
}

fn installed_minor() -> Option<u32> {
    let output = Command::new(RUSTC).arg("--version").output().ok()?;
    minor_of(&String::from_utf8(output.stdout).ok()?)
}

/// The minor version in a line such as `rustc 1.96.0 (…)`.
fn minor_of(version: &str) -> Option<u32> {
    version.strip_prefix("rustc 1.")?.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{TARGETS, is_of_rules, minor_of};
    use crate::process;

    #[test]
    fn versions_are_read_and_other_programs_are_not() {
        assert_eq!(minor_of("rustc 1.96.0 (ac68faa20 2026-05-25) (built from a source tarball)\n"), Some(96));
        assert_eq!(minor_of("cargo 1.96.0"), None);
        assert_eq!(minor_of(""), None);
    }

    #[test]
    fn rules_are_layers_zero_and_one() {
        assert!(is_of_rules("crates/codec") && is_of_rules("crates/stf"));
        assert!(!is_of_rules("crates/mempool") && !is_of_rules("xtask") && !is_of_rules("reference/book"));
    }

    #[test]
    fn specifications_of_targets_exist() {
        for target in TARGETS.iter().filter(|target| target.name.ends_with(".json")) {
            assert!(process::root().join(target.name).exists(), "{}", target.name);
        }
    }
}
