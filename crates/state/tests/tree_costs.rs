//! The state tree's deterministic costs, kept in `vectors/state-tree-costs.txt`: a change that makes blocks dearer to
//! hash or witnesses longer shows here, on any machine.

#[path = "../benches/workload/mod.rs"]
mod workload;

use tandem_state::tree::PartialTree;
use workload::{Load, World, updates};

const ENTRIES: usize = 50_000;
const BATCH: usize = 1_000;

/// Costs of the second batch on a state.
fn costs(load: Load) -> String {
    let mut world = World::new(load, ENTRIES, BATCH);
    let first = world.batch(BATCH);
    world.tree.apply(&updates(&first)).unwrap();
    world.note(&first);

    let batch = world.batch(BATCH);
    let witness = world.witness(&batch);
    let mut partial = PartialTree::from_proof(world.tree.root(), &witness).unwrap();
    partial.apply(&updates(&batch)).unwrap();
    let before = world.tree.compressions();
    world.tree.apply(&updates(&batch)).unwrap();
    assert_eq!(partial.root(), world.tree.root());

    let compressions = world.tree.compressions() - before;
    let (stateless, bytes) = (partial.compressions(), witness.len());
    let name = format!("{load:?}").to_lowercase();
    format!(
        "load={name} compressions={compressions} witness_bytes={bytes} witness_compressions={stateless}\n"
    )
}

#[test]
fn compressions_and_witness_bytes_do_not_change() {
    let got: String = [Load::Plain, Load::Prices, Load::Ids].into_iter().map(costs).collect();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors/state-tree-costs.txt");
    let file = std::fs::read_to_string(path).unwrap_or_default();
    let kept: String = file.lines().filter(|line| !line.starts_with('#')).map(|l| format!("{l}\n")).collect();
    assert_eq!(kept, got, "the file must hold:\n{got}");
}
