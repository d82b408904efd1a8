//! The file that makes a directory a home: format version and secret.

use crate::{
    error::{IoContext, StorageError},
    files::Files,
};

const PATH: &str = "store";
const PATH_NEW: &str = "store.new";
const MAGIC: [u8; 8] = *b"TdmStore";
/// Raised whenever what is on disk changes in a way that older programs misread.
const VERSION: u32 = 1;
const BYTES: usize = 8 + 4 + 16 + 4;

/// The home's secret; an empty directory becomes a home with the secret `fresh`.
pub(super) fn load_or_create(files: &dyn Files, fresh: [u8; 16]) -> Result<[u8; 16], StorageError> {
    let names = files.list("").context("list", "the home directory")?;
    if names.iter().any(|name| name == PATH) {
        return load(files);
    }
    check_empty(files)?;
    if names.iter().any(|name| name == PATH_NEW) {
        files.remove(PATH_NEW).context("remove", PATH_NEW)?;
    }
    let file = files.create(PATH_NEW).context("create", PATH_NEW)?;
    file.write_at(0, &encode(fresh)).context("write", PATH_NEW)?;
    file.sync_data().context("sync", PATH_NEW)?;
    files.rename(PATH_NEW, PATH).context("rename", PATH_NEW)?;
    files.sync_dir("").context("sync", "the home directory")?;
    Ok(fresh)
}

fn encode(secret: [u8; 16]) -> Vec<u8> {
    let mut bytes = [MAGIC.as_slice(), &VERSION.to_be_bytes(), &secret].concat();
    bytes.extend_from_slice(&crc32fast::hash(&bytes).to_be_bytes());
    bytes
}

fn load(files: &dyn Files) -> Result<[u8; 16], StorageError> {
    let file = files.open(PATH).context("open", PATH)?;
    let corrupt = |what| StorageError::Corrupt { path: PATH.to_owned(), offset: 0, what };
    let mut bytes = [0; BYTES];
    file.read_at(0, &mut bytes).map_err(|_| corrupt("shorter than an identity"))?;
    let Some((version, secret)) = decode(&bytes) else { return Err(corrupt("not an identity")) };
    if version != VERSION {
        return Err(StorageError::Version { found: version, expected: VERSION });
    }
    Ok(secret)
}

fn decode(bytes: &[u8; BYTES]) -> Option<(u32, [u8; 16])> {
    let (body, checksum) = bytes.split_last_chunk()?;
    let fields = body.strip_prefix(&MAGIC)?;
    let (version, secret) = fields.split_first_chunk()?;
    let is_whole = crc32fast::hash(body) == u32::from_be_bytes(*checksum);
    is_whole.then_some((u32::from_be_bytes(*version), secret.try_into().ok()?))
}

/// A home without its identity must not be taken for an empty one.
fn check_empty(files: &dyn Files) -> Result<(), StorageError> {
    for dir in super::open::DIRS {
        let is_empty = match files.list(dir) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => true,
            names => names.context("list", dir)?.is_empty(),
        };
        if !is_empty {
            return Err(StorageError::NotAStore { path: PATH.to_owned() });
        }
    }
    Ok(())
}
