//! The tree as its definition reads: recursive over sorted entries, nothing kept, nothing shared with the code.

use sha2::block_api::compress256;
use std::collections::BTreeMap;
use std::prelude::v1::*;
use std::vec;

pub(super) type Entries = BTreeMap<Vec<u8>, Vec<u8>>;

const INITIAL: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// The initial value for nodes of a kind, and for inner nodes of a bit.
pub(super) fn initial_value(kind: u8, bit: usize) -> [u32; 8] {
    let mut tag = [0u8; 64];
    tag[..22].copy_from_slice(b"tandem core state tree");
    tag[32] = 1;
    tag[33] = kind;
    tag[62] = (bit / 256) as u8;
    tag[63] = (bit % 256) as u8;
    let mut state = INITIAL;
    compress256(&mut state, &[tag]);
    state
}

fn bytes(state: [u32; 8]) -> Vec<u8> {
    state.iter().flat_map(|word| word.to_be_bytes()).collect()
}

fn chain(mut state: [u32; 8], mut message: Vec<u8>) -> Vec<u8> {
    while !message.len().is_multiple_of(64) {
        message.push(0);
    }
    for block in message.chunks(64) {
        compress256(&mut state, &[block.try_into().unwrap()]);
    }
    bytes(state)
}

pub(super) fn leaf_hash(key: &[u8], value: &[u8]) -> Vec<u8> {
    let mut message = vec![key.len() as u8, (value.len() / 256) as u8, (value.len() % 256) as u8];
    message.extend(key);
    message.extend(value);
    chain(initial_value(b'l', 0), message)
}

pub(super) fn inner_hash(bit: usize, left: &[u8], right: &[u8]) -> Vec<u8> {
    chain(initial_value(b'i', bit), [left, right].concat())
}

pub(super) fn bit(key: &[u8], at: usize) -> bool {
    (key[at / 8] >> (7 - at % 8)) % 2 == 1
}

fn node(entries: &[(&Vec<u8>, &Vec<u8>)]) -> Vec<u8> {
    if let [(key, value)] = entries {
        return leaf_hash(key, value);
    }
    let (first, last) = (entries[0].0, entries[entries.len() - 1].0);
    let parts = (0..).find(|at| bit(first, *at) != bit(last, *at)).unwrap();
    let (left, right): (Vec<_>, Vec<_>) = entries.iter().partition(|(key, _)| !bit(key, parts));
    inner_hash(parts, &node(&left), &node(&right))
}

/// The root over `entries`.
pub(super) fn root(entries: &Entries) -> [u8; 32] {
    let all: Vec<_> = entries.iter().collect();
    let root = if all.is_empty() { bytes(initial_value(b'e', 0)) } else { node(&all) };
    root.try_into().unwrap()
}
