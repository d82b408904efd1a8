//! A chain, and blocks on it.

use crate::Signer;
use crate::genesis::{CHAIN_ID, genesis};
use crate::invariants::{assert_invariants, totals};
use crate::perps;
use tandem_codec::{Decode, Encode};
use tandem_evm::{Admission, CheckedEvmTx, HardFork, TxError};
use tandem_exchange::action::{Action, ByClass, Network, NetworkKind};
use tandem_exchange::perp::position::Position;
use tandem_exchange::{
    AddressKey, Balance, BalanceKey, ItemStatus, PositionKey, Receipt, Rejection, Transaction,
};
use tandem_oracle::{CheckedReport, Quote, Report};
use tandem_state::{Direction, Tables};
use tandem_stf::{
    Builder, Built, Chain, CheckedBlock, ClassShares, Genesis, Identity, InvalidBlock, NothingKnown, Outcome,
    Refusal, Sequential, StateTree, Taken, Witness, apply_block, check_block,
};
use tandem_types::{AccountId, Address, Block, BlockTime, Header, MarketId, PriceTicks, TokenId, Usd};

const DAY_MS: u64 = 24 * 3_600_000;

/// A chain that stands at its last block.
#[derive(Clone, Debug)]
pub struct Harness {
    /// What it began with.
    pub genesis: Genesis,
    /// What signatures are checked against.
    pub identity: Identity,
    /// The state after the last block.
    pub chain: Chain,
    /// The last block's header.
    pub parent: Header,
    /// Milliseconds from one block to the next.
    pub step_ms: u64,
    /// Most bytes of actions in a block.
    pub action_bytes_max: usize,
    /// What was learnt of the classes' work.
    pub shares: ClassShares,
    /// What every validator reports with its votes.
    pub quotes: Vec<Quote>,
    /// What stands in the next block as its parent's certificate.
    pub commit: Vec<u8>,
    nonces: u64,
}

/// One block made.
#[derive(Clone, Debug)]
pub struct Step {
    /// The block.
    pub block: Block,
    /// What it did.
    pub outcome: Outcome,
    /// What it needed.
    pub witness: Witness,
    /// What each class had of the block.
    pub taken: ByClass<Taken>,
    /// Actions that the builder refused, by their place in class order.
    pub refused: Vec<(usize, Refusal)>,
    /// Ethereum transactions that the builder refused.
    pub refused_evm: Vec<(usize, TxError)>,
}

impl Step {
    /// The receipts of the actions.
    #[must_use]
    pub fn receipts(&self) -> &[Receipt] {
        &self.outcome.receipts.actions
    }

    /// How the items of the action at `index` ended.
    ///
    /// # Panics
    /// If there is none, or it was refused whole.
    #[must_use]
    pub fn items(&self, index: usize) -> &[ItemStatus] {
        self.receipts()[index].result.as_ref().expect("an action with items")
    }

    /// Why the only item of the action at `index`, or the action itself, was rejected.
    ///
    /// # Panics
    /// If there is no such action, or it was not rejected.
    #[must_use]
    pub fn rejection(&self, index: usize) -> Rejection {
        match &self.receipts()[index].result {
            Err(rejection) => *rejection,
            Ok(items) => match items.as_slice() {
                [ItemStatus::Rejected(rejection)] => *rejection,
                other => panic!("not rejected: {other:?}"),
            },
        }
    }
}

impl Default for Harness {
    fn default() -> Self {
        Self::new(genesis())
    }
}

impl Harness {
    /// A chain at its genesis.
    #[must_use]
    pub fn new(genesis: Genesis) -> Self {
        let (chain, parent) = genesis.chain().expect("a good genesis");
        let parameters = &genesis.system.parameters;
        let kind = match parameters.network {
            tandem_system::NetworkKind::Production => NetworkKind::Production,
            tandem_system::NetworkKind::Test => NetworkKind::Test,
            tandem_system::NetworkKind::Dev => NetworkKind::Dev,
        };
        let identity = Identity {
            network: Network { kind, chain_id: CHAIN_ID, genesis_hash: genesis.hash() },
            evm: Admission { chain_id: CHAIN_ID.0, hard_fork: HardFork::Osaka, unprotected: false },
        };
        assert_invariants(&chain.tables.exchange);
        let nonces = genesis.time.0;
        Self {
            genesis,
            identity,
            chain,
            parent,
            step_ms: 100,
            action_bytes_max: 1 << 20,
            shares: ClassShares::default(),
            quotes: Vec::new(),
            commit: b"commit".to_vec(),
            nonces,
        }
    }

    /// The time of the next block.
    #[must_use]
    pub const fn now(&self) -> BlockTime {
        self.parent.time.plus_ms(self.step_ms)
    }

