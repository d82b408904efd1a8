//! An action's msgpack: one spelling, and whoever signs an action that decodes has a transaction that survives its bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tandem_exchange::Transaction;
use tandem_exchange::action::{Action, MAX_ACTION_BYTES, Network, NetworkKind};
use tandem_testkit::{CHAIN_ID, Signer};
use tandem_types::Hash;

const NETWORK: Network = Network { kind: NetworkKind::Dev, chain_id: CHAIN_ID, genesis_hash: Hash([3; 32]) };

fuzz_target!(|data: &[u8]| {
    if u32::try_from(data.len()).map_or(true, |len| len > MAX_ACTION_BYTES) {
        return;
    }
    let Ok(action) = Action::decode(data) else { return };
    assert_eq!(action.encode(), data, "an action has one spelling: {action:?}");
    let nonce = action.user_signed().map_or(7, |user| user.nonce);
    let signed = Signer::key(1).sign(&action, nonce, None, &NETWORK);
    if let Ok(transaction) = Transaction::from_signed(&signed, &NETWORK) {
        assert_eq!(transaction.signer(), Signer::key(1).address());
        assert_eq!(Transaction::from_raw(transaction.raw(), &NETWORK), Ok(transaction));
    }
});
