//! Validators, their sets, and whose turn it is to propose.
//!
//! A set is sorted by address, has no two validators with one address, and its powers sum to at most
//! [`POWER_TOTAL_MAX`]; there is no other way to make one.

use crate::{POWER_TOTAL_MAX, PublicKey, VALIDATORS_MAX};
use core::fmt;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use tandem_codec::{Decode, DecodeError, Encode, Reader};
use tandem_types::{Height, Round, ValidatorSetHash};

/// Identifies a validator: the first 20 bytes of the SHA-256 of its public key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ValidatorAddress(pub [u8; 20]);

impl ValidatorAddress {
    /// The address that belongs to `key`.
    #[must_use]
    pub fn of(key: &PublicKey) -> Self {
        let digest = Sha256::digest(key.as_bytes());
        let mut address = [0; 20];
        address.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        Self(address)
    }
}

impl fmt::Display for ValidatorAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ValidatorAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Encode for ValidatorAddress {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.encode(out);
    }
}

impl Decode for ValidatorAddress {
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        input.array().map(Self)
    }
}

/// One who votes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validator {
    address: ValidatorAddress,
    key: PublicKey,
    power: u64,
}

impl Validator {
    /// The validator with `key`. `power` is in whatever unit the set uses for all.
    #[must_use]
    pub fn new(key: PublicKey, power: u64) -> Self {
        Self { address: ValidatorAddress::of(&key), key, power }
    }

    /// The address.
    #[must_use]
    pub const fn address(&self) -> &ValidatorAddress {
        &self.address
    }

    /// The public key.
    #[must_use]
    pub const fn key(&self) -> &PublicKey {
        &self.key
    }

    /// Voting power.
    #[must_use]
    pub const fn power(&self) -> u64 {
        self.power
    }
}

/// Why validators do not make a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValidatorSetError {
    /// Nobody could decide.
    #[error("a validator set must not be empty")]
    Empty,
    /// More than [`VALIDATORS_MAX`].
    #[error("{0} validators are more than the limit of {VALIDATORS_MAX}")]
    TooMany(usize),
    /// Listed twice.
    #[error("validator {0} is listed twice")]
    Duplicate(ValidatorAddress),
    /// Power zero.
    #[error("validator {0} has no voting power")]
    Powerless(ValidatorAddress),
    /// The powers sum to more than [`POWER_TOTAL_MAX`].
    #[error("the voting powers sum to more than {POWER_TOTAL_MAX}")]
    PowerOverflow,
}

#[derive(Debug, PartialEq, Eq)]
struct Members {
    /// By address.
    validators: Vec<Validator>,
    total: u64,
    turns: Turns,
}

/// The validators of one height. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValidatorSet(Arc<Members>);

impl ValidatorSet {
    /// The set of these validators, in any order.
    ///
    /// # Errors
    /// [`ValidatorSetError`] if a rule of sets is broken.
    pub fn new(mut validators: Vec<Validator>) -> Result<Self, ValidatorSetError> {
        if validators.is_empty() {
            return Err(ValidatorSetError::Empty);
        }
        if u32::try_from(validators.len()).map_or(true, |count| count > VALIDATORS_MAX) {
            return Err(ValidatorSetError::TooMany(validators.len()));
        }
        validators.sort_by_key(|validator| validator.address);
        if let Some(pair) = validators.windows(2).find(|pair| pair[0].address == pair[1].address) {
            return Err(ValidatorSetError::Duplicate(pair[0].address));
        }
        if let Some(validator) = validators.iter().find(|validator| validator.power == 0) {
            return Err(ValidatorSetError::Powerless(validator.address));
        }
        let total = validators
            .iter()
            .try_fold(0u64, |sum, validator| sum.checked_add(validator.power))
            .filter(|total| *total <= POWER_TOTAL_MAX)
            .ok_or(ValidatorSetError::PowerOverflow)?;
        let turns = Turns::new(&validators, total);
        Ok(Self(Arc::new(Members { validators, total, turns })))
    }

    /// The validators by address.
    #[must_use]
    pub fn validators(&self) -> &[Validator] {
        &self.0.validators
    }

    /// The validator with this address.
    #[must_use]
    pub fn validator(&self, address: &ValidatorAddress) -> Option<&Validator> {
        let at = self.validators().binary_search_by_key(address, |validator| validator.address).ok()?;
        self.validators().get(at)
    }

    /// Sum of the powers.
    #[must_use]
    pub fn power_total(&self) -> u64 {
        self.0.total
    }

    /// Whether `power` is more than two thirds of the total.
    #[must_use]
    pub fn is_quorum(&self, power: u64) -> bool {
        u128::from(power) * 3 > u128::from(self.0.total) * 2
    }

    /// Who proposes at `height` in `round`.
    ///
    /// Of any `total / gcd(powers)` consecutive values of `height + round`, each validator has a share equal to its
    /// power, spread evenly: the turn walks the circle of power units with a stride that is prime to its length and
    /// close to its golden section. With equal powers each validator has one turn in any `n`. It depends on nothing
    /// but the set, the height and the round, so a light client can check it.
    #[must_use]
    pub fn proposer(&self, height: Height, round: Round) -> &Validator {
        let unit = self.0.turns.unit_at(height, round);
        let mut end = 0;
        self.validators()
            .iter()
            .find(|validator| {
                end += validator.power / self.0.turns.power_per_unit;
                unit < end
            })
            .expect("the units of all validators add up to the circle")
    }

