//! Prices from an HTTP server that answers with JSON.
//!
//! Plain HTTP to a process beside the node, which knows exchanges, keys and TLS; nothing goes through a proxy.

use crate::polled::{Fetch, Memory, Polled, Shared};
use crate::source::{PriceMicros, PriceSource, Sighting, SourceError};
use attohttpc::ProxySettings;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{self, Read};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tandem_types::BlockTime;

/// What stands for a market's symbol in the URL and in pointers.
const SYMBOL: &str = "{symbol}";
/// Longest answer read, in bytes.
const ANSWER_BYTES_MAX: u64 = 1 << 20;

/// Which server, and where in its answers the prices are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpConfig {
    /// The URL; `{symbol}` in it is the market's symbol. Markets with one URL are asked for together.
    pub url: String,
    /// JSON pointer (RFC 6901) to the oracle price, a string or a number; `{symbol}` as in the URL.
    pub pointer: String,
    /// The same to the price of perpetuals elsewhere, if the server has it.
    pub external_pointer: Option<String>,
    /// Symbols by the names of markets.
    pub symbols: BTreeMap<String, String>,
    /// How often it is asked.
    pub interval: Duration,
    /// How long an answer may take.
    pub timeout: Duration,
    /// Milliseconds after which an answer no longer counts.
    pub age_ms_max: u64,
}

/// A server that can't be asked.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// Only plain HTTP is spoken.
    #[error("the price server's URL must begin with http://: let a process beside the node speak TLS")]
    Scheme,
    /// The operating system gives no thread.
    #[error("starting a thread: {0}")]
    Thread(#[from] io::Error),
}

impl HttpConfig {
    /// The source.
    ///
    /// # Errors
    /// [`HttpError`]. A server that is not there yet is no error.
    pub fn start(self) -> Result<Box<dyn PriceSource>, HttpError> {
        if !self.url.starts_with("http://") {
            return Err(HttpError::Scheme);
        }
        let answers = Answers(self.symbols.keys().map(|name| (name.clone(), Answer::default())).collect());
        let (interval, age_ms_max) = (self.interval, Some(self.age_ms_max));
        Ok(Box::new(Polled::start(answers, Ask(self), interval, age_ms_max)?))
    }
}

/// The last answers about each market.
#[derive(Debug, Default)]
struct Answers(BTreeMap<String, Answer>);

#[derive(Debug, Default)]
struct Answer {
    seen: Option<(Sighting, BlockTime)>,
    /// Why there was none since.
    failure: Option<String>,
}

impl Memory for Answers {
    fn look(&self, market: &str, _: BlockTime) -> Result<(Sighting, BlockTime), SourceError> {
        let answer = self.0.get(market).ok_or(SourceError::UnknownMarket)?;
        answer.seen.ok_or_else(|| answer.failure.clone().map_or(SourceError::NotYet, SourceError::Failed))
    }

    fn failure(&self, market: &str) -> Option<&str> {
        self.0.get(market)?.failure.as_deref()
    }
}

/// Asks once for each URL.
struct Ask(HttpConfig);

impl Fetch for Ask {
    type Memory = Answers;

    fn fetch(&mut self, memory: &Shared<Answers>) {
        let mut documents: BTreeMap<String, Result<Value, String>> = BTreeMap::new();
        for (market, symbol) in &self.0.symbols {
            let url = self.0.url.replace(SYMBOL, symbol);
            let document = documents.entry(url).or_insert_with_key(|url| get(url, self.0.timeout));
            let seen = document.as_ref().map_err(Clone::clone).and_then(|json| self.0.sighting(json, symbol));
            memory.lock().0.entry(market.clone()).or_default().note(seen, clock());
        }
    }
}

impl Answer {
    fn note(&mut self, seen: Result<Sighting, String>, now: BlockTime) {
        match seen {
            Ok(sighting) => *self = Self { seen: Some((sighting, now)), failure: None },
            Err(failure) => self.failure = Some(failure),
        }
    }
}

impl HttpConfig {
    fn sighting(&self, json: &Value, symbol: &str) -> Result<Sighting, String> {
        let at = |pointer: &str| price(json, &pointer.replace(SYMBOL, symbol));
        let external = self.external_pointer.as_deref().map(at).transpose()?;
        Ok(Sighting { oracle: at(&self.pointer)?, external })
    }
}

fn price(json: &Value, pointer: &str) -> Result<PriceMicros, String> {
    let found = json.pointer(pointer).ok_or_else(|| format!("the answer has nothing at {pointer:?}"))?;
    let price = match found {
        Value::String(text) => PriceMicros::parse(text),
        Value::Number(number) => PriceMicros::parse(&number.to_string()),
        _ => None,
    };
    price.ok_or_else(|| format!("the answer has no price at {pointer:?}"))
}

fn get(url: &str, timeout: Duration) -> Result<Value, String> {
    let request = attohttpc::get(url)
        .connect_timeout(timeout)
        .read_timeout(timeout)
        .timeout(timeout)
        .proxy_settings(ProxySettings::builder().build())
        .follow_redirects(false);
    let response = request.send().and_then(attohttpc::Response::error_for_status);
    let (_, _, body) = response.map_err(|error| format!("{url}: {error}"))?.split();
    let mut bytes = Vec::new();
    body.take(ANSWER_BYTES_MAX).read_to_end(&mut bytes).map_err(|error| format!("{url}: {error}"))?;
    serde_json::from_slice(&bytes).map_err(|error| format!("{url}: {error}"))
}

