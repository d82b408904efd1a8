//! Blocks that are invalid, each for its named reason and without a trace; and blocks with Ethereum transactions.

use tandem_codec::Encode;
use tandem_evm::{EvmError, TxRejection};
use tandem_exchange::action::Action;
use tandem_exchange::{Inadmissible, Transaction};
use tandem_state::tree::{ApplyError, TreeError};
use tandem_stf::{InvalidBlock, apply_block, check_block};
use tandem_stf::{KnownActions, NothingKnown, Sequential};
use tandem_testkit::{Harness, PURR, Signer, buy, cancel, deploy, evm_transfer, place, sell};
use tandem_types::{Block, BlockTime, Hash, Header, Height, OrderId};

/// A block on the harness's chain, made beside it.
fn block_of(chain: &Harness, actions: &[Transaction]) -> Block {
    chain.clone().build(actions, &[]).unwrap().block
}

fn three_classes(chain: &mut Harness) -> [Transaction; 3] {
    let trader = Signer::wallet(1);
    [
        chain.sign(&trader, &Action::Noop),
        chain.sign(&trader, &cancel(PURR, &[OrderId(0)])),
        chain.sign(&trader, &place(&[buy(PURR, "1", "100")])),
    ]
}

#[test]
fn a_block_out_of_class_order_is_invalid() {
    let mut chain = Harness::default();
    let [neutral, cancels, takes] = three_classes(&mut chain);
    let good = block_of(&chain, &[neutral, cancels, takes]);
    for (order, index) in [([1, 0, 2], 1), ([0, 2, 1], 2), ([2, 0, 1], 1)] {
        let mut block = good.clone();
        block.body.actions = order.map(|at: usize| good.body.actions[at].clone()).to_vec();
        assert_eq!(chain.propose(&block), Err(InvalidBlock::ClassOrder { index }), "{order:?}");
    }
    assert!(chain.propose(&good).is_ok());
}

#[test]
fn a_builder_offered_actions_out_of_class_order_leaves_them() {
    let mut chain = Harness::default();
    let [neutral, _, takes] = three_classes(&mut chain);
    let built = chain.clone().build(&[takes, neutral], &[]).unwrap();
    assert_eq!(built.refused_actions, [(1, tandem_stf::Refusal::ClassOrder)]);
    assert!(chain.propose(&built.block).is_ok());
}

#[test]
fn every_field_of_the_header_is_checked_and_named() {
    type Tamper = fn(&mut Header);
    let rows: [(&str, Tamper); 26] = [
        ("version", |h| h.version += 1),
        ("chain_id", |h| h.chain_id.0 += 1),
        ("height", |h| h.height.0 += 1),
        ("evm_height", |h| h.evm_height += 1),
        ("time", |h| h.time.0 = 0),
        ("parent", |h| h.parent.0[0] ^= 1),
        ("proposer", |h| h.proposer.0[0] ^= 1),
        ("actions_root", |h| h.actions_root.0[0] ^= 1),
        ("evm_transactions_root", |h| h.evm_transactions_root.0[0] ^= 1),
        ("commit_root", |h| h.commit_root.0[0] ^= 1),
        ("price_reports_root", |h| h.price_reports_root.0[0] ^= 1),
        ("evidence_root", |h| h.evidence_root.0[0] ^= 1),
        ("decisions_root", |h| h.decisions_root.0[0] ^= 1),
        ("registry_root", |h| h.registry_root.0[0] ^= 1),
        ("receipts_root", |h| h.receipts_root.0[0] ^= 1),
        ("evm_root", |h| h.evm_root.0[0] ^= 1),
        ("core_root", |h| h.core_root.0[0] ^= 1),
        ("cross_root", |h| h.cross_root.0[0] ^= 1),
        ("system_root", |h| h.system_root.0[0] ^= 1),
        ("delta_hash", |h| h.delta_hash.0[0] ^= 1),
        ("validators", |h| h.validators.0[0] ^= 1),
        ("next_validators", |h| h.next_validators.0[0] ^= 1),
        ("parameters", |h| h.parameters.0[0] ^= 1),
        ("evm_header", |h| h.evm_header = Hash([1; 32])),
        ("time", |h| h.time = BlockTime(1_700_000_000_000)),
        ("height", |h| h.height = Height(u64::MAX)),
    ];
    let mut chain = Harness::default();
    let actions = three_classes(&mut chain);
    let good = block_of(&chain, &actions);
    for (field, tamper) in rows {
        let mut block = good.clone();
        tamper(&mut block.header);
        assert_eq!(chain.propose(&block), Err(InvalidBlock::Header(field)));
    }
    assert!(chain.propose(&good).is_ok());
}

