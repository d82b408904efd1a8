//! Executes all blocks of a home again and compares every root.

use crate::cli::Verify;
use crate::home::Home;
use crate::run;
use eyre::{Result, WrapErr, bail, eyre};
use tandem_codec::Encode;
use tandem_stf::{NothingKnown, Sequential, apply_block, check_block};
use tandem_types::Height;

/// Runs `tandem verify`.
pub(crate) fn run(arguments: &Verify) -> Result<()> {
    let home = Home::open(&arguments.home)?;
    let opened = run::open(&home)?;
    let node = opened.handle;
    let (mut chain, mut parent) = node.genesis().chain().map_err(|error| eyre!("genesis: {error}"))?;
    let Some(heights) = node.heights() else {
        println!("No blocks yet: the state is the genesis, root {}.", parent.core_root);
        return Ok(());
    };
    if heights.start().0 != 1 {
        bail!("blocks before height {} were pruned: set history_blocks = 0 to keep all", heights.start());
    }
    for height in heights.start().0..=heights.end().0 {
        let block = node.block(Height(height))?.ok_or_else(|| eyre!("block {height} is missing"))?;
        let checked = check_block(&block.block.to_bytes(), node.identity(), &Sequential, &NothingKnown)
            .wrap_err_with(|| format!("block {height}"))?;
        let outcome = apply_block(&mut chain, &parent, &checked)
            .wrap_err_with(|| format!("executing block {height}"))?;
        if outcome.receipts != block.receipts || outcome.delta != *block.delta {
            bail!("block {height}: stored receipts or changes are not what execution gives");
        }
        parent = outcome.header;
    }
    println!(
        "{} blocks executed again, all roots as stored. Height {}, Core root {}, EVM root {}.",
        heights.end().0,
        parent.height,
        parent.core_root,
        parent.evm_root
    );
    Ok(())
}
