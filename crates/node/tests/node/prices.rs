//! Price reports from votes to prices: collected, kept, carried and judged.

use crate::validators::{Node, genesis, report};
use bytes::Bytes;
use std::sync::atomic::Ordering;
use tandem_codec::{Decode, Encode};
use tandem_consensus::{
    Application, Block as Proposed, Certificate, EXTENSION_BYTES_MAX, ExtensionPolicy, Origin,
    ValidatorAddress, Verdict, verify_certificate,
};
use tandem_node::validator_set;
use tandem_oracle::{Quote, Report};
use tandem_types::{Block, Height, MarketId, PriceTicks, Round};

/// The price that the nodes' own sources say, in ticks of 10^-4 USD.
const OWN: u64 = 30_000_000;

/// The reports in a proposed block.
fn reports(block: &Proposed) -> usize {
    Block::from_bytes(&block.bytes).unwrap().body.price_reports.len()
}

/// Decides the next block by these votes, each with what it attaches.
fn decide(node: &mut Node, votes: &[(u8, Vec<u8>)]) -> (Proposed, Certificate) {
    let proposed = node.propose();
    let certificate = node.certificate(proposed.id, votes);
    node.executor.decide(&certificate).unwrap();
    (proposed, certificate)
}

/// What the node would attach to its vote for a block.
fn own(node: &mut Node, block: &Proposed) -> Vec<u8> {
    let height = Height(node.height().0 + 1);
    node.executor.extend_vote(height, Round(0), block.id)
}

#[test]
fn a_single_validator_has_the_prices_of_its_source() {
    let mut node = Node::new(0, &genesis(1));
    for height in 1..=6 {
        let policy = node.executor.tip().next.extensions;
        let is_price_height = height % 2 == 0;
        assert_eq!(policy == ExtensionPolicy::Required, is_price_height, "{height}");
        let proposed = node.propose();
        // The block after a price height carries what came with the votes for it.
        assert_eq!(reports(&proposed), usize::from(height > 1 && !is_price_height), "{height}");
        let extension = own(&mut node, &proposed);
        let certificate = node.certificate(proposed.id, &[(0, extension)]);
        node.executor.decide(&certificate).unwrap();
        assert_eq!(node.oracle(), (height > 2).then_some(OWN), "{height}");
    }
    let metrics = node.handle.metrics();
    assert_eq!(metrics.price_reports.load(Ordering::Relaxed), 2);
    // One market was asked for six times, and the source does not know it.
    assert_eq!(metrics.price_failures.load(Ordering::Relaxed), 6);
}

#[test]
fn one_absent_and_one_liar_of_four_move_no_price_out_of_the_honest_range() {
    let mut node = Node::new(0, &genesis(4));
    let honest = [report(OWN), report(OWN + 5)];
    for liar in [1, u64::MAX >> 16] {
        let votes = [(0, honest[0].clone()), (1, honest[1].clone()), (3, report(liar))];
        decide(&mut node, &votes);
        decide(&mut node, &votes);
        let (proposed, _) = decide(&mut node, &votes);
        assert_eq!(reports(&proposed), 3);
        let oracle = node.oracle().unwrap();
        assert!((OWN..=OWN + 5).contains(&oracle), "{liar}: {oracle}");
        decide(&mut node, &votes);
    }
}

#[test]
fn who_has_no_source_reports_nothing_and_still_counts() {
    let mut node = Node::new(0, &genesis(4));
    let empty = Report::default().to_bytes();
    let votes = [(0, report(OWN)), (1, report(OWN)), (2, empty)];
    decide(&mut node, &votes);
    decide(&mut node, &votes);
    let (proposed, _) = decide(&mut node, &votes);
    // Three of four reported, two of them a price: no more than two thirds of the power.
    assert_eq!((reports(&proposed), node.oracle()), (3, None));
}

