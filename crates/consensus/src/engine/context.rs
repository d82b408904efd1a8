//! The engine's view of our words: the types that its traits want, around those of the crate's plain part.
//!
//! The value that is agreed on is a block's id and nothing else; bytes travel in [`Part`]s.

use crate::engine::parts::Part;
use crate::{PublicKey, Signature, Validator, ValidatorAddress, ValidatorSet, VoteKind};
use arc_malachitebft_app_channel::app::types::core;
use core::{NilOrVal, Round, SignedExtension, VoteType};
use std::fmt;
use tandem_types::BlockId;

/// A height in the engine's hands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Height(pub(crate) u64);

impl From<Height> for tandem_types::Height {
    fn from(height: Height) -> Self {
        Self(height.0)
    }
}

impl From<tandem_types::Height> for Height {
    fn from(height: tandem_types::Height) -> Self {
        Self(height.0)
    }
}

impl fmt::Display for Height {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl core::Height for Height {
    const ZERO: Self = Self(0);
    const INITIAL: Self = Self(1);

    fn increment_by(&self, n: u64) -> Self {
        Self(self.0.saturating_add(n))
    }

    fn decrement_by(&self, n: u64) -> Option<Self> {
        self.0.checked_sub(n).map(Self)
    }

    fn as_u64(&self) -> u64 {
        self.0
    }
}

/// The engine's round as ours; nil is `None`.
pub(crate) fn round_of(round: Round) -> Option<tandem_types::Round> {
    round.as_u32().map(tandem_types::Round)
}

/// Our round as the engine's.
pub(crate) fn engine_round(round: Option<tandem_types::Round>) -> Round {
    Round::from(round.map(|round| round.0))
}

/// What is agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Value(pub(crate) BlockId);

impl core::Value for Value {
    type Id = BlockId;

    fn id(&self) -> BlockId {
        self.0
    }
}

/// [`crate::Proposal`] as the engine wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Proposal {
    pub(crate) height: Height,
    pub(crate) round: Round,
    pub(crate) value: Value,
    pub(crate) valid_round: Round,
    pub(crate) proposer: ValidatorAddress,
}

impl Proposal {
    /// `None` for round nil, which nobody proposes in.
    pub(crate) fn plain(&self) -> Option<crate::Proposal> {
        Some(crate::Proposal {
            height: self.height.into(),
            round: round_of(self.round)?,
            block: self.value.0,
            valid_round: round_of(self.valid_round),
            proposer: self.proposer,
        })
    }
}

impl core::Proposal<Context> for Proposal {
    fn height(&self) -> Height {
        self.height
    }

    fn round(&self) -> Round {
        self.round
    }

    fn value(&self) -> &Value {
        &self.value
    }

    fn take_value(self) -> Value {
        self.value
    }

    fn pol_round(&self) -> Round {
        self.valid_round
    }

    fn validator_address(&self) -> &ValidatorAddress {
        &self.proposer
    }
}

/// [`crate::Vote`] as the engine wants it, with its extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Vote {
    pub(crate) kind: VoteType,
    pub(crate) height: Height,
    pub(crate) round: Round,
    pub(crate) block: NilOrVal<BlockId>,
    pub(crate) validator: ValidatorAddress,
    pub(crate) extension: Option<SignedExtension<Context>>,
}

impl Vote {
    const fn new(
        kind: VoteType,
        at: (Height, Round),
        block: NilOrVal<BlockId>,
        validator: ValidatorAddress,
    ) -> Self {
        Self { kind, height: at.0, round: at.1, block, validator, extension: None }
    }

    /// `None` for round nil, which nobody votes in.
    pub(crate) fn plain(&self) -> Option<crate::Vote> {
        Some(crate::Vote {
            kind: match self.kind {
                VoteType::Prevote => VoteKind::Prevote,
                VoteType::Precommit => VoteKind::Precommit,
            },
            height: self.height.into(),
            round: round_of(self.round)?,
            block: match self.block {
                NilOrVal::Nil => None,
                NilOrVal::Val(block) => Some(block),
            },
            validator: self.validator,
        })
    }
}

