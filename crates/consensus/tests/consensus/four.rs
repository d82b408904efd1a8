//! Four validators in one process, each with its own engine, chain and files.

use crate::chain::Log;
use crate::node::{Node, Setup, addresses, domain, key, rules};
use std::sync::{Arc, Mutex};
use tandem_codec::Encode;
use tandem_consensus::{
    EXTENSION_BYTES_MAX, EvidenceError, ExtensionPolicy, Report, ValidatorAddress, verify_certificate,
    verify_evidence,
};
use tandem_types::{BlockId, Height};
use tokio::sync::Mutex as AsyncMutex;

/// Networks run one after another: each has the machine for itself.
static ONE_AT_A_TIME: AsyncMutex<()> = AsyncMutex::const_new(());

async fn start(setups: &[Setup]) -> Vec<Node> {
    let mut nodes = Vec::new();
    for setup in setups {
        nodes.push(setup.start().await);
    }
    nodes
}

async fn all_reach(nodes: &[Node], height: u64) {
    for node in nodes {
        node.reaches(height).await;
    }
}

async fn stop(nodes: Vec<Node>) -> Vec<Arc<Mutex<Log>>> {
    let mut logs = Vec::new();
    for node in nodes {
        logs.push(Arc::clone(&node.log));
        node.stop().await;
    }
    logs
}

