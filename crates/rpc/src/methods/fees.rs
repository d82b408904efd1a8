//! What gas costs, has cost, and will cost.

use super::{Context, Methods, Registered};
use crate::argument::{Arguments, BlockId};
use crate::blocks::EvmBlock;
use crate::config::{FEE_HISTORY_MAX, PERCENTILES_MAX};
use crate::fault::Fault;
use alloy_primitives::{U64, U256};
use serde::Serialize;

/// The least priority fee that is suggested, in 10^-18 native coin per gas: a thousandth of a gwei, for wallets that
/// take 0 for a fault.
const TIP_LEAST: u128 = 1_000_000;
/// Blocks whose priority fees a suggestion looks at, as in geth.
const TIP_BLOCKS: u64 = 20;
/// Which of their fees it takes, in percent from the least, as in geth.
const TIP_PERCENTILE: usize = 60;

pub(super) fn register(methods: &mut Methods) -> Registered {
    methods.read("eth_gasPrice", gas_price)?;
    methods.read("eth_maxPriorityFeePerGas", |context, _| Ok(U256::from(suggested_tip(context)?)))?;
    methods.read("eth_feeHistory", fee_history)?;
    methods.read("eth_blobBaseFee", |_, _| Ok(U64::from(1)))
}

fn gas_price(context: &Context, _: Arguments) -> Result<U256, Fault> {
    Ok(U256::from(u128::from(next_base_fee(context)) + suggested_tip(context)?))
}

/// The base fee of the block after the latest.
fn next_base_fee(context: &Context) -> u64 {
    let state = context.node.state();
    state.tables.head.evm.peek(&()).copied().unwrap_or_default().next_base_fee()
}

fn suggested_tip(context: &Context) -> Result<u128, Fault> {
    let latest = context.blocks.latest_number();
    let mut tips = Vec::new();
    for number in latest.saturating_sub(TIP_BLOCKS - 1)..=latest {
        if let Some(block) = context.blocks.by_number(number)? {
            tips.extend(block_tips(&block).into_iter().map(|(tip, _)| tip));
        }
    }
    tips.sort_unstable();
    let tip = tips.get(tips.len() * TIP_PERCENTILE / 100).copied().unwrap_or_default();
    Ok(tip.max(TIP_LEAST))
}

/// What each transaction paid above the base fee, and the gas it used.
fn block_tips(block: &EvmBlock) -> Vec<(u128, u64)> {
    let base_fee = u128::from(block.header.base_fee_per_gas.unwrap_or_default());
    let receipts = block.receipts.iter();
    receipts.map(|receipt| (receipt.gas_price.saturating_sub(base_fee), receipt.gas_used)).collect()
}

/// Fees of a range of blocks.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct FeeHistory {
    oldest_block: U64,
    base_fee_per_gas: Vec<U64>,
    gas_used_ratio: Vec<f64>,
    base_fee_per_blob_gas: Vec<U64>,
    blob_gas_used_ratio: Vec<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reward: Option<Vec<Vec<U256>>>,
}

fn fee_history(context: &Context, mut arguments: Arguments) -> Result<FeeHistory, Fault> {
    let count: u64 = arguments.required("blockCount")?;
    let newest: BlockId = arguments.required("newestBlock")?;
    let percentiles: Option<Vec<f64>> = arguments.optional("rewardPercentiles")?;
    check_percentiles(percentiles.as_deref().unwrap_or_default())?;
    let newest = context.blocks.find(newest)?.ok_or_else(Fault::no_block)?.number();
    let count = count.min(FEE_HISTORY_MAX).min(newest + 1);
    let mut history = FeeHistory {
        oldest_block: U64::from(newest + 1 - count),
        reward: percentiles.as_ref().map(|_| Vec::new()),
        ..FeeHistory::default()
    };
    if count == 0 {
        return Ok(FeeHistory::default());
    }
    for number in newest + 1 - count..=newest {
        let block = context.blocks.by_number(number)?.ok_or_else(Fault::no_block)?;
        history.push(&block, percentiles.as_deref());
    }
    let next = context.blocks.by_number(newest + 1)?;
    let next = next.map(|block| block.header.base_fee_per_gas.unwrap_or_default());
    history.base_fee_per_gas.push(U64::from(next.unwrap_or_else(|| next_base_fee(context))));
    history.base_fee_per_blob_gas.push(U64::from(1));
    Ok(history)
}

impl FeeHistory {
    fn push(&mut self, block: &EvmBlock, percentiles: Option<&[f64]>) {
        let header = &block.header;
        self.base_fee_per_gas.push(U64::from(header.base_fee_per_gas.unwrap_or_default()));
        self.gas_used_ratio.push(header.gas_used as f64 / header.gas_limit.max(1) as f64);
        self.base_fee_per_blob_gas.push(U64::from(1));
        self.blob_gas_used_ratio.push(0.0);
        if let (Some(rewards), Some(percentiles)) = (&mut self.reward, percentiles) {
            rewards.push(tips_at(block_tips(block), header.gas_used, percentiles));
        }
    }
}

fn check_percentiles(percentiles: &[f64]) -> Result<(), Fault> {
    let name = "rewardPercentiles";
    if percentiles.len() > PERCENTILES_MAX {
        return Err(Fault::invalid(name, format!("at most {PERCENTILES_MAX}")));
    }
    if percentiles.iter().any(|percentile| !(0.0..=100.0).contains(percentile)) {
        return Err(Fault::invalid(name, "percentiles are from 0 to 100"));
    }
    if !percentiles.is_sorted() {
        return Err(Fault::invalid(name, "percentiles must rise"));
    }
    Ok(())
}

/// The tips below which these percentages of the gas were used; zeros if there were no transactions.
fn tips_at(mut tips: Vec<(u128, u64)>, gas_used: u64, percentiles: &[f64]) -> Vec<U256> {
    tips.sort_unstable();
    let mut used = 0u64;
    let mut at = tips.iter();
    let mut current = at.next();
    let mut answer = Vec::new();
    for percentile in percentiles {
        let wanted = (gas_used as f64 * percentile / 100.0) as u64;
        while let Some((_, gas)) = current
            && used.saturating_add(*gas) < wanted
        {
            used = used.saturating_add(*gas);
            current = at.next();
        }
        answer.push(U256::from(current.map_or(0, |(tip, _)| *tip)));
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_weighted_by_gas() {
        let tips = vec![(30, 10), (10, 80), (20, 10)];
        let answer = tips_at(tips, 100, &[0.0, 50.0, 80.0, 85.0, 95.0, 100.0]);
        assert_eq!(answer, [10, 10, 10, 20, 30, 30].map(U256::from));
        assert_eq!(tips_at(Vec::new(), 0, &[0.0, 100.0]), [U256::ZERO; 2]);
    }

    #[test]
    fn percentiles_must_rise_within_their_range() {
        assert!(check_percentiles(&[0.0, 50.0, 50.0, 100.0]).is_ok());
        for wrong in [&[50.0, 10.0][..], &[-1.0], &[100.5], &[f64::NAN], &[1.0; PERCENTILES_MAX + 1]] {
            assert_eq!(check_percentiles(wrong).unwrap_err().code, -32_602, "{wrong:?}");
        }
    }
}
