//! Byte strings as text: JSON strings for people, hexadecimal for the wire.

use std::fmt::Write as _;

/// The bytes as a JSON string. JSON's lone surrogates come in as three bytes
/// each (as UTF-8 would encode them if it might) and go out as `\uXXXX` again;
/// any other byte that is not UTF-8 is shown as `\xXX`, which is for people only.
#[must_use]
pub fn json_string(bytes: &[u8]) -> String {
    let mut out = String::from("\"");
    let mut rest = bytes;
    while !rest.is_empty() {
        let (valid, after) = match std::str::from_utf8(rest) {
            Ok(valid) => (valid, &[][..]),
            Err(error) => {
                let (valid, after) = rest.split_at(error.valid_up_to());
                (std::str::from_utf8(valid).unwrap_or_default(), after)
            }
        };
        valid.chars().for_each(|c| push_char(&mut out, c));
        rest = match after {
            [0xed, high @ 0xa0..=0xbf, low @ 0x80..=0xbf, tail @ ..] => {
                let unit = 0xd000 | u32::from(high & 0x3f) << 6 | u32::from(low & 0x3f);
                let _ = write!(out, "\\u{unit:04x}");
                tail
            }
            [byte, tail @ ..] => {
                let _ = write!(out, "\\x{byte:02x}");
                tail
            }
            [] => after,
        };
    }
    out.push('"');
    out
}

fn push_char(out: &mut String, c: char) {
    match c {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        c if c.is_control() => {
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        }
        c => out.push(c),
    }
}

/// The bytes in lower-case hexadecimal.
#[must_use]
pub fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// The bytes that `text` writes in hexadecimal, or `None` if it does not.
#[must_use]
pub fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = text.chars().map(|c| c.to_digit(16)).collect();
    let digits = digits?;
    if digits.len() % 2 != 0 {
        return None;
    }
    let bytes = digits.chunks(2).map(|pair| (pair[0] << 4 | pair[1]) as u8);
    Some(bytes.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_strings_show_what_text_cannot() {
        assert_eq!(json_string(b"a\"b\\\0"), r#""a\"b\\\u0000""#);
        assert_eq!(json_string("é😀".as_bytes()), "\"é😀\"");
        assert_eq!(json_string(b"x\xed\xa0\x80y"), r#""x\ud800y""#);
        assert_eq!(json_string(b"\xff"), r#""\xff""#);
    }

    #[test]
    fn hexadecimal_goes_both_ways() {
        assert_eq!(to_hex(&[0, 255, 16]), "00ff10");
        assert_eq!(from_hex("00ff10"), Some(vec![0, 255, 16]));
        assert_eq!(from_hex(""), Some(vec![]));
        assert_eq!(from_hex("0"), None);
        assert_eq!(from_hex("zz"), None);
    }
}
