//! Sets of tables: what is done to the whole state, done once for every engine.

use crate::delta::{Delta, DeltaError, Direction};
use crate::readset::ReadSet;
use alloc::vec::Vec;
use tandem_codec::Encode;
use tandem_types::EngineId;

/// The first two bytes of a table's keys: the engine and the table within it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Prefix(pub [u8; 2]);

impl Prefix {
    /// The prefix of table number `table` of `engine`.
    #[must_use]
    pub const fn new(engine: EngineId, table: u8) -> Self {
        Self([engine.0, table])
    }

    /// `key` as it stands in the state: prefix and encoding.
    pub fn key(self, key: &impl Encode) -> Vec<u8> {
        let mut bytes = self.0.to_vec();
        key.encode(&mut bytes);
        bytes
    }
}

/// What every table can do without its types being known. Keys are given without their prefix.
pub trait AnyTable: Send {
    /// Marks a point to roll back to.
    fn checkpoint(&mut self);
    /// Undoes all writes since the last open checkpoint, and closes it.
    fn rollback(&mut self);
    /// Closes the last open checkpoint, keeping the writes.
    fn commit(&mut self);
    /// Undoes all writes since the last seal.
    fn revert_block(&mut self);
    /// Appends this table's changes since the last seal to `delta` and forgets how to undo them.
    fn seal(&mut self, prefix: Prefix, delta: &mut Delta);
    /// Sets or removes an entry beside the undo log.
    ///
    /// # Errors
    /// [`DeltaError`] if the bytes are not a key or value of this table.
    fn set(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<(), DeltaError>;
    /// Begins or ends remembering what is read.
    fn record(&mut self, on: bool);
    /// Moves what was read since into `set`.
    fn take_reads(&mut self, prefix: Prefix, set: &mut ReadSet);
    /// Makes this the empty part of a table of which nothing is known.
    fn begin_partial(&mut self);
    /// Declares a key of a partial table known.
    ///
    /// # Errors
    /// [`DeltaError::Key`].
    fn admit_key(&mut self, key: &[u8]) -> Result<(), DeltaError>;
    /// Declares an inclusive interval of a partial table known. Intervals come sorted and disjoint.
    ///
    /// # Errors
    /// [`DeltaError::Key`].
    fn admit_range(&mut self, from: &[u8], to: &[u8]) -> Result<(), DeltaError>;
    /// Appends what a partial table was asked for and did not know.
    fn misses(&self, prefix: Prefix, set: &mut ReadSet);
    /// The encoded value of an entry.
    fn entry(&self, key: &[u8]) -> Option<Vec<u8>>;
    /// Shows every entry (prefixed key, value), in no particular order.
    fn for_each(&self, prefix: Prefix, show: &mut dyn FnMut(Vec<u8>, Vec<u8>));
    /// Number of entries held.
    fn entries(&self) -> usize;
}

/// What is done to one table, given a key without its prefix.
type TableAction<'a> = dyn FnMut(&mut dyn AnyTable, &[u8]) -> Result<(), DeltaError> + 'a;

/// A set of tables, in the order of their prefixes. Engines declare theirs with [`tables!`](crate::tables); the state
/// of the chain is a set made of them.
pub trait Tables {
    /// Shows each table.
    fn visit(&self, show: &mut dyn FnMut(Prefix, &dyn AnyTable));
    /// Shows each table to be changed.
    fn visit_mut(&mut self, show: &mut dyn FnMut(Prefix, &mut dyn AnyTable));

    /// Marks a point in all tables; checkpoints nest.
    fn checkpoint(&mut self) {
        self.visit_mut(&mut |_, table| table.checkpoint());
    }

    /// Undoes all writes since the last open checkpoint and closes it, at the cost of what was written.
    fn rollback(&mut self) {
        self.visit_mut(&mut |_, table| table.rollback());
    }

    /// Closes the last open checkpoint, keeping the writes.
    fn commit(&mut self) {
        self.visit_mut(&mut |_, table| table.commit());
    }

    /// Undoes everything since the last [`Tables::seal`].
    fn revert_block(&mut self) {
        self.visit_mut(&mut |_, table| table.revert_block());
    }

