//! The command stream: exchange-core's published mix (9 % GTC, 3 % IOC, 6 % cancel, 82 % move, of which about 6 %
//! trade; about 1,000 resting orders on about 750 levels of one market), made once and then given to every book.

use tandem_book::{
    Book, CancelReason, Fill, Incoming, Limits, Order, OrderKey, Owner, SelfTrade, Settlement, Side,
    TimeInForce,
};
use tandem_state::{Table, index::Ordered};
use tandem_types::{MarketId, OrderId, PriceRank, SizeLots};

pub const MARKET: MarketId = MarketId(1);
pub const LIMITS: Limits = Limits { fills_max: 100 };
const RESTING: usize = 1_000;
/// Width of one side in ticks: 500 orders spread evenly over it stand on about 375 levels.
const WIDTH: u32 = 760;

/// One command. `name` is the trader's name for the order, which a move keeps; keys change with each move.
#[derive(Clone, Copy, Debug)]
pub enum Command {
    Place { name: u64, incoming: Incoming },
    Cancel { name: u64, key: OrderKey },
    Move { name: u64, key: OrderKey, incoming: Incoming },
}

/// What the stream is made of, to be printed beside the figures.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mix {
    pub gtc: u64,
    pub ioc: u64,
    pub cancels: u64,
    pub moves: u64,
    pub trading: u64,
    pub fills: u64,
    pub resting_sum: u64,
    pub samples: u64,
    pub levels_sum: u64,
}

struct Live {
    name: u64,
    key: OrderKey,
    remaining: SizeLots,
}

/// Makes commands against a book of its own, so that each names an order that rests.
struct Maker {
    random: u64,
    next: u64,
    middle: u32,
    orders: Table<OrderKey, Order, Ordered<OrderKey, Order>>,
    live: Vec<Live>,
    mix: Mix,
}

#[derive(Default)]
struct Fills(Vec<Fill>);

impl Settlement for Fills {
    type Error = core::convert::Infallible;
    fn admit(&mut self, _: &OrderKey, _: &Order, size: SizeLots) -> Result<SizeLots, Self::Error> {
        Ok(size)
    }
    fn fill(&mut self, fill: &Fill) -> Result<(), Self::Error> {
        self.0.push(*fill);
        Ok(())
    }
    fn maker_cancelled(&mut self, _: &OrderKey, _: &Order, _: CancelReason) -> Result<(), Self::Error> {
        Ok(())
    }
    fn maker_reduced(&mut self, _: &OrderKey, _: &Order, _: SizeLots) -> Result<(), Self::Error> {
        Ok(())
    }
}

/// Commands that fill an empty book, and then `count` of the mix.
pub fn make(count: usize) -> (Vec<Command>, Vec<Command>, Mix) {
    let mut maker = Maker {
        random: 42,
        next: 1,
        middle: 50_000,
        orders: Table::default(),
        live: Vec::new(),
        mix: Mix::default(),
    };
    let filling = (0..RESTING).map(|_| maker.gtc()).collect();
    maker.mix = Mix::default();
    let commands = (0..count).map(|at| maker.command(at)).collect();
    (filling, commands, maker.mix)
}

