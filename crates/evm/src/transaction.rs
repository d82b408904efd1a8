//! From raw bytes to a transaction whose form and signature are checked.
//!
//! A [`CheckedEvmTx`] depends on nothing but its bytes and the chain id: admission makes it once, the block reuses it.
//! It says nothing about nonce, balance or fees, which only execution can judge.

use crate::{HardFork, TxRejection};
use alloy_consensus::{EthereumTxEnvelope, Transaction, TxEip4844};
use alloy_eips::eip2718::Typed2718;
use alloy_eips::eip2718::{Decodable2718, EIP4844_TX_TYPE_ID, Encodable2718};
use alloy_primitives::{Address, B256, Bytes, TxKind, U256};
use revm::context::{Cfg, Context, TxEnv};
use revm::context_interface::either::Either;
use revm::database_interface::EmptyDB;
use revm::handler::MainnetContext;
use revm::handler::validation::{validate_initial_tx_gas, validate_tx_env};
use tandem_crypto::secp256k1::Signature;
use tandem_types::Hash;

/// Longest raw transaction, in bytes: Ethereum clients' customary bound, above what EIP-3860 init code needs.
pub const TX_BYTES_MAX: usize = 128 * 1024;

type Envelope = EthereumTxEnvelope<TxEip4844>;

/// What raw transactions are checked against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admission {
    /// The chain id that signatures must name.
    pub chain_id: u64,
    /// The rules whose limits apply.
    pub hard_fork: HardFork,
    /// Whether legacy signatures without a chain id pass. They are valid on every chain that accepts them: production
    /// networks refuse them.
    pub unprotected: bool,
}

/// A transaction in its one encoding, for this chain, signed by its sender.
#[derive(Clone, Debug)]
pub struct CheckedEvmTx {
    envelope: Envelope,
    raw: Bytes,
    hash: B256,
    sender: Address,
}

impl Admission {
    /// Checks a raw EIP-2718 transaction.
    ///
    /// # Errors
    /// [`TxRejection`], of the codes that need no state.
    pub fn check(&self, raw: Bytes) -> Result<CheckedEvmTx, TxRejection> {
        if raw.len() > TX_BYTES_MAX {
            return Err(TxRejection::TooLong);
        }
        if raw.first() == Some(&EIP4844_TX_TYPE_ID) {
            return Err(TxRejection::BlobTransaction);
        }
        let envelope = Envelope::decode_2718_exact(&raw).map_err(|_| TxRejection::Malformed)?;
        if envelope.encoded_2718() != raw {
            return Err(TxRejection::Malformed);
        }
        match envelope.chain_id() {
            Some(signed) if signed != self.chain_id => return Err(TxRejection::WrongChain { signed }),
            None if !self.unprotected => return Err(TxRejection::Unprotected),
            Some(_) | None => {}
        }
        self.check_limits(environment(&envelope, Address::ZERO))?;
        let sender = recover(&envelope).ok_or(TxRejection::Signature)?;
        let hash = *envelope.tx_hash();
        Ok(CheckedEvmTx { envelope, raw, hash, sender })
    }

    /// What revm would refuse in any state and at any base fee, asked before the signature, which costs more.
    fn check_limits(&self, tx: TxEnv) -> Result<(), TxRejection> {
        let mut config = self.hard_fork.config(self.chain_id);
        config.disable_block_gas_limit = true;
        config.disable_base_fee = true;
        let (spec, cap) = (config.spec, config.tx_gas_limit_cap());
        validate_initial_tx_gas(&tx, spec, false, false, cap, None)?;
        let context: MainnetContext<EmptyDB> = Context::new(EmptyDB::new(), spec);
        validate_tx_env(context.with_cfg(config).with_tx(tx), spec)?;
        Ok(())
    }
}

impl CheckedEvmTx {
    /// The bytes as they came.
    #[must_use]
    pub const fn raw(&self) -> &Bytes {
        &self.raw
    }

    /// Keccak-256 of the raw bytes.
    #[must_use]
    pub const fn hash(&self) -> B256 {
        self.hash
    }

    /// Who signed.
    #[must_use]
    pub const fn sender(&self) -> Address {
        self.sender
    }

    /// EIP-2718 type; 0 for legacy transactions.
    #[must_use]
    pub fn tx_type(&self) -> u8 {
        self.envelope.ty()
    }

    /// The sender's nonce.
    #[must_use]
    pub fn nonce(&self) -> u64 {
        self.envelope.nonce()
    }

    /// Most gas that execution may use.
    #[must_use]
    pub fn gas_limit(&self) -> u64 {
        self.envelope.gas_limit()
    }

    /// Most that a gas may cost, in 10^-18 native coin.
    #[must_use]
    pub fn fee_cap(&self) -> u128 {
        self.envelope.max_fee_per_gas()
    }

    /// What the beneficiary is offered per gas, in 10^-18 native coin, as far as the fee cap allows; legacy
    /// transactions offer all that is above the base fee.
    #[must_use]
    pub fn priority_fee_cap(&self) -> u128 {
        self.envelope.max_priority_fee_per_gas().unwrap_or_else(|| self.fee_cap())
    }

    /// What a gas costs at a base fee; `None` if the fee cap is below it.
    #[must_use]
    pub fn gas_price(&self, base_fee: u64) -> Option<u128> {
        let above = self.fee_cap().checked_sub(u128::from(base_fee))?;
        above.min(self.priority_fee_cap()).checked_add(u128::from(base_fee))
    }

    /// Native coin sent, in 10^-18.
    #[must_use]
    pub fn value(&self) -> U256 {
        self.envelope.value()
    }

    /// The callee; `None` creates a contract.
    #[must_use]
    pub fn to(&self) -> Option<Address> {
        self.envelope.to()
    }

    /// Call data or init code.
    #[must_use]
    pub fn input(&self) -> &Bytes {
        self.envelope.input()
    }

    /// The decoded transaction with its signature, for interfaces that show it.
    #[must_use]
    pub const fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// The most it can take from the sender, in 10^-18 native coin: gas limit × fee cap + value.
    #[must_use]
    pub fn cost_max(&self) -> Option<U256> {
        let gas = U256::from(self.gas_limit()).checked_mul(U256::from(self.fee_cap()))?;
        gas.checked_add(self.value())
    }

    pub(crate) fn environment(&self) -> TxEnv {
        environment(&self.envelope, self.sender)
    }
}

/// Who signed; `None` for signatures that no key makes, or with `s` in the upper half (EIP-2).
fn recover(tx: &Envelope) -> Option<Address> {
    let signature = tx.signature();
    let signature =
        Signature { r: signature.r().to_be_bytes(), s: signature.s().to_be_bytes(), y_is_odd: signature.v() };
    let sender = signature.recover(&Hash(tx.signature_hash().0)).ok()?;
    Some(Address::new(sender.0))
}

/// The transaction as revm takes it.
fn environment(tx: &Envelope, sender: Address) -> TxEnv {
    let authorizations = tx.authorization_list().unwrap_or_default();
    TxEnv {
        tx_type: tx.ty(),
        caller: sender,
        gas_limit: tx.gas_limit(),
        gas_price: tx.max_fee_per_gas(),
        kind: tx.to().map_or(TxKind::Create, TxKind::Call),
        value: tx.value(),
        data: tx.input().clone(),
        nonce: tx.nonce(),
        chain_id: tx.chain_id(),
        access_list: tx.access_list().cloned().unwrap_or_default(),
        gas_priority_fee: tx.max_priority_fee_per_gas(),
        authorization_list: authorizations.iter().cloned().map(Either::Left).collect(),
        ..TxEnv::default()
    }
}
