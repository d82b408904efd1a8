//! What the rules act with: a session is one account's turn at the tables, in an action or in due work.
//!
//! Everything that an account can do is a method of [`Session`], in the file that the method belongs to. Whatever fails
//! leaves no trace: [`Session::attempt`] runs one item of a batch so, [`DueWork::step`] one step of due work.

use crate::Rejection;
use crate::receipt::{Event, ItemStatus};
use crate::records::{BuilderFee, Config};
use crate::tables::ExchangeTables;
use alloc::vec::Vec;
use tandem_coprocessor::{BlockContext, Work, WorkMeter};
use tandem_state::Tables as _;
use tandem_types::AccountId;

/// One account's turn.
#[derive(Debug)]
pub(crate) struct Session<'a, 'm> {
    pub(crate) tables: &'a mut ExchangeTables,
    pub(crate) block: BlockContext,
    pub(crate) meter: &'m mut WorkMeter,
    pub(crate) config: Config,
    pub(crate) account: AccountId,
    /// Who gets a fee of the orders that are placed.
    pub(crate) builder: Option<BuilderFee>,
    pub(crate) events: &'a mut Vec<Event>,
}

/// What a block does beside its actions.
#[derive(Debug)]
pub(crate) struct DueWork<'a> {
    pub(crate) tables: &'a mut ExchangeTables,
    pub(crate) block: BlockContext,
    pub(crate) meter: &'a mut WorkMeter,
    pub(crate) events: &'a mut Vec<Event>,
}

impl Session<'_, '_> {
    /// Runs items one after the other, each with a status of its own.
    pub(crate) fn each<T>(
        &mut self,
        items: &[T],
        mut run: impl FnMut(&mut Self, &T) -> Result<ItemStatus, Rejection>,
    ) -> Result<Vec<ItemStatus>, Rejection> {
        let mut statuses = Vec::with_capacity(items.len());
        for item in items {
            statuses.push(self.attempt(|session| run(session, item))?);
        }
        Ok(statuses)
    }

    /// Runs one item within a checkpoint of its own. Only running out of work refuses the whole action.
    pub(crate) fn attempt(
        &mut self,
        run: impl FnOnce(&mut Self) -> Result<ItemStatus, Rejection>,
    ) -> Result<ItemStatus, Rejection> {
        let told = self.events.len();
        self.tables.checkpoint();
        match run(self) {
            Ok(status) => {
                self.tables.commit();
                Ok(status)
            }
            Err(rejection) => {
                self.tables.rollback();
                self.events.truncate(told);
                if rejection == Rejection::OutOfWork {
                    Err(rejection)
                } else {
                    Ok(ItemStatus::Rejected(rejection))
                }
            }
        }
    }
}

impl DueWork<'_> {
    /// Runs one kind of due work within its own limit, so that no kind can starve another. Returns what it used.
    pub(crate) fn within(&mut self, limit: Work, run: impl FnOnce(&mut DueWork<'_>)) -> Work {
        let mut meter = WorkMeter::new(limit);
        run(&mut DueWork { tables: self.tables, block: self.block, meter: &mut meter, events: self.events });
        meter.used()
    }

    /// Runs one step for an account: kept if it succeeds, without a trace if not.
    pub(crate) fn step<T>(
        &mut self,
        account: AccountId,
        run: impl FnOnce(&mut Session<'_, '_>) -> Result<T, Rejection>,
    ) -> Result<T, Rejection> {
        let told = self.events.len();
        self.tables.checkpoint();
        let done = self.session(account).and_then(|mut session| run(&mut session));
        if done.is_ok() {
            self.tables.commit();
        } else {
            self.tables.rollback();
            self.events.truncate(told);
        }
        done
    }

    fn session(&mut self, account: AccountId) -> Result<Session<'_, '_>, Rejection> {
        let config = *self.tables.config.get(&()).ok_or(Rejection::Inactive)?;
        let Self { tables, block, meter, events } = self;
        Ok(Session { tables, block: *block, meter, config, account, builder: None, events })
    }
}
