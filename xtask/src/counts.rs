//! Counting tests from the last lines that test runners print.
//!
//! Two runners are understood: Rust's (`test result: ok. 3 passed; 0 failed; …`) and pytest
//! (`==== 2 failed, 5 passed in 1.20s ====`). Skipped and ignored tests are counted as neither.

/// How many tests ran, and how they ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Tests that held.
    pub(crate) passed: u64,
    /// Tests that did not.
    pub(crate) failed: u64,
}

impl Counts {
    /// Adds what a line of output tells, if it is a runner's last line.
    pub(crate) fn read_line(&mut self, line: &str) {
        if let Some(counts) = of_libtest(line).or_else(|| of_pytest(line)) {
            self.passed += counts.passed;
            self.failed += counts.failed;
        }
    }
}

fn of_libtest(line: &str) -> Option<Counts> {
    let (_, verdict) = line.trim().strip_prefix("test result: ")?.split_once(". ")?;
    Some(sum_of_items(verdict.split("; ")))
}

fn of_pytest(line: &str) -> Option<Counts> {
    let inner = line.trim().strip_prefix("==")?.strip_suffix("==")?.trim_matches(['=', ' ']);
    let (items, _) = inner.split_once(" in ")?;
    Some(sum_of_items(items.split(", ")))
}

/// Sums items such as `12 passed` and `1 failed`; others, such as `3 ignored`, count nothing.
fn sum_of_items<'a>(items: impl Iterator<Item = &'a str>) -> Counts {
    let mut counts = Counts::default();
    for item in items {
        let Some((number, word)) = item.split_once(' ') else { continue };
        let Ok(number) = number.parse::<u64>() else { continue };
        match word {
            "passed" => counts.passed += number,
            "failed" | "error" | "errors" => counts.failed += number,
            _ => {}
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::Counts;

    #[test]
    fn last_lines_of_both_runners_are_summed_and_others_ignored() {
        let mut counts = Counts::default();
        for line in [
            "running 3 tests",
            "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s",
            "test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s",
            "=========== 1 failed, 5 passed, 1 error in 12.20s ===========",
            "========================= short test summary info =========================",
            "a line that says 7 passed",
        ] {
            counts.read_line(line);
        }
        assert_eq!(counts, Counts { passed: 9, failed: 4 });
    }
}
