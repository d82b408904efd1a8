//! Messages executed on a view, as `eth_call` and `eth_estimateGas` do: nothing is kept.
//!
//! The sender needs no signature, may be a contract, and pays for gas only if a price is given; the value must still
//! be there to be sent.

use crate::database::StateDb;
use crate::execute::machine;
use crate::{EvmBlockEnv, EvmRead, TxError, TxRejection};
use alloc::vec::Vec;
use alloy_eips::eip2930::AccessList;
use alloy_eips::eip7825::MAX_TX_GAS_LIMIT_OSAKA;
use alloy_primitives::{Address, Bytes, Log, TxKind, U256};
use core::fmt;
use revm::ExecuteEvm;
use revm::context::TxEnv;
use revm::context::result::ExecutionResult;

/// Most gas of a call: bounds the time and memory that a reader may take from a node. Geth's default.
pub const CALL_GAS_MAX: u64 = 50_000_000;
/// Gas that a call gets beyond what it passes on, for receiving a transfer.
const CALL_STIPEND: u64 = 2_300;

/// A message to execute.
#[derive(Clone, Debug, Default)]
pub struct CallRequest {
    /// Sender.
    pub from: Address,
    /// Callee; `None` creates a contract.
    pub to: Option<Address>,
    /// Most gas to use, up to [`CALL_GAS_MAX`]; the block's limit if `None`.
    pub gas_limit: Option<u64>,
    /// Price of gas in 10^-18 native coin; 0 charges nothing.
    pub gas_price: u128,
    /// Native coin sent, in 10^-18.
    pub value: U256,
    /// Call data or init code.
    pub input: Bytes,
    /// Addresses and slots that are warm from the start (EIP-2930).
    pub access_list: AccessList,
}

/// How a message ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallOutcome {
    /// It returned.
    Success {
        /// What it returned.
        output: Bytes,
        /// Gas used, after refunds.
        gas_used: u64,
        /// Events.
        logs: Vec<Log>,
    },
    /// It reverted.
    Revert {
        /// The revert data, usually an ABI-encoded error.
        output: Bytes,
        /// Gas used.
        gas_used: u64,
    },
    /// It ran out of gas, or met an invalid instruction.
    Halt {
        /// All of the gas.
        gas_used: u64,
    },
}

impl CallOutcome {
    /// Gas used, after refunds.
    #[must_use]
    pub const fn gas_used(&self) -> u64 {
        match self {
            Self::Success { gas_used, .. } | Self::Revert { gas_used, .. } | Self::Halt { gas_used } => {
                *gas_used
            }
        }
    }

    const fn is_success(&self) -> bool {
        matches!(self, Self::Success { .. })
    }
}

/// Why a message was not executed, or no gas limit suffices for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallError {
    /// The rules refuse it.
    Rejected(TxRejection),
    /// The view lacks code: it is not a complete copy.
    MissingCode,
    /// It fails with all the gas there may be.
    Fails(CallOutcome),
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rejected(reason) => reason.fmt(f),
            Self::MissingCode => f.write_str("the state lacks the code of a contract"),
            Self::Fails(CallOutcome::Revert { .. }) => f.write_str("execution reverted"),
            Self::Fails(_) => f.write_str("execution fails at any gas limit"),
        }
    }
}

impl core::error::Error for CallError {}

impl From<TxError> for CallError {
    fn from(error: TxError) -> Self {
        match error {
            TxError::Rejected(reason) => Self::Rejected(reason),
            TxError::MissingCode => Self::MissingCode,
        }
    }
}

/// Executes a message on `state` as if it stood first in a block with environment `env`.
///
/// # Errors
/// [`CallError::Rejected`] or [`CallError::MissingCode`]; a message that reverts is an outcome.
pub fn call(state: impl EvmRead, env: &EvmBlockEnv, request: &CallRequest) -> Result<CallOutcome, CallError> {
    let gas_limit = request.gas_limit.unwrap_or(env.gas_limit).min(CALL_GAS_MAX);
    run(&mut StateDb::new(state), env, request, gas_limit)
}

