//! The root of those entries whose keys begin alike: one engine's, or one table's.
//!
//! Hashes bind absolute bit indices, so the node above exactly these entries has the hash that a tree of them alone
//! would have. A proof for the key `prefix` (or for any range in it) opens enough to find that node.

use super::arena::{Arena, Node, Subtree};
use super::bits::{bit, bits_of};
use super::hash::Digest;

/// What is known of the entries under a prefix.
pub(super) enum Found {
    /// The root over them.
    Subtree(Digest),
    /// There are none.
    Empty,
    /// Not opened.
    Unknown,
}

/// Finds the node above exactly the entries whose keys begin with `prefix`.
pub(super) fn find(arena: &Arena, root: Option<Subtree>, prefix: &[u8]) -> Found {
    let Some(mut tree) = root else { return Found::Empty };
    let bits = bits_of(prefix);
    while let Node::Inner(number) = tree.link.node() {
        let at = arena.inner(number).bit;
        if at >= bits {
            break;
        }
        tree = arena.child(number, bit(prefix, at));
    }
    let path = arena.path(arena.terminal(tree.link, prefix));
    let parts = path.divergence(prefix, 0);
    if parts < bits.min(path.bits()) {
        Found::Empty
    } else if path.bits() < bits {
        Found::Unknown
    } else {
        Found::Subtree(tree.hash)
    }
}
