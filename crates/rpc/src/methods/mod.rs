//! The methods, a file for each group.

mod blocks;
mod context;
mod execution;
mod fees;
mod filters;
mod node;
mod state;
mod transactions;

pub(crate) use context::Context;

use crate::argument::Arguments;
use crate::fault::Fault;
use crate::subscriptions;
use jsonrpsee::RpcModule;
use jsonrpsee::core::RegisterMethodError;
use jsonrpsee::types::ErrorObjectOwned;
use serde::Serialize;

/// All methods over `context`.
pub(crate) fn all(context: Context) -> Result<RpcModule<Context>, RegisterMethodError> {
    let mut module = Methods(RpcModule::new(context));
    node::register(&mut module)?;
    state::register(&mut module)?;
    blocks::register(&mut module)?;
    transactions::register(&mut module)?;
    execution::register(&mut module)?;
    fees::register(&mut module)?;
    filters::register(&mut module)?;
    subscriptions::register(&mut module.0)?;
    Ok(module.0)
}

/// The methods registered so far.
#[derive(Debug)]
pub(crate) struct Methods(RpcModule<Context>);

/// What registering a group of methods gives.
type Registered = Result<(), RegisterMethodError>;

impl Methods {
    /// Adds a method that reads: it may wait for the disk, so it has a thread that may.
    fn read<T: Serialize + Clone + 'static>(
        &mut self,
        name: &'static str,
        method: fn(&Context, Arguments) -> Result<T, Fault>,
    ) -> Registered {
        self.0.register_blocking_method(name, move |params, context, _| {
            let answer = Arguments::of(&params).and_then(|arguments| method(&context, arguments));
            answer.map_err(ErrorObjectOwned::from)
        })?;
        Ok(())
    }

    /// Adds a method that executes messages, of which only so many run at a time.
    fn execute<T: Serialize + Clone + Send + 'static>(
        &mut self,
        name: &'static str,
        method: fn(&Context, Arguments) -> Result<T, Fault>,
    ) -> Registered {
        self.0.register_async_method(name, move |params, context, _| async move {
            let arguments = Arguments::of(&params)?;
            let permit = std::sync::Arc::clone(&context.executions).acquire_owned().await;
            let permit = permit.map_err(|error| Fault::internal(&error))?;
            let work = tokio::task::spawn_blocking(move || {
                let answer = method(&context, arguments);
                drop(permit);
                answer
            });
            let answer = work.await.map_err(|error| Fault::internal(&error))?;
            answer.map_err(ErrorObjectOwned::from)
        })?;
        Ok(())
    }
}
