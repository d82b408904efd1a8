//! Writes the seeds of the targets that read encodings of this version: the parts of two blocks of a small chain.
//!
//! Run it in `fuzz/` after an encoding changes: `cargo +nightly run --example seeds`.

use std::io;
use std::path::Path;
use tandem_codec::Encode;
use tandem_storage::{ArchiveWriter, UndecidedBlock};
use tandem_testkit::{BTC, Harness, PURR, Signer, USD, buy, evm_transfer, place, sell, send};
use tandem_types::{Block, BlockId, Hash, Round};

fn main() -> io::Result<()> {
    let mut chain = Harness::default();
    let (maker, taker) = (Signer::wallet(1), Signer::wallet(2));
    write("genesis", &chain.genesis.to_bytes())?;
    chain.act(&maker, &place(&[buy(BTC, "50000", "0.01"), sell(PURR, "0.2", "900")]));
    let nonce = chain.nonce();
    let actions = [
        chain.sign(&taker, &place(&[sell(BTC, "50000", "0.004")])),
        chain.sign(&maker, &send(&taker.address(), USD, "5", nonce)),
    ];
    let transfer = evm_transfer(&maker, 0, [9; 20], 1);
    let step = chain.block(&actions, std::slice::from_ref(&transfer));
    write("block", &step.block.to_bytes())?;
    write("check_block", &step.block.to_bytes())?;
    write("undecided_block", &undecided(&step.block)?)?;
    write("archive", &archive(&step.block.to_bytes())?)?;
    write("header", &step.block.header.to_bytes())?;
    write("delta", &step.outcome.delta.to_bytes())?;
    write("block_receipts", &step.outcome.receipts.to_bytes())?;
    write("receipt", &step.receipts()[0].to_bytes())?;
    write("witness", &step.witness.to_bytes())?;
    write("evm_transaction", transfer.raw())
}

/// The frame of a block that is not decided; the note is whatever a node needs.
fn undecided(block: &Block) -> io::Result<Vec<u8>> {
    let (height, round) = (block.header.height, Round(1));
    let undecided =
        UndecidedBlock { height, round, id: BlockId([7; 32]), block: block.to_bytes(), note: vec![1; 45] };
    undecided.body().map_err(io::Error::other)
}

/// An archive of one block; to it a certificate is bytes like any.
fn archive(block: &[u8]) -> io::Result<Vec<u8>> {
    let mut archive = ArchiveWriter::new(Vec::new(), &Hash([7; 32]))?;
    archive.append(block, b"certificate")?;
    archive.finish()
}

fn write(target: &str, bytes: &[u8]) -> io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("seed-chain"), bytes)
}
