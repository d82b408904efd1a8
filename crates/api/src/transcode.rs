//! JSON to msgpack, in the order received: the bytes that the client signed.
//!
//! SDKs sign the msgpack of an action and send it as JSON. Fields keep their order, integers and lengths take their
//! shortest form, as SDKs write them. Fractions are refused: their msgpack is not what any SDK signs, and numbers of the
//! exchange travel as strings. Whether the result is an action is for the rules to say.

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// How deep values may nest; the deepest action has six.
const DEPTH_MAX: u8 = 16;

/// Why a value has no msgpack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TranscodeError {
    /// Where, such as `orders[0].p`; empty for the value itself.
    pub path: String,
    /// Line of the error, from 1; 0 if it is not one of syntax.
    pub line: usize,
    /// Column of the error.
    pub column: usize,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for TranscodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = if self.path.is_empty() { "value" } else { &self.path };
        write!(f, "{at}: {}", self.message)
    }
}

impl std::error::Error for TranscodeError {}

/// The msgpack of a JSON text.
///
/// # Errors
/// [`TranscodeError`].
pub fn transcode(json: &[u8]) -> Result<Vec<u8>, TranscodeError> {
    let mut packer = Packer { out: Vec::with_capacity(json.len()), path: String::new() };
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let result = packer.seed().deserialize(&mut deserializer).and_then(|()| deserializer.end());
    let Packer { out, path } = packer;
    result.map(|()| out).map_err(|error| TranscodeError {
        path,
        line: error.line(),
        column: error.column(),
        message: error.to_string(),
    })
}

/// Writes msgpack as values are read.
#[derive(Debug, Default)]
pub(crate) struct Packer {
    pub(crate) out: Vec<u8>,
    /// Where an error occurred; made on the way out, so that it costs nothing where there is none.
    pub(crate) path: String,
}

impl Packer {
    /// Reads one value into the output.
    pub(crate) const fn seed(&mut self) -> Pack<'_> {
        Pack { packer: self, depth: 0 }
    }

    pub(crate) fn at_field(&mut self, name: &str) {
        let dot = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        self.path.insert_str(0, dot);
        self.path.insert_str(0, name);
    }

    fn at_index(&mut self, index: usize) {
        let dot = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        self.path.insert_str(0, &format!("[{index}]{dot}"));
    }

    /// Makes room for the length of a list or map, which is known at its end only; short ones take one byte.
    pub(crate) fn open(&mut self) -> usize {
        self.out.push(0);
        self.out.len()
    }

    pub(crate) fn close(&mut self, start: usize, count: usize, short: u8, long: u8) {
        let at = start - 1;
        if count < 16 {
            self.out[at] = short | u8::try_from(count).unwrap_or(0);
        } else if let Ok(count) = u16::try_from(count) {
            self.out[at] = long;
            self.out.splice(start..start, count.to_be_bytes());
        } else {
            self.out[at] = long + 1;
            self.out.splice(start..start, u32::try_from(count).unwrap_or(u32::MAX).to_be_bytes());
        }
    }

    fn integer(&mut self, value: u64) {
        let out = &mut self.out;
        if let Ok(byte) = u8::try_from(value) {
            if byte >= 0x80 {
                out.push(0xcc);
            }
            out.push(byte);
        } else if let Ok(value) = u16::try_from(value) {
            out.push(0xcd);
            out.extend_from_slice(&value.to_be_bytes());
        } else if let Ok(value) = u32::try_from(value) {
            out.push(0xce);
            out.extend_from_slice(&value.to_be_bytes());
        } else {
            out.push(0xcf);
            out.extend_from_slice(&value.to_be_bytes());
        }
    }

    fn negative(&mut self, value: i64) {
        let out = &mut self.out;
        if let Ok(value) = i8::try_from(value) {
            if value < -32 {
                out.push(0xd0);
            }
            out.extend_from_slice(&value.to_be_bytes());
        } else if let Ok(value) = i16::try_from(value) {
            out.push(0xd1);
            out.extend_from_slice(&value.to_be_bytes());
        } else if let Ok(value) = i32::try_from(value) {
            out.push(0xd2);
            out.extend_from_slice(&value.to_be_bytes());
        } else {
            out.push(0xd3);
            out.extend_from_slice(&value.to_be_bytes());
        }
    }

    pub(crate) fn text(&mut self, text: &str) {
        let out = &mut self.out;
        if let Ok(len) = u8::try_from(text.len()) {
            if len < 32 {
                out.push(0xa0 | len);
            } else {
                out.extend_from_slice(&[0xd9, len]);
            }
        } else if let Ok(len) = u16::try_from(text.len()) {
            out.push(0xda);
            out.extend_from_slice(&len.to_be_bytes());
        } else {
            out.push(0xdb);
            out.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes());
        }
        out.extend_from_slice(text.as_bytes());
    }
}

/// Reads one value.
#[derive(Debug)]
pub(crate) struct Pack<'p> {
    packer: &'p mut Packer,
    depth: u8,
}

