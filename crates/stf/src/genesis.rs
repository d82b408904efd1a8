//! The first state, and the two headers that stand for it: the chain's, and EVM block 0's.

use crate::build::SHARES;
use crate::chain::{Chain, Domain};
use crate::header::{EvmHead, tagged_hash};
use alloc::vec::Vec;
use alloy_primitives::{B256, Bytes, U256, keccak256};
use core::fmt;
use tandem_codec::{Decode, DecodeError, Encode, Reader};
use tandem_coprocessor::Coprocessor;
use tandem_evm::{EvmAccount, EvmBlockEnv, EvmHeader, EvmOutcome, EvmTables, HardFork, StateChanges};
use tandem_exchange::{Exchange, ExchangeGenesis};
use tandem_state::{Delta, Direction, Tables};
use tandem_system::{SystemGenesis, ValidatorSet};
use tandem_types::{
    Address, BLOCK_VERSION, BlockTime, CrossRoot, Decimals, DeltaHash, EvmRoot, Hash, Header, Height,
    TokenAtoms,
};

const ALLOCATIONS_MAX: u32 = 10_000_000;
const CODE_BYTES_MAX: u32 = 0x6000;
/// Decimals of the native coin in the EVM, less those in Core.
const NATIVE_SCALE: u8 = 10;
/// Base fee of EVM block 0, in 10^-18 native coin per gas. EIP-1559's initial value.
const BASE_FEE_FIRST: u64 = 1_000_000_000;

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
        self.write_evm(&mut tables.evm);
        let (exchange, evm) = (tables.exchange.seal(), tables.evm.seal());
        let evm_root = follow_evm(&mut chain, &evm)?;
        let head = EvmHead::of(&self.evm_header(evm_root));
        chain.tables.head.evm.put((), head);

        let mut delta = chain.tables.system.seal();
        for later in [chain.tables.head.seal(), exchange, evm] {
            delta.append(&later);
        }
        for domain in [Domain::System, Domain::Core] {
            chain.follow_tree(&delta, domain, Direction::Forward).map_err(|_| GenesisError::Trees)?;
        }
        let header = self.header(&mut chain, delta.hash(), head.hash);
        Ok((chain, header))
    }

    fn write_evm(&self, tables: &mut EvmTables) {
        tandem_evm::deploy_system_contracts(tables);
        for allocation in &self.evm {
            let scale = Decimals::new(NATIVE_SCALE).map_or(1, Decimals::power);
            let balance = U256::from(allocation.balance.0).saturating_mul(U256::from(scale));
            let address = alloy_primitives::Address(allocation.address.0.into());
            if allocation.code.is_empty() {
                tables.set_account(address, Some(EvmAccount::with_balance(balance)));
            } else {
                tables.deploy(address, balance, Bytes::copy_from_slice(&allocation.code));
            }
        }
    }

    /// The largest call fits into its class's share of a block: otherwise a flood of another class could keep it out
    /// forever, and the rest of its class behind it.
    fn check_room_in_a_share(&self) -> Result<(), tandem_system::GenesisError> {
        let call = Exchange::DESCRIPTION.limits.call_work_max.times(SHARES);
        self.system.parameters.check_room_for(call.0).map_err(tandem_system::GenesisError::Parameter)
    }

    /// The header of EVM block 0, whose state has this root: the parent of EVM block 1.
    #[must_use]
    pub fn evm_header(&self, evm_root: EvmRoot) -> EvmHeader {
        let parameters = &self.system.parameters;
        let env = EvmBlockEnv {
            chain_id: parameters.chain_id.0,
            hard_fork: HardFork::Osaka,
            number: 0,
            timestamp_s: self.time.0.checked_div(1_000).unwrap_or(0),
            base_fee: BASE_FEE_FIRST,
            gas_limit: parameters.evm_gas_limit,
            beneficiary: alloy_primitives::Address::ZERO,
            prev_randao: B256::ZERO,
            parent_hash: B256::ZERO,
            parent_beacon_root: B256::ZERO,
        };
        EvmOutcome::empty().header(&env, B256::from(evm_root.0))
    }

    fn header(&self, chain: &mut Chain, delta_hash: DeltaHash, evm_header: Hash) -> Header {
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
            evm_header,
            ..Header::default()
        }
    }
}

/// Moves the tries over the EVM's part of the genesis.
fn follow_evm(chain: &mut Chain, delta: &Delta) -> Result<EvmRoot, GenesisError> {
    let changes = StateChanges::of(delta, Direction::Forward).map_err(|_| GenesisError::Trees)?;
    chain.evm_tries.apply(&changes).map(|root| EvmRoot(root.0)).map_err(|_| GenesisError::Trees)
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
