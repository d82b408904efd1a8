//! Ethereum's GeneralStateTests, their Cancun post-states under Cancun's rules: state root and log hash of each must
//! come out, and again from the recorded witness alone.
//!
//! The vectors are not part of the repository: `$TANDEM_SHARED/data/ethereum-general-state-tests.tar.xz`, or `shared`
//! beside the repository, unpacked by the system's `tar`. Without them the test says so and passes. By default one file
//! in four is run; `TANDEM_STATE_TESTS=all` runs all, as the nightly campaign does.

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tandem_evm::{
    Admission, BlockExecutor, EvmAccount, EvmBlockEnv, EvmReceipt, EvmTables, EvmTries, EvmWitness, HardFork,
    StateChanges, StorageKey, TouchedKeys, TxError, TxRejection, Word,
};
use tandem_state::{Delta, Direction, Tables};

/// The contract whose storage answers `BLOCKHASH` (EIP-2935).
const HISTORY: Address = alloy_eips::eip2935::HISTORY_STORAGE_ADDRESS;
/// What the vectors' signatures may be.
const ADMISSION: Admission = Admission { chain_id: 1, hard_fork: HardFork::Cancun, unprotected: true };
/// One file in so many is run by default.
const STRIDE: usize = 4;
/// Vectors that begin with accounts that have storage and neither nonce nor code (EIP-7610). No chain that began after
/// EIP-161 can get there, and revm does not look.
const UNREACHABLE: [&str; 5] = [
    "InitCollisionParis",
    "RevertInCreateInInitCreate2Paris",
    "RevertInCreateInInit_Paris",
    "create2collisionStorageParis",
    "dynamicAccountOverwriteEmpty_Paris",
];

#[derive(Debug, Default)]
struct Tally {
    passed: usize,
    blobs: usize,
    unreachable: usize,
    witnesses: usize,
    failed: Vec<String>,
}

#[test]
fn general_state_tests_give_their_roots_and_logs() {
    let Some(archive) = archive() else {
        println!("the vectors are not here: nothing was run");
        return;
    };
    let stride =
        if std::env::var("TANDEM_STATE_TESTS").is_ok_and(|which| which == "all") { 1 } else { STRIDE };
    let mut unpacked = unpack(&archive);
    let documents =
        serde_json::Deserializer::from_reader(std::io::BufReader::new(unpacked.stdout.take().unwrap()));
    let mut tally = Tally::default();
    for document in documents.into_iter::<Value>().step_by(stride) {
        for (name, test) in document.unwrap().as_object().unwrap() {
            let posts = test["post"]["Cancun"].as_array();
            if UNREACHABLE.contains(&name.as_str()) {
                tally.unreachable += posts.map_or(0, Vec::len);
                continue;
            }
            for (index, post) in posts.into_iter().flatten().enumerate() {
                run(&format!("{name}[{index}]"), test, post, &mut tally);
            }
        }
    }
    assert!(unpacked.wait().unwrap().success());
    println!(
        "{} passed ({} from a witness as well), {} failed; left out: {} blob transactions, {} unreachable states",
        tally.passed,
        tally.witnesses,
        tally.failed.len(),
        tally.blobs,
        tally.unreachable
    );
    tally.failed.iter().for_each(|failed| println!("FAILED {failed}"));
    assert!(tally.failed.is_empty());
    assert!(tally.passed > 1_000);
}

fn archive() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let shared = std::env::var_os("TANDEM_SHARED").map_or(beside, PathBuf::from);
    Some(shared.join("data/ethereum-general-state-tests.tar.xz")).filter(|archive| archive.exists())
}

