//! How a call failed: a revert with its data under code 3, as libraries that decode custom errors expect it.

use super::{Fault, REVERTED};
use alloy_primitives::{Bytes, U256};
use tandem_evm::{CallError, CallOutcome};

/// Selector of `Error(string)`.
const ERROR: [u8; 4] = [0x08, 0xc3, 0x79, 0xa0];
/// Selector of `Panic(uint256)`.
const PANIC: [u8; 4] = [0x4e, 0x48, 0x7b, 0x71];

impl Fault {
    /// A call reverted with `output`.
    pub(crate) fn reverted(output: Bytes) -> Self {
        let message = match reason(&output) {
            Some(reason) => format!("execution reverted: {reason}"),
            None => "execution reverted".to_owned(),
        };
        Self { code: REVERTED, message, data: Some(output) }
    }

    /// A call used up its gas, or met an invalid instruction.
    pub(crate) fn halted(gas_used: u64) -> Self {
        Self::server(format!("out of gas, or invalid instruction, at {gas_used} gas"))
    }
}

impl From<CallError> for Fault {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Rejected(rejection) => Self::from(rejection),
            CallError::MissingCode => Self::internal(&error),
            CallError::Fails(CallOutcome::Revert { output, .. }) => Self::reverted(output),
            CallError::Fails(CallOutcome::Halt { gas_used } | CallOutcome::Success { gas_used, .. }) => {
                Self::server(format!("gas required exceeds allowance ({gas_used})"))
            }
        }
    }
}

/// What Solidity's two standard errors say.
fn reason(output: &[u8]) -> Option<String> {
    let (selector, data) = output.split_first_chunk::<4>()?;
    match *selector {
        ERROR => {
            let start = word(data, 0)?;
            let length = word(data, start)?;
            let start = start.checked_add(32)?;
            let text = data.get(start..start.checked_add(length)?)?;
            Some(String::from_utf8_lossy(text).into_owned())
        }
        PANIC => Some(format!("panic code 0x{:02x}", word(data, 0)?)),
        _ => None,
    }
}

fn word(data: &[u8], at: usize) -> Option<usize> {
    let bytes = data.get(at..at.checked_add(32)?)?;
    usize::try_from(U256::try_from_be_slice(bytes)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::hex;

    #[test]
    fn reverts_carry_their_data_and_say_their_reason_if_it_is_a_standard_one() {
        let error = hex!(
            "08c379a0"
            "0000000000000000000000000000000000000000000000000000000000000020"
            "0000000000000000000000000000000000000000000000000000000000000002"
            "6e6f000000000000000000000000000000000000000000000000000000000000"
        );
        let panic = hex!("4e487b710000000000000000000000000000000000000000000000000000000000000011");
        let endless = hex!("08c379a0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff");
        let rows: [(&[u8], &str); 5] = [
            (&error, "execution reverted: no"),
            (&panic, "execution reverted: panic code 0x11"),
            (&endless, "execution reverted"),
            (&[1, 2, 3, 4, 5], "execution reverted"),
            (&[], "execution reverted"),
        ];
        for (output, message) in rows {
            let fault = Fault::reverted(Bytes::copy_from_slice(output));
            assert_eq!((fault.code, fault.message.as_str()), (3, message));
            assert_eq!(fault.data.as_ref().map(AsRef::as_ref), Some(output));
        }
    }
}
