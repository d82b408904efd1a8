//! Errors as clients see them.
//!
//! Every error has a stable word, a text for people, and where possible the field. SDKs read `status` and `response`, or
//! with a status of 400 and more `code` and `msg`; the same error is there for all of them.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};
use std::net::SocketAddr;

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// An address can't be listened on.
    #[error("cannot listen on {address}: {error}; another program may be using the port")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why.
        error: std::io::Error,
    },
    /// The views can't be filled.
    #[error(transparent)]
    Node(#[from] tandem_node::NodeError),
}

/// Why a request was not answered.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiError {
    /// The status.
    pub status: StatusCode,
    /// A stable word.
    pub code: &'static str,
    /// What is wrong, for people.
    pub message: String,
    /// Which field, such as `action.orders[0].p`.
    pub field: Option<String>,
    /// More that helps: the position of a syntax error, the hash that should have been signed.
    pub details: Box<Map<String, Value>>,
    /// After how many seconds to try again.
    pub retry_after_s: Option<u32>,
}

impl ApiError {
    /// An error without more to say.
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { status, code, message, field: None, details: Box::default(), retry_after_s: None }
    }

    /// A request that can't be understood, at this field.
    pub(crate) fn field(code: &'static str, field: impl Into<String>, what: &str) -> Self {
        let field = field.into();
        let error = Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, format!("{field}: {what}"));
        Self { field: Some(field), ..error }
    }

    /// The same with one more detail.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.details.insert(name.to_owned(), value.into());
        self
    }

    /// A request that is not JSON.
    pub(crate) fn syntax(error: &serde_json::Error) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed_json", format!("malformed JSON: {error}"))
            .with("line", error.line())
            .with("column", error.column())
    }

    /// The body.
    pub(crate) fn body(&self) -> Value {
        let mut error = Map::clone(&self.details);
        error.insert("code".into(), self.code.into());
        if let Some(field) = &self.field {
            error.insert("field".into(), field.as_str().into());
        }
        json!({
            "status": "err",
            "response": self.message,
            "code": self.code,
            "msg": self.message,
            "error": error,
        })
    }
}
