//! Keys: hex on paper, bytes in memory.

use crate::cli::{Keys, KeysCommand};
use eyre::{Result, WrapErr, bail, eyre};
use tandem_crypto::secp256k1::SigningKey;

/// Runs `tandem keys`.
pub(crate) fn run(arguments: &Keys) -> Result<()> {
    match &arguments.command {
        KeysCommand::New => {
            let seed = account_seed()?;
            println!("private key  0x{}", to_hex(&seed));
            println!("address      {}", account_key(&seed)?.address());
        }
        KeysCommand::Address { key } => println!("{}", account_key(&from_hex(key)?)?.address()),
    }
    Ok(())
}

/// The account key with these bytes.
pub(crate) fn account_key(seed: &[u8; 32]) -> Result<SigningKey> {
    SigningKey::from_bytes(seed)
        .ok_or_else(|| eyre!("not a secp256k1 private key: zero, or above the curve's order"))
}

fn account_seed() -> Result<[u8; 32]> {
    loop {
        let seed = random()?;
        if SigningKey::from_bytes(&seed).is_some() {
            return Ok(seed);
        }
    }
}

/// Random bytes from the operating system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| eyre!("no randomness from the operating system: {error}"))?;
    Ok(bytes)
}

/// Lower-case hex digits.
pub(crate) fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Bytes from exactly `2 N` hex digits, with or without `0x`.
pub(crate) fn from_hex<const N: usize>(text: &str) -> Result<[u8; N]> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    if digits.len() != 2 * N || !digits.is_ascii() {
        bail!("wanted {} hex digits, got {:?}", 2 * N, text);
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.as_bytes().chunks(2)) {
        let pair = std::str::from_utf8(pair).wrap_err("hex digits")?;
        *byte = u8::from_str_radix(pair, 16).wrap_err_with(|| format!("{pair:?} is not hex"))?;
    }
    Ok(bytes)
}