fn clock() -> BlockTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    BlockTime(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Market;
    use std::io::{BufRead, BufReader, Write};
    use std::net::TcpListener;
    use std::sync::mpsc;
    use std::thread;

    /// A server that gives these answers, one to a connection, and then closes its port. Paths asked for are sent on.
    fn server(answers: Vec<String>) -> (String, mpsc::Receiver<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (sender, asked) = mpsc::channel();
        thread::spawn(move || {
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let head = BufReader::new(&stream).lines().map(Result::unwrap);
                let lines: Vec<String> = head.take_while(|line| !line.is_empty()).collect();
                sender.send(lines[0].split(' ').nth(1).unwrap_or_default().to_owned()).ok();
                stream.write_all(answer.as_bytes()).ok();
            }
        });
        (url, asked)
    }

    fn config(url: String, pointer: &str) -> HttpConfig {
        let symbols = [("BTC", "XBT"), ("ETH", "ETH")].map(|(name, symbol)| (name.into(), symbol.into()));
        HttpConfig {
            url,
            pointer: pointer.to_owned(),
            external_pointer: None,
            symbols: symbols.into(),
            interval: Duration::from_millis(1),
            timeout: Duration::from_secs(20),
            age_ms_max: 5_000,
        }
    }

    fn look(memory: &Shared<Answers>, market: &str) -> Result<u64, SourceError> {
        memory.lock().look(market, BlockTime(0)).map(|(seen, _)| seen.oracle.0)
    }

    /// A whole answer with this JSON.
    fn ok(json: &str) -> String {
        format!("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{json}")
    }

    #[test]
    fn each_market_is_asked_for_by_its_symbol() {
        let btc = ok("{\"a\":[{\"p\":\"64123.5\"}]}");
        let eth = ok("{\"a\":[{\"p\":3500.25}]}");
        let (url, asked) = server(vec![btc, eth]);
        let memory = Shared::new(Answers::default());
        Ask(config(format!("{url}/of/{{symbol}}"), "/a/0/p")).fetch(&memory);
        assert_eq!([look(&memory, "BTC"), look(&memory, "ETH")], [Ok(64_123_500_000), Ok(3_500_250_000)]);
        assert_eq!([asked.recv().unwrap(), asked.recv().unwrap()], ["/of/XBT", "/of/ETH"]);
        assert_eq!(look(&memory, "SOL"), Err(SourceError::UnknownMarket));
    }

    #[test]
    fn markets_with_one_url_are_asked_for_once() {
        let all = ok("{\"XBT\":{\"o\":1,\"x\":2},\"ETH\":{\"o\":3}}");
        let (url, _asked) = server(vec![all]);
        let memory = Shared::new(Answers::default());
        let external_pointer = Some("/{symbol}/x".to_owned());
        Ask(HttpConfig { external_pointer, ..config(url, "/{symbol}/o") }).fetch(&memory);
        let seen = memory.lock().look("BTC", BlockTime(0)).unwrap().0;
        assert_eq!(seen, Sighting { oracle: PriceMicros(1_000_000), external: Some(PriceMicros(2_000_000)) });
        assert!(matches!(look(&memory, "ETH"), Err(SourceError::Failed(_))), "it lacks the second price");
    }

    #[test]
    fn what_a_server_does_wrong_is_said_and_the_last_price_stays() {
        let wrong = [
            "HTTP/1.1 503 Busy\r\nConnection: close\r\n\r\n{\"p\":\"1\"}".to_owned(),
            "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nConnection: close\r\n\r\n".to_owned(),
            ok("hello"),
            ok("{\"p\":null}"),
            ok("{\"p\":-1}"),
            ok("{\"q\":\"1\"}"),
            "nonsense".to_owned(),
        ];
        let good = ok("{\"p\":\"9\"}");
        let (url, _asked) = server([&[good][..], &wrong].concat());
        let mut config = config(url, "/p");
        config.symbols.remove("ETH");
        let (memory, mut ask) = (Shared::new(Answers::default()), Ask(config));
        ask.fetch(&memory);
        assert_eq!((look(&memory, "BTC"), memory.lock().failure("BTC")), (Ok(9_000_000), None));
        // One fetch more than there are answers: nobody listens any more.
        for _ in 0..=wrong.len() {
            memory.lock().0.get_mut("BTC").unwrap().failure = None;
            ask.fetch(&memory);
            assert_eq!(look(&memory, "BTC"), Ok(9_000_000));
            assert!(memory.lock().failure("BTC").is_some());
        }
    }

    #[test]
    fn a_server_that_never_answers_is_given_up() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let memory = Shared::new(Answers::default());
        let timeout = Duration::from_millis(50);
        Ask(HttpConfig { timeout, ..config(url, "/p") }).fetch(&memory);
        assert!(matches!(look(&memory, "BTC"), Err(SourceError::Failed(_))));
    }

    #[test]
    fn a_server_is_a_source_and_tls_is_not_spoken() {
        let (url, _asked) = server(vec![ok("{\"p\":5}")]);
        let mut source = config(url, "/p").start().unwrap();
        let market = Market { name: "BTC", last: None };
        let seen = loop {
            match source.sight(&market, clock()) {
                Err(SourceError::NotYet) => thread::yield_now(),
                other => break other.unwrap(),
            }
        };
        assert_eq!(seen.oracle, PriceMicros(5_000_000));
        assert!(matches!(config("https://localhost".into(), "/p").start(), Err(HttpError::Scheme)));
    }
}
