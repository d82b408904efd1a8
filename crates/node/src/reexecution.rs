//! Executing decided blocks again, from the genesis on.
//!
//! Nothing is taken on trust but the genesis. A block must follow from the one before, execute to every root that its
//! header has, carry a certificate of its parent, and have one of its own: more than two thirds of the power of those
//! who decided its height, as the state itself says who they were. So a byte of a block or a certificate that was changed
//! ends the re-execution at its height.

use crate::identity::{consensus_domain, identity, validator_set};
use crate::parallel::AllCores;
use std::fmt;
use tandem_codec::{Decode, DecodeError};
use tandem_consensus::{Certificate, CertificateError, Domain, ValidatorSet, verify_certificate};
use tandem_stf::{
    Chain, CheckedBlock, Genesis, GenesisError, Identity, InvalidBlock, NothingKnown, Outcome, apply_block,
    block_id, check_block,
};
use tandem_types::{BlockId, Header, Height};

/// A chain that stands at the last block executed again.
pub struct Reexecution {
    chain: Chain,
    head: Header,
    head_id: BlockId,
    /// Who decided the head; nobody decided the genesis.
    deciders: Option<ValidatorSet>,
    identity: Identity,
    domain: Domain,
}

impl fmt::Debug for Reexecution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reexecution").field("head", &self.head.height).finish_non_exhaustive()
    }
}

/// Why a block is not the next of the chain.
#[derive(Debug, thiserror::Error)]
#[error("block {height}: {fault}")]
pub struct ReexecutionError {
    /// The height at which it stands.
    pub height: Height,
    /// What is wrong.
    pub fault: BlockFault,
}

/// What is wrong with a block or its certificate.
#[derive(Debug, thiserror::Error)]
pub enum BlockFault {
    /// The block is not valid here, or its roots are not what execution gives.
    #[error("{0}")]
    Invalid(InvalidBlock),
    /// It does not carry a certificate of its parent.
    #[error("the certificate of its parent: {0}")]
    LastCommit(CertificateFault),
    /// No valid certificate says that it was decided.
    #[error("its certificate: {0}")]
    Certificate(CertificateFault),
}

/// What is wrong with a certificate.
#[derive(Debug, thiserror::Error)]
pub enum CertificateFault {
    /// Not the encoding of one.
    #[error("{0}")]
    Encoding(DecodeError),
    /// The first block has no parent that was decided.
    #[error("is there, but nobody decided the genesis")]
    OfGenesis,
    /// Of another block.
    #[error("is of block {got} at height {height}, not of {expected}")]
    OtherBlock {
        /// The height that it names.
        height: Height,
        /// The block that it names.
        got: BlockId,
        /// The block it stands with.
        expected: BlockId,
    },
    /// Signatures that are wrong or too few.
    #[error("{0}")]
    Signatures(CertificateError),
    /// The state holds a validator key that is none.
    #[error("the state has no valid set of validators")]
    Validators,
}

impl Reexecution {
    /// At the genesis.
    ///
    /// # Errors
    /// [`GenesisError`].
    pub fn new(genesis: &Genesis) -> Result<Self, GenesisError> {
        let (chain, head) = genesis.chain()?;
        Ok(Self {
            chain,
            head_id: block_id(&head),
            head,
            deciders: None,
            identity: identity(genesis),
            domain: consensus_domain(genesis.hash(), genesis.system.parameters.chain_id),
        })
    }

    /// The header of the last block.
    #[must_use]
    pub const fn head(&self) -> &Header {
        &self.head
    }

    /// Executes the next block, which has this certificate.
    ///
    /// # Errors
    /// [`ReexecutionError`]; nothing can be executed after it.
    pub fn execute(&mut self, block: &[u8], certificate: &[u8]) -> Result<Outcome, ReexecutionError> {
        let height = Height(self.head.height.0 + 1);
        self.try_execute(block, certificate).map_err(|fault| ReexecutionError { height, fault })
    }

    fn try_execute(&mut self, block: &[u8], certificate: &[u8]) -> Result<Outcome, BlockFault> {
        let checked =
            check_block(block, &self.identity, &AllCores, &NothingKnown).map_err(BlockFault::Invalid)?;
        self.check_last_commit(&checked).map_err(BlockFault::LastCommit)?;
        // The state after the parent says who decides this height.
        let deciders = validator_set(&mut self.chain.tables.system)
            .ok_or(BlockFault::Certificate(CertificateFault::Validators))?;
        let outcome = apply_block(&mut self.chain, &self.head, &checked).map_err(BlockFault::Invalid)?;
        let place = (checked.header().height, checked.id());
        self.check_certificate(certificate, place, &deciders).map_err(BlockFault::Certificate)?;
        self.head = outcome.header.clone();
        self.head_id = checked.id();
        self.deciders = Some(deciders);
        Ok(outcome)
    }

    fn check_last_commit(&self, block: &CheckedBlock) -> Result<(), CertificateFault> {
        match &self.deciders {
            Some(deciders) => {
                self.check_certificate(block.last_commit(), (self.head.height, self.head_id), deciders)
            }
            None if block.last_commit().is_empty() => Ok(()),
            None => Err(CertificateFault::OfGenesis),
        }
    }

    /// Whether these bytes are a certificate of the block at this height by these validators.
    fn check_certificate(
        &self,
        bytes: &[u8],
        (height, expected): (Height, BlockId),
        deciders: &ValidatorSet,
    ) -> Result<(), CertificateFault> {
        let certificate = Certificate::from_bytes(bytes).map_err(CertificateFault::Encoding)?;
        let got = certificate.block();
        if (certificate.height(), got) != (height, expected) {
            return Err(CertificateFault::OtherBlock { height: certificate.height(), got, expected });
        }
        verify_certificate(&certificate, deciders, &self.domain).map_err(CertificateFault::Signatures)
    }
}
