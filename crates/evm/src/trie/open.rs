//! Tries from a witness: the nodes whose RLP is known, by hash.
//!
//! A node is trusted because its hash is the one that its parent (or the root) names. Where a hash has no node, the
//! subtree stays sealed. Bytes that are no node, or lead deeper than a key has nibbles, are an error: no honest root
//! commits to them.

use super::Trie;
use super::node::{Children, Kind, Link, Node};
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use alloy_primitives::{B256, Bytes, keccak256};
use alloy_rlp::Decodable;
use alloy_trie::Nibbles;
use alloy_trie::nodes::{BranchNode, RlpNode, TrieNode};
use core::fmt;

/// Nibbles of a key.
const KEY_NIBBLES: usize = 64;

/// RLP of trie nodes, by their Keccak hashes.
#[derive(Clone, Debug, Default)]
pub struct Nodes(BTreeMap<B256, Bytes>);

impl Nodes {
    /// Adds a node.
    pub fn insert(&mut self, rlp: Bytes) {
        self.0.insert(keccak256(&rlp), rlp);
    }

    /// Number of nodes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The nodes, in the order of their hashes.
    #[must_use]
    pub fn into_vec(self) -> Vec<Bytes> {
        self.0.into_values().collect()
    }
}

impl FromIterator<Bytes> for Nodes {
    fn from_iter<T: IntoIterator<Item = Bytes>>(rlps: T) -> Self {
        Self(rlps.into_iter().map(|rlp| (keccak256(&rlp), rlp)).collect())
    }
}

/// Why a witness is not one of tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrieError {
    /// Bytes under this hash are not a trie node.
    NotANode(B256),
    /// A path is not as long as a key, or one node occurs more often than tries of hashed keys allow.
    Shape,
}

impl fmt::Display for TrieError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotANode(hash) => write!(f, "bytes with hash {hash} are not a trie node"),
            Self::Shape => f.write_str("nodes do not form a trie of 32-byte keys"),
        }
    }
}

impl core::error::Error for TrieError {}

impl Trie {
    /// The part of the trie with this root that `nodes` show.
    ///
    /// # Errors
    /// [`TrieError`].
    pub fn open(root: B256, nodes: &Nodes) -> Result<Self, TrieError> {
        let mut link = Link::sealed_root(root);
        // Distinct subtrees of a trie with hashed keys are distinct, so no node opens twice: this bounds the work.
        let mut budget = nodes.len();
        open(&mut link, nodes, 0, &mut budget)?;
        Ok(Self { root: link })
    }
}

/// Opens a sealed link, and what lies below, as far as nodes are known.
fn open(link: &mut Link, nodes: &Nodes, depth: usize, budget: &mut usize) -> Result<(), TrieError> {
    let Link::Sealed(hash) = link else { return Ok(()) };
    let Some(rlp) = nodes.0.get(&**hash) else { return Ok(()) };
    *budget = budget.checked_sub(1).ok_or(TrieError::Shape)?;
    let reference = Some(RlpNode::word_rlp(hash));
    let kind = decode(rlp, depth, &mut |child, depth| open(child, nodes, depth, budget)).map_err(
        |error| match error {
            TrieError::NotANode(_) => TrieError::NotANode(**hash),
            TrieError::Shape => TrieError::Shape,
        },
    )?;
    *link = Link::Node(Box::new(Node { kind, reference }));
    Ok(())
}

/// What is done with each child that is named by hash.
type Descend<'a> = dyn FnMut(&mut Link, usize) -> Result<(), TrieError> + 'a;

fn decode(mut rlp: &[u8], depth: usize, descend: &mut Descend<'_>) -> Result<Kind, TrieError> {
    let not_a_node = TrieError::NotANode(B256::ZERO);
    let node = TrieNode::decode(&mut rlp).map_err(|_| not_a_node)?;
    if !rlp.is_empty() {
        return Err(not_a_node);
    }
    match node {
        TrieNode::EmptyRoot => Err(not_a_node),
        TrieNode::Leaf(leaf) => {
            let ends = depth.saturating_add(leaf.key.len()) == KEY_NIBBLES && !leaf.value.is_empty();
            ends.then_some(Kind::Leaf { path: leaf.key, value: leaf.value }).ok_or(TrieError::Shape)
        }
        TrieNode::Extension(extension) => {
            let below = depth_below(depth, &extension.key)?;
            Ok(Kind::Extension {
                path: extension.key,
                child: decode_child(&extension.child, below, descend)?,
            })
        }
        TrieNode::Branch(branch) => decode_branch(&branch, depth, descend),
    }
}

fn depth_below(depth: usize, path: &Nibbles) -> Result<usize, TrieError> {
    let below = depth.saturating_add(path.len());
    (!path.is_empty() && below < KEY_NIBBLES).then_some(below).ok_or(TrieError::Shape)
}

fn decode_branch(branch: &BranchNode, depth: usize, descend: &mut Descend<'_>) -> Result<Kind, TrieError> {
    let below = depth.saturating_add(1);
    if below > KEY_NIBBLES || branch.stack.len() < 2 {
        return Err(TrieError::Shape);
    }
    let mut references = branch.stack.iter();
    let mut children = Children::default();
    for (nibble, child) in (0u8..).zip(children.iter_mut()) {
        if branch.state_mask.is_bit_set(nibble) {
            let reference = references.next().ok_or(TrieError::Shape)?;
            *child = decode_child(reference, below, descend)?;
        }
    }
    Ok(Kind::Branch { children })
}

/// A child by reference: by hash, or standing in its parent because it is shorter than a hash.
fn decode_child(reference: &RlpNode, depth: usize, descend: &mut Descend<'_>) -> Result<Link, TrieError> {
    if let Some(hash) = reference.as_hash() {
        let mut link = Link::Sealed(Box::new(hash));
        descend(&mut link, depth)?;
        return Ok(link);
    }
    let kind = decode(reference, depth, descend)?;
    Ok(Link::Node(Box::new(Node { kind, reference: Some(reference.clone()) })))
}
