//! What names a chain to those who sign for it.

use tandem_consensus::{Domain, PublicKey, Validator, ValidatorSet};
use tandem_evm::{Admission, HardFork};
use tandem_exchange::action::{Network, NetworkKind};
use tandem_stf::{Genesis, Identity};
use tandem_system::SystemTables;
use tandem_types::Hash;

/// What transactions' signatures are checked against.
#[must_use]
pub fn identity(genesis: &Genesis) -> Identity {
    let parameters = &genesis.system.parameters;
    let kind = match parameters.network {
        tandem_system::NetworkKind::Production => NetworkKind::Production,
        tandem_system::NetworkKind::Test => NetworkKind::Test,
        tandem_system::NetworkKind::Dev => NetworkKind::Dev,
    };
    let network = Network { kind, chain_id: parameters.chain_id, genesis_hash: genesis.hash() };
    let unprotected = kind != NetworkKind::Production;
    Identity {
        network,
        evm: Admission { chain_id: parameters.chain_id.0, hard_fork: HardFork::Osaka, unprotected },
    }
}

/// What validators' signatures are bound to.
#[must_use]
pub const fn consensus_domain(genesis_hash: Hash, chain_id: tandem_types::ChainId) -> Domain {
    Domain { genesis: genesis_hash, chain: chain_id }
}

/// The validators of the next height; `None` if the state holds a key that is none.
#[must_use]
pub fn validator_set(tables: &mut SystemTables) -> Option<ValidatorSet> {
    let current = tandem_system::ValidatorSet::current(tables);
    let validators: Option<Vec<Validator>> = current
        .iter()
        .map(|(_, validator)| {
            let key = PublicKey::from_array(validator.public_key).ok()?;
            Some(Validator::new(key, validator.power))
        })
        .collect();
    ValidatorSet::new(validators?).ok()
}
