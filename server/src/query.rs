//! The query of a URL, decoded strictly.
//!
//! Names keep apart what is apart: a lossy decoding would turn all that is not
//! UTF-8 into one and the same name, so it is refused instead.

/// The first value of `name` in `query`, decoded; `None` where there is none.
///
/// # Errors
///
/// A sentence for the client, where the value is not decodable.
pub fn parameter(query: &str, name: &str) -> Result<Option<String>, String> {
    for pair in query.split('&') {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        if decode(key).as_deref() == Some(name) {
            let value = decode(value)
                .ok_or_else(|| format!("URL parameter '{name}' is not percent-encoded UTF-8"))?;
            return Ok(Some(value));
        }
    }
    Ok(None)
}

/// `%41` is a byte, `+` is a space, the whole must be UTF-8.
fn decode(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => hex(bytes.next()?)? << 4 | hex(bytes.next()?)?,
            other => other,
        });
    }
    String::from_utf8(decoded).ok()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_its_name_is_decoded() {
        let query = "a=1&namespace=a%2Fb+%C3%A9%00&namespace=second&empty=&bare";
        let get = |name| parameter(query, name).expect("decodable");
        assert_eq!(get("namespace").as_deref(), Some("a/b é\0"));
        assert_eq!(get("empty").as_deref(), Some(""));
        assert_eq!(get("bare").as_deref(), Some(""));
        assert_eq!(get("missing"), None);
    }

    #[test]
    fn what_cannot_be_decoded_is_an_error() {
        for value in ["%", "%4", "%zz", "%FF", "%ED%A0%80"] {
            assert!(parameter(&format!("n={value}"), "n").is_err(), "{value}");
        }
    }
}