#[test]
fn extensions_are_taken_by_size_and_form_alone() {
    let node = Node::new(0, &genesis(4));
    let quote = |market, ticks| Quote { market: MarketId(market), oracle: PriceTicks(ticks), external: None };
    let unsorted = [quote(1, 7).to_bytes(), quote(0, 7).to_bytes()].concat();
    let zero = Quote { oracle: PriceTicks(0), ..quote(0, 1) };
    let rows: [(&str, Vec<u8>, bool); 8] = [
        ("an empty report", Report::default().to_bytes(), true),
        ("a price", report(OWN), true),
        ("of a market that is not there", Report::new(&[quote(700, 7)]).to_bytes(), true),
        ("no bytes", Vec::new(), false),
        ("rubbish", vec![0xff; 40], false),
        ("something behind", [report(OWN), vec![0]].concat(), false),
        ("markets not in order", [2u32.to_bytes(), unsorted].concat(), false),
        ("a price of zero", [1u32.to_bytes(), zero.to_bytes()].concat(), false),
    ];
    for (what, bytes, taken) in rows {
        let address = ValidatorAddress([9; 20]);
        assert_eq!(node.executor.verify_extension(Height(2), address, &bytes), taken, "{what}");
    }
}

#[test]
fn a_malformed_extension_leaves_the_chain_to_the_others() {
    let mut node = Node::new(0, &genesis(4));
    let votes = [(0, report(OWN)), (1, report(OWN)), (2, report(OWN)), (3, vec![0xff; 9])];
    decide(&mut node, &votes);
    let (_, certificate) = decide(&mut node, &votes);
    assert_eq!(certificate.signatures().len(), 3, "the vote does not count");
    let (proposed, _) = decide(&mut node, &votes);
    assert_eq!((reports(&proposed), node.oracle()), (3, Some(OWN)));
}

#[test]
fn reports_survive_a_power_cut_with_the_block_that_they_came_with() {
    let mut node = Node::new(0, &genesis(4));
    let votes = [(0, report(OWN)), (1, report(OWN)), (2, report(OWN + 1))];
    decide(&mut node, &votes);
    decide(&mut node, &votes);
    let mut node = node.restart();
    assert_eq!(node.height(), Height(2));
    let proposed = node.propose();
    assert_eq!(reports(&proposed), 3);
    let mut node = node.restart();
    assert_eq!(node.propose(), proposed, "the same block in the same round");
    node.executor.decide(&node.certificate(proposed.id, &votes)).unwrap();
    assert_eq!(node.oracle(), Some(OWN));
}

#[test]
fn who_was_behind_has_the_reports_from_those_who_helped() {
    let genesis = genesis(4);
    let (mut ahead, mut behind) = (Node::new(0, &genesis), Node::new(1, &genesis));
    let votes = [(0, report(OWN)), (1, report(OWN)), (2, report(OWN))];
    for _ in 0..2 {
        decide(&mut ahead, &votes);
    }
    for height in 1..=2 {
        let block = ahead.executor.decided(Height(height)).unwrap();
        let received = Proposed { id: block.certificate.block(), bytes: block.bytes };
        assert_eq!(behind.judge(&received, Origin::Synced), Verdict::Valid);
        behind.executor.decide(&block.certificate).unwrap();
    }
    let proposed = behind.propose();
    assert_eq!(reports(&proposed), 3);
    assert_eq!(ahead.judge(&proposed, Origin::FirstProposal), Verdict::Valid);
}

#[test]
fn late_votes_bring_their_reports_and_any_quorum_of_them_will_do() {
    let genesis = genesis(4);
    let (mut early, mut late) = (Node::new(0, &genesis), Node::new(1, &genesis));
    let votes: Vec<_> = (0..4).map(|number| (number, report(OWN + u64::from(number)))).collect();
    for _ in 0..2 {
        let proposed = early.propose();
        assert_eq!(late.judge(&proposed, Origin::FirstProposal), Verdict::Valid);
        let all = early.certificate(proposed.id, &votes);
        let three = early.certificate(proposed.id, &votes[..3]);
        late.executor.decide(&three).unwrap();
        late.executor.finalize(&all, &[]).unwrap();
        early.executor.decide(&three).unwrap();
    }
    let proposed = late.propose();
    assert_eq!(reports(&proposed), 4);
    assert_eq!(early.judge(&proposed, Origin::FirstProposal), Verdict::Valid);
    assert_eq!(reports(&early.propose()), 3);
}