#[test]
fn time_moves_forward_by_no_more_than_a_step_except_from_genesis() {
    let mut genesis = tandem_testkit::genesis();
    genesis.system.parameters.time_step_max_ms = 60_000;
    let mut chain = Harness::new(genesis);
    chain.step_ms = 365 * 24 * 3_600_000;
    chain.empty();
    chain.step_ms = 100;
    let good = block_of(&chain, &[]);
    for (step_ms, allowed) in
        [(0, false), (1, true), (100, true), (60_000, true), (60_001, false), (u64::MAX, false)]
    {
        // Judged alike when it is built and when it is proposed.
        chain.step_ms = step_ms;
        let built = chain.clone().build(&[], &[]).map(|built| built.block);
        let mut tampered = good.clone();
        tampered.header.time = chain.now();
        if allowed {
            assert!(chain.clone().propose(&built.unwrap()).is_ok(), "{step_ms}");
        } else {
            assert_eq!(built, Err(InvalidBlock::Header("time")), "{step_ms}");
            assert_eq!(chain.clone().propose(&tampered), Err(InvalidBlock::Header("time")), "{step_ms}");
        }
    }
}

#[test]
fn a_body_other_than_the_headers_is_named() {
    let mut chain = Harness::default();
    let actions = three_classes(&mut chain);
    let good = block_of(&chain, &actions);
    let mut shorter = good.clone();
    shorter.body.actions.pop();
    assert_eq!(chain.propose(&shorter), Err(InvalidBlock::Header("actions_root")));
    let mut other_commit = good.clone();
    other_commit.body.last_commit.push(1);
    assert_eq!(chain.propose(&other_commit), Err(InvalidBlock::Header("commit_root")));
    let mut twice = good.clone();
    twice.body.actions.push(good.body.actions[2].clone());
    let reason = Inadmissible::NonceUsed;
    assert_eq!(chain.propose(&twice), Err(InvalidBlock::Inadmissible { index: 3, reason }));
    let mut forged = good.clone();
    let at = forged.body.actions[1].len() - 40;
    forged.body.actions[1][at] ^= 1;
    let reason = chain.propose(&forged).unwrap_err();
    // Another signature is another signer's, or nobody's.
    let reasonable = matches!(
        reason,
        InvalidBlock::Inadmissible { index: 1, reason: Inadmissible::UnknownSigner }
            | InvalidBlock::Action { index: 1, .. }
    );
    assert!(reasonable, "{reason}");
    let mut garbage = good.clone();
    garbage.body.actions[0] = vec![1, 2, 3];
    assert!(matches!(chain.propose(&garbage), Err(InvalidBlock::Action { index: 0, .. })));
    assert!(chain.propose(&good).is_ok());
}

#[test]
fn work_above_the_blocks_limit_is_refused_by_builders_and_validators_alike() {
    let mut genesis = tandem_testkit::genesis();
    genesis.exchange.config.budget_base = 20_000;
    let mut chain = Harness::new(genesis);
    let trader = Signer::wallet(1);
    // 128 bids cost 513,000 units: 116 such actions fit into 60,000,000.
    let batch = place(&[buy(PURR, "0.001", "10000"); 128]);
    let actions: Vec<_> = (0..118).map(|_| chain.sign(&trader, &batch)).collect();
    let good = block_of(&chain, &actions);
    let fit = good.body.actions.len();
    assert_eq!(fit, 116);
    let mut block = good.clone();
    block.body.actions.push(actions[fit].raw().to_vec());
    assert_eq!(chain.propose(&block), Err(InvalidBlock::TooMuchWork { index: fit }));
    assert!(chain.propose(&good).is_ok());
}

