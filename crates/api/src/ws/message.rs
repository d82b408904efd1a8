//! What clients say.

use super::outbox::Outbox;
use super::snapshot;
use super::topic::{Beginning, Topic, message};
use crate::app::App;
use crate::error::ApiError;
use crate::info::fields::Fields;
use crate::{exchange, info, response};
use axum::extract::ws::Utf8Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Most characters of a client's words that an error repeats.
const ECHO_MAX: usize = 200;

#[derive(Debug, Deserialize)]
struct ClientMessage<'a> {
    #[serde(default)]
    method: String,
    #[serde(borrow, default)]
    subscription: Option<&'a RawValue>,
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    request: Option<PostRequest<'a>>,
}

#[derive(Debug, Deserialize)]
struct PostRequest<'a> {
    #[serde(rename = "type")]
    kind: String,
    #[serde(borrow)]
    payload: &'a RawValue,
}

/// One client and what it has asked for.
#[derive(Debug)]
pub(crate) struct Client {
    app: Arc<App>,
    ip: IpAddr,
    outbox: Arc<Outbox>,
    topics: HashSet<Topic>,
    posts: Arc<Semaphore>,
}

impl Client {
    pub(crate) fn new(app: Arc<App>, ip: IpAddr, outbox: Arc<Outbox>) -> Self {
        let posts = Arc::new(Semaphore::new(app.config.limits.posts_in_flight_max));
        Self { app, ip, outbox, topics: HashSet::new(), posts }
    }

    /// Does what a message asks for. Answers go through the outbox, behind what was there before.
    pub(crate) fn hear(&mut self, text: &str) {
        if let Err(error) = self.act(text) {
            self.say_error(&error, text);
        }
    }