#[test]
fn the_certificate_in_a_body_is_without_the_reports() {
    let mut node = Node::new(0, &genesis(4));
    let long = Report::new(
        &(0..300)
            .map(|market| Quote { market: MarketId(market), oracle: PriceTicks(OWN), external: None })
            .collect::<Vec<_>>(),
    )
    .to_bytes();
    let votes: Vec<_> = (0..4).map(|number| (number, long.clone())).collect();
    decide(&mut node, &votes);
    let (_, extended) = decide(&mut node, &votes);
    let body = Block::from_bytes(&node.propose().bytes).unwrap().body;
    let carried = Certificate::from_bytes(&body.last_commit).unwrap();
    assert!(carried.signatures().iter().all(|signature| signature.extension.is_none()));
    assert!(extended.signatures().iter().all(|signature| signature.extension.is_some()));
    let set = validator_set(&mut node.handle.state().tables.system.clone()).unwrap();
    assert_eq!(verify_certificate(&carried, &set, &node.domain()), Ok(()));
    assert!(
        body.last_commit.len() < 500 && body.price_reports.iter().all(|report| report.len() > long.len())
    );
}

/// The proposed block with other reports in its body.
fn with_reports(block: &Proposed, change: impl FnOnce(&mut Vec<Vec<u8>>)) -> Proposed {
    let mut changed = Block::from_bytes(&block.bytes).unwrap();
    change(&mut changed.body.price_reports);
    Proposed { id: block.id, bytes: Bytes::from(changed.to_bytes()) }
}

#[test]
fn blocks_with_stale_foreign_or_too_few_reports_get_no_vote() {
    let genesis = genesis(4);
    let (mut proposer, mut voter) = (Node::new(0, &genesis), Node::new(1, &genesis));
    let votes: Vec<_> = (0..4).map(|number| (number, report(OWN))).collect();
    let mut stale = Vec::new();
    for height in 1..=4 {
        let proposed = proposer.propose();
        assert_eq!(voter.judge(&proposed, Origin::FirstProposal), Verdict::Valid, "{height}");
        let certificate = proposer.certificate(proposed.id, &votes);
        proposer.executor.decide(&certificate).unwrap();
        voter.executor.decide(&certificate).unwrap();
        if height == 3 {
            stale = Block::from_bytes(&proposed.bytes).unwrap().body.price_reports;
        }
    }
    let good = proposer.propose();
    assert_eq!((stale.len(), reports(&good)), (4, 4));
    let changed = |change: &dyn Fn(&mut Vec<Vec<u8>>)| with_reports(&good, change);
    let wrong = [
        ("of power 0", changed(&|reports| reports.clear())),
        ("of power 2", changed(&|reports| reports.truncate(2))),
        ("not in the order", changed(&|reports| reports[1] = reports[0].clone())),
        ("not in the order", changed(&|reports| reports.swap(0, 1))),
        ("report 0: the signature", changed(&|reports| reports[0] = stale[0].clone())),
        ("report 0: the signature", changed(&|reports| *reports = stale.clone())),
        ("report 3: the signature", changed(&|reports| *reports[3].get_mut(40).unwrap() ^= 1)),
    ];
    for (why, block) in wrong {
        let verdict = voter.judge(&block, Origin::FirstProposal);
        assert!(
            matches!(&verdict, Verdict::Invalid { reason } if reason.contains(why)),
            "{why}: {verdict:?}"
        );
    }
    assert_eq!(voter.judge(&good, Origin::FirstProposal), Verdict::Valid);
}

#[test]
fn a_report_of_more_markets_than_an_extension_holds_is_cut() {
    let mut genesis = genesis(1);
    let market = genesis.exchange.perps.markets[0];
    genesis.exchange.perps.markets = vec![market; 900];
    let mut node = Node::new(0, &genesis);
    let proposed = node.propose();
    let extension = own(&mut node, &proposed);
    let count = Report::from_bytes(&extension).unwrap().quotes().len();
    assert!(extension.len() <= EXTENSION_BYTES_MAX as usize);
    assert_eq!((count, node.handle.metrics().price_failures.load(Ordering::Relaxed)), (372, 900 - 372));
}