#[test]
fn a_chain_whose_blocks_have_no_room_for_three_of_the_largest_calls_does_not_begin() {
    let mut genesis = tandem_testkit::genesis();
    genesis.system.parameters.block_work_max = 59_999_999;
    let error = genesis.chain().unwrap_err();
    assert_eq!(error.to_string(), "parameter block_work_max is 59999999, outside 60000000..=10000000000");
}

#[test]
fn an_action_that_needs_more_work_than_one_may_is_rejected_whole() {
    let mut genesis = tandem_testkit::genesis();
    genesis.exchange.config.open_orders_max = 100_000;
    let mut chain = Harness::new(genesis);
    let (maker, taker) = (Signer::wallet(1), Signer::wallet(2));
    for _ in 0..9 {
        chain.act(&maker, &place(&[sell(PURR, "0.1", "100"); 112]));
    }
    // Refused fill-or-kill orders visit all 1,008 makers up to the limit of 1,000 and leave them: 3,000,000 units each.
    let greedy = tandem_exchange::action::Order {
        kind: tandem_exchange::action::OrderKind::Limit(tandem_exchange::action::TimeInForce::Fok),
        ..buy(PURR, "0.1", "1000000")
    };
    let step = chain.act(&taker, &place(&[greedy; 5]));
    assert_eq!(step.items(0).len(), 5);
    let step = chain.act(&taker, &place(&[greedy; 10]));
    assert_eq!(step.rejection(0), tandem_exchange::Rejection::OutOfWork);
}

#[test]
fn a_broken_promise_makes_a_block_invalid_and_is_undone() {
    use tandem_exchange::{Balance, BalanceKey, BrokenPromise, ExchangeTables};
    use tandem_state::{Prefix, Tables};
    let mut chain = Harness::default();
    let (from, to) = (Signer::wallet(1), Signer::wallet(2));
    let nonce = chain.nonce();
    let action = chain.sign(&from, &tandem_testkit::send(&to.address(), tandem_testkit::USD, "1", nonce));
    let block = block_of(&chain, &[action]);
    // No transaction breaks a promise, so the state is broken behind the rules' back: more on hold than there is.
    let balance = BalanceKey { account: chain.account(&to.address()), token: tandem_testkit::USD };
    let broken = Balance { total: tandem_types::TokenAtoms(1), hold: tandem_types::TokenAtoms(u64::MAX) };
    let key = Prefix::new(ExchangeTables::ENGINE, 9).key(&balance);
    chain.chain.tables.load(&key, &broken.to_bytes()).unwrap();
    chain.chain.rebuild_trees().unwrap();
    let expected = InvalidBlock::Invariant(BrokenPromise::Hold { balance });
    assert_eq!(chain.propose(&block), Err(expected));
}

/// A tree that takes no more, as one that has run out of numbers.
#[derive(Clone)]
struct Full {
    tree: tandem_state::tree::Tree,
    is_full: bool,
}

