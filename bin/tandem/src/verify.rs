//! Executes blocks again and compares every root: those of a home, or those that `tandem export` wrote.

use crate::cli::Verify;
use crate::export::last_of_all;
use crate::genesis_file::GenesisFile;
use crate::home::Home;
use crate::run;
use eyre::{Result, WrapErr, bail, eyre};
use std::fs::{self, File};
use std::io::BufReader;
use std::path::Path;
use tandem_codec::Encode;
use tandem_node::Reexecution;
use tandem_stf::Genesis;
use tandem_storage::ArchiveReader;
use tandem_types::{Header, Height};

/// Runs `tandem verify`.
pub(crate) fn run(arguments: &Verify) -> Result<()> {
    match (&arguments.home, &arguments.blocks, &arguments.genesis) {
        (Some(home), None, None) => print("stored", &verify_home(home)?),
        (None, Some(blocks), Some(genesis)) => print("exported", &verify_archive(blocks, genesis)?),
        _ => bail!("name a home with --home DIR, or exported blocks with --blocks FILE and --genesis FILE"),
    }
    Ok(())
}

fn print(whence: &str, head: &Header) {
    if head.height == Height(0) {
        println!("No blocks yet: the state is the genesis, root {}.", head.core_root);
        return;
    }
    println!(
        "{} blocks executed again, all roots as {whence}. Height {}, Core root {}, EVM root {}.",
        head.height, head.height, head.core_root, head.evm_root
    );
}

/// Also compares what a home keeps beside its blocks: what they did, and what they changed.
fn verify_home(path: &Path) -> Result<Header> {
    let home = Home::open(path)?;
    let node = run::open(&home)?.handle;
    let mut again = begin(node.genesis())?;
    for height in 1..=last_of_all(&node)?.0 {
        let block = node.block(Height(height))?.ok_or_else(|| eyre!("block {height} is missing"))?;
        let outcome = again.execute(&block.block.to_bytes(), &block.certificate)?;
        if outcome.receipts != block.receipts || outcome.delta != *block.delta {
            bail!("block {height}: stored receipts or changes are not what execution gives");
        }
    }
    Ok(again.head().clone())
}

fn verify_archive(blocks: &Path, genesis: &Path) -> Result<Header> {
    let genesis = read_genesis(genesis)?;
    let name = blocks.display();
    let file = File::open(blocks).wrap_err_with(|| format!("opening {name}"))?;
    let mut archive = ArchiveReader::open(BufReader::new(file)).wrap_err_with(|| name.to_string())?;
    let (claimed, given) = (archive.genesis(), genesis.hash());
    if claimed != given {
        bail!(
            "{name} is of the chain with genesis {claimed}, --genesis describes {given}: give that chain's own"
        );
    }
    let mut again = begin(&genesis)?;
    while let Some(next) = archive.next_block().wrap_err_with(|| name.to_string())? {
        again.execute(&next.block, &next.certificate)?;
    }
    Ok(again.head().clone())
}

fn read_genesis(path: &Path) -> Result<Genesis> {
    let name = path.display();
    let text = fs::read_to_string(path).wrap_err_with(|| format!("reading {name}"))?;
    GenesisFile::parse(&text).and_then(|file| file.to_genesis()).wrap_err_with(|| name.to_string())
}

fn begin(genesis: &Genesis) -> Result<Reexecution> {
    Reexecution::new(genesis).map_err(|error| eyre!("genesis: {error}"))
}
