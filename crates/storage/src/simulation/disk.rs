//! What the simulated disk holds, and what a crash leaves of it.

use super::seed::Seed;
use crate::files::{parent, same_parent};
use std::{
    collections::{BTreeMap, BTreeSet},
    io, mem,
};

/// Bytes that a disk writes together or not at all.
const SECTOR_BYTES: usize = 512;

#[derive(Debug)]
enum Change {
    Write { offset: usize, bytes: Vec<u8> },
    SetLen(usize),
}

#[derive(Debug, Default)]
struct Inode {
    current: Vec<u8>,
    durable: Vec<u8>,
    unsynced: Vec<Change>,
}

#[derive(Debug)]
enum NameChange {
    Set { path: String, inode: u64 },
    Rename { from: String, to: String },
    Remove { path: String },
}

impl NameChange {
    fn dir(&self) -> &str {
        match self {
            Self::Set { path, .. } | Self::Remove { path } => parent(path),
            Self::Rename { to, .. } => parent(to),
        }
    }

    fn apply(&self, names: &mut BTreeMap<String, u64>) {
        match self {
            Self::Set { path, inode } => drop(names.insert(path.clone(), *inode)),
            Self::Remove { path } => drop(names.remove(path)),
            Self::Rename { from, to } => {
                if let Some(inode) = names.remove(from) {
                    names.insert(to.clone(), inode);
                }
            }
        }
    }
}

/// The whole disk.
#[derive(Debug)]
pub(super) struct Disk {
    pub(super) seed: Seed,
    /// Raised by every crash: handles of an earlier generation are dead.
    pub(super) generation: u64,
    /// Operations that change something, so far.
    pub(super) operations: u64,
    pub(super) crash_at: Option<u64>,
    pub(super) fail_at: Option<(u64, io::ErrorKind)>,
    pub(super) down: bool,
    pub(super) locks: BTreeSet<String>,
    pub(super) dirs: BTreeSet<String>,
    names: BTreeMap<String, u64>,
    names_durable: BTreeMap<String, u64>,
    names_unsynced: Vec<NameChange>,
    inodes: BTreeMap<u64, Inode>,
    inode_next: u64,
}

impl Disk {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            seed: Seed(seed),
            generation: 0,
            operations: 0,
            crash_at: None,
            fail_at: None,
            down: false,
            locks: BTreeSet::new(),
            dirs: BTreeSet::from([String::new()]),
            names: BTreeMap::new(),
            names_durable: BTreeMap::new(),
            names_unsynced: Vec::new(),
            inodes: BTreeMap::new(),
            inode_next: 0,
        }
    }

    pub(super) fn check_up(&self) -> io::Result<()> {
        if self.down { Err(io::Error::other("the simulated disk is down")) } else { Ok(()) }
    }

    /// Counts an operation. `true`: the power goes out in the middle of it, so it may leave a part.
    fn step(&mut self) -> io::Result<bool> {
        self.check_up()?;
        self.operations += 1;
        if let Some((at, kind)) = self.fail_at
            && at == self.operations
        {
            self.fail_at = None;
            return Err(kind.into());
        }
        self.down = self.crash_at == Some(self.operations);
        Ok(self.down)
    }

    fn finish(&self) -> io::Result<()> {
        self.check_up()
    }

    pub(super) fn inode(&self, path: &str) -> io::Result<u64> {
        self.names.get(path).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    pub(super) fn content(&self, inode: u64) -> &[u8] {
        self.inodes.get(&inode).map_or(&[], |inode| &inode.current)
    }

    pub(super) fn create_dir(&mut self, dir: &str) -> io::Result<()> {
        if self.step()? {
            return self.finish();
        }
        self.dirs.insert(dir.to_owned());
        Ok(())
    }

    pub(super) fn create(&mut self, path: &str) -> io::Result<u64> {
        if self.names.contains_key(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        if !self.dirs.contains(parent(path)) {
            return Err(io::ErrorKind::NotFound.into());
        }
        self.step()?;
        let inode = self.inode_next;
        self.inode_next += 1;
        self.inodes.insert(inode, Inode::default());
        self.change_name(NameChange::Set { path: path.to_owned(), inode });
        self.finish().map(|()| inode)
    }

    pub(super) fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        same_parent(from, to)?;
        self.inode(from)?;
        self.step()?;
        self.change_name(NameChange::Rename { from: from.to_owned(), to: to.to_owned() });
        self.finish()
    }

    pub(super) fn remove(&mut self, path: &str) -> io::Result<()> {
        self.inode(path)?;
        self.step()?;
        self.change_name(NameChange::Remove { path: path.to_owned() });
        self.finish()
    }

    fn change_name(&mut self, change: NameChange) {
        change.apply(&mut self.names);
        self.names_unsynced.push(change);
    }

    pub(super) fn list(&self, dir: &str) -> io::Result<Vec<String>> {
        self.check_up()?;
        if !self.dirs.contains(dir) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let name = |path: &String| path.rsplit_once('/').map_or(path.clone(), |(_, name)| name.to_owned());
        Ok(self.names.keys().filter(|path| parent(path) == dir).map(name).collect())
    }

    pub(super) fn sync_dir(&mut self, dir: &str) -> io::Result<()> {
        if self.step()? {
            return self.finish();
        }
        for change in mem::take(&mut self.names_unsynced) {
            if change.dir() == dir {
                change.apply(&mut self.names_durable);
            } else {
                self.names_unsynced.push(change);
            }
        }
        Ok(())
    }

    pub(super) fn write_at(&mut self, inode: u64, offset: usize, bytes: &[u8]) -> io::Result<()> {
        self.step()?;
        self.change(inode, Change::Write { offset, bytes: bytes.to_vec() });
        self.finish()
    }

    pub(super) fn set_len(&mut self, inode: u64, len: usize) -> io::Result<()> {
        self.step()?;
        self.change(inode, Change::SetLen(len));
        self.finish()
    }

    fn change(&mut self, inode: u64, change: Change) {
        if let Some(inode) = self.inodes.get_mut(&inode) {
            apply(&mut inode.current, &change, 0);
            inode.unsynced.push(change);
        }
    }

    pub(super) fn sync_data(&mut self, inode: u64) -> io::Result<()> {
        if self.step()? {
            return self.finish();
        }
        if let Some(Inode { durable, unsynced, .. }) = self.inodes.get_mut(&inode) {
            unsynced.drain(..).for_each(|change| apply(durable, &change, 0));
        }
        Ok(())
    }

    /// Forgets what the seed says, and comes up again.
    pub(super) fn crash(&mut self) {
        self.forget_names();
        for inode in self.inodes.values_mut() {
            forget_writes(inode, &mut self.seed);
        }
        let named: BTreeSet<u64> = self.names.values().copied().collect();
        self.inodes.retain(|inode, _| named.contains(inode));
        self.locks.clear();
        self.generation += 1;
        self.down = false;
        self.crash_at = None;
        self.fail_at = None;
    }

    fn forget_names(&mut self) {
        let changes = mem::take(&mut self.names_unsynced);
        let style = Style::draw(&mut self.seed, changes.len());
        for (position, change) in changes.iter().enumerate() {
            if style.keeps(position, &mut self.seed) {
                change.apply(&mut self.names_durable);
            }
        }
        self.names = self.names_durable.clone();
    }
}