impl Maker {
    fn below(&mut self, end: u32) -> u32 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.random;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((word ^ (word >> 31)) % u64::from(end)) as u32
    }

    fn command(&mut self, at: usize) -> Command {
        match self.below(64) {
            0 => self.middle -= 1,
            1 => self.middle += 1,
            _ => {}
        }
        if at % 1_000 == 0 {
            self.mix.samples += 1;
            self.mix.resting_sum += self.live.len() as u64;
            let mut levels: Vec<_> =
                self.live.iter().map(|live| (live.key.side(), live.key.price())).collect();
            levels.sort_unstable();
            levels.dedup();
            self.mix.levels_sum += levels.len() as u64;
        }
        match self.below(100) {
            0..9 => self.gtc(),
            9..12 => self.ioc(),
            12..18 if self.live.len() > RESTING * 9 / 10 => self.cancel(),
            _ => self.reprice(),
        }
    }

    fn gtc(&mut self) -> Command {
        let side = if self.below(2) == 0 { Side::Bid } else { Side::Ask };
        let size = SizeLots(u64::from(10 + self.below(90)));
        let incoming = self.resting(side, size);
        self.mix.gtc += 1;
        let name = incoming.id.0;
        self.place(name, &incoming);
        Command::Place { name, incoming }
    }

    /// An order that takes from the best orders of the other side: more of them if there are too many.
    fn ioc(&mut self) -> Command {
        let side = if self.below(2) == 0 { Side::Bid } else { Side::Ask };
        let size = if self.live.len() > RESTING { 50 + self.below(100) } else { 1 + self.below(5) };
        let limit = if side == Side::Bid { self.middle + WIDTH } else { self.middle - WIDTH };
        let mut incoming = self.incoming(side, PriceRank(limit), SizeLots(u64::from(size)));
        incoming.time_in_force = TimeInForce::Ioc;
        self.mix.ioc += 1;
        self.place(incoming.id.0, &incoming);
        Command::Place { name: incoming.id.0, incoming }
    }

    fn cancel(&mut self) -> Command {
        let Live { name, key, .. } = self.take();
        self.mix.cancels += 1;
        Command::Cancel { name, key }
    }

    /// A move to another price, now and then to the other side's best. Each of those ends an order, and only three in
    /// a hundred commands may, or the book would dwindle: adds are 9 %, cancels 6 %.
    fn reprice(&mut self) -> Command {
        let Live { name, key, remaining } = self.take();
        let mut incoming = self.resting(key.side(), remaining);
        if self.below(82) < 3 {
            let best = self.best(key.side().opposite());
            incoming.limit = best.unwrap_or(incoming.limit);
        }
        if incoming.limit == key.price() {
            let away = if key.side() == Side::Bid { key.price().0 - 1 } else { key.price().0 + 1 };
            incoming.limit = PriceRank(away);
        }
        self.mix.moves += 1;
        self.place(name, &incoming);
        Command::Move { name, key, incoming }
    }

    /// A GTC order at a random distance from the middle that does not cross.
    fn resting(&mut self, side: Side, size: SizeLots) -> Incoming {
        let distance = 1 + self.below(WIDTH);
        let other = self.best(side.opposite()).map(|price| price.0);
        let limit = match side {
            Side::Bid => (self.middle - distance).min(other.unwrap_or(u32::MAX) - 1),
            Side::Ask => (self.middle + distance).max(other.unwrap_or(0) + 1),
        };
        self.incoming(side, PriceRank(limit), size)
    }

    fn incoming(&mut self, side: Side, limit: PriceRank, size: SizeLots) -> Incoming {
        let id = OrderId(self.next);
        self.next += 1;
        let owner = Owner(id.0 as u32);
        let self_trade = SelfTrade::CancelMaker;
        Incoming { id, owner, side, limit, size, time_in_force: TimeInForce::Gtc, self_trade }
    }

    fn best(&mut self, side: Side) -> Option<PriceRank> {
        Book::new(MARKET, &mut self.orders).best(side).map(|(price, _)| price)
    }

    fn take(&mut self) -> Live {
        let at = self.below(self.live.len() as u32) as usize;
        let live = self.live.swap_remove(at);
        Book::new(MARKET, &mut self.orders).cancel(&live.key);
        live
    }

    fn place(&mut self, name: u64, incoming: &Incoming) {
        let mut fills = Fills::default();
        let placed = Book::new(MARKET, &mut self.orders).place(incoming, &LIMITS, &mut fills);
        self.mix.trading += u64::from(!fills.0.is_empty());
        self.mix.fills += fills.0.len() as u64;
        for fill in &fills.0 {
            let at = self.live.iter().position(|live| live.key == fill.maker).expect("the maker rests");
            if fill.maker_remaining.is_zero() {
                self.live.swap_remove(at);
            } else {
                self.live[at].remaining = fill.maker_remaining;
            }
        }
        if let Ok(placed) = placed
            && let tandem_book::PlaceOutcome::Resting { remaining } = placed.outcome
        {
            let key = OrderKey::new(MARKET, incoming.side, incoming.limit, incoming.id);
            self.live.push(Live { name, key, remaining });
        }
    }
}