    /// A nonce not given before, within the window however far time has moved on.
    pub const fn nonce(&mut self) -> u64 {
        if self.parent.time.0.saturating_sub(self.nonces) > DAY_MS {
            self.nonces = self.parent.time.0;
        }
        self.nonces += 1;
        self.nonces
    }

    /// Signs an action with a fresh nonce; user-signed actions bring their own.
    pub fn sign(&mut self, signer: &Signer, action: &Action) -> Transaction {
        let nonce = match action.user_signed() {
            Some(user) => user.nonce,
            None => self.nonce(),
        };
        signer.transaction(action, nonce, &self.identity.network)
    }

    /// A block of one action, which the builder takes.
    ///
    /// # Panics
    /// If it does not.
    pub fn act(&mut self, signer: &Signer, action: &Action) -> Step {
        let transaction = self.sign(signer, action);
        let step = self.block(&[transaction], &[]);
        assert_eq!(step.refused, []);
        step
    }

    /// A block of one L1 action for the account of this address, which the builder takes.
    ///
    /// # Panics
    /// If it does not.
    pub fn act_for(&mut self, signer: &Signer, account: &Address, action: &Action) -> Step {
        let nonce = self.nonce();
        let transaction = signer.transaction_for(account, action, nonce, &self.identity.network);
        let step = self.block(&[transaction], &[]);
        assert_eq!(step.refused, []);
        step
    }

    /// A block of actions, each by its signer; the builder takes them all, in class order.
    ///
    /// # Panics
    /// If it does not.
    pub fn act_all(&mut self, actions: &[(&Signer, Action)]) -> Step {
        let signed: Vec<_> = actions.iter().map(|(signer, action)| self.sign(signer, action)).collect();
        let step = self.block(&signed, &[]);
        assert_eq!(step.refused, []);
        step
    }

    /// An empty block.
    pub fn empty(&mut self) -> Step {
        self.block(&[], &[])
    }

    /// Empty blocks until the next height is a multiple of `interval`.
    pub fn until_before(&mut self, interval: u64) {
        while !(self.parent.height.0 + 1).is_multiple_of(interval) {
            self.empty();
        }
    }

    /// Makes the next block of what fits, in class order, and moves on to it.
    ///
    /// # Panics
    /// If the block's execution differs in any of the ways described in the crate's page.
    pub fn block(&mut self, actions: &[Transaction], evm_transactions: &[CheckedEvmTx]) -> Step {
        let mut sorted = actions.to_vec();
        sorted.sort_by_key(Transaction::class);
        let before = self.chain.clone();
        let built = self.build(&sorted, evm_transactions).expect("a block can be built");
        let checked = self.check(&built.block).expect("a block built is well-formed");
        let witness = self.execute_again(before, &checked, &built.outcome);
        assert_eq!(totals(&self.chain.tables.exchange), totals(&self.genesis_tables()));
        assert_invariants(&self.chain.tables.exchange);
        self.parent = built.block.header.clone();
        Step {
            block: built.block,
            outcome: built.outcome,
            witness,
            taken: built.taken,
            refused: built.refused_actions,
            refused_evm: built.refused_transactions,
        }
    }

    /// Builds a block in the order given and moves the chain on, with none of the checks of [`Harness::block`].
    ///
    /// # Errors
    /// [`InvalidBlock`], as the builder says.
    pub fn build(
        &mut self,
        actions: &[Transaction],
        evm_transactions: &[CheckedEvmTx],
    ) -> Result<Built, InvalidBlock> {
        let proposer = tandem_system::validator_address(&self.genesis.system.validators[0].public_key);
        let price_reports = self.reports();
        let builder = Builder {
            parent: &self.parent,
            time: self.now(),
            proposer,
            last_commit: if self.parent.height.0 == 0 { &[] } else { &self.commit },
            price_reports: &price_reports,
            actions,
            shares: Some(&self.shares),
            evm_transactions,
            action_bytes_max: self.action_bytes_max,
            evm_bytes_max: 1 << 20,
        };
        let built = builder.build(&mut self.chain)?;
        self.shares.learn(&built.taken);
        Ok(built)
    }

    /// The reports of all validators with their votes for the last block, where the next one takes any.
    fn reports(&self) -> Vec<CheckedReport> {
        let wanted = self.genesis.system.parameters.is_price_height(self.parent.height);
        if !wanted || self.genesis.exchange.perps.markets.is_empty() {
            return Vec::new();
        }
        let scope = perps::report_scope(&self.identity, &self.parent);
        let seeds = 0..self.genesis.system.validators.len();
        let mut reports: Vec<_> =
            seeds.map(|seed| perps::checked_report(seed, &Report::new(&self.quotes), &scope)).collect();
        reports.sort_by_key(CheckedReport::validator);
        reports
    }

