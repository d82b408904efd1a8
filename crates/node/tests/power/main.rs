//! The whole node on a disk that forgets: real consensus of one validator, orders under load, and the power cut at any
//! operation of the disk, also while the node recovers from the cut before.
//!
//! Everything that a node keeps is on the simulated disk: blocks, undecided blocks, checkpoints, and the log of what the
//! validator said. After each cut the node is opened again by what the disk kept alone. The blocks are then executed
//! again from genesis, every order that was answered must be in them, and the validator must never have said two
//! different things in one round of one height.
//!
//! `TANDEM_CAMPAIGN` multiplies the number of seeds. A seed fixes what the disk forgets and when the power goes out;
//! what the threads do between is the machine's own.

mod history;
mod life;
mod said;
mod traders;

use history::History;
use life::Home;
use tokio::task::JoinSet;

/// Homes, each with a seed of its own.
const SEEDS: u64 = 18;
/// Power cuts that each home goes through.
const CUTS: u64 = 7;
/// Homes at work at a time.
const TOGETHER: usize = 3;

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_survives_any_number_of_power_cuts() {
    let campaign = std::env::var("TANDEM_CAMPAIGN").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let (mut homes, mut ended) = (JoinSet::new(), Vec::new());
    for seed in 0..SEEDS * campaign {
        if homes.len() == TOGETHER {
            ended.extend(homes.join_next().await);
        }
        homes.spawn(many_lives(seed));
    }
    ended.extend(homes.join_all().await.into_iter().map(Ok));
    let histories: Vec<History> = ended.into_iter().map(Result::unwrap).collect();
    let sum = |count: fn(&History) -> u64| histories.iter().map(count).sum::<u64>();
    let (blocks, answers, cuts) =
        (sum(History::height), sum(History::answers), sum(|history| history.cuts_at_work));
    let (words, rounds) = (sum(History::words), sum(History::later_rounds));
    println!(
        "{blocks} blocks, {rounds} in later rounds, {answers} answers, {words} words, {cuts} cuts at work"
    );
    let enough = answers > blocks && words > blocks && cuts > SEEDS * 2;
    assert!(enough, "too few to show anything");
}

async fn many_lives(seed: u64) -> History {
    let mut home = Home::new(seed);
    let mut history = History::default();
    for _ in 0..CUTS {
        home.live(&mut history).await;
        home.files.crash();
        home.recover(&mut history);
    }
    history
}
