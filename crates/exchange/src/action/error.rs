//! Why an action's bytes were refused, and at which field.

use super::{DecimalError, FieldName};
use core::fmt;

/// Deepest path of any action: `payload.action.modifies[i].order.t.trigger.isMarket`.
const PATH_SEGMENTS_MAX: usize = 8;

/// Bytes of a foreign text that an error carries.
const FIELD_TEXT_BYTES: usize = 24;

/// One step of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Segment {
    /// Into a field.
    Field(FieldName),
    /// To an item of a list, from 0; lists are shorter than 256.
    Index(u8),
}

/// Where in an action, such as `orders[3].p`. Empty for the action itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FieldPath {
    /// Innermost first: paths are built on the way out.
    segments: [Option<Segment>; PATH_SEGMENTS_MAX],
}

impl FieldPath {
    /// The steps, outermost first.
    pub fn segments(&self) -> impl Iterator<Item = Segment> {
        self.segments.into_iter().rev().flatten()
    }

    /// This path seen from one step further out. Steps beyond the deepest path of any action are dropped.
    fn inside(mut self, segment: Segment) -> Self {
        if let Some(free) = self.segments.iter_mut().find(|slot| slot.is_none()) {
            *free = Some(segment);
        }
        self
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, segment) in self.segments().enumerate() {
            match segment {
                Segment::Field(name) if at == 0 => f.write_str(name.as_str())?,
                Segment::Field(name) => write!(f, ".{}", name.as_str())?,
                Segment::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// The start of a text that came from outside; shown with everything but printable ASCII escaped.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct FieldText {
    bytes: [u8; FIELD_TEXT_BYTES],
    len: u8,
}

impl FieldText {
    /// The first bytes of `text`.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let mut bytes = [0; FIELD_TEXT_BYTES];
        bytes.iter_mut().zip(text.bytes()).for_each(|(slot, byte)| *slot = byte);
        Self { bytes, len: u8::try_from(text.len().min(FIELD_TEXT_BYTES)).unwrap_or(0) }
    }
}

impl fmt::Display for FieldText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.bytes.get(..usize::from(self.len)).unwrap_or_default();
        write!(f, "{}", shown.escape_ascii())
    }
}

impl fmt::Debug for FieldText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

/// What a msgpack value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The absent value.
    Nil,
    /// True or false.
    Boolean,
    /// A non-negative integer.
    Integer,
    /// A negative integer, or a positive one in a signed format.
    Signed,
    /// A floating-point number.
    Float,
    /// A text.
    Text,
    /// Raw bytes.
    Binary,
    /// A list.
    Array,
    /// Fields with values.
    Map,
    /// An extension type.
    Extension,
    /// The byte `c1`, which msgpack never uses.
    Unused,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nil => "nil",
            Self::Boolean => "a boolean",
            Self::Integer => "an unsigned integer",
            Self::Signed => "a signed integer",
            Self::Float => "a float",
            Self::Text => "a text",
            Self::Binary => "binary",
            Self::Array => "an array",
            Self::Map => "a map",
            Self::Extension => "an extension",
            Self::Unused => "the unused byte c1",
        })
    }
}

/// What is wrong with a value. For one value, in the order in which it is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The bytes end inside it.
    Truncated,
    /// It is of another kind than it must be.
    WrongKind {
        /// What it must be.
        expected: Kind,
        /// What it is.
        found: Kind,
    },
    /// A shorter form of the same integer or length exists.
    NotMinimal,
    /// A text has more bytes than its field allows.
    TextTooLong {
        /// The most allowed.
        max: u32,
    },
    /// A list has more items than its field allows.
    TooMany {
        /// Items claimed.
        count: u32,
        /// The most allowed.
        max: u32,
    },
    /// A text or list that must not be empty is.
    Empty,
    /// An integer is above the range of its field.
    TooLarge {
        /// The greatest allowed.
        max: u64,
    },
    /// A text is not UTF-8.
    NotUtf8,
    /// A field is missing.
    Missing,
    /// A field stands here a second time.
    Duplicate,
    /// A known field stands in the wrong place, or another was left out before it.
    OutOfOrder {
        /// The field that must come here, if one must.
        expected: Option<FieldName>,
    },
    /// No such field.
    UnknownField(FieldText),
    /// A text is none of those that its field allows.
    UnknownWord(FieldText),
    /// A price, size or amount is not spelt as it must be.
    Decimal(DecimalError),
    /// An address or client order id is not `0x` and its number of hexadecimal digits (lower-case where said).
    NotHex,
    /// A text is not a list of ascending asset numbers.
    NotAssets,
    /// A text does not name the keys of an account.
    NotSigners,
    /// Bytes follow the action.
    Trailing {
        /// How many.
        excess: usize,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated => f.write_str("the bytes end inside the value"),
            Self::WrongKind { expected, found } => write!(f, "must be {expected}, is {found}"),
            Self::NotMinimal => f.write_str("is not in its shortest form"),
            Self::TextTooLong { max } => write!(f, "is longer than {max} bytes"),
            Self::TooMany { count, max } => write!(f, "has {count} items, at most {max} are allowed"),
            Self::Empty => f.write_str("must not be empty"),
            Self::TooLarge { max } => write!(f, "is above {max}"),
            Self::NotUtf8 => f.write_str("is not UTF-8"),
            Self::Missing => f.write_str("is missing"),
            Self::Duplicate => f.write_str("appears twice"),
            Self::OutOfOrder { expected: Some(expected) } => {
                write!(f, "stands where {} must", expected.as_str())
            }
            Self::OutOfOrder { expected: None } => f.write_str("comes too late"),
            Self::UnknownField(name) => write!(f, "has no field {name:?}"),
            Self::UnknownWord(word) => write!(f, "can't be {word:?}"),
            Self::Decimal(error) => write!(f, "is not a canonical decimal: {error}"),
            Self::NotHex => f.write_str("is not canonical 0x-prefixed hexadecimal of its length"),
            Self::NotAssets => {
                f.write_str("is not a list of at most 16 ascending asset numbers with commas between")
            }
            Self::NotSigners => f.write_str("is neither null nor authorizedUsers with a threshold"),
            Self::Trailing { excess } => write!(f, "is followed by {excess} bytes"),
        }
    }
}

/// Why an action's bytes were refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActionError {
    /// At which field.
    pub path: FieldPath,
    /// For what.
    pub reason: Reason,
}

impl From<Reason> for ActionError {
    fn from(reason: Reason) -> Self {
        Self { path: FieldPath::default(), reason }
    }
}

impl ActionError {
    /// This error seen from one step further out.
    pub(super) fn inside(self, segment: Segment) -> Self {
        Self { path: self.path.inside(segment), reason: self.reason }
    }
}

impl fmt::Display for ActionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path == FieldPath::default() {
            write!(f, "action: {}", self.reason)
        } else {
            write!(f, "{}: {}", self.path, self.reason)
        }
    }
}

impl core::error::Error for ActionError {}
