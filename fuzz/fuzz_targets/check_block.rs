//! A block's bytes as the network brings them: checked without state, they are refused or they are that block's.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use tandem_codec::Decode;
use tandem_stf::{Identity, NothingKnown, Sequential, block_id, check_block};
use tandem_testkit::Harness;
use tandem_types::Block;

static IDENTITY: LazyLock<Identity> = LazyLock::new(|| Harness::default().identity);

fuzz_target!(|data: &[u8]| {
    let Ok(checked) = check_block(data, &IDENTITY, &Sequential, &NothingKnown) else { return };
    let block = Block::from_bytes(data).expect("what was checked is a block");
    assert_eq!(checked.id(), block_id(&block.header));
    assert_eq!(checked.actions().len(), block.body.actions.len());
    assert_eq!(checked.evm_transactions().len(), block.body.evm_transactions.len());
});
