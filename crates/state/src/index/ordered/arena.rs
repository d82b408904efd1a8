//! Nodes by number, in chunks that never move once they are full size, with a list of the free ones.

use super::node::Node;
use alloc::vec::Vec;

/// The number of no node.
pub(super) const NONE: u32 = u32::MAX;

/// Nodes per chunk, as a power of two: large enough that the list of chunks stays in cache, small enough that an
/// unfinished chunk wastes little.
const CHUNK_BITS: u32 = 6;
const CHUNK: usize = 1 << CHUNK_BITS;
/// One node to spare is made for this many.
const SPARE: u32 = 16;

/// All nodes of one kind.
#[derive(Clone)]
pub(super) struct Arena<K, T> {
    chunks: Vec<Vec<Node<K, T>>>,
    free: Vec<u32>,
    made: u32,
}

impl<K, T> Default for Arena<K, T> {
    fn default() -> Self {
        Self { chunks: Vec::new(), free: Vec::new(), made: 0 }
    }
}

/// Chunk and place in the chunk of a node.
fn place(id: u32) -> Option<(usize, usize)> {
    let id = usize::try_from(id).ok()?;
    Some((id >> CHUNK_BITS, id & CHUNK.saturating_sub(1)))
}

impl<K, T> Arena<K, T> {
    #[inline]
    pub(super) fn node(&self, id: u32) -> Option<&Node<K, T>> {
        let (chunk, at) = place(id)?;
        self.chunks.get(chunk)?.get(at)
    }

    #[inline]
    pub(super) fn node_mut(&mut self, id: u32) -> Option<&mut Node<K, T>> {
        let (chunk, at) = place(id)?;
        self.chunks.get_mut(chunk)?.get_mut(at)
    }

    /// Two different nodes at once.
    pub(super) fn pair_mut(&mut self, left: u32, right: u32) -> Option<[&mut Node<K, T>; 2]> {
        let (left_chunk, left_at) = place(left)?;
        let (right_chunk, right_at) = place(right)?;
        if left_chunk == right_chunk {
            return self.chunks.get_mut(left_chunk)?.get_disjoint_mut([left_at, right_at]).ok();
        }
        let [left, right] = self.chunks.get_disjoint_mut([left_chunk, right_chunk]).ok()?;
        Some([left.get_mut(left_at)?, right.get_mut(right_at)?])
    }

    /// Marks a node as free, and drops what it still held.
    pub(super) fn release(&mut self, id: u32) -> Option<()> {
        self.node_mut(id)?.clear();
        self.free.push(id);
        Some(())
    }
}

impl<K: Copy, T> Arena<K, T> {
    /// An empty node, used again or new. New ones are filled with `key`, which means nothing.
    ///
    /// There is always one: 2^32 nodes are more than any machine's memory.
    pub(super) fn acquire(&mut self, key: K) -> Option<u32> {
        if self.free.is_empty() {
            // Some to spare: how many nodes a number of entries takes varies a little as they come and go.
            (0..=self.made / SPARE).try_for_each(|_| self.make(key))?;
        }
        self.free.pop()
    }

    fn make(&mut self, key: K) -> Option<()> {
        let id = self.made;
        let (chunk, _) = place(id)?;
        if chunk == self.chunks.len() {
            // The first chunk grows step by step, for tables that stay small.
            self.chunks.push(if chunk == 0 { Vec::new() } else { Vec::with_capacity(CHUNK) });
        }
        self.made = id.checked_add(1).filter(|made| *made < NONE)?;
        self.chunks.get_mut(chunk)?.push(Node::new(key));
        // All nodes may be free at once; room for that is made now, so that releasing never allocates.
        let others = usize::try_from(id).ok()?.saturating_sub(self.free.len());
        self.free.reserve(others.saturating_add(1));
        self.free.push(id);
        Some(())
    }
}

#[cfg(test)]
impl<K, T> Arena<K, T> {
    pub(super) fn free(&self) -> &[u32] {
        &self.free
    }

    pub(super) const fn made(&self) -> u32 {
        self.made
    }
}
