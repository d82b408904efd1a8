//! Insertion and removal.
//!
//! Both walk down by `key` from `depth` nibbles on, and mark every node on the way stale.

use super::Missing;
use super::node::{Children, Kind, Link, Node, child_mut};
use alloc::boxed::Box;
use alloc::vec::Vec;
use alloy_trie::Nibbles;
use core::mem::take;

/// Sets the value at `key`.
pub(super) fn insert(link: &mut Link, key: &Nibbles, depth: usize, value: Vec<u8>) -> Result<(), Missing> {
    let node = match link {
        Link::Empty => {
            *link = leaf(key, depth, value);
            return Ok(());
        }
        Link::Sealed(_) => return Err(missing(key, depth)),
        Link::Node(node) => node,
    };
    node.reference = None;
    match &mut node.kind {
        Kind::Leaf { path, value: old } => {
            let shared = shared_nibbles(key, depth, path);
            if shared == path.len() {
                *old = value;
                return Ok(());
            }
            let rest = leaf(path, shared.saturating_add(1), take(old));
            *link = split(path, shared, rest, key, depth, value);
            Ok(())
        }
        Kind::Extension { path, child } => {
            let shared = shared_nibbles(key, depth, path);
            if shared == path.len() {
                return insert(child, key, depth.saturating_add(shared), value);
            }
            let rest = extension(path.slice(shared.saturating_add(1)..), take(child));
            *link = split(path, shared, rest, key, depth, value);
            Ok(())
        }
        Kind::Branch { children } => match child_mut(children, key, depth) {
            Some(child) => insert(child, key, depth.saturating_add(1), value),
            None => Ok(()),
        },
    }
}

/// Removes the value at `key`; whether there was one.
pub(super) fn remove(link: &mut Link, key: &Nibbles, depth: usize) -> Result<bool, Missing> {
    let node = match link {
        Link::Empty => return Ok(false),
        Link::Sealed(_) => return Err(missing(key, depth)),
        Link::Node(node) => node,
    };
    match &mut node.kind {
        Kind::Leaf { path, .. } => {
            let found = key.slice(depth..) == *path;
            if found {
                *link = Link::Empty;
            }
            Ok(found)
        }
        Kind::Extension { path, child } => {
            if !key.slice(depth..).starts_with(path) {
                return Ok(false);
            }
            if !remove(child, key, depth.saturating_add(path.len()))? {
                return Ok(false);
            }
            *link = extension(*path, take(child));
            Ok(true)
        }
        Kind::Branch { children } => {
            let Some(child) = child_mut(children, key, depth) else { return Ok(false) };
            if !remove(child, key, depth.saturating_add(1))? {
                return Ok(false);
            }
            node.reference = None;
            if let Some(nibble) = only_child(children) {
                *link = collapse(children, nibble, &key.slice(..depth))?;
            }
            Ok(true)
        }
    }
}

fn missing(key: &Nibbles, depth: usize) -> Missing {
    Missing { path: key.slice(..depth) }
}

fn leaf(key: &Nibbles, depth: usize, value: Vec<u8>) -> Link {
    Link::new(Kind::Leaf { path: key.slice(depth..), value })
}

fn shared_nibbles(key: &Nibbles, depth: usize, path: &Nibbles) -> usize {
    key.slice(depth..).common_prefix_length(path)
}

/// A branch where `key` leaves `path` after `shared` nibbles, below an extension for those shared.
fn split(path: &Nibbles, shared: usize, rest: Link, key: &Nibbles, depth: usize, value: Vec<u8>) -> Link {
    let mut children = Children::default();
    if let Some(place) = child_mut(&mut children, path, shared) {
        *place = rest;
    }
    let fork = depth.saturating_add(shared);
    if let Some(place) = child_mut(&mut children, key, fork) {
        *place = leaf(key, fork.saturating_add(1), value);
    }
    extension(path.slice(..shared), Link::new(Kind::Branch { children }))
}

/// `child` below the nibbles of `path`, in the one form that the contents have: without nibbles the child itself, with
/// a leaf or an extension below them one longer leaf or extension.
fn extension(path: Nibbles, child: Link) -> Link {
    if path.is_empty() {
        return child;
    }
    match child {
        Link::Node(node) => match *node {
            Node { kind: Kind::Leaf { path: below, value }, .. } => {
                Link::new(Kind::Leaf { path: path.join(&below), value })
            }
            Node { kind: Kind::Extension { path: below, child }, .. } => {
                Link::new(Kind::Extension { path: path.join(&below), child })
            }
            branch @ Node { kind: Kind::Branch { .. }, .. } => {
                Link::new(Kind::Extension { path, child: Link::Node(Box::new(branch)) })
            }
        },
        sealed @ Link::Sealed(_) => Link::new(Kind::Extension { path, child: sealed }),
        Link::Empty => Link::Empty,
    }
}

/// The nibble of the only child left, if there is but one.
fn only_child(children: &[Link; 16]) -> Option<u8> {
    let mut left = (0u8..).zip(children.iter()).filter(|(_, child)| !child.is_empty());
    let (nibble, _) = left.next()?;
    left.next().is_none().then_some(nibble)
}

/// What remains of a branch at `path` with one child: its kind must be known, because a leaf or an extension absorbs
/// the nibble.
fn collapse(children: &mut [Link; 16], nibble: u8, path: &Nibbles) -> Result<Link, Missing> {
    let nibbles = Nibbles::from_nibbles([nibble]);
    let Some(child) = children.get_mut(usize::from(nibble)) else { return Ok(Link::Empty) };
    if matches!(child, Link::Sealed(_)) {
        return Err(Missing { path: path.join(&nibbles) });
    }
    Ok(extension(nibbles, take(child)))
}