impl core::Vote<Context> for Vote {
    fn height(&self) -> Height {
        self.height
    }

    fn round(&self) -> Round {
        self.round
    }

    fn value(&self) -> &NilOrVal<BlockId> {
        &self.block
    }

    fn take_value(self) -> NilOrVal<BlockId> {
        self.block
    }

    fn vote_type(&self) -> VoteType {
        self.kind
    }

    fn validator_address(&self) -> &ValidatorAddress {
        &self.validator
    }

    fn extension(&self) -> Option<&SignedExtension<Context>> {
        self.extension.as_ref()
    }

    fn take_extension(&mut self) -> Option<SignedExtension<Context>> {
        self.extension.take()
    }

    fn extend(mut self, extension: SignedExtension<Context>) -> Self {
        self.extension = Some(extension);
        self
    }
}

impl core::Address for ValidatorAddress {}

impl core::Validator<Context> for Validator {
    fn address(&self) -> &ValidatorAddress {
        self.address()
    }

    fn public_key(&self) -> &PublicKey {
        self.key()
    }

    fn voting_power(&self) -> u64 {
        self.power()
    }
}

impl core::ValidatorSet<Context> for ValidatorSet {
    fn count(&self) -> usize {
        self.validators().len()
    }

    fn total_voting_power(&self) -> u64 {
        self.power_total()
    }

    fn get_by_address(&self, address: &ValidatorAddress) -> Option<&Validator> {
        self.validator(address)
    }

    fn get_by_index(&self, index: usize) -> Option<&Validator> {
        self.validators().get(index)
    }
}

/// ed25519 by ZIP-215.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ed25519;

impl core::SigningScheme for Ed25519 {
    type DecodingError = crate::KeyError;
    type Signature = Signature;
    type PublicKey = PublicKey;
    type PrivateKey = crate::PrivateKey;

    fn decode_signature(bytes: &[u8]) -> Result<Signature, crate::KeyError> {
        bytes.try_into().map(Signature).map_err(|_| crate::KeyError)
    }

    fn encode_signature(signature: &Signature) -> Vec<u8> {
        signature.0.to_vec()
    }

    fn decode_public_key(bytes: &[u8]) -> Result<PublicKey, crate::KeyError> {
        PublicKey::from_array(bytes.try_into().map_err(|_| crate::KeyError)?)
    }

    fn encode_public_key(key: &PublicKey) -> Vec<u8> {
        key.as_bytes().to_vec()
    }
}

/// Names all of the above to the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Context;

impl core::Context for Context {
    type Address = ValidatorAddress;
    type Height = Height;
    type ProposalPart = Part;
    type Proposal = Proposal;
    type Validator = Validator;
    type ValidatorSet = ValidatorSet;
    type Timeouts = core::LinearTimeouts;
    type Value = Value;
    type Vote = Vote;
    type Extension = Vec<u8>;
    type SigningScheme = Ed25519;

    fn select_proposer<'a>(&self, set: &'a ValidatorSet, height: Height, round: Round) -> &'a Validator {
        set.proposer(height.into(), round_of(round).unwrap_or_default())
    }

    fn new_proposal(
        &self,
        height: Height,
        round: Round,
        value: Value,
        valid_round: Round,
        proposer: ValidatorAddress,
    ) -> Proposal {
        Proposal { height, round, value, valid_round, proposer }
    }

    fn new_prevote(
        &self,
        height: Height,
        round: Round,
        block: NilOrVal<BlockId>,
        validator: ValidatorAddress,
    ) -> Vote {
        Vote::new(VoteType::Prevote, (height, round), block, validator)
    }

    fn new_precommit(
        &self,
        height: Height,
        round: Round,
        block: NilOrVal<BlockId>,
        validator: ValidatorAddress,
    ) -> Vote {
        Vote::new(VoteType::Precommit, (height, round), block, validator)
    }
}
