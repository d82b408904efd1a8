//! Counted work: what bounds a block, deterministically.

use core::fmt;

/// Units of work. One unit is meant to be about a nanosecond of one core of the reference machine; what a rule charges
/// is a constant beside the rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Work(pub u64);

impl Work {
    /// `self` plus `other`, at most the end of the range.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// `count` times this much.
    #[must_use]
    pub const fn times(self, count: u64) -> Self {
        Self(self.0.saturating_mul(count))
    }
}

/// The budget was exhausted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfWork;

impl fmt::Display for OutOfWork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("work budget exhausted")
    }
}

impl core::error::Error for OutOfWork {}

/// Counts work up to a limit.
#[derive(Clone, Debug)]
pub struct WorkMeter {
    used: Work,
    limit: Work,
}

impl WorkMeter {
    /// A meter that allows `limit`.
    #[must_use]
    pub const fn new(limit: Work) -> Self {
        Self { used: Work(0), limit }
    }

    /// Counts `work`.
    ///
    /// # Errors
    /// [`OutOfWork`] if the limit is passed; the meter then stands at its limit.
    pub const fn charge(&mut self, work: Work) -> Result<(), OutOfWork> {
        self.used = self.used.plus(work);
        if self.used.0 <= self.limit.0 {
            return Ok(());
        }
        self.used = self.limit;
        Err(OutOfWork)
    }

    /// What was counted.
    #[must_use]
    pub const fn used(&self) -> Work {
        self.used
    }

    /// What is left.
    #[must_use]
    pub const fn left(&self) -> Work {
        Work(self.limit.0.saturating_sub(self.used.0))
    }
}
