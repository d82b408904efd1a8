//! The trait, and its runner.

use crate::{OutOfWork, Work, WorkMeter};
use core::fmt::Debug;
use tandem_state::{Delta, Tables};
use tandem_types::{AccountId, BlockTime, EngineId, Height};

/// What every rule may know of the block it runs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockContext {
    /// The block's height.
    pub height: Height,
    /// The block's time.
    pub time: BlockTime,
}

/// A public function of a co-processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Function {
    /// Its number, stable over versions.
    pub id: u16,
    /// Its name in the field's words.
    pub name: &'static str,
    /// What every call of it costs before its complexity is known.
    pub base: Work,
}

/// What a co-processor may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most work of one call.
    pub call_work_max: Work,
    /// Most work of its due-work phase in one block.
    pub due_work_max: Work,
}

/// A co-processor's passport, compared with the registry's entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Description {
    /// Its place in the state.
    pub engine: EngineId,
    /// Its name.
    pub name: &'static str,
    /// Its version: raised whenever the same call could end differently.
    pub version: u32,
    /// Its public functions, ordered by id.
    pub functions: &'static [Function],
    /// Its limits.
    pub limits: Limits,
}

/// What a co-processor's code may touch: its own tables, the block, the meter, and what others lend it.
#[derive(Debug)]
pub struct Handle<'a, 'i, C: Coprocessor> {
    /// Its own tables and no others.
    pub tables: &'a mut C::Tables,
    /// The block.
    pub block: BlockContext,
    /// The budget of this call.
    pub meter: &'a mut WorkMeter,
    /// Interfaces that other engines lend it, as declared.
    pub interfaces: C::Interfaces<'i>,
}

/// Interfaces that other engines lend. What is written through them belongs to the borrower's call: it is kept or undone
/// with it, as the lender's tables do by [`Tables::checkpoint`], [`Tables::rollback`] and [`Tables::commit`].
pub trait Lent: Debug {
    /// Marks a point in the lenders' tables.
    fn checkpoint(&mut self);
    /// Undoes what was written through the interfaces since.
    fn rollback(&mut self);
    /// Keeps it.
    fn commit(&mut self);
}

/// Nothing is lent.
impl Lent for () {
    fn checkpoint(&mut self) {}
    fn rollback(&mut self) {}
    fn commit(&mut self) {}
}

/// An engine of Core.
pub trait Coprocessor: Sized + Debug {
    /// The tables that are its own.
    type Tables: Tables + Debug;
    /// What it needs of other engines: `()` or a struct of references to their declared interfaces.
    type Interfaces<'a>: Lent;
    /// A decoded call of one of its functions.
    type Call<'c>;
    /// What a call returns.
    type Reply;
    /// Why the rules refuse a call.
    type Rejection: From<OutOfWork>;
    /// A broken promise, found from a block's changes.
    type Broken;

    /// Its passport.
    const DESCRIPTION: Description;

    /// Which function `call` is of.
    fn function(call: &Self::Call<'_>) -> Function;

    /// Executes `call` for `caller`.
    ///
    /// # Errors
    /// The rejection; [`run`] then undoes whatever was written.
    fn call(
        handle: &mut Handle<'_, '_, Self>,
        caller: AccountId,
        call: &Self::Call<'_>,
    ) -> Result<Self::Reply, Self::Rejection>;

    /// Does what is due at this block, at most [`Limits::due_work_max`]; the rest stays due.
    ///
    /// # Errors
    /// The rejection of the step that failed.
    fn due_work(handle: &mut Handle<'_, '_, Self>) -> Result<Self::Reply, Self::Rejection>;

    /// Checks its promises on the block's changes to its own tables.
    ///
    /// # Errors
    /// The first promise broken.
    fn check_invariants(delta: &Delta) -> Result<(), Self::Broken>;
}

/// How a call failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallError<R> {
    /// Why.
    pub rejection: R,
    /// What it cost all the same.
    pub work: Work,
}

/// Runs one call atomically: checkpoint, base cost, call, then commit or rollback. Returns the reply and the work.
///
/// # Errors
/// [`CallError`]; its own tables and those that were lent are then as before.
pub fn run<C: Coprocessor>(
    tables: &mut C::Tables,
    block: BlockContext,
    interfaces: C::Interfaces<'_>,
    caller: AccountId,
    call: &C::Call<'_>,
) -> Result<(C::Reply, Work), CallError<C::Rejection>> {
    let mut meter = WorkMeter::new(C::DESCRIPTION.limits.call_work_max);
    let mut handle: Handle<'_, '_, C> = Handle { tables, block, meter: &mut meter, interfaces };
    handle.tables.checkpoint();
    handle.interfaces.checkpoint();
    let charged = handle.meter.charge(C::function(call).base).map_err(C::Rejection::from);
    let outcome = charged.and_then(|()| C::call(&mut handle, caller, call));
    let work = handle.meter.used();
    match outcome {
        Ok(reply) => {
            handle.interfaces.commit();
            handle.tables.commit();
            Ok((reply, work))
        }
        Err(rejection) => {
            handle.interfaces.rollback();
            handle.tables.rollback();
            Err(CallError { rejection, work })
        }
    }
}
