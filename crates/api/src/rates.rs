//! Requests of one IP address, by weight: a bucket that fills again all the time.
//!
//! The weights are Hyperliquid's: 1 for an action and one more for each 4 KiB of it, which is about 40 orders; 2, 20 or
//! 60 for a question by what it costs. Addresses of this machine are not bounded: they are the operator's own programs,
//! or a proxy that speaks for many. Actions are bounded by account as well, by the rules (`userRateLimit`).

use crate::config::Limits;
use crate::error::ApiError;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Addresses that are remembered while their buckets fill; what comes beyond shares one bucket.
const ADDRESSES_MAX: usize = 100_000;
/// Bytes of an action for each unit of its weight.
const ACTION_BYTES: usize = 4 << 10;
const MINUTE_MS: u64 = 60_000;

/// The weight of an action of so many bytes.
pub(crate) fn action_weight(bytes: usize) -> u32 {
    u32::try_from(1 + bytes / ACTION_BYTES).unwrap_or(u32::MAX)
}

/// The weight of a question.
pub(crate) fn question_weight(question: &str) -> u32 {
    match question {
        "l2Book"
        | "allMids"
        | "clearinghouseState"
        | "orderStatus"
        | "spotClearinghouseState"
        | "exchangeStatus"
        | "ipRateLimit" => 2,
        "userRole" => 60,
        _ => 20,
    }
}

/// What an address has used, as of a time.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    /// Weight used and not yet regained, times [`MINUTE_MS`] so that a millisecond regains a whole number.
    used: u64,
    at_ms: u64,
}

/// What an address has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Left {
    limit: u32,
    remaining: u32,
    /// Until all of it is there again.
    reset_ms: u64,
}

/// The buckets of all addresses.
#[derive(Debug)]
pub(crate) struct Rates {
    start: Instant,
    buckets: Mutex<HashMap<IpAddr, Bucket>>,
}

impl Default for Rates {
    fn default() -> Self {
        Self { start: Instant::now(), buckets: Mutex::default() }
    }
}

impl Rates {
    /// Takes weight for a request; `None` if the address is not bounded.
    ///
    /// # Errors
    /// [`ApiError`] with the time after which there is enough.
    pub(crate) fn take(&self, ip: IpAddr, weight: u32, limits: &Limits) -> Result<(), ApiError> {
        let limit = limits.ip_weight_per_minute;
        let what = ("rate_limited", "requests from this address", " by weight");
        self.take_of(bounded(ip, limit, limits), weight, limit, what)
    }

    /// Counts a WebSocket that is opened.
    ///
    /// # Errors
    /// [`ApiError`] with the time after which one more may be opened.
    pub(crate) fn take_websocket(&self, ip: IpAddr, limits: &Limits) -> Result<(), ApiError> {
        let limit = limits.websockets_per_minute;
        let what = ("too_many_new_websockets", "new WebSockets of this address", "");
        self.take_of(bounded(ip, limit, limits), 1, limit, what)
    }

    /// Counts a message of a WebSocket.
    ///
    /// # Errors
    /// [`ApiError`] with the time after which one more may be sent.
    pub(crate) fn take_message(&self, ip: IpAddr, limits: &Limits) -> Result<(), ApiError> {
        let limit = limits.websocket_messages_per_minute;
        let what = ("too_many_messages", "messages of this address's WebSockets", "");
        self.take_of(bounded(ip, limit, limits), 1, limit, what)
    }

    /// Takes weight of a bucket; the error's word and text say of what there was too much.
    fn take_of(
        &self,
        key: Option<IpAddr>,
        weight: u32,
        limit: u32,
        (code, what, by): (&'static str, &str, &str),
    ) -> Result<(), ApiError> {
        let (Some(key), now) = (key, self.now_ms()) else { return Ok(()) };
        self.take_at(key, weight, limit, now).map_err(|wait_ms| {
            let text = format!("too many {what}: {limit} a minute{by}; try again in {wait_ms} ms");
            let error =
                ApiError::new(StatusCode::TOO_MANY_REQUESTS, code, text).with("retryAfterMs", wait_ms);
            let seconds = u32::try_from(wait_ms.div_ceil(1_000)).unwrap_or(u32::MAX);
            ApiError { retry_after_s: Some(seconds), ..error }
        })
    }

    /// What an address has left; `None` if it is not bounded.
    pub(crate) fn left(&self, ip: IpAddr, limits: &Limits) -> Option<Left> {
        let limit = limits.ip_weight_per_minute;
        let (key, now) = (bounded(ip, limit, limits)?, self.now_ms());
        let buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let used = buckets.get(&key).map_or(0, |bucket| bucket.used_at(now, limit));
        let whole = u32::try_from(used.div_ceil(MINUTE_MS)).unwrap_or(u32::MAX);
        Some(Left {
            limit,
            remaining: limit.saturating_sub(whole),
            reset_ms: used.div_ceil(u64::from(limit)),
        })
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Takes weight, or says in how many milliseconds there is enough.
    fn take_at(&self, key: IpAddr, weight: u32, limit: u32, now: u64) -> Result<(), u64> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= ADDRESSES_MAX && !buckets.contains_key(&key) {
            buckets.retain(|_, bucket| bucket.used_at(now, limit) > 0);
        }
        let full = buckets.len() >= ADDRESSES_MAX && !buckets.contains_key(&key);
        let key = if full { IpAddr::V6(Ipv6Addr::UNSPECIFIED) } else { key };
        let bucket = buckets.entry(key).or_insert(Bucket { used: 0, at_ms: now });
        let used = bucket.used_at(now, limit);
        // A request that weighs more than a minute's worth passes when the bucket is full.
        let after = used + u64::from(weight.min(limit)) * MINUTE_MS;
        let over = after.saturating_sub(u64::from(limit) * MINUTE_MS);
        let passes = over == 0;
        *bucket = Bucket { used: if passes { after } else { used }, at_ms: now };
        if passes { Ok(()) } else { Err(over.div_ceil(u64::from(limit))) }
    }
}

impl Bucket {
    const fn used_at(&self, now: u64, limit: u32) -> u64 {
        let regained = now.saturating_sub(self.at_ms).saturating_mul(limit as u64);
        self.used.saturating_sub(regained)
    }
}

/// What an address is counted by, if this limit bounds it: of IPv6 the network that one subscriber is given.
fn bounded(ip: IpAddr, limit: u32, limits: &Limits) -> Option<IpAddr> {
    let ip = ip.to_canonical();
    if limit == 0 || ip.is_loopback() && !limits.loopback_is_limited {
        return None;
    }
    Some(match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() & !u128::from(u64::MAX))),
    })
}

