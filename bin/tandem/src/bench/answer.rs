//! What the node answers to a posted request.

use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// One answer.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    /// The request's number; `None` if the node could not tell.
    pub(super) id: Option<u64>,
    /// Orders that rest or filled.
    pub(super) placed: u64,
    /// Cancels that found their order, and actions without parts.
    pub(super) done: u64,
    /// Why orders or cancels of a block's decision were rejected.
    pub(super) rejected: Vec<String>,
    /// Why the whole request was refused.
    pub(super) refused: Option<String>,
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
    response: Response<'a>,
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

#[derive(Deserialize)]
struct Rejected<'a> {
    #[serde(borrow)]
    error: Cow<'a, str>,
}

/// The API's word for an error, or a rejection's number.
#[derive(Deserialize)]
struct Code<'a> {
    #[serde(borrow)]
    code: &'a RawValue,
}

impl Answer {
    /// Reads a message; `None` if it answers no request.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let heard: Heard<'_> = serde_json::from_str(text).ok()?;
        match heard.channel {
            "post" => {
                let post: Post<'_> = serde_json::from_str(heard.data.get()).ok()?;
                Some(Self { id: Some(post.id), ..Self::of(&post.response) })
            }
            "error" => {
                Some(Self { refused: Some(reason(heard.error.as_ref(), heard.data)), ..Self::default() })
            }
            _ => None,
        }
    }

    fn of(response: &Response<'_>) -> Self {
        let refused = |text| Self { refused: Some(reason(response.error.as_ref(), text)), ..Self::default() };
        let Ok(payload) = serde_json::from_str::<Payload<'_>>(response.payload.get()) else {
            return refused(response.payload);
        };
        match serde_json::from_str::<Outcome<'_>>(payload.response.get()) {
            Ok(outcome) if payload.status == "ok" => Self::of_outcome(&outcome),
            _ => refused(payload.response),
        }
    }

    fn of_outcome(outcome: &Outcome<'_>) -> Self {
        let Some(data) = &outcome.data else { return Self { done: 1, ..Self::default() } };
        let mut answer = Self::default();
        for status in &data.statuses {
            match status.get() {
                r#""success""# => answer.done += 1,
                status => match serde_json::from_str::<Rejected<'_>>(status) {
                    Ok(rejected) => answer.rejected.push(rejected.error.into_owned()),
                    Err(_) => answer.placed += 1,
                },
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
        let post =
            |response: &str| format!(r#"{{"channel":"post","data":{{"id":7,"response":{response}}}}}"#);
        let answer = Answer { id: Some(7), ..Answer::default() };
        let rows = [
            (
                post(
                    r#"{"type":"action","payload":{"status":"ok","response":{"type":"order","data":{"statuses":
                    [{"resting":{"oid":1}},{"filled":{"oid":2}},{"error":"No.","code":3}]}}}}"#,
                ),
                Some(Answer { placed: 2, rejected: vec!["No.".to_owned()], ..answer }),
            ),
            (
                post(
                    r#"{"type":"action","payload":{"status":"ok","response":{"type":"cancel","data":{"statuses":
                    ["success","success"]}}}}"#,
                ),
                Some(Answer { id: Some(7), done: 2, ..Answer::default() }),
            ),
            (
                post(r#"{"type":"action","payload":{"status":"ok","response":{"type":"default"}}}"#),
                Some(Answer { id: Some(7), done: 1, ..Answer::default() }),
            ),
            (
                post(r#"{"type":"action","payload":{"status":"err","response":"Text.","error":{"code":9}}}"#),
                Some(Answer { id: Some(7), refused: Some("Text.".to_owned()), ..Answer::default() }),
            ),
            (
                post(r#"{"type":"error","payload":"It is full.","error":{"code":"pool_full"}}"#),
                Some(Answer { id: Some(7), refused: Some("pool_full".to_owned()), ..Answer::default() }),
            ),
            (
                r#"{"channel":"error","data":"too many","error":{"code":"too_many_posts"}}"#.to_owned(),
                Some(Answer { refused: Some("too_many_posts".to_owned()), ..Answer::default() }),
            ),
            (r#"{"channel":"pong"}"#.to_owned(), None),
        ];
        for (text, expected) in rows {
            assert_eq!(Answer::parse(&text), expected, "{text}");
        }
    }
}
