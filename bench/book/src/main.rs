//! Throughput and latency of the book and of the whole exchange on exchange-core's mix, and of orderbook-rs on the same
//! commands.
//!
//! Envelope: 200,000 orders/s leave 5 µs for each, of which matching may take 0.2 µs: 5 M commands/s on one core. A
//! move is one command: a removal, a look at the other side and an insertion, and their share of the seal.
//!
//! Throughput is measured without a clock in the loop, seals included, by the processor's time as well as the wall's
//! (machines are shared). Latency is a closed loop with one clock reading per command; seals are apart. Run with
//! `cargo run --release`, with the number of runs as argument (5).

mod engine;
mod rival;
mod stream;
mod tandem;

use engine::Engine;
use rival::Rival;
use std::time::Instant;
use stream::Command;
use tandem::Tandem;

const COMMANDS: usize = 3_000_000;
const COMMANDS_PER_BLOCK: usize = 1_000;

/// One book's figures of one run.
#[derive(Clone, Debug, Default)]
struct Figures {
    wall_per_s: f64,
    processor_per_s: f64,
    /// p50, p99, p99.9, p99.99 and the worst, in nanoseconds.
    latency_ns: [u64; 5],
    seal_us: f64,
}

/// Nanoseconds that this thread has been on a processor.
fn processor_ns() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|word| word.parse().ok()).unwrap_or(0)
}

fn measure<B>(
    fresh: impl Fn() -> B,
    filling: &[Command],
    commands: &[Command],
    mut apply: impl FnMut(&mut B, &Command),
    mut seal: impl FnMut(&mut B),
) -> Figures {
    let mut figures = Figures::default();
    let mut book = fresh();
    filling.iter().for_each(|command| apply(&mut book, command));
    seal(&mut book);
    let (wall, processor) = (Instant::now(), processor_ns());
    for block in commands.chunks(COMMANDS_PER_BLOCK) {
        block.iter().for_each(|command| apply(&mut book, command));
        seal(&mut book);
    }
    figures.wall_per_s = commands.len() as f64 / wall.elapsed().as_secs_f64();
    figures.processor_per_s = commands.len() as f64 / ((processor_ns() - processor) as f64 / 1e9);

    let mut book = fresh();
    filling.iter().for_each(|command| apply(&mut book, command));
    let mut times = Vec::with_capacity(commands.len());
    let mut seals = Vec::new();
    for block in commands.chunks(COMMANDS_PER_BLOCK) {
        let mut last = Instant::now();
        for command in block {
            apply(&mut book, command);
            let now = Instant::now();
            times.push((now - last).as_nanos() as u64);
            last = now;
        }
        seal(&mut book);
        seals.push(last.elapsed().as_nanos() as u64);
    }
    times.sort_unstable();
    seals.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    figures.latency_ns = [at(0.5), at(0.99), at(0.999), at(0.9999), at(1.0)];
    figures.seal_us = seals[seals.len() / 2] as f64 / 1e3;
    figures
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn report(name: &str, runs: &[Figures]) -> f64 {
    let of = |value: &dyn Fn(&Figures) -> f64| median(runs.iter().map(value).collect());
    let processor = of(&|run| run.processor_per_s);
    let latency: Vec<String> =
        (0..5).map(|at| format!("{:>8.2}", of(&|run| run.latency_ns[at] as f64) / 1e3)).collect();
    println!(
        "{name:<26} {:>6.2} {:>6.2} {} {:>8.1}",
        processor / 1e6,
        of(&|run| run.wall_per_s) / 1e6,
        latency.join(" "),
        of(&|run| run.seal_us)
    );
    processor
}

/// Both books must have done the same, or the comparison means nothing.
fn check_same(filling: &[Command], commands: &[Command], fills: u64) {
    let (mut tandem, mut by_id, mut rival) = (Tandem::default(), Tandem::default(), Rival::default());
    for command in filling.iter().chain(commands) {
        tandem.apply(command);
        by_id.apply_by_id(command);
        rival.apply(command);
    }
    let both = [tandem_book::Side::Bid, tandem_book::Side::Ask];
    let resting =
        both.iter().flat_map(|side| tandem_book::resting(&tandem.tables.orders, stream::MARKET, *side));
    let (orders, lots) =
        resting.fold((0, 0), |(orders, lots), (_, order)| (orders + 1, lots + order.remaining.0));
    assert_eq!(tandem.trades.fills, fills);
    assert_eq!(by_id.trades.lots, tandem.trades.lots);
    assert_eq!(by_id.tables.keys.len(), by_id.tables.orders.len());
    assert_eq!(rival.resting(), (orders, lots), "orders and lots that rest in the end");
}

/// The exchange did the same but for accounts that met themselves, of which there are few.
fn check_engine(filling: &[Command], commands: &[Command], fills: u64) {
    let mut engine = Engine::default();
    for block in filling.chunks(COMMANDS_PER_BLOCK).chain(commands.chunks(COMMANDS_PER_BLOCK)) {
        block.iter().for_each(|command| engine.apply(command));
        engine.seal();
    }
    let share = |part: u64| 100.0 * part as f64 / commands.len() as f64;
    println!(
        "exchange: {} fills of {fills}, {:.2} % of commands refused",
        engine.fills,
        share(engine.refused)
    );
    assert!(engine.fills.abs_diff(fills) * 50 < fills && engine.refused * 50 < commands.len() as u64);
}

fn main() {
    let count = std::env::args().nth(1).map_or(5, |text| text.parse().expect("a number of runs"));
    let (filling, commands, mix) = stream::make(COMMANDS);
    let share = |part: u64| 100.0 * part as f64 / commands.len() as f64;
    println!(
        "{} commands: {:.1} % GTC, {:.1} % IOC, {:.1} % cancel, {:.1} % move; {:.1} % trade, {} fills; {} orders on {} levels",
        commands.len(),
        share(mix.gtc),
        share(mix.ioc),
        share(mix.cancels),
        share(mix.moves),
        share(mix.trading),
        mix.fills,
        mix.resting_sum / mix.samples,
        mix.levels_sum / mix.samples,
    );
    check_same(&filling, &commands, mix.fills);
    check_engine(&filling, &commands, mix.fills);
    let mut runs: [Vec<Figures>; 4] = Default::default();
    for _ in 0..count {
        runs[0].push(measure(Tandem::default, &filling, &commands, Tandem::apply, Tandem::seal));
        runs[1].push(measure(Tandem::default, &filling, &commands, Tandem::apply_by_id, Tandem::seal));
        runs[2].push(measure(Rival::default, &filling, &commands, Rival::apply, |_| {}));
        runs[3].push(measure(Engine::default, &filling, &commands, Engine::apply, Engine::seal));
    }
    println!(
        "medians of {count} runs; M commands/s by processor and wall; latency and seal of a block in µs"
    );
    println!(
        "{:<26} {:>6} {:>6} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8}",
        "", "proc", "wall", "p50", "p99", "p99.9", "p99.99", "worst", "seal"
    );
    let book = report("book", &runs[0]);
    let by_id = report("book and table of ids", &runs[1]);
    let rival = report("orderbook-rs 0.15", &runs[2]);
    report("exchange with margin", &runs[3]);
    println!("book against orderbook-rs: {:.1} times, with ids {:.1} times", book / rival, by_id / rival);
}