/// Writes all JSON documents, one after the other, to standard output.
fn unpack(archive: &Path) -> Child {
    Command::new("tar")
        .arg("-xJOf")
        .arg(archive)
        .args(["--wildcards", "*.json"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("tar runs")
}

fn run(name: &str, test: &Value, post: &Value, tally: &mut Tally) {
    let raw = bytes(&post["txbytes"]);
    if raw.first() == Some(&3) {
        assert_eq!(ADMISSION.check(raw).unwrap_err(), TxRejection::BlobTransaction);
        tally.blobs += 1;
        return;
    }
    match check(test, post, raw) {
        Ok(witnessed) => {
            tally.passed += 1;
            tally.witnesses += usize::from(witnessed);
        }
        Err(why) => tally.failed.push(format!("{name}: {why}")),
    }
}

/// Runs one vector; whether the witness was run as well.
fn check(test: &Value, post: &Value, raw: Bytes) -> Result<bool, String> {
    let env = environment(&test["env"]);
    let before = pre_state(&test["pre"], env.number);
    let mut tries = EvmTries::default();
    tries.apply(&StateChanges::whole(&before).unwrap()).unwrap();

    let mut tables = before.clone();
    tables.record(true);
    let receipt = transact(&mut tables, env, raw.clone());
    let reads = tables.take_reads();
    let delta = tables.seal();
    let changes = StateChanges::of(&delta, Direction::Forward).unwrap();

    let touched = TouchedKeys::of(&reads).unwrap();
    let witnessed = touched.slots.iter().all(|(address, _)| *address != HISTORY);
    let witness = EvmWitness::of(&tries, &before, touched, &changes).map_err(|error| error.to_string())?;
    let before_root = tries.root();
    let after_root = tries.apply(&changes).unwrap();

    expect("root", after_root, word(&post["hash"]).into())?;
    let logs = receipt.as_ref().map(|receipt| receipt.logs.clone()).unwrap_or_default();
    expect("logs", keccak256(alloy_rlp::encode(logs)), word(&post["logs"]).into())?;
    if receipt.is_ok() == post.get("expectException").is_some() {
        return Err(format!("{receipt:?} where {:?} is expected", post.get("expectException")));
    }
    if witnessed {
        check_witness(&witness, before_root, env, raw, (&receipt, &delta, after_root))?;
    }
    Ok(witnessed)
}

fn expect<T: PartialEq + std::fmt::Debug>(what: &str, got: T, expected: T) -> Result<(), String> {
    if got == expected { Ok(()) } else { Err(format!("{what} {got:?}, expected {expected:?}")) }
}

/// Executes again on what the witness holds, and compares.
fn check_witness(
    witness: &EvmWitness,
    before_root: B256,
    env: EvmBlockEnv,
    raw: Bytes,
    (receipt, delta, after_root): (&Result<EvmReceipt, TxError>, &Delta, B256),
) -> Result<(), String> {
    let (mut tables, mut tries) = witness.open(before_root).map_err(|error| error.to_string())?;
    expect("receipt from the witness", &transact(&mut tables, env, raw), receipt)?;
    expect("misses", tables.misses().is_empty(), true)?;
    let again = tables.seal();
    expect("delta from the witness", &again, delta)?;
    let root = tries.apply(&StateChanges::of(&again, Direction::Forward).unwrap());
    expect("root from the witness", root, Ok(after_root))
}

fn transact(tables: &mut EvmTables, env: EvmBlockEnv, raw: Bytes) -> Result<EvmReceipt, TxError> {
    let tx = ADMISSION.check(raw).map_err(TxError::Rejected)?;
    BlockExecutor::without_system_calls(tables, env).transact(&tx).cloned()
}

fn environment(env: &Value) -> EvmBlockEnv {
    EvmBlockEnv {
        chain_id: 1,
        hard_fork: HardFork::Cancun,
        number: word(&env["currentNumber"]).to(),
        timestamp_s: word(&env["currentTimestamp"]).to(),
        base_fee: word(&env["currentBaseFee"]).to(),
        gas_limit: word(&env["currentGasLimit"]).to(),
        beneficiary: env["currentCoinbase"].as_str().unwrap().parse().unwrap(),
        prev_randao: word(&env["currentRandom"]).into(),
        parent_hash: B256::ZERO,
        parent_beacon_root: B256::ZERO,
    }
}

/// The state before, and the hashes of the blocks before, which the vectors take from the blocks' numbers.
fn pre_state(pre: &Value, number: u64) -> EvmTables {
    let mut tables = EvmTables::default();
    for (address, account) in pre.as_object().unwrap() {
        let address: Address = address.parse().unwrap();
        let code = bytes(&account["code"]);
        tables.deploy(address, word(&account["balance"]), code.clone());
        let account_now = EvmAccount {
            nonce: word(&account["nonce"]).to(),
            balance: word(&account["balance"]),
            code_hash: keccak256(code),
        };
        tables.set_account(address, Some(account_now));
        for (slot, value) in account["storage"].as_object().unwrap() {
            tables.set_storage(address, slot.parse().unwrap(), word(value));
        }
    }
    for ancestor in number.saturating_sub(256)..number {
        let hash = keccak256(ancestor.to_string());
        tables.storage.put(StorageKey::new(HISTORY, U256::from(ancestor % 8191)), Word(hash.into()));
    }
    tables.seal();
    tables
}

fn word(value: &Value) -> U256 {
    let text = value.as_str().unwrap_or("0x0");
    U256::from_str_radix(text.trim_start_matches("0x"), 16).unwrap()
}

fn bytes(value: &Value) -> Bytes {
    value.as_str().unwrap().parse().unwrap()
}
