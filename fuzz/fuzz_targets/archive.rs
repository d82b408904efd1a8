//! Archives of blocks: whatever the bytes, an error or blocks; and bytes that are read to their end are the one spelling
//! of what they gave.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tandem_storage::{ArchiveReader, ArchiveWriter};

fuzz_target!(|data: &[u8]| {
    let Ok(mut reader) = ArchiveReader::open(data) else { return };
    let mut again = ArchiveWriter::new(Vec::new(), &reader.genesis()).expect("memory takes everything");
    loop {
        match reader.next_block() {
            Ok(Some(next)) => {
                again.append(&next.block, &next.certificate).expect("what is read is within the limits");
            }
            Ok(None) => break,
            Err(_) => return,
        }
    }
    assert_eq!(again.finish().expect("memory takes everything"), data, "an archive has one spelling");
});