    /// Ends a block: its delta, sorted by key.
    fn seal(&mut self) -> Delta {
        let mut delta = Delta::default();
        self.visit_mut(&mut |prefix, table| table.seal(prefix, &mut delta));
        delta
    }

    /// Applies a delta beside the undo log: readers' copies follow, and the writer changes between siblings.
    ///
    /// # Errors
    /// [`DeltaError`] if the delta is not one of these tables; some of it may then have been applied.
    fn apply(&mut self, delta: &Delta, direction: Direction) -> Result<(), DeltaError> {
        let mut applied = 0usize;
        let mut outcome = Ok(());
        self.visit_mut(&mut |prefix, table| {
            for change in delta.changes_under(&prefix.0) {
                let value = match direction {
                    Direction::Forward => change.new,
                    Direction::Backward => change.old,
                };
                let key = change.key.get(prefix.0.len()..).unwrap_or_default();
                outcome = outcome.and(table.set(key, value));
                applied = applied.saturating_add(1);
            }
        });
        outcome?;
        if applied == delta.len() { Ok(()) } else { Err(self.unknown_table(delta)) }
    }

    /// The first change of `delta` that belongs to none of these tables, as an error.
    fn unknown_table(&self, delta: &Delta) -> DeltaError {
        let mut known = Vec::new();
        self.visit(&mut |prefix, _| known.push(prefix.0));
        let stray = delta.changes().find(|change| !known.iter().any(|prefix| change.key.starts_with(prefix)));
        let key = stray.map(|change| change.key).unwrap_or_default();
        DeltaError::UnknownTable([key.first().copied().unwrap_or(0), key.get(1).copied().unwrap_or(0)])
    }

    /// Sets one entry beside the undo log, as when loading a checkpoint.
    ///
    /// # Errors
    /// [`DeltaError`].
    fn load(&mut self, key: &[u8], value: &[u8]) -> Result<(), DeltaError> {
        self.with_table(key, &mut |table, rest| table.set(rest, Some(value)))
    }

    /// Declares a key of partial state known, present or absent.
    ///
    /// # Errors
    /// [`DeltaError`].
    fn admit_key(&mut self, key: &[u8]) -> Result<(), DeltaError> {
        self.with_table(key, &mut |table, rest| table.admit_key(rest))
    }

    /// Declares an inclusive interval within one table of partial state known.
    ///
    /// # Errors
    /// [`DeltaError`].
    fn admit_range(&mut self, from: &[u8], to: &[u8]) -> Result<(), DeltaError> {
        let to = to.get(2..).unwrap_or_default();
        self.with_table(from, &mut |table, rest| table.admit_range(rest, to))
    }

    /// Runs `action` on the table of a prefixed key.
    ///
    /// # Errors
    /// [`DeltaError::UnknownTable`], and what `action` returns.
    fn with_table(&mut self, key: &[u8], action: &mut TableAction<'_>) -> Result<(), DeltaError> {
        let Some((head, rest)) = key.split_first_chunk::<2>() else {
            return Err(DeltaError::UnknownTable([key.first().copied().unwrap_or(0), 0]));
        };
        let mut outcome = Err(DeltaError::UnknownTable(*head));
        self.visit_mut(&mut |prefix, table| {
            if prefix.0 == *head {
                outcome = action(table, rest);
            }
        });
        outcome
    }

    /// The encoded value at a prefixed key.
    fn entry(&self, key: &[u8]) -> Option<Vec<u8>> {
        let (head, rest) = key.split_first_chunk::<2>()?;
        let mut value = None;
        self.visit(&mut |prefix, table| {
            if prefix.0 == *head {
                value = table.entry(rest);
            }
        });
        value
    }

    /// Begins or ends remembering what rules read.
    fn record(&mut self, on: bool) {
        self.visit_mut(&mut |_, table| table.record(on));
    }

    /// What rules read since recording began or since the last call.
    fn take_reads(&mut self) -> ReadSet {
        let mut set = ReadSet::default();
        self.visit_mut(&mut |prefix, table| table.take_reads(prefix, &mut set));
        set
    }

