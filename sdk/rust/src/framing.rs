use crate::error::{WireError, cut, number};
use std::io::{BufRead, Error, ErrorKind, Read, Result};

const MOST_HEADER_BYTES: usize = 4096;
const MOST_HEADER_LINES: usize = 16;

/// What a stream holds next.
#[derive(Debug)]
pub(crate) enum Next {
    Message { text: Vec<u8>, has_headers: bool },
    Skipped(WireError),
}

/// Cuts a stream into messages in linear time and bounded memory; both framings are understood.
pub(crate) struct MessageReader<R> {
    input: R,
}

impl<R: BufRead> MessageReader<R> {
    pub fn new(input: R) -> Self {
        Self { input }
    }

    /// The next message of at most `limit` bytes, or what was skipped; an error is the end of the stream.
    pub fn next(&mut self, limit: usize) -> Result<Next> {
        loop {
            let Some(line) = self.line(limit)? else { return Ok(too_large(limit)) };
            let line = trim(&line);
            if line.is_empty() {
                continue;
            }
            if !is_header(line) {
                return Ok(Next::Message { text: line.to_vec(), has_headers: false });
            }
            if let Some(next) = self.framed(line.to_vec(), limit)? {
                return Ok(next);
            }
        }
    }

    /// A line, `None` when it was longer than the limit: of that nothing is kept.
    fn line(&mut self, limit: usize) -> Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        let mut is_too_long = false;
        loop {
            let chunk = match self.input.fill_buf() {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                chunk => chunk?,
            };
            if chunk.is_empty() {
                return Err(Error::from(ErrorKind::UnexpectedEof));
            }
            let end = chunk.iter().position(|byte| *byte == b'\n');
            let part = &chunk[..end.unwrap_or(chunk.len())];
            is_too_long |= line.len() + part.len() > limit;
            if is_too_long {
                line = Vec::new();
            } else {
                line.extend_from_slice(part);
            }
            let used = part.len() + usize::from(end.is_some());
            self.input.consume(used);
            if end.is_some() {
                return Ok((!is_too_long).then_some(line));
            }
        }
    }

    /// The rest of a header block and the message after it; `None` when there is no message.
    fn framed(&mut self, mut line: Vec<u8>, limit: usize) -> Result<Option<Next>> {
        let mut length = None;
        for _ in 0..MOST_HEADER_LINES {
            if line.is_empty() {
                return self.body(length.unwrap_or(0), limit);
            }
            if let Some(value) = length_of(&line) {
                match value.parse::<usize>().ok().filter(|_| value.len() <= 12 && value.bytes().all(|byte| byte.is_ascii_digit())) {
                    Some(bytes) => length = Some(bytes),
                    None => return Ok(Some(invalid(format!("\"{}\" is no content length", cut(&value, 40))))),
                }
            }
            let Some(next) = self.line(MOST_HEADER_BYTES)? else { break };
            line = trim(&next).to_vec();
        }
        Ok(Some(invalid("its header block is too long".into())))
    }

    fn body(&mut self, length: usize, limit: usize) -> Result<Option<Next>> {
        if length == 0 {
            return Ok(None);
        }
        if length > limit {
            std::io::copy(&mut self.input.by_ref().take(length as u64), &mut std::io::sink())?;
            return Ok(Some(too_large(limit)));
        }
        let mut text = Vec::new();
        self.input.by_ref().take(length as u64).read_to_end(&mut text)?;
        if text.len() < length {
            return Err(Error::from(ErrorKind::UnexpectedEof));
        }
        Ok(Some(Next::Message { text, has_headers: true }))
    }
}

/// The line without white space around it and without a byte order mark.
fn trim(line: &[u8]) -> &[u8] {
    let line = line.trim_ascii();
    line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line)
}

fn is_header(line: &[u8]) -> bool {
    line.get(..8).is_some_and(|start| start.eq_ignore_ascii_case(b"content-"))
}

fn length_of(line: &[u8]) -> Option<String> {
    let line = String::from_utf8_lossy(line);
    let (name, value) = line.split_once(':')?;
    name.trim().eq_ignore_ascii_case("content-length").then(|| value.trim().to_string())
}

fn too_large(limit: usize) -> Next {
    let text = format!("Cannot read the message: it is larger than {limit} bytes");
    Next::Skipped(WireError::new("MESSAGE_TOO_LARGE", number::TOO_LARGE, text))
}

fn invalid(why: String) -> Next {
    Next::Skipped(WireError::new("MESSAGE_INVALID", number::PARSE_ERROR, format!("Cannot read the message: {why}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::BufReader;

    /// Reads with a buffer that small, so that every message comes in many chunks.
    fn read(stream: &str, limit: usize) -> Vec<String> {
        let mut reader = MessageReader::new(BufReader::with_capacity(3, stream.as_bytes()));
        std::iter::from_fn(|| reader.next(limit).ok())
            .map(|next| match next {
                Next::Message { text, has_headers } => format!("{has_headers} {}", String::from_utf8(text).unwrap()),
                Next::Skipped(error) => error.code.to_string(),
            })
            .collect()
    }

    #[test]
    fn lines_and_headers_are_told_apart_by_each_message() {
        let stream = "\u{feff}{\"a\":1}\r\n\n[2]\nContent-Length: 3\r\ncontent-type: x\r\n\r\n\"ü\nContent-Length:2\n\n{}{\"half\":";
        assert_eq!(read(stream, 100), ["false {\"a\":1}", "false [2]", "true \"ü", "true {}"]);
    }

    #[test]
    fn what_is_too_large_or_broken_is_skipped_and_reading_goes_on() {
        let long = "0123456789".repeat(3);
        let stream = format!("{long}\n{{}}\nContent-Length: 30\n\n{long}{{}}\nContent-Length: 0\n\n[]\n");
        assert_eq!(read(&stream, 29), ["MESSAGE_TOO_LARGE", "false {}", "MESSAGE_TOO_LARGE", "false {}", "false []"]);
        assert_eq!(read("Content-Length: -1\n{}\n", 99), ["MESSAGE_INVALID", "false {}"]);
        assert_eq!(read(&format!("{}\n{{}}\n", "Content-A: b\n".repeat(17)), 99)[0], "MESSAGE_INVALID");
    }
}
