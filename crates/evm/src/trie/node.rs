//! Nodes, their references and their RLP.

use alloc::boxed::Box;
use alloc::vec::Vec;
use alloy_primitives::{B256, keccak256};
use alloy_rlp::Encodable;
use alloy_trie::nodes::{BranchNodeRef, ExtensionNodeRef, LeafNodeRef, RlpNode};
use alloy_trie::{EMPTY_ROOT_HASH, Nibbles, TrieMask};

/// A place where a subtree hangs.
#[derive(Clone, Debug, Default)]
pub(super) enum Link {
    /// Nothing.
    #[default]
    Empty,
    /// A subtree known by the hash of its node.
    Sealed(Box<B256>),
    /// A node.
    Node(Box<Node>),
}

/// The children of a branch, by nibble.
pub(super) type Children = Box<[Link; 16]>;

/// What a node is.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    /// The end of a key: its remaining nibbles and its value.
    Leaf { path: Nibbles, value: Vec<u8> },
    /// Nibbles that all keys below share; the child is a branch.
    Extension { path: Nibbles, child: Link },
    /// At least two children.
    Branch { children: Children },
}

/// A node and, while nothing below it changes, its reference.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) kind: Kind,
    /// As the parent names it; `None` when stale.
    pub(super) reference: Option<RlpNode>,
}

/// The child of a branch on the path of `key` at `depth`.
pub(super) fn child<'a>(children: &'a [Link; 16], key: &Nibbles, depth: usize) -> Option<&'a Link> {
    children.get(usize::from(key.get(depth)?))
}

/// The same, to be changed.
pub(super) fn child_mut<'a>(
    children: &'a mut [Link; 16],
    key: &Nibbles,
    depth: usize,
) -> Option<&'a mut Link> {
    children.get_mut(usize::from(key.get(depth)?))
}

impl Link {
    /// A root of which the hash alone is known.
    pub(super) fn sealed_root(hash: B256) -> Self {
        if hash == EMPTY_ROOT_HASH { Self::Empty } else { Self::Sealed(Box::new(hash)) }
    }

    pub(super) fn new(kind: Kind) -> Self {
        Self::Node(Box::new(Node { kind, reference: None }))
    }

    pub(super) const fn is_empty(&self) -> bool {
        matches!(self, Self::Empty)
    }

    /// Makes the references of all nodes below current; returns this one's.
    pub(super) fn refresh(&mut self) -> RlpNode {
        let node = match self {
            Self::Empty => return RlpNode::from_rlp(&[alloy_rlp::EMPTY_STRING_CODE]),
            Self::Sealed(hash) => return RlpNode::word_rlp(hash),
            Self::Node(node) => node,
        };
        if let Some(reference) = &node.reference {
            return reference.clone();
        }
        match &mut node.kind {
            Kind::Leaf { .. } => {}
            Kind::Extension { child, .. } => {
                child.refresh();
            }
            Kind::Branch { children } => {
                for child in children.iter_mut() {
                    child.refresh();
                }
            }
        }
        let reference = RlpNode::from_rlp(&node.rlp());
        node.reference = Some(reference.clone());
        reference
    }

    /// The reference of a refreshed link.
    fn reference(&self) -> RlpNode {
        match self {
            Self::Empty => RlpNode::from_rlp(&[alloy_rlp::EMPTY_STRING_CODE]),
            Self::Sealed(hash) => RlpNode::word_rlp(hash),
            Self::Node(node) => node.reference.clone().unwrap_or_else(|| RlpNode::from_rlp(&node.rlp())),
        }
    }
}

impl Node {
    /// The node's RLP, its children by reference.
    pub(super) fn rlp(&self) -> Vec<u8> {
        let mut out = Vec::new();
        match &self.kind {
            Kind::Leaf { path, value } => LeafNodeRef::new(path, value).encode(&mut out),
            Kind::Extension { path, child } => {
                ExtensionNodeRef::new(path, &child.reference()).encode(&mut out);
            }
            Kind::Branch { children } => {
                let mut mask = TrieMask::default();
                let mut stack = Vec::with_capacity(children.len());
                for (nibble, child) in (0u8..).zip(children.iter()).filter(|(_, child)| !child.is_empty()) {
                    mask.set_bit(nibble);
                    stack.push(child.reference());
                }
                BranchNodeRef::new(&stack, mask).encode(&mut out);
            }
        }
        out
    }

    /// The hash that names this node as a root, however short its RLP.
    pub(super) fn root_hash(&self) -> B256 {
        self.reference.as_ref().and_then(RlpNode::as_hash).unwrap_or_else(|| keccak256(self.rlp()))
    }
}
