//! A transaction of the exchange from its bytes: what passes keeps them, and passes again as a client's would.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tandem_codec::Decode;
use tandem_exchange::action::{Network, NetworkKind, SignedAction};
use tandem_exchange::{Transaction, transaction_hash};
use tandem_testkit::CHAIN_ID;
use tandem_types::Hash;

const NETWORK: Network = Network { kind: NetworkKind::Dev, chain_id: CHAIN_ID, genesis_hash: Hash([3; 32]) };

fuzz_target!(|data: &[u8]| {
    let Ok(transaction) = Transaction::from_raw(data, &NETWORK) else { return };
    assert_eq!(transaction.raw(), data);
    assert_eq!(transaction.hash(), transaction_hash(data));
    let signed = SignedAction::from_bytes(data).expect("a transaction is a signed action");
    assert_eq!(Transaction::from_signed(&signed, &NETWORK), Ok(transaction));
});
