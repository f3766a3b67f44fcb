use std::fmt;

/// What a handler may fail with: anything that `?` or `.into()` makes of an error or a text.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// The host refused a request, a service failed, or the call that asked was cancelled.
///
/// ```
/// # use outrigger::{Host, ServiceError};
/// fn remember(host: &Host) -> Result<(), ServiceError> {
///     match host.storage().set("seen", 1) {
///         Err(error) if error.code == "QUOTA_EXCEEDED" => Ok(host.log().warn("storage is full")),
///         result => result,
///     }
/// }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceError {
    /// Stable name such as `PERMISSION_DENIED`; `EVENT_CANCELLED` when the call was cancelled or its deadline is over.
    pub code: String,
    /// JSON-RPC error number.
    pub number: i64,
    /// One sentence for people.
    pub message: String,
}

impl ServiceError {
    /// An error as the host would send it; a service of a test answers with one.
    pub fn new(code: &str, number: i64, message: impl Into<String>) -> Self {
        Self { code: code.into(), number, message: message.into() }
    }

    pub(crate) fn internal(message: String) -> Self {
        Self::new("INTERNAL_ERROR", number::INTERNAL, message)
    }
}

impl fmt::Display for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message, self.code)
    }
}

impl std::error::Error for ServiceError {}

/// An error answer with a number of its own; any other error is answered with -32603.
#[derive(Debug)]
pub(crate) struct WireError {
    pub code: &'static str,
    pub number: i64,
    pub message: String,
}

impl WireError {
    pub fn new(code: &'static str, number: i64, message: impl Into<String>) -> Self {
        Self { code, number, message: message.into() }
    }

    pub fn invalid_params(message: String) -> Self {
        Self::new("PARAMS_INVALID", number::PARAMS_INVALID, message)
    }

    pub fn cancelled() -> Self {
        Self::new("EVENT_CANCELLED", number::CANCELLED, "The call was cancelled")
    }
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for WireError {}

/// The error by which `setup` says that the plugin cannot serve on this machine: the host stops it and does not start it again.
///
/// ```
/// # use outrigger::{disable, Plugin};
/// let plugin = Plugin::new().setup(|_host| if cfg!(windows) { Err(disable("needs a Unix")) } else { Ok(()) });
/// ```
pub fn disable(reason: impl Into<String>) -> Error {
    Box::new(Disabled(reason.into()))
}

#[derive(Debug)]
struct Disabled(String);

impl fmt::Display for Disabled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Disabled {}

/// Why the plugin declines, when that is what the error says.
pub(crate) fn declined(error: &Error) -> Option<&str> {
    error.downcast_ref::<Disabled>().map(|disabled| cut(disabled.0.trim(), 2000)).filter(|reason| !reason.is_empty())
}

pub(crate) mod number {
    pub const PARSE_ERROR: i64 = -32700;
    pub const REQUEST_INVALID: i64 = -32600;
    pub const METHOD_UNKNOWN: i64 = -32601;
    pub const PARAMS_INVALID: i64 = -32602;
    pub const INTERNAL: i64 = -32603;
    pub const PROTOCOL: i64 = -32002;
    pub const BUSY: i64 = -32003;
    pub const TOO_LARGE: i64 = -32007;
    pub const STOPPED: i64 = -32010;
    pub const CANCELLED: i64 = -32800;
}

/// Shortens a text to that many characters.
pub(crate) fn cut(text: &str, most: usize) -> &str {
    text.char_indices().nth(most).map_or(text, |(end, _)| &text[..end])
}

/// The error and what it came from.
pub(crate) fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        source = inner.source();
    }
    text
}
