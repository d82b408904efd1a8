//! What a block gives its transactions: number, time, fees; and the base fee's rule (EIP-1559).

use alloy_primitives::{Address, B256, U256};
use revm::context::{BlockEnv, CfgEnv};
use revm::context_interface::block::BlobExcessGasAndPrice;
use revm::primitives::hardfork::SpecId;

/// How far the base fee moves in one block at most: one part in this many. EIP-1559.
const BASE_FEE_MAX_CHANGE_DENOMINATOR: u128 = 8;
/// Gas limit over gas target. EIP-1559.
const ELASTICITY: u64 = 2;

/// The rules of the EVM by their Ethereum name. Tandem begins with Osaka; the two before serve conformance vectors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HardFork {
    /// March 2024.
    Cancun,
    /// May 2025.
    Prague,
    /// December 2025.
    #[default]
    Osaka,
}

/// The environment of one EVM block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EvmBlockEnv {
    /// Chain id (EIP-155).
    pub chain_id: u64,
    /// Rules in force.
    pub hard_fork: HardFork,
    /// EVM height; genesis is 0.
    pub number: u64,
    /// Seconds since the Unix epoch.
    pub timestamp_s: u64,
    /// Base fee in 10^-18 native coin per gas, burnt.
    pub base_fee: u64,
    /// Most gas that the block's transactions may reserve.
    pub gas_limit: u64,
    /// Receives the priority fees.
    pub beneficiary: Address,
    /// What `PREVRANDAO` returns.
    pub prev_randao: B256,
    /// Hash of the parent EVM header.
    pub parent_hash: B256,
    /// What the EIP-4788 contract stores for this block's timestamp.
    pub parent_beacon_root: B256,
}

impl EvmBlockEnv {
    pub(crate) fn block(&self) -> BlockEnv {
        BlockEnv {
            number: U256::from(self.number),
            beneficiary: self.beneficiary,
            timestamp: U256::from(self.timestamp_s),
            gas_limit: self.gas_limit,
            basefee: self.base_fee,
            difficulty: U256::ZERO,
            prevrandao: Some(self.prev_randao),
            blob_excess_gas_and_price: Some(BlobExcessGasAndPrice { excess_blob_gas: 0, blob_gasprice: 1 }),
            slot_num: 0,
        }
    }

    pub(crate) fn config(&self) -> CfgEnv {
        self.hard_fork.config(self.chain_id)
    }
}

impl HardFork {
    pub(crate) fn config(self, chain_id: u64) -> CfgEnv {
        let spec = match self {
            Self::Cancun => SpecId::CANCUN,
            Self::Prague => SpecId::PRAGUE,
            Self::Osaka => SpecId::OSAKA,
        };
        CfgEnv::new_with_spec(spec).with_chain_id(chain_id)
    }
}

/// The base fee of the block after one with these figures. Total: a gas limit below 2 or a fee at the end of its range
/// leaves the fee as it is.
// EIP-1559, "base fee per gas".
#[must_use]
pub fn next_base_fee(gas_used: u64, gas_limit: u64, base_fee: u64) -> u64 {
    let target = gas_limit.checked_div(ELASTICITY).unwrap_or(0);
    let distance = gas_used.abs_diff(target);
    let change = u128::from(base_fee)
        .saturating_mul(u128::from(distance))
        .checked_div(u128::from(target))
        .and_then(|change| change.checked_div(BASE_FEE_MAX_CHANGE_DENOMINATOR));
    let Some(change) = change else { return base_fee };
    let change = u64::try_from(change).unwrap_or(u64::MAX);
    match gas_used.cmp(&target) {
        core::cmp::Ordering::Less => base_fee.saturating_sub(change),
        core::cmp::Ordering::Equal => base_fee,
        core::cmp::Ordering::Greater => base_fee.saturating_add(change.max(1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_fee_follows_the_table_of_eip_1559() {
        // gas used, gas limit, base fee, next base fee
        let rows = [
            (15_000_000, 30_000_000, 1_000_000_000, 1_000_000_000),
            (30_000_000, 30_000_000, 1_000_000_000, 1_125_000_000),
            (0, 30_000_000, 1_000_000_000, 875_000_000),
            (15_000_001, 30_000_000, 7, 8),
            (0, 30_000_000, 7, 7),
            (1, 1, 5, 5),
            (u64::MAX, u64::MAX, u64::MAX, u64::MAX),
            (10_000_000, 20_000_000, 1_072_671_875, 1_072_671_875),
            (18_000_000, 20_000_000, 1_072_671_875, 1_179_939_062),
            (9_000_000, 20_000_000, 1_072_671_875, 1_059_263_477),
        ];
        for (used, limit, fee, expected) in rows {
            assert_eq!(next_base_fee(used, limit, fee), expected, "{used} of {limit} at {fee}");
        }
    }
}