impl Left {
    /// Writes the usual headers.
    pub(crate) fn write(&self, headers: &mut HeaderMap) {
        let rows = [
            ("x-ratelimit-limit", u64::from(self.limit)),
            ("x-ratelimit-remaining", u64::from(self.remaining)),
            ("x-ratelimit-reset", self.reset_ms.div_ceil(1_000)),
        ];
        for (name, value) in rows {
            headers.insert(HeaderName::from_static(name), HeaderValue::from(value));
        }
    }
}

/// What `ipRateLimit` answers.
pub(crate) fn answer(left: Option<Left>) -> Value {
    let limited = left.is_some();
    left.map_or_else(
        || json!({ "limited": limited, "limit": null, "remaining": null, "resetMs": null }),
        |left| {
            json!({
                "limited": limited, "limit": left.limit, "remaining": left.remaining, "resetMs": left.reset_ms,
            })
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const IP: IpAddr = IpAddr::V6(Ipv6Addr::new(1, 2, 3, 4, 5, 6, 7, 8));

    #[test]
    fn a_bucket_fills_again_all_the_time() {
        let rates = Rates::default();
        // Time, weight, and after how long there is enough; 60 a minute is one a second.
        let rows = [
            (0, 40, Ok(())),
            (0, 20, Ok(())),
            (0, 1, Err(1_000)),
            (500, 1, Err(500)),
            (1_000, 1, Ok(())),
            (1_000, 2, Err(2_000)),
            (11_000, 10, Ok(())),
            (11_000, 1_000, Err(60_000)),
            (71_000, 1_000, Ok(())),
            (71_000, 1, Err(1_000)),
        ];
        for (now, weight, expected) in rows {
            assert_eq!(rates.take_at(IP, weight, 60, now), expected, "{weight} at {now}");
        }
    }

    #[test]
    fn addresses_are_counted_apart_and_their_memory_is_bounded() {
        let rates = Rates::default();
        let ip = |number: u32| IpAddr::V4(number.into());
        for number in 0..u32::try_from(ADDRESSES_MAX).unwrap() {
            assert_eq!(rates.take_at(ip(number), 60, 60, 0), Ok(()));
        }
        assert_eq!(rates.take_at(ip(7), 1, 60, 0), Err(1_000));
        assert_eq!(rates.take_at(ip(1 << 30), 60, 60, 0), Ok(()));
        assert_eq!(rates.take_at(ip(1 << 31), 1, 60, 0), Err(1_000), "it shares a bucket");
        assert_eq!(rates.take_at(ip(1 << 31), 1, 60, 60_000), Ok(()));
        assert_eq!(rates.buckets.lock().unwrap().len(), 1, "what is full again is forgotten");
    }

    #[test]
    fn who_is_bounded_and_by_what() {
        let limits = Limits::default();
        let inside = Limits { loopback_is_limited: true, ..limits };
        let none = Limits { ip_weight_per_minute: 0, ..limits };
        let rows = [
            ("127.0.0.1", &limits, None),
            ("::1", &limits, None),
            ("::ffff:127.0.0.1", &limits, None),
            ("127.0.0.1", &inside, Some("127.0.0.1")),
            ("10.0.0.7", &limits, Some("10.0.0.7")),
            ("::ffff:10.0.0.7", &limits, Some("10.0.0.7")),
            ("2001:db8:1:2:3:4:5:6", &limits, Some("2001:db8:1:2::")),
            ("10.0.0.7", &none, None),
        ];
        for (ip, limits, expected) in rows {
            let expected = expected.map(|ip| ip.parse::<IpAddr>().unwrap());
            assert_eq!(bounded(ip.parse().unwrap(), limits.ip_weight_per_minute, limits), expected, "{ip}");
        }
    }

    #[test]
    fn weights_grow_with_what_is_asked() {
        assert_eq!((action_weight(300), action_weight(10_000)), (1, 3));
        assert_eq!(["l2Book", "userFills", "userRole"].map(question_weight), [2, 20, 60]);
    }
}
