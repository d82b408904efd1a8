//! How much memory this process has.

use eyre::{Result, WrapErr, eyre};

/// Resident bytes, as the system counts them.
pub(super) fn resident() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status").wrap_err("reading /proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib =
        line.and_then(|line| line.split_whitespace().next()).and_then(|number| number.parse::<u64>().ok());
    kib.map(|kib| kib * 1_024).ok_or_else(|| eyre!("/proc/self/status has no resident size"))
}
