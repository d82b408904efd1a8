//! A replay through the API of a running node.
//!
//! Commands go out in the order of the file, signed as they go, as fast as the window allows or as their recorded times say;
//! what must wait for an answer waits ([`Window`]). An interrupt sends nothing more, waits for what is under way, and
//! reports; a second one does not wait.

use super::accounts::Accounts;
use super::book::Book;
use super::feed::Feed;
use super::market::Market;
use super::print_skipped;
use super::progress::Progress;
use super::tally::Tally;
use crate::cli::Replay;
use crate::client::{Answer, Client, Health, Heard, Kind, Node, PATIENCE};
use crate::figures;
use crate::home::now_ms;
use eyre::{Result, WrapErr, eyre};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};
use tandem_exchange::action::{Network, NetworkKind};
use tandem_replay::{Message, Pending, Traders, Window, needs};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Replays the messages through the node at the URL.
pub(super) fn run(arguments: &Replay, messages: &[Message]) -> Result<()> {
    let node = Node::parse(&arguments.url)?;
    let health = node.health()?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().wrap_err("starting threads")?;
    runtime.block_on(replay(arguments, messages, &node, &health))
}

async fn replay(arguments: &Replay, messages: &[Message], node: &Node, health: &Health) -> Result<()> {
    let network = health.network;
    let in_flight = usize::try_from(arguments.in_flight).ok().and_then(NonZeroUsize::new);
    let in_flight = in_flight.ok_or_else(|| eyre!("nothing may be in flight"))?;
    let mut client = Client::connect(node, in_flight.get()).await?;
    let spot = ask(&mut client, &json!({ "type": "spotMeta" })).await?;
    let perpetual = ask(&mut client, &json!({ "type": "meta" })).await?;
    let market = Market::find(spot, perpetual, &arguments.market)?;
    let note = market.check(messages)?;
    let accounts = Accounts::new(arguments.key.as_deref(), &network, arguments.accounts)?;
    let traders = Traders::new(accounts.signers(&network)?, market.asset)
        .ok_or_else(|| eyre!("at least two accounts are needed"))?
        .with_run(now_ms());
    let needs = market.needs(needs(messages, &traders), messages, arguments.leverage);
    let given = accounts.prepare(&mut client, &network, &market, &needs, arguments.leverage).await?;

    println!("Node       http://{}, {}, height {}", node.authority, describe(&network), health.height);
    println!("Market     {} ({}, asset {})", market.name, market.coin, market.asset);
    println!("Accounts   {}, given {given} by {}", traders.count(), accounts.payer());
    if let Some(note) = note {
        println!("Note       {note}: they will be rejected");
    }
    let began = node.health()?.height;
    let interrupts = signal(SignalKind::interrupt()).wrap_err("listening for interrupts")?;
    println!("Sending    {}", describe_pace(arguments, &client));

    let feed = Feed::new(messages, &traders, arguments.speed);
    let mut run = Run::new(&mut client, &traders, network, in_flight, feed);
    let end = run.drive(interrupts).await;
    let Run { feed, mut tally, elapsed, .. } = run;
    report(&feed, &mut tally, elapsed, messages.len(), arguments.speed.is_some());
    if let End::Lost(error) = end {
        return Err(error.wrap_err("the replay stopped early; above is what was answered until then"));
    }
    println!("Blocks     {} to {}", began + 1, node.health()?.height);
    Book::parse(ask(&mut client, &json!({ "type": "l2Book", "coin": market.coin })).await?)?.print();
    Ok(())
}

async fn ask(client: &mut Client, question: &Value) -> Result<Value> {
    let responses = client.ask_all(Kind::Info, &[question.to_string()]).await?;
    Answer::info(responses.first().ok_or_else(|| eyre!("no answer"))?)
}

fn describe(network: &Network) -> String {
    let kind = match network.kind {
        NetworkKind::Production => "production",
        NetworkKind::Test => "test",
        NetworkKind::Dev => "developers'",
    };
    format!("{kind} chain {}", network.chain_id)
}

fn describe_pace(arguments: &Replay, client: &Client) -> String {
    let window = format!("{} unanswered over {} connections", arguments.in_flight, client.links());
    match arguments.speed {
        None => format!("as fast as at most {window} allow"),
        Some(speed) => format!("at {speed} times the recorded speed, at most {window}"),
    }
}