/// The least gas limit at which a message succeeds, found by bisection (at most 64 executions).
///
/// # Errors
/// [`CallError::Fails`] with the outcome at the largest limit, and those of [`call`].
pub fn estimate_gas(state: impl EvmRead, env: &EvmBlockEnv, request: &CallRequest) -> Result<u64, CallError> {
    let mut database = StateDb::new(state);
    let most = request.gas_limit.unwrap_or(env.gas_limit).min(env.gas_limit).min(MAX_TX_GAS_LIMIT_OSAKA);
    let outcome = run(&mut database, env, request, most)?;
    if !outcome.is_success() {
        return Err(CallError::Fails(outcome));
    }
    let (mut fails, mut succeeds) = (outcome.gas_used().saturating_sub(1), most);
    let mut guess = first_guess(outcome.gas_used());
    // The interval halves each time after the first guess.
    while succeeds.saturating_sub(fails) > 1 {
        if guess <= fails || guess >= succeeds {
            guess = fails.midpoint(succeeds);
        }
        if run_succeeds(&mut database, env, request, guess)? {
            succeeds = guess
        } else {
            fails = guess
        }
        guess = fails.midpoint(succeeds);
    }
    Ok(succeeds)
}

/// What a message needs that passes on all but one part in 64 of its gas once (EIP-150), and gets a stipend.
fn first_guess(gas_used: u64) -> u64 {
    gas_used.saturating_add(CALL_STIPEND).saturating_mul(64).checked_div(63).unwrap_or(gas_used)
}

fn run_succeeds<R: EvmRead>(
    database: &mut StateDb<R>,
    env: &EvmBlockEnv,
    request: &CallRequest,
    gas_limit: u64,
) -> Result<bool, CallError> {
    match run(database, env, request, gas_limit) {
        Ok(outcome) => Ok(outcome.is_success()),
        Err(CallError::Rejected(TxRejection::IntrinsicGas { .. })) => Ok(false),
        Err(error) => Err(error),
    }
}

fn run<R: EvmRead>(
    database: &mut StateDb<R>,
    env: &EvmBlockEnv,
    request: &CallRequest,
    gas_limit: u64,
) -> Result<CallOutcome, CallError> {
    let nonce = database.state.account(request.from).map_or(0, |account| account.nonce);
    let mut machine = machine(database, env);
    machine.ctx.cfg.disable_block_gas_limit = true;
    machine.ctx.cfg.disable_eip3607 = true;
    machine.ctx.cfg.disable_base_fee = request.gas_price == 0;
    machine.ctx.cfg.disable_nonce_check = true;
    machine.ctx.cfg.tx_gas_limit_cap = Some(u64::MAX);
    let executed = machine.transact(request.environment(gas_limit, nonce)).map_err(TxError::from)?;
    Ok(outcome(executed.result))
}

impl CallRequest {
    fn environment(&self, gas_limit: u64, nonce: u64) -> TxEnv {
        TxEnv {
            caller: self.from,
            kind: self.to.map_or(TxKind::Create, TxKind::Call),
            gas_limit,
            gas_price: self.gas_price,
            value: self.value,
            data: self.input.clone(),
            nonce,
            chain_id: None,
            tx_type: u8::from(!self.access_list.is_empty()),
            access_list: self.access_list.clone(),
            ..TxEnv::default()
        }
    }
}

fn outcome(result: ExecutionResult) -> CallOutcome {
    let gas_used = result.tx_gas_used();
    match result {
        ExecutionResult::Success { output, logs, .. } => {
            CallOutcome::Success { output: output.into_data(), gas_used, logs }
        }
        ExecutionResult::Revert { output, .. } => CallOutcome::Revert { output, gas_used },
        ExecutionResult::Halt { .. } => CallOutcome::Halt { gas_used },
    }
}
