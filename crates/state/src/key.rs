//! What may be a key or a value of a table.

use core::fmt::Debug;
use core::hash::Hash;
use tandem_codec::{Decode, Encode};

/// A key of a table: of fixed encoded length, and ordered as its encoding is.
///
/// The second law is what makes leaf order in the state tree mean something (price-time priority, expiry order). It
/// follows for structs that derive `Ord` and encode their fields in the same order with big-endian integers.
pub trait Key: Copy + Ord + Hash + Debug + Encode + Decode {
    /// Length of every encoded key in bytes, without the table's prefix.
    const LEN: usize;
}

/// A value of a table.
pub trait Value: Clone + PartialEq + Debug + Encode + Decode {}

impl<T: Clone + PartialEq + Debug + Encode + Decode> Value for T {}

/// Declares the encoded length of key types: `keys!(AccountId: 4, OrderId: 8);`
#[macro_export]
macro_rules! keys {
    ($($type:ty: $len:expr),* $(,)?) => { $(
        impl $crate::Key for $type {
            const LEN: usize = $len;
        }
    )* };
}

use tandem_types::{AccountId, Address, Cloid, Hash as Hash32, Height, MarketId, OrderId, TokenId};

keys!((): 0, u8: 1, u16: 2, u32: 4, u64: 8, AccountId: 4, MarketId: 2, TokenId: 2, OrderId: 8, Height: 8);
keys!(Address: 20, Cloid: 16, Hash32: 32);
