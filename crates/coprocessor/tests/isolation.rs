//! Two tiny co-processors: a bank, and a shop that is lent one function of the bank and nothing else of it.
//!
//! The shop's code receives its own tables and a [`Payments`]; the bank's tables have no name in it, so reaching them
//! does not compile. What can be shown by running is the rest: calls are atomic, work is counted and bounded.

use tandem_coprocessor::{
    BlockContext, CallError, Coprocessor, Description, Function, Handle, Lent, Limits, OutOfWork, Work, run,
};
use tandem_state::index::Hashed;
use tandem_state::{Delta, Prefix, Tables, tables};
use tandem_types::{AccountId, BlockTime, EngineId, Height, TokenAtoms};

tables! {
    /// What accounts have.
    pub struct BankTables in EngineId(0x60) {
        /// By account.
        balances: Hashed<AccountId, TokenAtoms> = 1,
    }
}

tables! {
    /// What accounts have bought.
    pub struct ShopTables in EngineId(0x61) {
        /// Apples by account.
        apples: Hashed<AccountId, TokenAtoms> = 1,
    }
}

/// What the bank lends to others: taking a price from an account.
struct Payments<'a>(&'a mut BankTables);

impl std::fmt::Debug for Payments<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Payments")
    }
}

impl Payments<'_> {
    fn take(&mut self, from: AccountId, amount: TokenAtoms) -> Result<(), ShopRejection> {
        let balance = self.0.balances.get(&from).copied().unwrap_or_default();
        let rest = balance.minus(amount).map_err(|_| ShopRejection::TooPoor)?;
        self.0.balances.put(from, rest);
        Ok(())
    }
}

impl Lent for Payments<'_> {
    fn checkpoint(&mut self) {
        self.0.checkpoint();
    }
    fn rollback(&mut self) {
        self.0.rollback();
    }
    fn commit(&mut self) {
        self.0.commit();
    }
}

#[derive(Debug)]
struct Shop;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ShopRejection {
    OutOfWork,
    TooPoor,
    SoldOut,
}

impl From<OutOfWork> for ShopRejection {
    fn from(OutOfWork: OutOfWork) -> Self {
        Self::OutOfWork
    }
}

const BUY: Function = Function { id: 1, name: "buy", base: Work(10) };
const WORK_OF_AN_APPLE: Work = Work(5);
const SHELF: u64 = 40;

impl Coprocessor for Shop {
    type Tables = ShopTables;
    type Interfaces<'a> = Payments<'a>;
    /// How many apples, at one atom each.
    type Call<'c> = u64;
    type Reply = TokenAtoms;
    type Rejection = ShopRejection;
    type Broken = AccountId;

    const DESCRIPTION: Description = Description {
        engine: ShopTables::ENGINE,
        name: "shop",
        version: 1,
        functions: &[BUY],
        limits: Limits { call_work_max: Work(1_000), due_work_max: Work(0) },
    };

    fn function(_: &u64) -> Function {
        BUY
    }

    fn call(
        handle: &mut Handle<'_, '_, Self>,
        caller: AccountId,
        apples: &u64,
    ) -> Result<TokenAtoms, ShopRejection> {
        let had = handle.tables.apples.get(&caller).copied().unwrap_or_default();
        handle.tables.apples.put(caller, TokenAtoms(had.0 + apples));
        handle.meter.charge(WORK_OF_AN_APPLE.times(*apples))?;
        handle.interfaces.take(caller, TokenAtoms(*apples))?;
        if had.0 + apples > SHELF {
            return Err(ShopRejection::SoldOut);
        }
        Ok(TokenAtoms(had.0 + apples))
    }

    fn due_work(_: &mut Handle<'_, '_, Self>) -> Result<TokenAtoms, ShopRejection> {
        Ok(TokenAtoms(0))
    }

    fn check_invariants(delta: &Delta) -> Result<(), AccountId> {
        if delta.changes_under(&Prefix::new(Self::DESCRIPTION.engine, 1).0).count() == delta.len() {
            return Ok(());
        }
        Err(AccountId(0))
    }
}

const BUYER: AccountId = AccountId(7);
const BLOCK: BlockContext = BlockContext { height: Height(1), time: BlockTime(1) };

/// A buyer with 50 atoms.
fn town() -> (BankTables, ShopTables) {
    let mut bank = BankTables::default();
    bank.balances.put(BUYER, TokenAtoms(50));
    bank.seal();
    (bank, ShopTables::default())
}

fn buy(
    bank: &mut BankTables,
    shop: &mut ShopTables,
    apples: u64,
) -> Result<(u64, Work), CallError<ShopRejection>> {
    run::<Shop>(shop, BLOCK, Payments(bank), BUYER, &apples).map(|(had, work)| (had.0, work))
}

#[test]
fn a_call_changes_its_own_tables_and_what_it_was_lent() {
    let (mut bank, mut shop) = town();
    assert_eq!(buy(&mut bank, &mut shop, 20), Ok((20, Work(110))));
    assert_eq!(bank.balances.peek(&BUYER), Some(&TokenAtoms(30)));
    assert_eq!(Shop::check_invariants(&shop.seal()), Ok(()));
    assert_eq!(bank.seal().len(), 1);
}

#[test]
fn a_rejected_call_leaves_no_trace_anywhere_and_costs_its_work() {
    let rows = [
        (51, ShopRejection::TooPoor, Work(265)),
        (41, ShopRejection::SoldOut, Work(215)),
        (199, ShopRejection::OutOfWork, Work(1_000)),
        (u64::MAX / 8, ShopRejection::OutOfWork, Work(1_000)),
    ];
    for (apples, rejection, work) in rows {
        let (mut bank, mut shop) = town();
        assert_eq!(buy(&mut bank, &mut shop, apples), Err(CallError { rejection, work }));
        assert!(shop.seal().is_empty() && bank.seal().is_empty());
    }
}

#[test]
fn calls_nest_in_the_checkpoints_of_those_who_call() {
    let (mut bank, mut shop) = town();
    shop.checkpoint();
    buy(&mut bank, &mut shop, 20).unwrap();
    buy(&mut bank, &mut shop, 51).unwrap_err();
    assert_eq!(shop.apples.peek(&BUYER), Some(&TokenAtoms(20)));
    shop.rollback();
    assert!(shop.seal().is_empty());
}
