//! The tables of the consensus layer.

use crate::{Enshrined, Parameters, Validator};
use tandem_state::index::Ordered;
use tandem_state::tables;
use tandem_types::{Address, EngineId};

tables! {
    /// Parameters, validators, registry.
    pub struct SystemTables in EngineId(0x01) {
        /// The one record of parameters.
        parameters: Ordered<(), Parameters> = 1,
        /// The validators that decide the next height.
        validators: Ordered<Address, Validator> = 2,
        /// The co-processors that are enshrined, by engine.
        registry: Ordered<u8, Enshrined> = 3,
    }
}
