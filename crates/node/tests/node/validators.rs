//! A chain of several validators whose votes are made here, as the engine would collect them.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use tandem_codec::{Decode, Encode};
use tandem_consensus::{
    Application, Block as Proposed, Certificate, CommitSignature, Domain, ExtensionPolicy, ExtensionScope,
    Origin, PrivateKey, ReceivedBlock, SignedExtension, ValidatorAddress, Verdict, Vote, VoteKind,
};
use tandem_node::{Executor, NodeHandle, Opened, PoolLimits, consensus_domain};
use tandem_prices::{Market, PriceMicros, PriceSource, Sighting, SourceError};
use tandem_stf::Genesis;
use tandem_storage::simulation::SimulatedFiles;
use tandem_system::Validator;
use tandem_types::{Block, BlockId, BlockTime, Height, Round};

/// Says the same price of every market but one that it does not know.
#[derive(Debug)]
pub(crate) struct Fixed(pub(crate) u64);

pub(crate) const UNKNOWN: &str = "DOGE";

impl PriceSource for Fixed {
    fn sight(&mut self, market: &Market<'_>, _: BlockTime) -> Result<Sighting, SourceError> {
        let oracle = PriceMicros(self.0 * 1_000_000);
        let known = market.name != UNKNOWN;
        known.then_some(Sighting { oracle, external: None }).ok_or(SourceError::UnknownMarket)
    }
}

pub(crate) fn key(number: u8) -> PrivateKey {
    PrivateKey::from_seed([number + 1; 32])
}

pub(crate) fn address(number: u8) -> ValidatorAddress {
    ValidatorAddress::of(&key(number).public_key())
}

/// A genesis with perpetual markets, validators of equal power, and prices at every second height.
pub(crate) fn genesis(validators: u8) -> Genesis {
    let mut genesis = tandem_testkit::perp_genesis();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    // Behind the clock, so that blocks may follow each other at once.
    genesis.time = BlockTime(u64::try_from(now).unwrap() - 60_000);
    genesis.system.parameters.price_interval = 2;
    let validator = |number| Validator { public_key: *key(number).public_key().as_bytes(), power: 1 };
    genesis.system.validators = (0..validators).map(validator).collect();
    genesis
}

/// A validator's node on a disk of its own.
pub(crate) struct Node {
    pub(crate) executor: Executor,
    pub(crate) handle: NodeHandle,
    files: SimulatedFiles,
    genesis: Genesis,
    number: u8,
}

impl Node {
    pub(crate) fn new(number: u8, genesis: &Genesis) -> Self {
        Self::open(number, genesis.clone(), SimulatedFiles::new(number.into()))
    }

    fn open(number: u8, genesis: Genesis, files: SimulatedFiles) -> Self {
        let config = tandem_storage::Config { background: false, ..tandem_storage::Config::new([1; 16]) };
        let limits = PoolLimits::default();
        let opened =
            tandem_node::open(Arc::new(files.clone()), config, limits, genesis.clone(), address(number));
        let Opened { executor, handle, .. } = opened.unwrap();
        Self { executor: executor.with_prices(Box::new(Fixed(3_000))), handle, files, genesis, number }
    }

    /// The power goes out, and the node is opened again by what its disk kept.
    pub(crate) fn restart(self) -> Self {
        let Self { executor, handle, files, genesis, number } = self;
        files.crash();
        drop((executor, handle));
        Self::open(number, genesis, files)
    }

    pub(crate) fn height(&self) -> Height {
        self.executor.tip().height
    }

    pub(crate) fn propose(&mut self) -> Proposed {
        let height = Height(self.height().0 + 1);
        self.executor.propose(height, Round(0)).unwrap()
    }

    /// What the node says to a block that another proposed.
    pub(crate) fn judge(&mut self, block: &Proposed, origin: Origin) -> Verdict {
        let header = Block::from_bytes(&block.bytes).unwrap().header;
        let (height, proposer) = (header.height, ValidatorAddress(header.proposer.0));
        let (id, bytes) = (block.id, block.bytes.clone());
        let received = ReceivedBlock { height, round: Round(0), proposer, origin, id, bytes };
        self.executor.validate(&received).unwrap()
    }

    pub(crate) fn domain(&self) -> Domain {
        consensus_domain(self.genesis.hash(), self.genesis.system.parameters.chain_id)
    }

    /// The certificate that these votes make, with the extensions that this node does not refuse; none at heights
    /// without.
    pub(crate) fn certificate(&self, block: BlockId, votes: &[(u8, Vec<u8>)]) -> Certificate {
        let tip = self.executor.tip();
        let height = Height(tip.height.0 + 1);
        let extended = tip.next.extensions == ExtensionPolicy::Required;
        let counts = |number: u8, extension: &[u8]| {
            !extended || self.executor.verify_extension(height, address(number), extension)
        };
        let votes = votes.iter().filter(|(number, extension)| counts(*number, extension));
        let signatures = votes.map(|(number, extension)| {
            let extension = extended.then_some(extension.as_slice());
            precommit(&self.domain(), *number, (height, block), extension)
        });
        Certificate::new(height, Round(0), block, signatures.collect())
    }

    /// The oracle price in ticks of the market that the source knows.
    pub(crate) fn oracle(&mut self) -> Option<u64> {
        self.executor.wait_until_published().unwrap();
        let state = self.handle.state();
        state.tables.exchange.perp_prices.peek(&tandem_testkit::ETH).map(|prices| prices.oracle.0)
    }
}

/// A validator's precommit, with its extension.
fn precommit(
    domain: &Domain,
    number: u8,
    (height, block): (Height, BlockId),
    extension: Option<&[u8]>,
) -> CommitSignature {
    let (validator, round) = (address(number), Round(0));
    let vote = Vote { kind: VoteKind::Precommit, height, round, block: Some(block), validator };
    let scope = ExtensionScope { height, round, block, validator };
    let extension = extension.map(|bytes| SignedExtension {
        bytes: bytes.to_vec(),
        signature: key(number).sign(&domain.extension_bytes(&scope, bytes)),
    });
    CommitSignature { validator, signature: domain.sign_vote(vote, &key(number)).signature, extension }
}

/// An encoded report of one price, in ticks, of the market that [`Fixed`] knows.
pub(crate) fn report(ticks: u64) -> Vec<u8> {
    let oracle = tandem_types::PriceTicks(ticks);
    tandem_oracle::Report::new(&[tandem_oracle::Quote {
        market: tandem_testkit::ETH,
        oracle,
        external: None,
    }])
    .to_bytes()
}
