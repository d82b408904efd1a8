//! The whole store against a model: on a disk that forgets, at every operation; and on a real one.

mod crash;
mod model;
mod real;

use super::{Config, Recovered, Store};
use crate::{StorageError, files::Files, simulation::SimulatedFiles};
use std::sync::Arc;

/// Small sizes, so that a few blocks roll files, write checkpoints and prune.
fn config() -> Config {
    Config {
        checkpoint_interval: 4,
        history_blocks: Some(6),
        segment_bytes: 1_500,
        undecided_bytes_max: 1 << 20,
        cache_bytes: 1 << 20,
        background: false,
        ..Config::new([9; 16])
    }
}

fn open(files: &SimulatedFiles) -> Result<(Store, Recovered), StorageError> {
    Store::open(Arc::new(files.clone()) as Arc<dyn Files>, config())
}