    /// The hash that a header holds.
    #[must_use]
    pub fn hash(&self) -> ValidatorSetHash {
        ValidatorSetHash(Sha256::digest(self.to_bytes()).into())
    }
}

impl Encode for ValidatorSet {
    fn encode(&self, out: &mut Vec<u8>) {
        self.validators().encode(out);
    }
}

impl Encode for Validator {
    fn encode(&self, out: &mut Vec<u8>) {
        self.key.encode(out);
        self.power.encode(out);
    }
}

impl Decode for Validator {
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self::new(PublicKey::decode(input)?, u64::decode(input)?))
    }
}

impl Decode for ValidatorSet {
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let validators = input.list::<Validator>(VALIDATORS_MAX)?;
        if !validators.is_sorted_by_key(|validator| validator.address) {
            return Err(input.invalid("order of validators"));
        }
        Self::new(validators).map_err(|_| input.invalid("validator set"))
    }
}

/// The circle on which proposers take turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Turns {
    /// Greatest common divisor of the powers.
    power_per_unit: u64,
    units: u64,
    stride: u64,
}

impl Turns {
    fn new(validators: &[Validator], total: u64) -> Self {
        let power_per_unit = validators.iter().fold(0, |divisor, validator| gcd(divisor, validator.power));
        let units = total / power_per_unit;
        // The golden section of the circle, in 64-bit fixed point.
        let section = ((u128::from(units) * 0x9E37_79B9_7F4A_7C15) >> 64) as u64;
        // Numbers prime to a 64-bit number are dense: this ends after a few steps, at 1 at the latest.
        let stride = (1..=section.max(1)).rev().find(|stride| gcd(*stride, units) == 1).unwrap_or(1);
        Self { power_per_unit, units, stride }
    }

    fn unit_at(&self, height: Height, round: Round) -> u64 {
        let turn = u128::from(height.0) + u128::from(round.0);
        let units = u128::from(self.units);
        ((turn % units) * u128::from(self.stride) % units) as u64
    }
}

const fn gcd(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PrivateKey;

    fn set(powers: &[u64]) -> ValidatorSet {
        let validator = |(seed, power): (u8, &u64)| {
            Validator::new(PrivateKey::from_seed([seed; 32]).public_key(), *power)
        };
        ValidatorSet::new((1..).zip(powers).map(validator).collect()).unwrap()
    }

    fn turns(set: &ValidatorSet, turns: u64) -> Vec<u64> {
        let mut count = vec![0; set.validators().len()];
        for turn in 0..turns {
            let proposer = set.proposer(Height(turn), Round(0));
            count[set.validators().iter().position(|validator| validator == proposer).unwrap()] += 1;
        }
        count
    }

    #[test]
    fn with_equal_powers_each_proposes_once_in_a_cycle() {
        for count in [1, 2, 3, 4, 7, 12, 100] {
            let set = set(&vec![1_000_000; count]);
            assert_eq!(turns(&set, count as u64), vec![1; count]);
        }
    }

    #[test]
    fn turns_are_in_proportion_to_power_and_spread() {
        let set = set(&[10, 20, 30, 40]);
        let powers: Vec<u64> = set.validators().iter().map(|validator| validator.power() / 10).collect();
        assert_eq!(turns(&set, 10), powers);
        let heaviest = set.validators().iter().max_by_key(|validator| validator.power()).unwrap();
        let taken: Vec<bool> = (0..40).map(|turn| set.proposer(Height(turn), Round(0)) == heaviest).collect();
        assert!(
            !taken.windows(3).any(|window| window.iter().all(|turn| *turn)),
            "three turns in a row at 40 %"
        );
    }

    #[test]
    fn the_next_round_is_the_next_turn() {
        let set = set(&[3, 5, 9]);
        assert_eq!(set.proposer(Height(7), Round(2)), set.proposer(Height(9), Round(0)));
    }

    #[test]
    fn powers_at_the_limit_do_not_overflow() {
        let set = set(&[POWER_TOTAL_MAX - 2, 2]);
        let last = set.proposer(Height(u64::MAX), Round(u32::MAX));
        assert!(set.validators().contains(last));
        assert!(!set.is_quorum(2) && set.is_quorum(POWER_TOTAL_MAX - 2));
    }

    #[test]
    fn broken_sets_are_refused() {
        let one = Validator::new(PrivateKey::from_seed([1; 32]).public_key(), 1);
        let heavy = |seed| Validator::new(PrivateKey::from_seed([seed; 32]).public_key(), POWER_TOTAL_MAX);
        let powerless = Validator { power: 0, ..one };
        assert_eq!(ValidatorSet::new(vec![]), Err(ValidatorSetError::Empty));
        assert_eq!(ValidatorSet::new(vec![one, one]), Err(ValidatorSetError::Duplicate(one.address)));
        assert_eq!(ValidatorSet::new(vec![powerless]), Err(ValidatorSetError::Powerless(one.address)));
        assert_eq!(ValidatorSet::new(vec![heavy(1), heavy(2)]), Err(ValidatorSetError::PowerOverflow));
    }

    #[test]
    fn a_set_has_one_encoding() {
        let set = set(&[4, 5]);
        assert_eq!(ValidatorSet::from_bytes(&set.to_bytes()), Ok(set.clone()));
        let swapped = [set.validators()[1], set.validators()[0]];
        assert!(ValidatorSet::from_bytes(&swapped.to_bytes()).is_err());
    }
}
