//! Names of a few capital letters and digits, in place.

/// Declares a text of bounded length: what it is called, its longest length, which bytes it may have, and its name in errors.
macro_rules! short_text {
    ($(#[$meta:meta])* $name:ident[$max:ident], $good:expr, $what:literal) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $name {
            bytes: [u8; $max],
            len: u8,
        }

        impl $name {
            /// Checks a text, which is not empty.
            #[must_use]
            pub fn new(text: &str) -> Option<Self> {
                if text.is_empty() || !text.bytes().all($good) {
                    return None;
                }
                let mut bytes = [0; $max];
                bytes.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
                Some(Self { bytes, len: u8::try_from(text.len()).ok()? })
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                let text = self.bytes.get(..usize::from(self.len)).unwrap_or_default();
                core::str::from_utf8(text).unwrap_or_default()
            }
        }

        impl tandem_codec::Encode for $name {
            fn encode(&self, out: &mut alloc::vec::Vec<u8>) {
                self.as_str().as_bytes().encode(out);
            }
        }

        impl tandem_codec::Decode for $name {
            fn decode(input: &mut tandem_codec::Reader<'_>) -> Result<Self, tandem_codec::DecodeError> {
                let bytes = input.bytes(u32::try_from($max).unwrap_or(u32::MAX))?;
                let text = core::str::from_utf8(bytes).ok().and_then(Self::new);
                text.ok_or_else(|| input.invalid($what))
            }
        }
    };
}
pub(crate) use short_text;