/// How much of what was not synced survives.
#[derive(Debug)]
enum Style {
    Prefix(usize),
    Subset,
}

impl Style {
    const fn draw(seed: &mut Seed, changes: usize) -> Self {
        match seed.up_to(3) {
            0 => Self::Prefix(0),
            1 => Self::Prefix(changes),
            2 => Self::Prefix(seed.up_to(changes)),
            _ => Self::Subset,
        }
    }

    const fn keeps(&self, position: usize, seed: &mut Seed) -> bool {
        match self {
            Self::Prefix(kept) => position < *kept,
            Self::Subset => seed.coin(),
        }
    }
}

fn forget_writes(inode: &mut Inode, seed: &mut Seed) {
    let changes = mem::take(&mut inode.unsynced);
    if !changes.is_empty() {
        let style = Style::draw(seed, changes.len());
        // What a file system shows where it extended a file and lost the data: zeros, or what was there before.
        let gap = if seed.coin() { 0 } else { 0xa5 };
        for (position, change) in changes.iter().enumerate() {
            match style {
                Style::Prefix(kept) if position < kept => apply(&mut inode.durable, change, gap),
                Style::Prefix(kept) if position == kept => apply_torn(&mut inode.durable, change, gap, seed),
                Style::Prefix(_) => {}
                Style::Subset => apply_sectors(&mut inode.durable, change, gap, seed),
            }
        }
    }
    inode.current.clone_from(&inode.durable);
}

fn apply(content: &mut Vec<u8>, change: &Change, gap: u8) {
    match change {
        Change::SetLen(len) => content.resize(*len, 0),
        Change::Write { offset, bytes } => write(content, *offset, bytes, gap),
    }
}

fn write(content: &mut Vec<u8>, offset: usize, bytes: &[u8], gap: u8) {
    let end = offset + bytes.len();
    if content.len() < end {
        content.resize(end, gap);
    }
    content[offset..end].copy_from_slice(bytes);
}

/// Of a write, nothing or a prefix of any length; a change of length is lost.
fn apply_torn(content: &mut Vec<u8>, change: &Change, gap: u8, seed: &mut Seed) {
    if let Change::Write { offset, bytes } = change {
        let kept = if seed.coin() { 0 } else { seed.up_to(bytes.len()) };
        write(content, *offset, &bytes[..kept], gap);
    }
}

/// Of a write, any of the sectors it touches; a change of length by chance.
fn apply_sectors(content: &mut Vec<u8>, change: &Change, gap: u8, seed: &mut Seed) {
    let Change::Write { offset, bytes } = change else {
        if seed.coin() {
            apply(content, change, gap);
        }
        return;
    };
    let mut from = 0;
    while from < bytes.len() {
        let sector_end = ((offset + from) / SECTOR_BYTES + 1) * SECTOR_BYTES - offset;
        let to = sector_end.min(bytes.len());
        if seed.coin() {
            write(content, offset + from, &bytes[from..to], gap);
        }
        from = to;
    }
}
