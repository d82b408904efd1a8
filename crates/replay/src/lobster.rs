//! LOBSTER's message format: one comma-separated line per event of a limit order book.
//!
//! Columns: seconds after midnight (decimal), event type, order id, size in shares, price in dollars × 10,000, direction
//! (1 buys, -1 sells; of executions, the resting order's).

use flate2::read::GzDecoder;
use std::io::{BufRead, BufReader, Read};

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// 1: a limit order arrived.
    Submitted,
    /// 2: an order was reduced by this size.
    Reduced,
    /// 3: an order was deleted.
    Deleted,
    /// 4: a visible order was executed.
    Executed,
    /// 5: a hidden order was executed: no visible book changes.
    ExecutedHidden,
}

/// One line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    /// Milliseconds after midnight, rounded down.
    pub time_ms: u64,
    /// What happened.
    pub kind: Kind,
    /// The order.
    pub id: u64,
    /// Shares.
    pub size: u64,
    /// Dollars × 10,000.
    pub price: u64,
    /// Whether the order buys.
    pub buys: bool,
}

/// Why a file is no order flow.
#[derive(Debug, thiserror::Error)]
pub enum FlowError {
    /// It can't be read.
    #[error("reading the order flow: {0}")]
    Io(#[from] std::io::Error),
    /// A line is not a message.
    #[error("line {line}: {what}")]
    Line {
        /// Counted from 1.
        line: usize,
        /// What is wrong.
        what: &'static str,
    },
}

/// Decimals of the format's prices: they count ten-thousandths of a dollar.
pub const PRICE_DECIMALS: u8 = 4;
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
const MS_PER_SECOND: u64 = 1_000;

/// Reads all messages of a file, compressed with gzip or not.
///
/// # Errors
/// [`FlowError`].
pub fn read_messages(input: impl Read) -> Result<Vec<Message>, FlowError> {
    let mut input = BufReader::new(input);
    let compressed = input.fill_buf()?.starts_with(&GZIP_MAGIC);
    let lines: Box<dyn BufRead> =
        if compressed { Box::new(BufReader::new(GzDecoder::new(input))) } else { Box::new(input) };
    let numbered = lines.lines().enumerate();
    numbered.map(|(at, line)| parse(&line?).map_err(|what| FlowError::Line { line: at + 1, what })).collect()
}

fn parse(line: &str) -> Result<Message, &'static str> {
    let mut fields = line.trim_end().split(',');
    let mut next = |what| fields.next().ok_or(what);
    let time_ms = parse_time(next("time is missing")?)?;
    let kind = match next("event type is missing")? {
        "1" => Kind::Submitted,
        "2" => Kind::Reduced,
        "3" => Kind::Deleted,
        "4" => Kind::Executed,
        "5" => Kind::ExecutedHidden,
        _ => return Err("event type is not 1 to 5"),
    };
    let id = next("order id is missing")?.parse().map_err(|_| "order id is not a number")?;
    let size = next("size is missing")?.parse().map_err(|_| "size is not a number")?;
    let price = next("price is missing")?.parse().map_err(|_| "price is not a number")?;
    let buys = match next("direction is missing")? {
        "1" => true,
        "-1" => false,
        _ => return Err("direction is not 1 or -1"),
    };
    if fields.next().is_some() {
        return Err("more than six fields");
    }
    Ok(Message { time_ms, kind, id, size, price, buys })
}

/// Milliseconds of a decimal number of seconds.
fn parse_time(text: &str) -> Result<u64, &'static str> {
    const WRONG: &str = "time is not a decimal number of seconds";
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let whole: u64 = whole.parse().map_err(|_| WRONG)?;
    let digits: String = fraction.chars().chain("000".chars()).take(3).collect();
    let ms: u64 = digits.parse().map_err(|_| WRONG)?;
    whole.checked_mul(MS_PER_SECOND).and_then(|whole| whole.checked_add(ms)).ok_or(WRONG)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_messages_and_wrong_lines_are_named() {
        let good = "34200.004241176,1,16113575,18,5853300,1\n34200.5,3,7,1,2,-1\n";
        let messages = read_messages(good.as_bytes()).unwrap();
        let first = Message {
            time_ms: 34_200_004,
            kind: Kind::Submitted,
            id: 16_113_575,
            size: 18,
            price: 5_853_300,
            buys: true,
        };
        assert_eq!(messages.first(), Some(&first));
        assert_eq!(
            messages.last().map(|m| (m.time_ms, m.kind, m.buys)),
            Some((34_200_500, Kind::Deleted, false))
        );
        let rows = [
            ("x,1,1,1,1,1", "time is not a decimal number of seconds"),
            ("1,6,1,1,1,1", "event type is not 1 to 5"),
            ("1,1,1,1,1", "direction is missing"),
            ("1,1,1,1,1,0", "direction is not 1 or -1"),
            ("1,1,1,1,1,1,1", "more than six fields"),
        ];
        for (line, what) in rows {
            assert_eq!(read_messages(line.as_bytes()).unwrap_err().to_string(), format!("line 1: {what}"));
        }
    }
}
