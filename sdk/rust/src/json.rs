use serde::Serialize;
use serde::de::{DeserializeOwned, Error as _};
use serde_json::value::RawValue;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The wire allows 256 levels; what is deeper than this could exhaust a thread's stack.
const MOST_LEVELS: usize = 512;

/// Reads a value; an escape that is half a surrogate pair, which a Rust string cannot hold, becomes U+FFFD.
pub(crate) fn decode<T: DeserializeOwned>(text: &str) -> Result<T, serde_json::Error> {
    if levels(text) > MOST_LEVELS {
        return Err(serde_json::Error::custom(format!("it is deeper than {MOST_LEVELS} levels")));
    }
    match read(text) {
        Err(_) if text.contains("\\u") => read(&mend(text)),
        result => result,
    }
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T, serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_str(text);
    reader.disable_recursion_limit();
    let value = T::deserialize(&mut reader)?;
    reader.end()?;
    Ok(value)
}

pub(crate) fn raw(value: &(impl Serialize + ?Sized)) -> Result<Box<RawValue>, serde_json::Error> {
    serde_json::value::to_raw_value(value)
}

fn levels(text: &str) -> usize {
    let (mut deepest, mut level, mut is_text, mut is_escaped) = (0, 0usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = is_text,
            b'"' => is_text = !is_text,
            _ if is_text => {}
            b'[' | b'{' => {
                level += 1;
                deepest = deepest.max(level);
            }
            b']' | b'}' => level = level.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

fn mend(text: &str) -> String {
    let mut mended = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('\\') {
        let (before, escape) = rest.split_at(start);
        mended.push_str(before);
        let (kept, length) = match (unit(escape), escape.get(6..).and_then(unit)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => (&escape[..12], 12),
            (Some(0xD800..=0xDFFF), _) => ("\\ufffd", 6),
            _ => {
                let length = 1 + escape[1..].chars().next().map_or(0, char::len_utf8);
                (&escape[..length], length)
            }
        };
        mended.push_str(kept);
        rest = &escape[length..];
    }
    mended + rest
}

/// The UTF-16 unit of an escape that the text begins with.
fn unit(text: &str) -> Option<u16> {
    u16::from_str_radix(text.strip_prefix("\\u")?.get(..4)?, 16).ok()
}

/// A lock that outlives a panic elsewhere: none of the guarded values is left half changed.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn half_a_surrogate_pair_becomes_the_replacement_character() {
        let text = r#"["\ud83d\ude00","\ud800","\udc00\ud800x","\\ud800","\ud800\u0041"]"#;
        let want = json!(["😀", "\u{fffd}", "\u{fffd}\u{fffd}x", "\\ud800", "\u{fffd}A"]);
        assert_eq!(decode::<Value>(text).unwrap(), want);
    }

    #[test]
    fn depth_is_bounded_and_texts_do_not_count() {
        let deep = |n: usize| "[".repeat(n) + "\"[[[\\\"[\"" + &"]".repeat(n);
        assert!(decode::<Value>(&deep(512)).is_ok());
        assert!(decode::<Value>(&deep(513)).unwrap_err().to_string().contains("deeper than 512"));
    }

    #[test]
    fn a_raw_value_keeps_every_digit_and_half_pairs() {
        let text = r#"{"n":123456789012345678901234567890,"e":1e999,"s":"\ud800"}"#;
        assert_eq!(decode::<Box<RawValue>>(text).unwrap().get(), text);
    }
}
