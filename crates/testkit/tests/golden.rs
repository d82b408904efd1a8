//! A small fixed chain, whose encodings and roots are known, and come out the same however it is executed.
//!
//! `vectors/chain.txt` holds a line for each block; `TANDEM_BLESS=1` writes it anew.

use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use std::fmt::Write;
use std::path::Path;
use tandem_codec::Encode;
use tandem_crypto::sha256;
use tandem_exchange::action::{Action, CancelByCloid, Order};
use tandem_stf::{Join, NothingKnown, Sequential, apply_block, block_id, check_block};
use tandem_testkit::{
    BTC, Harness, PURR, Signer, Step, USD, approve, asset, buy, cancel, deploy, evm_transfer, genesis,
    modify, place, sell, send,
};
use tandem_types::{Cloid, Hash, OrderId};

/// All cores.
struct Parallel;

impl Join for Parallel {
    fn map<T: Sync, U: Send>(&self, items: &[T], each: impl Fn(&T) -> U + Sync + Send) -> Vec<U> {
        items.par_iter().map(each).collect()
    }
}

/// Every kind of action, and two EVM blocks.
fn blocks() -> Vec<Step> {
    let mut chain = Harness::default();
    let (maker, taker, agent) = (Signer::wallet(1), Signer::wallet(2), Signer::key(1));
    let with_cloid = |order, number| Order { cloid: Some(Cloid([number; 16])), ..order };
    let by_cloid = |number| {
        Action::CancelByCloid(vec![CancelByCloid { asset: asset(PURR), cloid: Cloid([number; 16]) }])
    };
    let nonce = chain.nonce();
    let mut steps = vec![
        chain.act(&maker, &approve(&agent.address(), Some("desk"), nonce)),
        chain.act(&agent, &place(&[sell(BTC, "50000", "0.5"), with_cloid(sell(PURR, "1.5", "100"), 1)])),
        chain.act(&taker, &place(&[buy(BTC, "50001", "0.2"), buy(PURR, "1.2", "30")])),
        chain.act_all(&[
            (&agent, modify(OrderId(1), with_cloid(sell(PURR, "1.5", "60"), 1))),
            (&taker, place(&[buy(PURR, "1.5", "20"), buy(PURR, "0.1", "1")])),
            (&maker, by_cloid(9)),
        ]),
    ];
    let nonce = chain.nonce();
    steps.push(chain.act(&taker, &send(&Signer::wallet(99).address(), USD, "12.5", nonce)));
    let due = chain.now().plus_ms(5_000);
    steps.push(chain.act(&maker, &Action::ScheduleCancel(Some(due))));
    steps.push(chain.act_all(&[
        (&taker, cancel(PURR, &[OrderId(3)])),
        (&maker, by_cloid(1)),
        (&taker, Action::Noop),
    ]));
    while chain.parent.height.0 < 9 {
        steps.push(chain.empty());
    }
    let code = [0x5f, 0x5f, 0xf3];
    steps.push(chain.block(&[], &[evm_transfer(&maker, 0, [9; 20], 5), deploy(&taker, 0, &code)]));
    chain.step_ms = 5_000;
    steps.push(chain.empty());
    chain.step_ms = 100;
    while chain.parent.height.0 < 20 {
        steps.push(chain.empty());
    }
    steps
}

fn digest(value: &impl Encode) -> Hash {
    Hash(sha256(&value.to_bytes()))
}

fn report(steps: &[Step]) -> String {
    let genesis = genesis();
    let (_, header) = genesis.chain().unwrap();
    let mut out = String::from(
        "# A fixed chain of every kind of action, computed by this code: see crates/testkit/tests/golden.rs.\n\
         # Hashes are SHA-256 of encodings.\n",
    );
    let id = |header| Hash(block_id(header).0);
    writeln!(out, "genesis {} header {}", genesis.hash(), id(&header)).unwrap();
    for Step { block, outcome, witness, .. } in steps {
        let header = &block.header;
        writeln!(out, "{} id {}", header.height, id(header)).unwrap();
        writeln!(out, "  block {} receipts {}", digest(block), digest(&outcome.receipts)).unwrap();
        writeln!(out, "  delta {} witness {}", digest(&outcome.delta), digest(witness)).unwrap();
        writeln!(out, "  system {} core {}", Hash(header.system_root.0), Hash(header.core_root.0)).unwrap();
        writeln!(out, "  evm {} evm block {}", Hash(header.evm_root.0), header.evm_header).unwrap();
    }
    out
}

#[test]
fn the_fixed_chain_has_its_encodings_and_roots() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/chain.txt");
    let got = report(&blocks());
    if std::env::var("TANDEM_BLESS").is_ok_and(|bless| bless == "1") {
        std::fs::write(&path, &got).unwrap();
    }
    let expected = std::fs::read_to_string(&path).expect("vectors/chain.txt");
    for (got, expected) in got.lines().zip(expected.lines()) {
        assert_eq!(got, expected, "if this is meant, run `cargo xtask vectors tandem-testkit`");
    }
    assert_eq!(got.lines().count(), expected.lines().count());
}

#[test]
fn threads_change_nothing() {
    let mut chain = Harness::default();
    for step in blocks() {
        let bytes = step.block.to_bytes();
        let sequential = check_block(&bytes, &chain.identity, &Sequential, &NothingKnown).unwrap();
        let parallel = check_block(&bytes, &chain.identity, &Parallel, &NothingKnown).unwrap();
        assert_eq!(parallel.actions(), sequential.actions());
        assert_eq!(parallel.id(), sequential.id());
        let outcome = apply_block(&mut chain.chain, &chain.parent, &parallel).unwrap();
        assert_eq!(outcome, step.outcome);
        chain.parent = outcome.header;
    }
}
