//! The consensus layer's part of the genesis.

use crate::validators::{VALIDATORS_MAX, validator_address};
use crate::{Enshrined, Parameters, ParametersError, SystemTables, Validator};
use alloc::vec::Vec;
use core::fmt;
use tandem_codec::{Decode, DecodeError, Encode, Reader};
use tandem_coprocessor::Description;

/// Parameters and validators at genesis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SystemGenesis {
    /// The parameters.
    pub parameters: Parameters,
    /// The first validators.
    pub validators: Vec<Validator>,
}

/// Why a genesis is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GenesisError {
    /// A parameter is out of bounds.
    Parameter(ParametersError),
    /// No validator, or more than the maximum.
    ValidatorCount(usize),
    /// A validator without power or given twice, by its place in the list.
    Validator(usize),
}

impl fmt::Display for GenesisError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Parameter(error) => error.fmt(f),
            Self::ValidatorCount(count) => write!(f, "{count} validators, wanted 1..={VALIDATORS_MAX}"),
            Self::Validator(at) => write!(f, "validator {at} has no power or is given twice"),
        }
    }
}

impl core::error::Error for GenesisError {}

impl SystemGenesis {
    /// Writes the genesis into empty tables, enshrining `engines` as they describe themselves.
    ///
    /// # Errors
    /// [`GenesisError`]; the tables are then of no use.
    pub fn write(&self, tables: &mut SystemTables, engines: &[Description]) -> Result<(), GenesisError> {
        self.parameters.check().map_err(GenesisError::Parameter)?;
        let count = self.validators.len();
        if count == 0 || u32::try_from(count).is_ok_and(|count| count > VALIDATORS_MAX) {
            return Err(GenesisError::ValidatorCount(count));
        }
        tables.parameters.put((), self.parameters);
        for (at, validator) in self.validators.iter().enumerate() {
            let address = validator_address(&validator.public_key);
            if validator.power == 0 || tables.validators.contains(&address) {
                return Err(GenesisError::Validator(at));
            }
            tables.validators.put(address, *validator);
        }
        for engine in engines {
            self.parameters.check_room_for(engine.limits.call_work_max.0).map_err(GenesisError::Parameter)?;
            tables.registry.put(engine.engine.0, Enshrined::as_described(engine));
        }
        Ok(())
    }
}

impl Encode for SystemGenesis {
    fn encode(&self, out: &mut Vec<u8>) {
        self.parameters.encode(out);
        self.validators.encode(out);
    }
}

impl Decode for SystemGenesis {
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { parameters: Parameters::decode(input)?, validators: input.list(VALIDATORS_MAX)? })
    }
}