    /// Checks a block from its bytes.
    ///
    /// # Errors
    /// [`InvalidBlock`].
    pub fn check(&self, block: &Block) -> Result<CheckedBlock, InvalidBlock> {
        check_block(&block.to_bytes(), &self.identity, &Sequential, &NothingKnown)
    }

    /// Checks a proposed block and applies it. If it is invalid, the chain must stand as before.
    ///
    /// # Errors
    /// [`InvalidBlock`].
    ///
    /// # Panics
    /// If the chain does not.
    pub fn propose(&mut self, block: &Block) -> Result<Outcome, InvalidBlock> {
        let checked = self.check(block)?;
        let (roots, entries) = (roots(&mut self.chain), self.chain.tables.entries());
        let applied = apply_block(&mut self.chain, &self.parent, &checked);
        if applied.is_err() {
            assert_eq!(self.chain.tables.entries(), entries, "an invalid block changes no entry");
            assert!(self.chain.tables.seal().is_empty(), "an invalid block leaves nothing to be sealed");
            assert_eq!(self::roots(&mut self.chain), roots, "an invalid block changes no root");
        }
        applied
    }

    /// Applies the block on `before` in every way there is.
    fn execute_again(&mut self, mut before: Chain, block: &CheckedBlock, expected: &Outcome) -> Witness {
        let old = (before.tables.entries(), roots(&mut before));
        let (outcome, witness) =
            tandem_witness::make(&mut before, &self.parent, block).expect("a valid block");
        assert_eq!(&outcome, expected, "applied as built");
        let new = (self.chain.tables.entries(), roots(&mut self.chain));
        assert_eq!((before.tables.entries(), roots(&mut before)), new);

        let witness = Witness::from_bytes(&witness.to_bytes()).expect("a witness comes back from its bytes");
        let mut partial = witness.open(&self.parent).expect("a good witness opens");
        let proven = apply_block(&mut partial, &self.parent, block).expect("a witness suffices");
        assert_eq!(&proven, expected, "the same from the witness");
        assert_eq!(roots(&mut partial), new.1, "the same roots from the witness");

        before.follow(&outcome.delta, Direction::Backward).expect("a delta undoes");
        assert_eq!((before.tables.entries(), roots(&mut before)), old, "undone");
        before.follow(&outcome.delta, Direction::Forward).expect("a delta follows");
        assert_eq!((before.tables.entries(), roots(&mut before)), new, "followed");
        before.rebuild_trees().expect("trees over all entries");
        assert_eq!(roots(&mut before), new.1, "roots depend on the entries alone");
        witness
    }

    fn genesis_tables(&self) -> tandem_exchange::ExchangeTables {
        let mut tables = tandem_exchange::ExchangeTables::default();
        self.genesis.exchange.write(&mut tables).expect("a good genesis");
        tables
    }

    /// The account of an address.
    ///
    /// # Panics
    /// If it has none.
    #[must_use]
    pub fn account(&self, address: &Address) -> AccountId {
        let signer = self.chain.tables.exchange.signers.peek(&AddressKey::of(address));
        signer.and_then(|signer| signer.own).expect("an account")
    }

    /// What an account has in a perpetual market, if anything.
    #[must_use]
    pub fn position(&self, signer: &Signer, market: MarketId) -> Option<Position> {
        let key = PositionKey { account: self.account(&signer.address()), market };
        self.chain.tables.exchange.positions.peek(&key).copied()
    }

    /// An account's collateral.
    #[must_use]
    pub fn collateral(&self, signer: &Signer) -> Usd {
        let account = self.account(&signer.address());
        self.chain.tables.exchange.collaterals.peek(&account).copied().unwrap_or_default()
    }

    /// Has every validator report an oracle price, in ticks, from the next price height on.
    pub fn set_oracle(&mut self, market: MarketId, ticks: u64) {
        self.quotes.retain(|quote| quote.market != market);
        self.quotes.push(Quote { market, oracle: PriceTicks(ticks), external: None });
    }

    /// What an account has of a token.
    #[must_use]
    pub fn balance(&self, signer: &Signer, token: TokenId) -> Balance {
        let key = BalanceKey { account: self.account(&signer.address()), token };
        self.chain.tables.exchange.balances.peek(&key).copied().unwrap_or_default()
    }
}

/// All roots of a chain.
fn roots<T: StateTree>(chain: &mut Chain<T>) -> [[u8; 32]; 3] {
    [chain.system_root().0, chain.core_root().0, chain.evm_root().0]
}