impl<'de> DeserializeSeed<'de> for Pack<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.depth > DEPTH_MAX {
            return Err(D::Error::custom(format_args!("nests deeper than {DEPTH_MAX}")));
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Pack<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a whole number, true, false, null, a list or an object")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.packer.out.push(0xc0);
        Ok(())
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.packer.out.push(if value { 0xc3 } else { 0xc2 });
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.packer.integer(value);
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        match u64::try_from(value) {
            Ok(value) => self.packer.integer(value),
            Err(_) => self.packer.negative(value),
        }
        Ok(())
    }

    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<(), E> {
        Err(E::custom("must be a whole number below 2^64: floats cannot be signed, decimals are texts"))
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.packer.text(text);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let Self { packer, depth } = self;
        let (start, mut count) = (packer.open(), 0);
        loop {
            match list.next_element_seed(Pack { packer: &mut *packer, depth: depth + 1 }) {
                Ok(Some(())) => count += 1,
                Ok(None) => break,
                Err(error) => {
                    packer.at_index(count);
                    return Err(error);
                }
            }
        }
        packer.close(start, count, 0x90, 0xdc);
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { packer, depth } = self;
        let (start, mut count) = (packer.open(), 0);
        while let Some(name) = map.next_key::<Name<'de>>()? {
            packer.text(name.as_str());
            if let Err(error) = map.next_value_seed(Pack { packer: &mut *packer, depth: depth + 1 }) {
                packer.at_field(name.as_str());
                return Err(error);
            }
            count += 1;
        }
        packer.close(start, count, 0x80, 0xde);
        Ok(())
    }
}

/// A field's name, not copied where it has no escapes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Name<'de> {
    Borrowed(&'de str),
    Owned(String),
}

impl Name<'_> {
    pub(crate) const fn as_str(&self) -> &str {
        match self {
            Self::Borrowed(text) => text,
            Self::Owned(text) => text.as_str(),
        }
    }
}

impl<'de> serde::Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;
        impl<'de> Visitor<'de> for NameVisitor {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Name<'de>, E> {
                Ok(Name::Borrowed(text))
            }

            fn visit_str<E>(self, text: &str) -> Result<Name<'de>, E> {
                Ok(Name::Owned(text.to_owned()))
            }
        }
        deserializer.deserialize_str(NameVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const VECTORS: &str = include_str!("../../../vectors/hyperliquid-signing.txt");

    /// The JSON of a msgpack value of the kinds that occur in the vectors, read apart from the code above.
    fn json(bytes: &mut std::slice::Iter<'_, u8>) -> String {
        let mut take = |count: usize| -> Vec<u8> { bytes.by_ref().take(count).copied().collect() };
        let number = |bytes: &[u8]| bytes.iter().fold(0u64, |value, byte| (value << 8) | u64::from(*byte));
        // Two's complement in so many bytes, the unused ones in front as the sign says.
        let signed = |bytes: &[u8]| {
            let unused = 64 - 8 * bytes.len();
            (number(bytes) << unused).cast_signed() >> unused
        };
        let head = take(1)[0];
        match head {
            0..=0x7f => head.to_string(),
            0xc0 => "null".to_owned(),
            0xc2 | 0xc3 => (head == 0xc3).to_string(),
            0xcc..=0xcf => number(&take(1 << (head - 0xcc))).to_string(),
            0xd0..=0xd3 => signed(&take(1 << (head - 0xd0))).to_string(),
            0xe0..=0xff => signed(&[head]).to_string(),
            0xa0..=0xbf | 0xd9 => {
                let len = if head == 0xd9 { usize::from(take(1)[0]) } else { usize::from(head & 0x1f) };
                serde_json::to_string(std::str::from_utf8(&take(len)).unwrap()).unwrap()
            }
            0x90..=0x9f => {
                let items: Vec<String> = (0..head & 15).map(|_| json(bytes)).collect();
                format!("[{}]", items.join(", "))
            }
            0x80..=0x8f => {
                let field = |_| format!("{}: {}", json(bytes), json(bytes));
                format!("{{{}}}", (0..head & 15).map(field).collect::<Vec<_>>().join(", "))
            }
            other => panic!("{other:x} does not occur"),
        }
    }

    #[test]
    fn actions_of_the_vectors_come_back_byte_by_byte() {
        let actions: Vec<&str> = VECTORS.lines().filter_map(|line| line.strip_prefix("action ")).collect();
        assert!(actions.len() > 10);
        for action in actions {
            let hex = action.trim();
            let byte = |at: usize| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap();
            let bytes: Vec<u8> = (0..hex.len() / 2).map(byte).collect();
            let text = json(&mut bytes.iter());
            assert_eq!(transcode(text.as_bytes()), Ok(bytes), "{text}");
        }
    }

    #[test]
    fn lengths_and_integers_take_their_shortest_form() {
        let rows: [(&str, &[u8]); 10] = [
            ("127", &[0x7f]),
            ("128", &[0xcc, 0x80]),
            ("256", &[0xcd, 1, 0]),
            ("65536", &[0xce, 0, 1, 0, 0]),
            ("4294967296", &[0xcf, 0, 0, 0, 1, 0, 0, 0, 0]),
            ("-1", &[0xff]),
            ("-33", &[0xd0, 0xdf]),
            ("-129", &[0xd1, 0xff, 0x7f]),
            ("{}", &[0x80]),
            (r#""\u0061""#, &[0xa1, b'a']),
        ];
        for (text, expected) in rows {
            assert_eq!(transcode(text.as_bytes()).as_deref(), Ok(expected), "{text}");
        }
        let list = format!("[{}]", vec!["1"; 16].join(","));
        assert_eq!(transcode(list.as_bytes()).unwrap()[..4], [0xdc, 0, 16, 1]);
        let text = format!("\"{}\"", "x".repeat(32));
        assert_eq!(transcode(text.as_bytes()).unwrap()[..3], [0xd9, 32, b'x']);
    }

    #[test]
    fn deep_values_are_refused() {
        let deep = format!("{}1{}", "[".repeat(1_000), "]".repeat(1_000));
        assert!(transcode(deep.as_bytes()).unwrap_err().message.contains("deeper"));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(noise in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = transcode(&noise);
        }

        #[test]
        fn msgpack_is_never_longer_than_json(text in r#"[\[\]{}",:0-9a-z]{0,60}"#) {
            if let Ok(bytes) = transcode(text.as_bytes()) {
                prop_assert!(bytes.len() <= text.len());
            }
        }
    }
}
