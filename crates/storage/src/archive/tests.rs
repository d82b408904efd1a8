//! Archives: what comes back, and what is none.

use super::*;
use proptest::collection::vec;
use proptest::prelude::*;

const GENESIS: Hash = Hash([7; 32]);
const HEAD_BYTES: usize = 42;

fn archive(blocks: &[(&[u8], &[u8])]) -> Vec<u8> {
    let mut writer = ArchiveWriter::new(Vec::new(), &GENESIS).unwrap();
    for (block, certificate) in blocks {
        writer.append(block, certificate).unwrap();
    }
    writer.finish().unwrap()
}

fn read(bytes: &[u8]) -> Result<(Hash, Vec<ArchivedBlock>), ArchiveError> {
    let mut reader = ArchiveReader::open(bytes)?;
    let mut blocks = Vec::new();
    while let Some(block) = reader.next_block()? {
        blocks.push(block);
    }
    assert_eq!(reader.next_block()?, None, "the end stays the end");
    Ok((reader.genesis(), blocks))
}

/// The archive with `bytes` from `at` on.
fn changed(archive: &[u8], at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut changed = archive.to_vec();
    changed[at..at + bytes.len()].copy_from_slice(bytes);
    changed
}

#[test]
fn what_is_no_archive_is_told_apart() {
    let good = archive(&[(b"first", b"one"), (b"second", b"two")]);
    let end = good.len() - 9;
    let longer = |max: u32| (max + 1).to_be_bytes();
    let rows = [
        (Vec::new(), "not an archive of blocks: it does not begin as `tandem export` begins one"),
        (
            b"index,price\n1,2\n".to_vec(),
            "not an archive of blocks: it does not begin as `tandem export` begins one",
        ),
        (changed(&good, 8, &[0, 2]), "an archive of version 2, this program reads 1"),
        (good[..HEAD_BYTES - 1].to_vec(), "the archive breaks off at block 1: export it again"),
        (good[..HEAD_BYTES].to_vec(), "the archive breaks off at block 1: export it again"),
        (good[..end].to_vec(), "the archive breaks off at block 3: export it again"),
        (good[..good.len() - 1].to_vec(), "the archive breaks off at block 3: export it again"),
        (changed(&good, HEAD_BYTES, &[9]), "at block 1 stands neither a block nor the end, but 9"),
        (
            changed(&good, HEAD_BYTES + 1, &longer(BLOCK_BYTES_MAX)),
            "block 1: its block claims 16777217 bytes, at most 16777216 are read",
        ),
        (
            changed(&good, HEAD_BYTES + 10, &longer(COMMIT_BYTES_MAX)),
            "block 1: its certificate claims 65537 bytes, at most 65536 are read",
        ),
        (changed(&good, good.len() - 1, &[3]), "the end says 3 blocks, 2 were read"),
        ([good.as_slice(), &[0]].concat(), "bytes follow the end of the archive"),
    ];
    for (bytes, text) in rows {
        assert_eq!(read(&bytes).unwrap_err().to_string(), text);
    }
}

#[test]
fn what_is_too_long_is_not_written() {
    let mut writer = ArchiveWriter::new(Vec::new(), &GENESIS).unwrap();
    let long = vec![0; usize::try_from(COMMIT_BYTES_MAX).unwrap() + 1];
    assert_eq!(writer.append(b"block", &long).unwrap_err().kind(), ErrorKind::InvalidInput);
    assert_eq!(read(&writer.finish().unwrap()).unwrap(), (GENESIS, Vec::new()), "nothing half-written");
}

/// A disk that fails once the head was read.
struct Failing<'a>(&'a [u8]);

impl Read for Failing<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.0.is_empty() { Err(ErrorKind::Other.into()) } else { self.0.read(buffer) }
    }
}

#[test]
fn a_disk_that_fails_is_no_end() {
    let good = archive(&[]);
    for readable in [HEAD_BYTES, good.len()] {
        let mut reader = ArchiveReader::open(Failing(&good[..readable])).unwrap();
        assert!(matches!(reader.next_block(), Err(ArchiveError::Io { at: Height(1), .. })));
    }
}

proptest! {
    #[test]
    fn archives_come_back_and_no_part_of_one_is_one(
        blocks in vec((vec(any::<u8>(), 0..40), vec(any::<u8>(), 0..20)), 0..5),
        at in any::<prop::sample::Index>(),
    ) {
        let parts: Vec<(&[u8], &[u8])> = blocks.iter().map(|(b, c)| (b.as_slice(), c.as_slice())).collect();
        let bytes = archive(&parts);
        let (genesis, back) = read(&bytes).unwrap();
        prop_assert_eq!(genesis, GENESIS);
        let expected: Vec<_> = blocks.into_iter()
            .map(|(block, certificate)| ArchivedBlock { block, certificate })
            .collect();
        prop_assert_eq!(back, expected);
        prop_assert!(read(&bytes[..at.index(bytes.len())]).is_err());
    }

    /// Whatever is read comes from one spelling.
    #[test]
    fn bytes_are_the_one_spelling_of_what_they_give_or_nothing(tail in vec(0u8..4, 0..60)) {
        let bytes = [&archive(&[])[..HEAD_BYTES], tail.as_slice()].concat();
        if let Ok((_, blocks)) = read(&bytes) {
            let parts: Vec<_> = blocks.iter()
                .map(|each| (each.block.as_slice(), each.certificate.as_slice()))
                .collect();
            prop_assert_eq!(archive(&parts), bytes);
        }
    }
}
