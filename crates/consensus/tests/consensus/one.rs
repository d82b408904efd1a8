//! A single validator: the same code path, alone.

use crate::chain::BLOCK_TIME_MS;
use crate::node::{Setup, addresses, domain, rules};
use tandem_consensus::{ConsensusError, verify_certificate};
use tandem_types::Height;

#[tokio::test(flavor = "multi_thread")]
async fn one_validator_decides_alone_at_its_pace_and_goes_on_after_a_restart() {
    let setup = Setup::new(0, rules(1), &addresses(1));
    let node = setup.start().await;
    node.reaches(30).await;
    let before = node.log.clone();
    node.stop().await;

    let node = setup.start().await;
    let restarted_at = node.log.lock().unwrap().decided.len();
    assert!(restarted_at >= 30);
    node.reaches(40).await;
    node.stop().await;

    let log = before.lock().unwrap();
    let set = rules(1).validators;
    for (block, head, certificate) in log.decided.values() {
        assert_eq!(certificate.block(), *block);
        assert_eq!(verify_certificate(certificate, &set, &domain()), Ok(()), "at {}", head.height);
    }
    let times: Vec<u64> = log.decided.values().map(|(_, head, _)| head.time.0).collect();
    // The lead and the clock's granularity may shorten an interval by some milliseconds.
    assert!(times.windows(2).all(|pair| pair[1] - pair[0] >= BLOCK_TIME_MS - 5), "{times:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_of_the_application_ends_consensus_and_a_restart_goes_on_where_it_was() {
    let mut setup = Setup::new(0, rules(1), &addresses(1));
    setup.rules.full_at = Some(Height(3));
    let mut node = setup.start().await;
    let log = node.log.clone();
    assert!(matches!(node.ends().await, ConsensusError::Application(_)));
    assert_eq!(log.lock().unwrap().decided.len(), 2);

    setup.rules.full_at = None;
    let node = setup.start().await;
    node.reaches(5).await;
    node.stop().await;
}
