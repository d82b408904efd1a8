//! The first state.

use crate::build::SHARES;
use crate::chain::Chain;
use crate::header::tagged_hash;
use alloc::vec::Vec;
use alloy_primitives::{Bytes, U256, keccak256};
use core::fmt;
use tandem_codec::{Decode, DecodeError, Encode, Reader};
use tandem_coprocessor::Coprocessor;
use tandem_evm::EvmAccount;
use tandem_exchange::{Exchange, ExchangeGenesis};
use tandem_state::{Direction, Tables};
use tandem_system::{SystemGenesis, ValidatorSet};
use tandem_types::{
    Address, BLOCK_VERSION, BlockTime, CrossRoot, Decimals, EvmRoot, Hash, Header, Height, TokenAtoms,
};

const ALLOCATIONS_MAX: u32 = 10_000_000;
const CODE_BYTES_MAX: u32 = 0x6000;
/// Decimals of the native coin in the EVM, less those in Core.
const NATIVE_SCALE: u8 = 10;

/// What an address is given in the EVM at genesis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvmAllocation {
    /// Who.
    pub address: Address,
    /// Native coin in Core's unit, 10^-8.
    pub balance: TokenAtoms,
    /// Contract code, if any.
    pub code: Vec<u8>,
}

/// Everything that the first state follows from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Genesis {
    /// When the chain begins; the first block is later.
    pub time: BlockTime,
    /// Parameters and validators.
    pub system: SystemGenesis,
    /// Tokens, markets, balances.
    pub exchange: ExchangeGenesis,
    /// Accounts of the EVM.
    pub evm: Vec<EvmAllocation>,
}

/// Why a genesis is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GenesisError {
    /// The consensus layer's part.
    System(tandem_system::GenesisError),
    /// The exchange's part.
    Exchange(tandem_exchange::GenesisError),
    /// The trees refuse an entry.
    Trees,
}

impl fmt::Display for GenesisError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System(error) => error.fmt(f),
            Self::Exchange(error) => error.fmt(f),
            Self::Trees => f.write_str("an entry does not fit into the state trees"),
        }
    }
}

impl core::error::Error for GenesisError {}

impl Genesis {
    /// The hash that names this chain: keys that sign for it sign this too.
    #[must_use]
    pub fn hash(&self) -> Hash {
        Hash(tagged_hash(b"tandem/genesis/1", &self.to_bytes()))
    }

    /// The chain at genesis, with the header of height 0.
    ///
    /// # Errors
    /// [`GenesisError`].
    pub fn chain(&self) -> Result<(Chain, Header), GenesisError> {
        let mut chain = Chain::default();
        let tables = &mut chain.tables;
        self.system.write(&mut tables.system, &[Exchange::DESCRIPTION]).map_err(GenesisError::System)?;
        self.check_room_in_a_share().map_err(GenesisError::System)?;
        self.exchange.write(&mut tables.exchange).map_err(GenesisError::Exchange)?;
        tandem_evm::deploy_system_contracts(&mut tables.evm);
        for allocation in &self.evm {
            let scale = Decimals::new(NATIVE_SCALE).map_or(1, Decimals::power);
            let balance = U256::from(allocation.balance.0).saturating_mul(U256::from(scale));
            let address = alloy_primitives::Address(allocation.address.0.into());
            if allocation.code.is_empty() {
                tables.evm.set_account(address, Some(EvmAccount::with_balance(balance)));
            } else {
                tables.evm.deploy(address, balance, Bytes::copy_from_slice(&allocation.code));
            }
        }
        let delta = tables.seal();
        chain.follow_trees(&delta, Direction::Forward).map_err(|_| GenesisError::Trees)?;
        let header = self.header(&mut chain, delta.hash());
        Ok((chain, header))
    }

    /// The largest call fits into its class's share of a block: otherwise a flood of another class could keep it out
    /// forever, and the rest of its class behind it.
    fn check_room_in_a_share(&self) -> Result<(), tandem_system::GenesisError> {
        let call = Exchange::DESCRIPTION.limits.call_work_max.times(SHARES);
        self.system.parameters.check_room_for(call.0).map_err(tandem_system::GenesisError::Parameter)
    }

    fn header(&self, chain: &mut Chain, delta_hash: tandem_types::DeltaHash) -> Header {
        let validators = ValidatorSet::current(&mut chain.tables.system).hash();
        Header {
            version: BLOCK_VERSION,
            chain_id: self.system.parameters.chain_id,
            height: Height(0),
            time: self.time,
            parent: tandem_types::BlockId(self.hash().0),
            evm_root: EvmRoot(chain.evm_tries.root().0),
            core_root: chain.core_root(),
            cross_root: CrossRoot(keccak256([]).0),
            system_root: chain.system_root(),
            receipts_root: crate::BlockReceipts::default().root(),
            delta_hash,
            validators,
            next_validators: validators,
            parameters: self.system.parameters.hash(),
            ..Header::default()
        }
    }
}

impl Encode for EvmAllocation {
    fn encode(&self, out: &mut Vec<u8>) {
        self.address.encode(out);
        self.balance.encode(out);
        self.code.encode(out);
    }
}

impl Decode for EvmAllocation {
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (address, balance) = (Decode::decode(input)?, Decode::decode(input)?);
        Ok(Self { address, balance, code: input.bytes(CODE_BYTES_MAX)?.to_vec() })
    }
}

impl Encode for Genesis {
    fn encode(&self, out: &mut Vec<u8>) {
        self.time.encode(out);
        self.system.encode(out);
        self.exchange.encode(out);
        self.evm.encode(out);
    }
}

impl Decode for Genesis {
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            time: Decode::decode(input)?,
            system: Decode::decode(input)?,
            exchange: Decode::decode(input)?,
            evm: input.list(ALLOCATIONS_MAX)?,
        })
    }
}
