//! Debian packages that a command needs: installed if the user is root, otherwise asked for.

use crate::process;

/// Installs packages from Debian's archive.
///
/// # Errors
/// If the user isn't root, or the installation fails; the text has the commands to run by hand.
pub(crate) fn install(packages: &[&str]) -> Result<(), String> {
    let by_hand =
        format!("apt-get update && apt-get install --yes --no-install-recommends {}", packages.join(" "));
    if process::output(process::program("id").arg("--user"))?.trim() != "0" {
        return Err(format!("Debian packages are missing; as root: {by_hand}"));
    }
    let apt = |arguments: &[&str]| {
        let mut command = process::program("apt-get");
        process::run(command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive"))
    };
    let install = ["install", "--yes", "--no-install-recommends"];
    apt(&["update"])
        .and_then(|()| apt(&[&install[..], packages].concat()))
        .map_err(|error| format!("{error}; by hand: {by_hand}"))
}
