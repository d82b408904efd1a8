//! Power cuts: validators come back to what they have said, and contradict nothing of it.

use crate::node::{Node, Setup, addresses, rules};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use tandem_consensus::{ConsensusError, Report, VoteKind};
use tandem_types::{BlockId, Height, Round};
use tokio::sync::Mutex as AsyncMutex;

/// Networks run one after another: each has the machine for itself.
static ONE_AT_A_TIME: AsyncMutex<()> = AsyncMutex::const_new(());

/// A place where a validator may say one thing only; a proposal has no kind.
type Turn = (Height, Round, Option<VoteKind>);

/// What one validator has said in all its lives.
#[derive(Debug, Default)]
struct Said(BTreeMap<Turn, Option<BlockId>>);

impl Said {
    fn add(&mut self, reports: &[Report]) {
        for report in reports {
            let (turn, block) = match report {
                Report::Proposed(proposal) => ((proposal.height, proposal.round, None), Some(proposal.block)),
                Report::Voted(vote) => ((vote.height, vote.round, Some(vote.kind)), vote.block),
                _ => continue,
            };
            match self.0.entry(turn) {
                Entry::Vacant(place) => drop(place.insert(block)),
                Entry::Occupied(before) => assert_eq!(*before.get(), block, "said twice at {turn:?}"),
            }
        }
    }
}

/// How often `TANDEM_CAMPAIGN` has the power go out, times this.
const CUTS: u64 = 4;

fn cuts() -> u64 {
    let campaign = std::env::var("TANDEM_CAMPAIGN").ok().and_then(|text| text.parse().ok());
    CUTS * campaign.unwrap_or(1).min(25)
}

fn set_power(setup: &Setup, operations: Option<u64>) {
    setup.wal.lock().unwrap().left = operations;
}

async fn cut(node: &mut Node, said: &mut Said) {
    let error = node.ends().await;
    assert!(matches!(error, ConsensusError::Log(_)), "{error}");
    said.add(&node.reported());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_fails_ends_consensus_and_the_next_life_goes_on() {
    let _turn = ONE_AT_A_TIME.lock().await;
    let setup = Setup::new(0, rules(1), &addresses(1));
    let mut said = Said::default();
    for cut_at in 0..14 * cuts() {
        set_power(&setup, Some(cut_at % 16));
        cut(&mut setup.start().await, &mut said).await;
    }
    set_power(&setup, None);
    let node = setup.start().await;
    node.reaches(node.height().0 + 2).await;
    said.add(&node.reported());
    node.stop().await;
}

/// All at once, so that nobody has decided while another was away: each meets its own earlier votes again.
#[tokio::test(flavor = "multi_thread")]
async fn four_that_lose_power_together_contradict_nothing_they_said() {
    let _turn = ONE_AT_A_TIME.lock().await;
    let addresses = addresses(4);
    let setups: Vec<_> = (0..4).map(|index| Setup::new(index, rules(4), &addresses)).collect();
    let mut said: [Said; 4] = Default::default();
    for life in 0..cuts() {
        let first = usize::try_from(life % 4).unwrap();
        set_power(&setups[first], Some(20 + life * 13 % 40));
        let mut nodes = start(&setups).await;
        cut(&mut nodes[first], &mut said[first]).await;
        setups.iter().for_each(|setup| set_power(setup, Some(0)));
        for (index, node) in nodes.into_iter().enumerate().filter(|(index, _)| *index != first) {
            said[index].add(&node.cut().await);
        }
        setups.iter().for_each(|setup| set_power(setup, None));
    }
    let nodes = start(&setups).await;
    let goal = nodes.iter().map(|node| node.height().0).max().unwrap() + 3;
    for (node, said) in nodes.iter().zip(&mut said) {
        node.reaches(goal).await;
        said.add(&node.reported());
    }
    for node in nodes {
        assert_eq!(node.log.lock().unwrap().evidence, []);
        node.stop().await;
    }
}

async fn start(setups: &[Setup]) -> Vec<Node> {
    let mut nodes = Vec::new();
    for setup in setups {
        nodes.push(setup.start().await);
    }
    nodes
}
