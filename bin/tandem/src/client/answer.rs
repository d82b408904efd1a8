//! What the node answers to a posted request.

use eyre::{Result, WrapErr, bail};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// What a message of the node is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Said<'a> {
    /// The response to the request with this number.
    Response(u64, &'a str),
    /// A refusal without a number: the node could not tell whose.
    Refusal(String),
}

/// What became of an action.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    /// Orders that rest, filled in part or not at all.
    pub(crate) resting: u64,
    /// Orders that filled as far as they could and do not rest.
    pub(crate) filled: u64,
    /// Cancels that found their order, and actions without parts.
    pub(crate) done: u64,
    /// Why orders or cancels of a block's decision were rejected.
    pub(crate) rejected: Vec<String>,
    /// Why the whole request was refused.
    pub(crate) refused: Option<String>,
}

#[derive(Deserialize)]
struct Heard<'a> {
    channel: &'a str,
    #[serde(borrow)]
    data: &'a RawValue,
    #[serde(default)]
    error: Option<Code<'a>>,
}

#[derive(Deserialize)]
struct Post<'a> {
    id: u64,
    #[serde(borrow)]
    response: &'a RawValue,
}

#[derive(Deserialize)]
struct Response<'a> {
    #[serde(borrow)]
    payload: &'a RawValue,
    #[serde(borrow, default)]
    error: Option<Code<'a>>,
}

#[derive(Deserialize)]
struct Payload<'a> {
    status: &'a str,
    #[serde(borrow)]
    response: &'a RawValue,
}

#[derive(Deserialize)]
struct Outcome<'a> {
    #[serde(borrow, default)]
    data: Option<Statuses<'a>>,
}

#[derive(Deserialize)]
struct Statuses<'a> {
    #[serde(borrow)]
    statuses: Vec<&'a RawValue>,
}

/// Exactly one is there.
#[derive(Deserialize)]
struct Status<'a> {
    #[serde(default)]
    resting: Option<IgnoredAny>,
    #[serde(borrow, default)]
    error: Option<Cow<'a, str>>,
}

/// The API's word for an error, or a rejection's number.
#[derive(Deserialize)]
struct Code<'a> {
    #[serde(borrow)]
    code: &'a RawValue,
}

impl<'a> Said<'a> {
    /// Reads a message; `None` if it is about no request.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let heard: Heard<'a> = serde_json::from_str(text).ok()?;
        match heard.channel {
            "post" => {
                let post: Post<'a> = serde_json::from_str(heard.data.get()).ok()?;
                Some(Self::Response(post.id, post.response.get()))
            }
            "error" => Some(Self::Refusal(reason(heard.error.as_ref(), heard.data))),
            _ => None,
        }
    }
}

impl Answer {
    /// The answer in the response to an action.
    pub(crate) fn of(response: &str) -> Self {
        let Ok(response) = serde_json::from_str::<Response<'_>>(response) else {
            return Self { refused: Some("an answer that cannot be read".to_owned()), ..Self::default() };
        };
        let refused = |text| Self { refused: Some(reason(response.error.as_ref(), text)), ..Self::default() };
        let Ok(payload) = serde_json::from_str::<Payload<'_>>(response.payload.get()) else {
            return refused(response.payload);
        };
        match serde_json::from_str::<Outcome<'_>>(payload.response.get()) {
            Ok(outcome) if payload.status == "ok" => Self::of_outcome(&outcome),
            _ => refused(payload.response),
        }
    }

    /// The data in the response to a question.
    ///
    /// # Errors
    /// With the node's words, if it refuses to answer.
    pub(crate) fn info(response: &str) -> Result<Value> {
        #[derive(Deserialize)]
        struct Info {
            data: Value,
        }
        let response: Response<'_> = serde_json::from_str(response).wrap_err("a node's answer")?;
        match serde_json::from_str::<Info>(response.payload.get()) {
            Ok(info) => Ok(info.data),
            Err(_) => bail!("the node refuses a question: {}", response.payload.get()),
        }
    }

    fn of_outcome(outcome: &Outcome<'_>) -> Self {
        let Some(data) = &outcome.data else { return Self { done: 1, ..Self::default() } };
        let mut answer = Self::default();
        for status in &data.statuses {
            match serde_json::from_str::<Status<'_>>(status.get()) {
                Ok(Status { error: Some(error), .. }) => answer.rejected.push(error.into_owned()),
                Ok(Status { resting: Some(_), .. }) => answer.resting += 1,
                Ok(Status { .. }) => answer.filled += 1,
                // A cancel's word.
                Err(_) => answer.done += 1,
            }
        }
        answer
    }
}

/// The code if it is a word, for texts may name an account each; the text otherwise.
fn reason(code: Option<&Code<'_>>, text: &RawValue) -> String {
    let word = code.and_then(|code| serde_json::from_str::<String>(code.code.get()).ok());
    word.or_else(|| serde_json::from_str(text.get()).ok()).unwrap_or_else(|| text.get().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_told_apart() {
        let rows = [
            (
                r#"{"type":"action","payload":{"status":"ok","response":{"type":"order","data":{"statuses":
                [{"resting":{"oid":1}},{"filled":{"oid":2}},{"resting":{"oid":1,"filledSz":"3"}},
                {"error":"No.","code":3}]}}}}"#,
                Answer { resting: 2, filled: 1, rejected: vec!["No.".to_owned()], ..Answer::default() },
            ),
            (
                r#"{"type":"action","payload":{"status":"ok","response":{"type":"cancel","data":{"statuses":
                ["success","success"]}}}}"#,
                Answer { done: 2, ..Answer::default() },
            ),
            (
                r#"{"type":"action","payload":{"status":"ok","response":{"type":"default"}}}"#,
                Answer { done: 1, ..Answer::default() },
            ),
            (
                r#"{"type":"action","payload":{"status":"err","response":"Text.","error":{"code":9}}}"#,
                Answer { refused: Some("Text.".to_owned()), ..Answer::default() },
            ),
            (
                r#"{"type":"error","payload":"It is full.","error":{"code":"pool_full"}}"#,
                Answer { refused: Some("pool_full".to_owned()), ..Answer::default() },
            ),
            ("[]", Answer { refused: Some("an answer that cannot be read".to_owned()), ..Answer::default() }),
        ];
        for (response, expected) in rows {
            assert_eq!(Answer::of(response), expected, "{response}");
        }
    }

    #[test]
    fn the_data_of_an_answer_is_found() {
        let good = r#"{"type":"info","payload":{"type":"l2Book","data":[1]}}"#;
        assert_eq!(Answer::info(good).unwrap(), serde_json::json!([1]));
        let refused = r#"{"type":"error","payload":"No such coin.","error":{"code":"unknown_coin"}}"#;
        assert!(Answer::info(refused).unwrap_err().to_string().contains("No such coin."));
        assert!(Answer::info("{}").is_err());
    }

    #[test]
    fn messages_are_told_apart() {
        let refusal = "too_many_posts".to_owned();
        let rows = [
            (
                r#"{"channel":"post","data":{"id":7,"response":{"type":"info"}}}"#,
                Some(Said::Response(7, r#"{"type":"info"}"#)),
            ),
            (
                r#"{"channel":"error","data":"too many","error":{"code":"too_many_posts"}}"#,
                Some(Said::Refusal(refusal)),
            ),
            (r#"{"channel":"pong"}"#, None),
            ("pong", None),
        ];
        for (text, expected) in rows {
            assert_eq!(Said::parse(text), expected, "{text}");
        }
    }
}
