//! What governance may set, and the bounds within which it may.

use core::fmt;
use core::ops::RangeInclusive;
use tandem_types::{BlockTime, ChainId, Height, ParametersHash};

/// How seriously a network takes the origin of signatures.
///
/// Signatures of Hyperliquid's form name no network; only `Production` therefore takes user-signed actions with this
/// chain's id alone, and orders from approved agents alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetworkKind {
    /// Real money.
    Production,
    /// A public test network.
    Test,
    /// A developer's own chain.
    Dev,
}

tandem_codec::tags!(NetworkKind { Production = 0, Test = 1, Dev = 2 });

/// The parameters of a chain.
///
/// | field | unit | bytes |
/// |---|---|---|
/// | network, chain id | | 1, 8 |
/// | block time | ms | 8 |
/// | time step max | ms | 8 |
/// | EVM interval, root interval, price interval | blocks | 8 each |
/// | block work max | work units (about 1 ns) | 8 |
/// | EVM gas limit | gas per EVM block | 8 |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// The kind of network; never changes.
    pub network: NetworkKind,
    /// The chain's id; never changes.
    pub chain_id: ChainId,
    /// Aimed-at milliseconds between blocks.
    pub block_time_ms: u64,
    /// Most milliseconds from a block's time to the next one's.
    pub time_step_max_ms: u64,
    /// Every how many blocks an EVM block comes.
    pub evm_interval: u64,
    /// Every how many blocks the Core root is computed.
    pub root_interval: u64,
    /// Every how many blocks prices are reported.
    pub price_interval: u64,
    /// Most work of the exchange's phases in one block.
    pub block_work_max: u64,
    /// Gas limit of an EVM block.
    pub evm_gas_limit: u64,
}

tandem_codec::record!(Parameters {
    network,
    chain_id,
    block_time_ms,
    time_step_max_ms,
    evm_interval,
    root_interval,
    price_interval,
    block_work_max,
    evm_gas_limit,
});

/// A parameter outside its bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParametersError {
    /// Its name.
    pub name: &'static str,
    /// The value wanted.
    pub got: u64,
    /// The least allowed.
    pub min: u64,
    /// The greatest allowed.
    pub max: u64,
}

impl fmt::Display for ParametersError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "parameter {} is {}, outside {}..={}", self.name, self.got, self.min, self.max)
    }
}

impl core::error::Error for ParametersError {}

impl Parameters {
    /// A developer's chain: 100 ms blocks, an EVM block in every tenth.
    #[must_use]
    pub const fn dev(chain_id: ChainId) -> Self {
        Self {
            network: NetworkKind::Dev,
            chain_id,
            block_time_ms: 100,
            time_step_max_ms: 60_000,
            evm_interval: 10,
            root_interval: 1,
            price_interval: 10,
            block_work_max: 60_000_000,
            evm_gas_limit: 30_000_000,
        }
    }

    /// Checks every parameter against its bounds.
    ///
    /// # Errors
    /// The first that is outside, in the order of the fields.
    pub fn check(&self) -> Result<(), ParametersError> {
        within("chain_id", self.chain_id.0, 1..=u64::MAX >> 12)?;
        within("block_time_ms", self.block_time_ms, 10..=10_000)?;
        within("time_step_max_ms", self.time_step_max_ms, TIME_STEP_MIN_MS..=TIME_STEP_MAX_MS)?;
        within("evm_interval", self.evm_interval, 1..=1_000)?;
        within("root_interval", self.root_interval, 1..=1_000)?;
        within("price_interval", self.price_interval, 1..=1_000)?;
        within("block_work_max", self.block_work_max, 1_000_000..=BLOCK_WORK_MAX)?;
        within("evm_gas_limit", self.evm_gas_limit, 1_000_000..=1_000_000_000)
    }

    /// Checks that a block has room for so much work, such as the largest call of an engine: one that never fits would
    /// wait forever, and the rest of its class behind it.
    ///
    /// # Errors
    /// `block_work_max` is below `work`.
    pub fn check_room_for(&self, work: u64) -> Result<(), ParametersError> {
        within("block_work_max", self.block_work_max, work..=BLOCK_WORK_MAX)
    }

    /// The latest time that the block after a parent of this height and time may have. Any, after genesis, whose time
    /// says when the chain may begin and not when it does (ADR-0005).
    #[must_use]
    pub const fn latest_time_after(&self, height: Height, time: BlockTime) -> BlockTime {
        match height {
            Height(0) => BlockTime(u64::MAX),
            Height(_) => time.plus_ms(self.time_step_max_ms),
        }
    }

    /// Whether `height` has an EVM block.
    #[must_use]
    pub const fn is_evm_height(&self, height: Height) -> bool {
        height.is_multiple_of(self.evm_interval)
    }

    /// Whether validators report prices with their votes for the block at `height`. Nobody votes for the genesis.
    #[must_use]
    pub const fn is_price_height(&self, height: Height) -> bool {
        height.0 > 0 && height.is_multiple_of(self.price_interval)
    }

    /// Whether the Core root is computed at `height`.
    #[must_use]
    pub const fn is_root_height(&self, height: Height) -> bool {
        height.is_multiple_of(self.root_interval)
    }

    /// What the header commits to.
    #[must_use]
    pub fn hash(&self) -> ParametersHash {
        let mut bytes = b"tandem/parameters/1".to_vec();
        tandem_codec::Encode::encode(self, &mut bytes);
        ParametersHash(tandem_crypto::sha256(&bytes))
    }
}

/// Least `time_step_max_ms`: the longest block time.
const TIME_STEP_MIN_MS: u64 = 10_000;
/// Greatest `time_step_max_ms`: a week, beyond which every nonce would have left its window.
const TIME_STEP_MAX_MS: u64 = 7 * 24 * 3_600_000;
/// Greatest `block_work_max`.
const BLOCK_WORK_MAX: u64 = 10_000_000_000;

fn within(name: &'static str, got: u64, bounds: RangeInclusive<u64>) -> Result<(), ParametersError> {
    if bounds.contains(&got) {
        return Ok(());
    }
    Err(ParametersError { name, got, min: *bounds.start(), max: *bounds.end() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn the_first_parameter_out_of_bounds_is_named() {
        let good = Parameters::dev(ChainId(1337));
        assert_eq!(good.check(), Ok(()));
        let slow = Parameters { block_time_ms: 9, evm_interval: 0, ..good };
        let error = slow.check().unwrap_err();
        assert_eq!((error.name, error.got, error.min), ("block_time_ms", 9, 10));
    }

    #[test]
    fn the_latest_time_is_a_step_after_the_parents_except_after_genesis() {
        let parameters = Parameters { time_step_max_ms: 10_000, ..Parameters::dev(ChainId(1)) };
        let latest = |height, time| parameters.latest_time_after(Height(height), BlockTime(time)).0;
        assert_eq!([latest(0, 5), latest(1, 5), latest(1, u64::MAX)], [u64::MAX, 10_005, u64::MAX]);
    }

    #[test]
    fn every_tenth_height_has_an_evm_block() {
        let parameters = Parameters::dev(ChainId(1));
        let heights: Vec<u64> = (0..31).filter(|h| parameters.is_evm_height(Height(*h))).collect();
        assert_eq!(heights, [0, 10, 20, 30]);
    }
}