    fn act(&mut self, text: &str) -> Result<(), ApiError> {
        self.app.messages.take_message(self.ip, &self.app.config.limits)?;
        let heard: ClientMessage<'_> = serde_json::from_str(text).map_err(|error| {
            if error.is_data() {
                ApiError::field("invalid_message", "message", &error.to_string())
            } else {
                ApiError::syntax(&error)
            }
        })?;
        match heard.method.as_str() {
            "ping" => self.say(Utf8Bytes::from_static(r#"{"channel":"pong"}"#)),
            "subscribe" => self.subscribe(required(heard.subscription, "subscription")?)?,
            "unsubscribe" => self.unsubscribe(required(heard.subscription, "subscription")?)?,
            "post" => self.post(required(heard.id, "id")?, &required(heard.request, "request")?)?,
            _ => {
                let what = "must be subscribe, unsubscribe, post or ping";
                return Err(ApiError::field("unknown_method", "method", what));
            }
        }
        Ok(())
    }

    fn subscribe(&mut self, raw: &RawValue) -> Result<(), ApiError> {
        let value = parse(raw)?;
        // Topics before views: no block can come between the snapshot and the first message after it.
        let mut topics = self.app.topics();
        let views = self.app.views();
        let topic = Topic::parse(&value, &views)?;
        if self.topics.contains(&topic) {
            let text = format!("Already subscribed: {}", shortened(raw.get()));
            return Err(ApiError::field("already_subscribed", "subscription", &text));
        }
        let max = self.app.config.limits.subscriptions_max;
        if self.topics.len() >= max {
            let text = format!("a connection may have {max} subscriptions");
            return Err(ApiError::field("too_many_subscriptions", "subscription", &text));
        }
        let from_seq = Fields::new(&value, "subscription")?.optional_number("fromSeq")?;
        self.topics.insert(topic);
        let seq = match topics.subscribe(topic, &self.outbox, from_seq, views.time()) {
            Beginning::Resumed(missed) => {
                self.acknowledge("subscribe", raw);
                missed.into_iter().for_each(|message| self.say(message));
                return Ok(());
            }
            Beginning::Anew(seq) => seq,
        };
        self.acknowledge("subscribe", raw);
        let data = match topic {
            Topic::OrderUpdates(user) if value.get("snapshot") == Some(&Value::Bool(true)) => {
                snapshot::open_orders(user, &views, &self.app)
            }
            topic => snapshot::of(&topic, &views, &self.app),
        };
        if let Some(data) = data {
            self.say(message(topic.channel(), &data, seq, true));
        }
        Ok(())
    }

    fn unsubscribe(&mut self, raw: &RawValue) -> Result<(), ApiError> {
        let value = parse(raw)?;
        let mut topics = self.app.topics();
        let topic = Topic::parse(&value, &self.app.views())?;
        if !self.topics.remove(&topic) {
            let text = format!("Already unsubscribed: {}", shortened(raw.get()));
            return Err(ApiError::field("not_subscribed", "subscription", &text));
        }
        topics.unsubscribe(&topic, &self.outbox);
        drop(topics);
        self.acknowledge("unsubscribe", raw);
        Ok(())
    }

    fn acknowledge(&self, method: &str, raw: &RawValue) {
        let subscription = raw.get();
        let text = format!(
            r#"{{"channel":"subscriptionResponse","data":{{"method":"{method}","subscription":{subscription}}}}}"#
        );
        self.say(text.into());
    }

    /// Answers a request as HTTP would, when the answer is there.
    fn post(&self, id: &RawValue, request: &PostRequest<'_>) -> Result<(), ApiError> {
        let is_action = match request.kind.as_str() {
            "action" => true,
            "info" => false,
            _ => return Err(ApiError::field("unknown_request", "request.type", "must be info or action")),
        };
        let Ok(permit) = Arc::clone(&self.posts).try_acquire_owned() else {
            let text = format!(
                "at most {} posted requests may be under way",
                self.app.config.limits.posts_in_flight_max
            );
            return Err(ApiError::field("too_many_posts", "request", &text));
        };
        let id = id.get().parse::<u64>();
        let id = id.map_err(|_| ApiError::field("invalid_field", "id", "must be a whole number"))?;
        let (app, outbox) = (Arc::clone(&self.app), Arc::clone(&self.outbox));
        let ip = self.ip;
        let payload = request.payload.get().as_bytes().to_vec();
        tokio::spawn(async move {
            let body =
                if is_action { post_action(&app, ip, &payload).await } else { post_info(&app, ip, &payload) };
            let text = format!(r#"{{"channel":"post","data":{{"id":{id},"response":{body}}}}}"#);
            outbox.push(text.into());
            drop(permit);
        });
        Ok(())
    }

    fn say(&self, message: Utf8Bytes) {
        // If it does not fit, the connection ends.
        self.outbox.push(message);
    }

    fn say_error(&self, error: &ApiError, heard: &str) {
        let text = format!("{} (in {})", error.message, shortened(heard));
        let more = response::error_map(error).remove("error");
        self.say(json!({ "channel": "error", "data": text, "error": more }).to_string().into());
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let mut topics = self.app.topics();
        for topic in &self.topics {
            topics.unsubscribe(topic, &self.outbox);
        }
    }
}

async fn post_action(app: &App, ip: IpAddr, payload: &[u8]) -> String {
    match exchange::answer(app, ip, payload).await {
        Ok(body) => format!(r#"{{"type":"action","payload":{body}}}"#),
        Err(error) => {
            let kind = if error.status.is_success() { "action" } else { "error" };
            post_error(kind, &error)
        }
    }
}

fn post_info(app: &App, ip: IpAddr, payload: &[u8]) -> String {
    match info::answer(app, ip, payload) {
        Ok(body) => {
            let kind = serde_json::from_slice::<Value>(payload).ok();
            let kind = kind.as_ref().and_then(|value| value.get("type")).cloned().unwrap_or_default();
            let body = String::from_utf8_lossy(&body);
            format!(r#"{{"type":"info","payload":{{"type":{kind},"data":{body}}}}}"#)
        }
        Err(error) => post_error("error", &error),
    }
}

fn post_error(kind: &str, error: &ApiError) -> String {
    // Clients expect a text where the type is error.
    let payload = if kind == "error" { Value::from(error.message.as_str()) } else { error.body() };
    json!({ "type": kind, "payload": payload, "error": response::error_map(error).remove("error") })
        .to_string()
}

fn parse(raw: &RawValue) -> Result<Value, ApiError> {
    serde_json::from_str(raw.get()).map_err(|error| ApiError::syntax(&error))
}

fn required<T>(value: Option<T>, name: &str) -> Result<T, ApiError> {
    value.ok_or_else(|| ApiError::field("missing_field", name, "is missing"))
}

fn shortened(text: &str) -> String {
    text.chars().take(ECHO_MAX).collect()
}
