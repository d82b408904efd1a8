//! Executes the transactions of a block, one after the other, on the tables.
//!
//! A block begins with the system calls of EIP-4788 and EIP-2935 (nothing happens where genesis did not deploy their
//! contracts). A transaction that may not stand in the block leaves no trace: the builder drops it, while for a block
//! that was proposed with it [`execute_block`] ends in [`EvmError::Transaction`].
//!
//! On partial state, ask the tables for misses before believing an outcome or a rejection: both follow from what was
//! read. [`EvmError::MissingCode`] is the one miss that execution can't run past.

use crate::database::{Keep, MissingCode, StateDb};
use crate::{CheckedEvmTx, EvmBlockEnv, EvmOutcome, EvmReceipt, EvmTables, HardFork, TxRejection};
use alloc::vec::Vec;
use alloy_eips::eip2935::HISTORY_STORAGE_ADDRESS;
use alloy_eips::eip4788::BEACON_ROOTS_ADDRESS;
use alloy_primitives::{Address, B256, Bytes};
use core::fmt;
use revm::context::Context;
use revm::context::result::{EVMError, ExecutionResult, InvalidTransaction};
use revm::handler::{MainBuilder, MainnetContext, MainnetEvm, SystemCallEvm};
use revm::{Database, ExecuteEvm};

/// Why a transaction was not executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TxError {
    /// The rules refuse it here.
    Rejected(TxRejection),
    /// The state lacks code that it needs; only partial state can.
    MissingCode,
}

/// Why a block has no outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvmError {
    /// A transaction may not stand in this block.
    Transaction {
        /// Its place in the block.
        index: usize,
        /// Why.
        reason: TxRejection,
    },
    /// The state lacks code that is needed; only partial state can.
    MissingCode,
}

impl fmt::Display for TxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rejected(reason) => reason.fmt(f),
            Self::MissingCode => MissingCode.fmt(f),
        }
    }
}

impl fmt::Display for EvmError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Transaction { index, reason } => write!(f, "transaction {index}: {reason}"),
            Self::MissingCode => MissingCode.fmt(f),
        }
    }
}

impl core::error::Error for TxError {}
impl core::error::Error for EvmError {}

impl From<EVMError<MissingCode, InvalidTransaction>> for TxError {
    fn from(error: EVMError<MissingCode, InvalidTransaction>) -> Self {
        match error {
            EVMError::Transaction(verdict) => Self::Rejected(verdict.into()),
            EVMError::Database(MissingCode) => Self::MissingCode,
            // A header without its fields, or a precompile's fatal error: neither exists with our environment and
            // precompiles; were one to appear, the transaction that meets it is refused.
            EVMError::Header(_) | EVMError::Custom(_) | EVMError::CustomAny(_) => {
                Self::Rejected(TxRejection::Unsupported)
            }
        }
    }
}

type Machine<'a> = MainnetEvm<MainnetContext<StateDb<&'a mut EvmTables>>>;

/// A block being executed. Each transaction's changes are in the tables when [`BlockExecutor::transact`] returns.
pub struct BlockExecutor<'a> {
    env: EvmBlockEnv,
    machine: Machine<'a>,
    transactions: Vec<Bytes>,
    receipts: Vec<EvmReceipt>,
    gas_used: u64,
}

impl fmt::Debug for BlockExecutor<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockExecutor").field("env", &self.env).field("gas_used", &self.gas_used).finish()
    }
}

impl<'a> BlockExecutor<'a> {
    /// Begins a block: makes the system calls.
    ///
    /// # Errors
    /// [`EvmError::MissingCode`] on partial state.
    pub fn begin(tables: &'a mut EvmTables, env: EvmBlockEnv) -> Result<Self, EvmError> {
        let mut executor = Self::without_system_calls(tables, env);
        executor.system_call(BEACON_ROOTS_ADDRESS, env.parent_beacon_root)?;
        if env.hard_fork != HardFork::Cancun {
            executor.system_call(HISTORY_STORAGE_ADDRESS, env.parent_hash)?;
        }
        Ok(executor)
    }

    /// Begins a block whose system calls are not wanted: vectors for single transactions have none.
    #[must_use]
    pub fn without_system_calls(tables: &'a mut EvmTables, env: EvmBlockEnv) -> Self {
        let machine = machine(StateDb::new(tables), &env);
        Self { env, machine, transactions: Vec::new(), receipts: Vec::new(), gas_used: 0 }
    }

    /// Executes a transaction, if it may stand in the block after those before it.
    ///
    /// # Errors
    /// [`TxError`]; the tables are then as before.
    pub fn transact(&mut self, tx: &CheckedEvmTx) -> Result<&EvmReceipt, TxError> {
        let left = self.env.gas_limit.saturating_sub(self.gas_used);
        if tx.gas_limit() > left {
            return Err(TxError::Rejected(TxRejection::BlockGas { left }));
        }
        let executed = self.machine.transact(tx.environment())?;
        self.machine.ctx.journaled_state.database.keep(executed.state);
        let receipt = self.receipt(tx, executed.result);
        self.gas_used = receipt.cumulative_gas_used;
        self.transactions.push(tx.raw().clone());
        Ok(self.receipts.push_mut(receipt))
    }

    /// Gas that transactions to come may reserve.
    #[must_use]
    pub const fn gas_left(&self) -> u64 {
        self.env.gas_limit.saturating_sub(self.gas_used)
    }

    /// Ends the block.
    #[must_use]
    pub fn finish(self) -> EvmOutcome {
        EvmOutcome::new(&self.transactions, self.receipts)
    }

    fn receipt(&self, tx: &CheckedEvmTx, result: ExecutionResult) -> EvmReceipt {
        let gas_used = result.tx_gas_used();
        EvmReceipt {
            tx_hash: tx.hash(),
            tx_type: tx.tx_type(),
            success: result.is_success(),
            gas_used,
            cumulative_gas_used: self.gas_used.saturating_add(gas_used),
            gas_price: tx.gas_price(self.env.base_fee).unwrap_or(0),
            contract: result.created_address(),
            logs: result.into_logs(),
        }
    }

    fn system_call(&mut self, contract: Address, word: B256) -> Result<(), EvmError> {
        let called = self.machine.system_call(contract, Bytes::copy_from_slice(word.as_slice()));
        match called {
            Ok(called) if called.result.is_success() => {
                self.machine.ctx.journaled_state.database.keep(called.state);
                Ok(())
            }
            // EIP-4788 and EIP-2935: without their contract nothing happens.
            Ok(_) => Ok(()),
            Err(_) => Err(EvmError::MissingCode),
        }
    }
}

/// Executes a block.
///
/// # Errors
/// [`EvmError`]; the tables then hold part of the block and must be reverted.
pub fn execute_block(
    tables: &mut EvmTables,
    env: &EvmBlockEnv,
    transactions: &[CheckedEvmTx],
) -> Result<EvmOutcome, EvmError> {
    let mut executor = BlockExecutor::begin(tables, *env)?;
    for (index, tx) in transactions.iter().enumerate() {
        executor.transact(tx).map_err(|error| match error {
            TxError::Rejected(reason) => EvmError::Transaction { index, reason },
            TxError::MissingCode => EvmError::MissingCode,
        })?;
    }
    Ok(executor.finish())
}

/// The EVM with its environment, on a database.
pub(crate) fn machine<D: Database<Error = MissingCode>>(
    database: D,
    env: &EvmBlockEnv,
) -> MainnetEvm<MainnetContext<D>> {
    let config = env.config();
    let context: MainnetContext<D> = Context::new(database, config.spec);
    context.with_cfg(config).with_block(env.block()).build_mainnet()
}
