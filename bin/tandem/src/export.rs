//! Copies all blocks of a home into one file, for others to execute again.

use crate::cli::Export;
use crate::home::Home;
use crate::run;
use eyre::{Result, WrapErr, bail, eyre};
use std::fs::File;
use std::io::{BufWriter, ErrorKind};
use std::path::Path;
use tandem_codec::Encode;
use tandem_node::NodeHandle;
use tandem_storage::ArchiveWriter;
use tandem_types::Height;

/// Runs `tandem export`.
pub(crate) fn run(arguments: &Export) -> Result<()> {
    let home = Home::open(&arguments.home)?;
    let node = run::open(&home)?.handle;
    let last = last_of_all(&node)?;
    let (name, home) = (arguments.out.display(), arguments.home.display());
    let file = create(&arguments.out)?;
    let file = write(&node, last, BufWriter::new(file)).wrap_err_with(|| format!("writing {name}"))?;
    let file = file.into_inner().map_err(|error| eyre!("writing {name}: {error}"))?;
    file.sync_all().wrap_err_with(|| format!("writing {name}"))?;
    println!("{last} blocks with their certificates, {} bytes, in {name}.", file.metadata()?.len());
    println!("Next: tandem verify --blocks {name} --genesis {home}/genesis.toml");
    Ok(())
}

/// The last block of a home that has them all.
pub(crate) fn last_of_all(node: &NodeHandle) -> Result<Height> {
    match node.heights() {
        None => Ok(Height(0)),
        Some(heights) if heights.start().0 == 1 => Ok(*heights.end()),
        Some(heights) => bail!(
            "blocks before height {} were pruned: only a node that had history_blocks = 0 from the start has all",
            heights.start()
        ),
    }
}

fn create(path: &Path) -> Result<File> {
    let name = path.display();
    File::create_new(path).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => eyre!("{name} exists: name another file, or remove it first"),
        _ => eyre!("making {name}: {error}"),
    })
}

fn write(node: &NodeHandle, last: Height, out: BufWriter<File>) -> Result<BufWriter<File>> {
    let mut archive = ArchiveWriter::new(out, &node.genesis().hash())?;
    for height in 1..=last.0 {
        let block = node.block(Height(height))?.ok_or_else(|| eyre!("block {height} is missing"))?;
        archive.append(&block.block.to_bytes(), &block.certificate)?;
    }
    Ok(archive.finish()?)
}