fn ids(log: &Mutex<Log>, upto: u64) -> Vec<BlockId> {
    log.lock().unwrap().decided.range(..=Height(upto)).map(|(_, (id, ..))| *id).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn four_validators_agree_and_go_on_after_all_restart() {
    let _turn = ONE_AT_A_TIME.lock().await;
    let mut rules = rules(4);
    rules.extensions = ExtensionPolicy::Required;
    let addresses = addresses(4);
    let setups: Vec<_> = (0..4).map(|index| Setup::new(index, rules.clone(), &addresses)).collect();
    let nodes = start(&setups).await;
    all_reach(&nodes, 12).await;
    let before = stop(nodes).await;

    let nodes = start(&setups).await;
    all_reach(&nodes, 20).await;
    let after = stop(nodes).await;

    for logs in [&before, &after] {
        assert!(logs.iter().all(|log| ids(log, 12) == ids(&before[0], 12)));
    }
    assert!(after.iter().all(|log| ids(log, 20) == ids(&after[0], 20)));
    for (id, _, certificate) in after[0].lock().unwrap().decided.values() {
        assert_eq!(verify_certificate(certificate, &rules.validators, &domain()), Ok(()));
        assert_eq!(certificate.block(), *id);
        assert!(certificate.signatures().iter().all(|signature| signature.extension.is_some()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_whose_extensions_are_refused_is_in_no_certificate_and_harms_nobody() {
    let _turn = ONE_AT_A_TIME.lock().await;
    let liar = ValidatorAddress::of(&key(3).public_key());
    for lie in [vec![0xff; 3], Height(1).to_bytes(), vec![0; EXTENSION_BYTES_MAX as usize + 1]] {
        let mut rules = rules(4);
        rules.extensions = ExtensionPolicy::Required;
        let addresses = addresses(4);
        let mut setups: Vec<_> = (0..4).map(|index| Setup::new(index, rules.clone(), &addresses)).collect();
        setups[3].rules.lie = Some(lie);
        let nodes = start(&setups).await;
        // The liar follows the others.
        all_reach(&nodes, 6).await;
        let logs = stop(nodes).await;
        assert!(logs.iter().all(|log| ids(log, 6) == ids(&logs[0], 6)));
        for (height, (_, _, certificate)) in &logs[0].lock().unwrap().decided {
            let signed = certificate.signatures().iter().any(|signature| signature.validator == liar);
            // At height 1 the second lie is what is expected.
            assert!(!signed || *height == Height(1), "{height}");
            assert_eq!(verify_certificate(certificate, &rules.validators, &domain()), Ok(()));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_found_invalid_moves_its_height_to_the_next_round() {
    let _turn = ONE_AT_A_TIME.lock().await;
    let mut rules = rules(4);
    rules.refused = vec![Height(4), Height(6)];
    let addresses = addresses(4);
    let setups: Vec<_> = (0..4).map(|index| Setup::new(index, rules.clone(), &addresses)).collect();
    let nodes = start(&setups).await;
    all_reach(&nodes, 8).await;
    // The proposer of height 4 does not judge its own block; it is one of two of these at most.
    let invalid = |report: &Report| matches!(report, Report::Invalid { height: Height(4), .. });
    tokio::select! { () = nodes[0].reports(invalid) => (), () = nodes[1].reports(invalid) => () }
    let logs = stop(nodes).await;
    for log in &logs {
        assert_eq!(ids(log, 8), ids(&logs[0], 8));
        let log = log.lock().unwrap();
        assert!(rules.refused.iter().all(|height| log.decided[height].2.round().0 > 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_validator_and_a_follower_catch_up() {
    let _turn = ONE_AT_A_TIME.lock().await;
    let addresses = addresses(5);
    let mut setups: Vec<_> = (0..5).map(|index| Setup::new(index, rules(4), &addresses)).collect();
    setups[4].validator = None;
    let mut nodes = start(&setups[..3]).await;
    all_reach(&nodes, 8).await;
    nodes.extend(start(&setups[3..]).await);
    let target = nodes[0].height().0 + 5;
    all_reach(&nodes, target).await;
    let logs = stop(nodes).await;
    assert!(logs.iter().all(|log| ids(log, target) == ids(&logs[0], target)));
    assert!(logs[3..].iter().all(|log| log.lock().unwrap().synced >= 8));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_was_wrong_about_a_block_takes_it_when_it_is_final() {
    let _turn = ONE_AT_A_TIME.lock().await;
    let addresses = addresses(4);
    let mut setups: Vec<_> = (0..4).map(|index| Setup::new(index, rules(4), &addresses)).collect();
    setups[3].rules.refused = (2..8).map(Height).collect();
    let nodes = start(&setups).await;
    all_reach(&nodes, 10).await;
    let logs = stop(nodes).await;
    assert!(logs.iter().all(|log| ids(log, 10) == ids(&logs[0], 10)));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_diverged_says_so_and_stays() {
    let _turn = ONE_AT_A_TIME.lock().await;
    let addresses = addresses(4);
    let mut setups: Vec<_> = (0..4).map(|index| Setup::new(index, rules(4), &addresses)).collect();
    setups[3].rules.impossible = Some(Height(5));
    let nodes = start(&setups).await;
    nodes[3].reports(|report| matches!(report, Report::Diverged { height: Height(5), .. })).await;
    all_reach(&nodes[..3], 10).await;
    assert_eq!(nodes[3].height(), Height(4));
    stop(nodes).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_used_twice_leaves_evidence() {
    let _turn = ONE_AT_A_TIME.lock().await;
    let addresses = addresses(5);
    let mut setups: Vec<_> = (0..5).map(|index| Setup::new(index, rules(4), &addresses)).collect();
    setups[4].validator = Some(0);
    let nodes = start(&setups).await;
    let set = rules(4).validators;
    let mut height = 4;
    let evidence = loop {
        nodes[1].reaches(height).await;
        if let Some(evidence) = nodes[1].log.lock().unwrap().evidence.first() {
            break *evidence;
        }
        height += 1;
    };
    stop(nodes).await;
    assert_eq!(evidence.validator(), ValidatorAddress::of(&key(0).public_key()));
    assert_eq!(verify_evidence(&evidence, &set, &domain()), Ok(()));
    let mut elsewhere = domain();
    elsewhere.chain.0 += 1;
    let refused = Err(EvidenceError::InvalidSignature(evidence.validator()));
    assert_eq!(verify_evidence(&evidence, &set, &elsewhere), refused);
}
