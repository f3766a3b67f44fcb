use crate::error::ServiceError;
use crate::host::Host;
use crate::{base64, methods};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// A request the host makes for the plugin.
///
/// ```
/// # use outrigger::{Fetch, Host, ServiceError};
/// fn me(host: &Host) -> Result<String, ServiceError> {
///     let request = Fetch::get("https://api.example.com/me").secret_header("authorization", "EXAMPLE_TOKEN", "Bearer ");
///     Ok(host.fetch(request)?.text())
/// }
/// ```
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Fetch {
    url: String,
    method: String,
    headers: BTreeMap<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body_base64: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timeout_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_bytes: Option<usize>,
}

impl Fetch {
    /// A request by any method; the URL is absolute.
    pub fn new(method: &str, url: &str) -> Self {
        Self { url: url.into(), method: method.into(), ..Default::default() }
    }

    /// A GET request.
    pub fn get(url: &str) -> Self {
        Self::new("GET", url)
    }

    /// A POST request.
    pub fn post(url: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::new("POST", url).body(body)
    }

    /// Sets a header field.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(name.into(), value.into());
        self
    }

    /// Sets a header field to a secret that the host fills in behind the prefix; the plugin never sees it.
    pub fn secret_header(mut self, name: &str, secret: &str, prefix: &str) -> Self {
        self.headers.insert(name.into(), json!({ "secret": secret, "prefix": prefix }));
        self
    }

    /// Sets the body.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        (self.body, self.body_base64) = match String::from_utf8(body.into()) {
            Ok(text) => (Some(text), None),
            Err(error) => (None, Some(base64::encode(error.as_bytes()))),
        };
        self
    }

    /// How long it may take. Default: 30 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout_ms = Some(timeout.as_millis().clamp(1, 300_000) as u64);
        self
    }

    /// Longest body of the response, in bytes; a longer one is an error. Default and maximum: what a message may hold.
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = Some(bytes);
        self
    }
}

/// A response; its body is here already.
#[derive(Debug, Clone, PartialEq)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// Address that answered, after redirects.
    pub url: String,
    /// Names in lower case; several fields of one name are joined with a comma.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: Vec<u8>,
}

impl Response {
    /// Status from 200 to 299.
    pub fn is_ok(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body as text; what is not UTF-8 in it becomes U+FFFD.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body, read as JSON.
    pub fn json<T: serde::de::DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        crate::json::decode(&self.text())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    status: u16,
    url: String,
    headers: BTreeMap<String, String>,
    body: Option<String>,
    body_base64: Option<String>,
}

impl Host {
    /// Lets the host make one HTTP request, to a host under `permissions.net`. Needs the permission `net/fetch`. An HTTP status is no error.
    pub fn fetch(&self, request: Fetch) -> Result<Response, ServiceError> {
        let Wire { status, url, headers, body, body_base64 } = self.call(methods::NET_FETCH, request)?;
        let broken = || ServiceError::internal(format!("Cannot read the body of \"{url}\": it is no base64"));
        let body = match body_base64 {
            Some(text) => base64::decode(&text).ok_or_else(broken)?,
            None => body.unwrap_or_default().into_bytes(),
        };
        Ok(Response { status, url, headers, body })
    }
}