    /// Makes these the tables of a state of which nothing is known yet.
    fn begin_partial(&mut self) {
        self.visit_mut(&mut |_, table| table.begin_partial());
    }

    /// What partial state was asked for and did not know; empty if the witness sufficed.
    fn misses(&self) -> ReadSet {
        let mut set = ReadSet::default();
        self.visit(&mut |prefix, table| table.misses(prefix, &mut set));
        set
    }

    /// Every entry, sorted by key.
    fn entries(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let mut entries = Vec::new();
        self.visit(&mut |prefix, table| table.for_each(prefix, &mut |key, value| entries.push((key, value))));
        entries.sort_unstable();
        entries
    }
}

/// Whether numbers ascend, for [`tables!`](crate::tables).
#[doc(hidden)]
#[must_use]
pub const fn are_ascending(numbers: &[u8]) -> bool {
    match numbers {
        [first, second, ..] if *first >= *second => false,
        [_, rest @ ..] => are_ascending(rest),
        [] => true,
    }
}

/// Declares an engine's tables, and what its rules remember within a block ([`Scratch`](crate::Scratch)), if anything.
///
/// ```
/// use tandem_state::{index::{Hashed, Ordered}, tables};
/// use tandem_types::{AccountId, EngineId, TokenAtoms};
/// tables! {
///     /// The tables of a bank.
///     pub struct BankTables in EngineId(0x7f) {
///         /// What each account holds.
///         balances: Hashed<AccountId, TokenAtoms> = 1,
///     }
/// }
/// let mut bank = BankTables::default();
/// bank.balances.put(AccountId(1), TokenAtoms(5));
/// ```
#[macro_export]
macro_rules! tables {
    (
        $(#[$meta:meta])*
        pub struct $name:ident in $engine:ident($number_of_engine:expr) {
            $( $(#[$field_meta:meta])* $field:ident: $index:ident<$key:ty, $value:ty> = $number:literal ),* $(,)?
        }
        $( within a block {
            $( $(#[$scratch_meta:meta])* $scratch:ident: <$scratch_key:ty, $scratch_value:ty> ),* $(,)?
        } )?
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default)]
        pub struct $name {
            $( $(#[$field_meta])* pub $field: $crate::Table<$key, $value, $index<$key, $value>>, )*
            $( $( $(#[$scratch_meta])* pub $scratch: $crate::Scratch<$scratch_key, $scratch_value>, )* )?
        }

        impl $name {
            /// The engine whose tables these are.
            pub const ENGINE: $engine = $engine($number_of_engine);
        }

        // Deltas and read sets are sorted because the tables are.
        const _: () = assert!($crate::__are_ascending(&[$($number),*]), "tables stand in the order of their numbers");

        impl $crate::Tables for $name {
            fn visit(&self, show: &mut dyn FnMut($crate::Prefix, &dyn $crate::AnyTable)) {
                $( show($crate::Prefix::new(Self::ENGINE, $number), &self.$field); )*
            }
            fn visit_mut(&mut self, show: &mut dyn FnMut($crate::Prefix, &mut dyn $crate::AnyTable)) {
                $( show($crate::Prefix::new(Self::ENGINE, $number), &mut self.$field); )*
                $( $( show($crate::Prefix::new(Self::ENGINE, u8::MAX), &mut self.$scratch); )* )?
            }
            // As the provided ones, without a call by pointer for each table: each item of each action does these.
            fn checkpoint(&mut self) {
                $( $crate::AnyTable::checkpoint(&mut self.$field); )*
                $( $( $crate::AnyTable::checkpoint(&mut self.$scratch); )* )?
            }
            fn rollback(&mut self) {
                $( $crate::AnyTable::rollback(&mut self.$field); )*
                $( $( $crate::AnyTable::rollback(&mut self.$scratch); )* )?
            }
            fn commit(&mut self) {
                $( $crate::AnyTable::commit(&mut self.$field); )*
                $( $( $crate::AnyTable::commit(&mut self.$scratch); )* )?
            }
        }
    };
}
