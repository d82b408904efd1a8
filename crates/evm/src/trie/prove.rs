//! Proofs: the nodes on the way to a key.

use super::node::{Kind, Link, Node, child};
use super::{Missing, Nodes, Trie};
use alloc::vec::Vec;
use alloy_primitives::{B256, Bytes};
use alloy_trie::Nibbles;
use alloy_trie::nodes::RlpNode;

impl Trie {
    /// The nodes from the root towards `key` that are named by hash: a proof of its value, or of its absence
    /// (EIP-1186). Empty for an empty trie. [`Trie::root`] must have been called since the last change.
    ///
    /// # Errors
    /// [`Missing`] if the path leads into a sealed subtree.
    pub fn prove(&self, key: &B256) -> Result<Vec<Bytes>, Missing> {
        let mut proof = Vec::new();
        self.walk(&Nibbles::unpack_array(&key.0), &mut |node| proof.push(node.rlp().into()))?;
        Ok(proof)
    }

    /// Adds the nodes on the way to `key` to `nodes`.
    ///
    /// # Errors
    /// As [`Trie::prove`].
    pub fn collect(&self, key: &B256, nodes: &mut Nodes) -> Result<(), Missing> {
        self.collect_path(&Nibbles::unpack_array(&key.0), nodes)
    }

    /// Adds the nodes on the way to the place that [`Missing`] names, the one there included.
    pub(crate) fn collect_path(&self, path: &Nibbles, nodes: &mut Nodes) -> Result<(), Missing> {
        self.walk(path, &mut |node| nodes.insert(node.rlp().into()))
    }

    /// Shows the nodes named by hash from the root to the end of `path`, or to where it leaves the trie.
    fn walk(&self, path: &Nibbles, show: &mut dyn FnMut(&Node)) -> Result<(), Missing> {
        let (mut link, mut depth) = (&self.root, 0usize);
        loop {
            let node = match link {
                Link::Empty => return Ok(()),
                Link::Sealed(_) => return Err(Missing { path: path.slice(..depth) }),
                Link::Node(node) => node,
            };
            if depth == 0
                || node.reference.as_ref().is_none_or(|reference| RlpNode::as_hash(reference).is_some())
            {
                show(node);
            }
            match &node.kind {
                Kind::Leaf { .. } => return Ok(()),
                Kind::Extension { path: shared, child } => {
                    if !path.slice(depth..).starts_with(shared) {
                        return Ok(());
                    }
                    depth = depth.saturating_add(shared.len());
                    link = child;
                }
                Kind::Branch { children } => {
                    let Some(child) = child(children, path, depth) else { return Ok(()) };
                    depth = depth.saturating_add(1);
                    link = child;
                }
            }
        }
    }
}
