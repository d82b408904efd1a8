//! Who decides.

use crate::SystemTables;
use alloc::vec::Vec;
use tandem_codec::Encode;
use tandem_crypto::sha256;
use tandem_types::{Address, ValidatorSetHash};

/// Most validators in a set: certificates and vote handling stay small.
pub const VALIDATORS_MAX: u32 = 200;

/// One validator of a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validator {
    /// Its ed25519 key for votes and proposals.
    pub public_key: [u8; 32],
    /// Its share of the votes.
    pub power: u64,
}

tandem_codec::record!(Validator { public_key, power });

/// The address of a validator: the first 20 bytes of SHA-256 of its public key.
#[must_use]
pub fn validator_address(public_key: &[u8; 32]) -> Address {
    let hash = sha256(public_key);
    let (head, _) = hash.split_first_chunk::<20>().unwrap_or((&[0; 20], &[]));
    Address(*head)
}

/// A set of validators in the order of their addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ValidatorSet(Vec<(Address, Validator)>);

impl ValidatorSet {
    /// The set in force for the next height.
    pub fn current(tables: &mut SystemTables) -> Self {
        let mut set = Vec::new();
        let mut from = Address::default();
        while let Some((address, validator)) = tables.validators.first(&from, &Address([0xff; 20])) {
            set.push((address, *validator));
            let Some(next) = successor(address) else { break };
            from = next;
        }
        Self(set)
    }

    /// The validators with their addresses.
    pub fn iter(&self) -> impl Iterator<Item = &(Address, Validator)> {
        self.0.iter()
    }

    /// The power of a validator; `None` if it is none.
    #[must_use]
    pub fn power_of(&self, address: &Address) -> Option<u64> {
        let at = self.0.binary_search_by_key(address, |(address, _)| *address).ok()?;
        self.0.get(at).map(|(_, validator)| validator.power)
    }

    /// The power of all.
    #[must_use]
    pub fn total_power(&self) -> u128 {
        self.0.iter().fold(0, |sum, (_, validator)| u128::saturating_add(sum, u128::from(validator.power)))
    }

    /// What the header commits to.
    #[must_use]
    pub fn hash(&self) -> ValidatorSetHash {
        let mut bytes = b"tandem/validators/1".to_vec();
        for (address, validator) in &self.0 {
            address.encode(&mut bytes);
            validator.encode(&mut bytes);
        }
        ValidatorSetHash(sha256(&bytes))
    }
}

/// The address after `address`; `None` after the last.
fn successor(address: Address) -> Option<Address> {
    let mut bytes = address.0;
    for byte in bytes.iter_mut().rev() {
        let (next, carry) = byte.overflowing_add(1);
        *byte = next;
        if !carry {
            return Some(Address(bytes));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_set_lists_every_validator_once_in_order() {
        let mut tables = SystemTables::default();
        for seed in [9u8, 3, 255, 7] {
            tables.validators.put(Address([seed; 20]), Validator { public_key: [seed; 32], power: 1 });
        }
        let addresses: Vec<u8> = ValidatorSet::current(&mut tables).iter().map(|(a, _)| a.0[0]).collect();
        assert_eq!(addresses, [3, 7, 9, 255]);
    }
}
