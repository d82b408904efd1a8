//! Which co-processors are enshrined.

use crate::SystemTables;
use tandem_coprocessor::Description;
use tandem_types::EngineId;

/// Most co-processors: engine ids below this are the consensus layer's, the EVM's are above.
pub const ENSHRINED_MAX: u8 = 0x70;

/// A co-processor's entry in the registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Enshrined {
    /// The version in force.
    pub version: u32,
    /// Most work of one call.
    pub call_work_max: u64,
    /// Most work of its due-work phase in one block.
    pub due_work_max: u64,
    /// Whether it takes calls.
    pub active: bool,
}

tandem_codec::record!(Enshrined { version, call_work_max, due_work_max, active });

impl Enshrined {
    /// The entry that admits a co-processor just as it describes itself.
    #[must_use]
    pub const fn as_described(description: &Description) -> Self {
        Self {
            version: description.version,
            call_work_max: description.limits.call_work_max.0,
            due_work_max: description.limits.due_work_max.0,
            active: true,
        }
    }
}

/// Why a co-processor may not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotEnshrined {
    /// The registry has no such engine.
    Unknown(EngineId),
    /// It is deactivated.
    Inactive(EngineId),
    /// The code's version is not the registry's.
    OtherVersion {
        /// The code's.
        code: u32,
        /// The registry's.
        registry: u32,
    },
}

/// Checks a co-processor's description against the registry.
///
/// # Errors
/// [`NotEnshrined`] if it may not run.
pub fn require_enshrined(
    tables: &mut SystemTables,
    description: &Description,
) -> Result<Enshrined, NotEnshrined> {
    let Some(entry) = tables.registry.get(&description.engine.0).copied() else {
        return Err(NotEnshrined::Unknown(description.engine));
    };
    if !entry.active {
        return Err(NotEnshrined::Inactive(description.engine));
    }
    if entry.version != description.version {
        return Err(NotEnshrined::OtherVersion { code: description.version, registry: entry.version });
    }
    Ok(entry)
}
