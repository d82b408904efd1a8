//! Hexadecimal as clients write it.

use std::fmt::Write;

/// The bytes of `0x` and exactly two digits each, in either case.
pub(crate) fn exact<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.strip_prefix("0x")?;
    if digits.len() == 2 * N { padded(text) } else { None }
}

/// The bytes of a number of up to `N` bytes, filled up with zeros before it: SDKs leave leading zeros out.
pub(crate) fn padded<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.strip_prefix("0x")?.as_bytes();
    if digits.is_empty() || digits.len() > 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    for (at, digit) in digits.iter().rev().enumerate() {
        let nibble = u8::try_from(char::from(*digit).to_digit(16)?).ok()?;
        let byte = bytes.get_mut(N - 1 - at / 2)?;
        *byte |= if at % 2 == 0 { nibble } else { nibble << 4 };
    }
    Some(bytes)
}

/// `0x` and two digits a byte.
pub(crate) fn text(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 + 2 * bytes.len());
    text.push_str("0x");
    for byte in bytes {
        // Writing to a string does not fail.
        write!(text, "{byte:02x}").ok();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lengths_and_digits_are_checked() {
        assert_eq!(exact::<2>("0x0aF1"), Some([0x0a, 0xf1]));
        assert_eq!(exact::<2>("0xaf1"), None);
        assert_eq!(padded::<2>("0xaf1"), Some([0x0a, 0xf1]));
        for bad in ["", "0x", "af1", "0x12345", "0xg", "0x+1", "0xé"] {
            assert_eq!(padded::<2>(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn bytes_come_back(bytes: [u8; 20]) {
            prop_assert_eq!(exact(&text(&bytes)), Some(bytes));
        }

        #[test]
        fn no_text_panics(noise in ".{0,80}") {
            let _ = (exact::<20>(&noise), padded::<32>(&noise));
        }
    }
}