fn report(feed: &Feed<'_>, tally: &mut Tally, elapsed: Duration, all: usize, paced: bool) {
    let ms = elapsed.as_millis().max(1);
    let per_second = tally.answers() as u128 * 1_000 / ms;
    println!();
    println!("Replayed   {} of {all} messages in {} s", feed.done(), figures::seconds(elapsed));
    print_skipped(feed.skipped());
    println!("  requests   {} sent, {per_second} answered each second", tally.requests());
    tally.print(paced);
}

/// Why a run ended.
enum End {
    /// Everything was sent, or what was to be; and answered, unless someone was in a hurry.
    Done,
    /// The node is gone.
    Lost(eyre::Report),
}

/// A replay on its way.
struct Run<'a> {
    client: &'a mut Client,
    traders: &'a Traders,
    network: Network,
    feed: Feed<'a>,
    window: Window,
    under_way: HashMap<u64, Pending>,
    /// The last nonce of each account.
    nonces: Vec<u64>,
    tally: Tally,
    progress: Progress,
    stopped: bool,
    start: Instant,
    /// When something was last heard, or first waited for.
    quiet_since: Instant,
    /// From the start to the last answer.
    elapsed: Duration,
}

impl<'a> Run<'a> {
    fn new(
        client: &'a mut Client,
        traders: &'a Traders,
        network: Network,
        in_flight: NonZeroUsize,
        feed: Feed<'a>,
    ) -> Self {
        let start = Instant::now();
        Self {
            client,
            traders,
            network,
            window: Window::new(in_flight, traders.count()),
            under_way: HashMap::new(),
            nonces: vec![0; traders.count()],
            tally: Tally::default(),
            progress: Progress::new(feed.all()),
            feed,
            stopped: false,
            start,
            quiet_since: start,
            elapsed: Duration::ZERO,
        }
    }

    async fn drive(&mut self, mut interrupts: Signal) -> End {
        let end = loop {
            if let Err(error) = self.send_due() {
                break End::Lost(error);
            }
            self.progress.show(self.feed.done());
            if self.under_way.is_empty() && (self.stopped || self.feed.next().is_none()) {
                break End::Done;
            }
            let (due, waits) = (self.next_due(), !self.under_way.is_empty());
            tokio::select! {
                heard = self.client.hear() => match heard.and_then(|heard| self.answered(&heard)) {
                    Ok(()) => {}
                    Err(error) => break End::Lost(error),
                },
                () = tokio::time::sleep_until(due.unwrap_or(self.start).into()), if due.is_some() => {}
                () = tokio::time::sleep_until((self.quiet_since + PATIENCE).into()), if waits => {
                    break End::Lost(eyre!("the node did not answer within {} s", PATIENCE.as_secs()));
                }
                _ = interrupts.recv() => {
                    if self.stopped {
                        break End::Done;
                    }
                    self.stopped = true;
                }
            }
        };
        self.progress.end();
        end
    }

    /// When the next command is due; `None` if it waits for room, or nothing more is to be sent.
    fn next_due(&self) -> Option<Instant> {
        let (next, due) = self.feed.next()?;
        (!self.stopped && self.window.has_room(next.sender)).then(|| self.start + due)
    }

    fn send_due(&mut self) -> Result<()> {
        let now = Instant::now();
        while self.next_due().is_some_and(|due| due <= now) {
            let Some(next) = self.feed.take() else { break };
            if let Some(ready) = self.window.enter(next) {
                self.send(ready)?;
            }
        }
        Ok(())
    }

    fn send(&mut self, pending: Pending) -> Result<()> {
        let nonce = self.nonces.get_mut(pending.sender).ok_or_else(|| eyre!("no account sends this"))?;
        *nonce = now_ms().max(*nonce + 1);
        let body = self.traders.request(&pending.command, *nonce, &self.network);
        let body = body.ok_or_else(|| eyre!("{:?} cannot be said as an action", pending.command))?;
        let due = self.start + self.feed.due(&pending);
        let now = Instant::now();
        if self.under_way.is_empty() {
            self.quiet_since = now;
        }
        self.under_way.insert(self.client.post(Kind::Action, &body), pending);
        self.tally.sent(&pending.command, now.saturating_duration_since(due));
        Ok(())
    }

    fn answered(&mut self, heard: &Heard) -> Result<()> {
        let Some(pending) = self.under_way.remove(&heard.id) else { return Ok(()) };
        self.quiet_since = heard.at;
        self.elapsed = heard.at.saturating_duration_since(self.start);
        self.tally.answered(&pending.command, &Answer::of(&heard.response), heard.latency);
        match self.window.leave(&pending) {
            Some(next) if !self.stopped => self.send(next),
            Some(_) | None => Ok(()),
        }
    }
}
