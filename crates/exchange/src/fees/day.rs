//! What has been traded on a day.

use tandem_types::{AccountId, BlockTime};

/// Days whose volume counts, before the present one.
pub const DAYS: u32 = 14;

const DAY_MS: u64 = 24 * 3_600_000;

/// The day of a time: days since the Unix epoch.
#[must_use]
pub fn day_of(time: BlockTime) -> u32 {
    u32::try_from(time.0.checked_div(DAY_MS).unwrap_or(0)).unwrap_or(u32::MAX)
}

/// A day of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VolumeDay {
    /// Whose.
    pub account: AccountId,
    /// Which, in days since the Unix epoch.
    pub day: u32,
}
tandem_codec::record!(VolumeDay { account, day });
tandem_state::keys!(VolumeDay: 8);

/// What has been traded, in 10^-6 USD, spot counted double.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DayVolume {
    /// As taker.
    pub taker: u64,
    /// As maker.
    pub maker: u64,
}
tandem_codec::record!(DayVolume { taker, maker });

impl DayVolume {
    pub(super) const ZERO: Self = Self { taker: 0, maker: 0 };

    pub(super) const fn add(&mut self, role: Role, micros: u64) {
        let side = match role {
            Role::Taker => &mut self.taker,
            Role::Maker => &mut self.maker,
        };
        *side = side.saturating_add(micros);
    }

    pub(super) const fn plus(self, other: Self) -> Self {
        Self { taker: self.taker.saturating_add(other.taker), maker: self.maker.saturating_add(other.maker) }
    }
}

/// On which side of a trade somebody is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Taker,
    Maker,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_begin_at_midnight() {
        for (ms, day) in [(0, 0), (DAY_MS - 1, 0), (DAY_MS, 1), (u64::MAX, u32::MAX)] {
            assert_eq!(day_of(BlockTime(ms)), day, "{ms}");
        }
    }
}
