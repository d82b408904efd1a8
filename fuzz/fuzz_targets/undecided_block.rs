//! What the store's frames hold: a block that is not decided, or the record of one that is. One spelling each.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tandem_storage::{BlockRecord, UndecidedBlock};
use tandem_types::Height;

const HEIGHT: Height = Height(7);

fuzz_target!(|data: &[u8]| {
    if let Ok(block) = UndecidedBlock::from_body(HEIGHT, data) {
        assert_eq!(block.body().expect("what was read can be written"), data);
        assert_eq!(block.height, HEIGHT);
    }
    if let Ok(record) = BlockRecord::from_body(HEIGHT, data) {
        assert_eq!(record.body().expect("what was read can be written"), data);
    }
});