impl tandem_stf::StateTree for Full {
    fn apply(&mut self, updates: &[tandem_state::tree::Update<'_>]) -> Result<(), ApplyError> {
        if self.is_full && !updates.is_empty() {
            return Err(ApplyError::Batch(TreeError::Full));
        }
        self.tree.apply(updates).map_err(ApplyError::Batch)
    }

    fn root(&self) -> tandem_types::CoreRoot {
        self.tree.root()
    }
}

#[test]
fn a_full_tree_refuses_a_block_that_then_leaves_no_trace() {
    use tandem_state::Tables;
    let mut chain = Harness::default();
    chain.until_before(10);
    let trader = Signer::wallet(1);
    let action = chain.sign(&trader, &place(&[buy(PURR, "1", "100")]));
    let block = chain.clone().build(&[action], &[evm_transfer(&trader, 0, [9; 20], 5)]).unwrap().block;
    let checked = chain.check(&block).unwrap();
    for [system_full, core_full] in [[true, false], [false, true]] {
        let of = |tree: &tandem_state::tree::Tree, is_full| Full { tree: tree.clone(), is_full };
        let mut full = tandem_stf::Chain {
            tables: chain.chain.tables.clone(),
            system_tree: of(&chain.chain.system_tree, system_full),
            core_tree: of(&chain.chain.core_tree, core_full),
            evm_tries: chain.chain.evm_tries.clone(),
        };
        let refused = apply_block(&mut full, &chain.parent, &checked);
        assert_eq!(refused, Err(InvalidBlock::MissingTreeNode(ApplyError::Batch(TreeError::Full))));
        assert_eq!(full.tables.entries(), chain.chain.tables.entries());
        assert!(full.tables.seal().is_empty());
        assert_eq!(full.system_root(), chain.chain.system_root());
        assert_eq!(full.core_root(), chain.chain.core_root());
        assert_eq!(full.evm_root(), chain.chain.evm_root());
        (full.system_tree.is_full, full.core_tree.is_full) = (false, false);
        assert!(apply_block(&mut full, &chain.parent, &checked).is_ok());
    }
}

#[test]
fn a_state_without_parameters_or_with_another_engine_takes_no_block() {
    use tandem_state::Tables;
    use tandem_system::Enshrined;
    let chain = Harness::default();
    let block = block_of(&chain, &[]);
    let mut no_parameters = chain.clone();
    no_parameters.chain.tables.system.parameters.remove(&());
    let mut inactive = chain.clone();
    let engine = tandem_exchange::ExchangeTables::ENGINE.0;
    inactive.chain.tables.system.registry.update(&engine, |entry| entry.active = false);
    let mut upgraded = chain;
    upgraded
        .chain
        .tables
        .system
        .registry
        .update(&engine, |entry| *entry = Enshrined { version: 2, ..*entry });
    for mut chain in [no_parameters, inactive, upgraded] {
        chain.chain.tables.seal();
        chain.chain.rebuild_trees().unwrap();
        assert_eq!(chain.propose(&block), Err(InvalidBlock::State));
    }
}

#[test]
fn every_tenth_block_is_an_evm_block() {
    let mut chain = Harness::default();
    let wallet = Signer::wallet(1);
    let transfer = evm_transfer(&wallet, 0, [9; 20], 5);
    for height in 1..=21u64 {
        let step = chain.empty();
        let is_evm = height.is_multiple_of(10);
        assert_eq!(step.outcome.receipts.evm_header.is_some(), is_evm);
        assert_eq!(step.outcome.header.evm_header == Hash::default(), !is_evm);
        assert_eq!(step.outcome.header.evm_height, height / 10);
    }
    // A builder offers them at other heights in vain; a block that has them is invalid.
    assert!(chain.block(&[], std::slice::from_ref(&transfer)).block.body.evm_transactions.is_empty());
    let mut block = block_of(&chain, &[]);
    block.body.evm_transactions.push(transfer.raw().to_vec());
    assert_eq!(chain.propose(&block), Err(InvalidBlock::NotEvmHeight));
    assert!(chain.chain.tables.head.evm.peek(&()).is_some_and(|head| head.number == 2));
}

#[test]
fn the_first_evm_block_follows_that_of_the_genesis() {
    let mut chain = Harness::default();
    let genesis = chain.genesis.evm_header(chain.parent.evm_root);
    assert_eq!(chain.parent.evm_header, Hash(genesis.hash_slow().0));
    chain.until_before(10);
    let step = chain.empty();
    let first = step.outcome.receipts.evm_header.as_ref().unwrap();
    assert_eq!((first.number, first.parent_hash), (1, genesis.hash_slow()));
    assert_eq!(first.base_fee_per_gas, Some(875_000_000));
    assert_eq!(genesis.state_root.0, chain.genesis.chain().unwrap().1.evm_root.0);
}

#[test]
fn transfers_and_contracts_run_in_evm_blocks() {
    let mut chain = Harness::default();
    let (wallet, other) = (Signer::wallet(1), Signer::wallet(2));
    chain.until_before(10);
    let to = [9; 20];
    let code = [0x60, 1, 0x60, 0, 0x52, 0x60, 32, 0x60, 0, 0xf3];
    let transactions =
        [evm_transfer(&wallet, 0, to, 5), deploy(&wallet, 1, &code), evm_transfer(&other, 0, to, 7)];
    let step = chain.block(&[], &transactions);
    assert_eq!(step.refused_evm, []);
    let receipts = &step.outcome.receipts.evm;
    assert!(receipts.iter().all(|receipt| receipt.success));
    let contract = receipts[1].contract.unwrap();
    let tables = &chain.chain.tables.evm;
    let at = |address: [u8; 20]| tables.accounts.peek(&tandem_types::Address(address));
    assert_eq!(at(to).unwrap().balance.to::<u64>(), 12);
    assert_eq!(tables.codes.peek(&tandem_types::Address(contract.0.0)).unwrap().0.as_ref(), code);
    let header = step.outcome.receipts.evm_header.as_ref().unwrap();
    assert_eq!(header.gas_used, receipts[2].cumulative_gas_used);
    assert_eq!(header.state_root.0, step.outcome.header.evm_root.0);
    assert_eq!(Hash(header.hash_slow().0), step.outcome.header.evm_header);

    // Exchange actions and the EVM share the block, and the next EVM block follows from this one.
    chain.until_before(10);
    let action = chain.sign(&wallet, &place(&[buy(PURR, "1", "100")]));
    let step = chain.block(&[action], &[evm_transfer(&wallet, 2, to, 1)]);
    assert_eq!((step.receipts().len(), step.outcome.receipts.evm.len()), (1, 1));
    let next = step.outcome.receipts.evm_header.as_ref().unwrap();
    assert_eq!((next.number, next.parent_hash), (2, header.hash_slow()));
}

#[test]
fn an_evm_transaction_that_may_not_stand_in_its_block_makes_it_invalid() {
    let mut chain = Harness::default();
    let wallet = Signer::wallet(1);
    chain.until_before(10);
    let (first, second) = (evm_transfer(&wallet, 0, [9; 20], 5), evm_transfer(&wallet, 1, [9; 20], 5));
    let good = chain.clone().build(&[], &[first.clone(), second.clone()]).unwrap().block;
    assert_eq!(good.body.evm_transactions.len(), 2);
    let mut swapped = good.clone();
    swapped.body.evm_transactions.swap(0, 1);
    let error = chain.propose(&swapped).unwrap_err();
    assert!(
        matches!(
            error,
            InvalidBlock::Evm(EvmError::Transaction { index: 0, reason: TxRejection::NonceTooHigh { .. } })
        ),
        "{error}"
    );
    let mut shorter = good.clone();
    shorter.body.evm_transactions.pop();
    assert!(matches!(chain.propose(&shorter), Err(InvalidBlock::Header(_))));
    let mut garbage = good.clone();
    garbage.body.evm_transactions[1] = vec![2, 0xc0];
    assert!(matches!(chain.propose(&garbage), Err(InvalidBlock::EvmTransaction { index: 1, .. })));
    // The builder passes over what it can't use.
    let built = chain.clone().build(&[], &[second, first]).unwrap();
    assert_eq!((built.block.body.evm_transactions.len(), built.refused_transactions.len()), (1, 1));
    assert!(chain.propose(&good).is_ok());
}

#[test]
fn what_was_checked_at_admission_is_not_checked_again_but_means_the_same() {
    #[derive(Debug)]
    struct Known(Vec<Transaction>);
    impl KnownActions for Known {
        fn action(&self, raw: &[u8]) -> Option<Transaction> {
            self.0.iter().find(|action| action.raw() == raw).cloned()
        }
        fn evm_transaction(&self, _: &[u8]) -> Option<tandem_evm::CheckedEvmTx> {
            None
        }
    }
    let mut chain = Harness::default();
    let actions = three_classes(&mut chain).to_vec();
    let bytes = block_of(&chain, &actions).to_bytes();
    let known = check_block(&bytes, &chain.identity, &Sequential, &Known(actions)).unwrap();
    let fresh = check_block(&bytes, &chain.identity, &Sequential, &NothingKnown).unwrap();
    assert_eq!(known.actions(), fresh.actions());
    let outcome = apply_block(&mut chain.chain.clone(), &chain.parent, &known);
    assert_eq!(outcome, apply_block(&mut chain.chain, &chain.parent, &fresh));
    assert!(outcome.is_ok());
}
