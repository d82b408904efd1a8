//! Independent work on all cores.

use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use tandem_stf::Join;

/// Below this many items, threads cost more than they bring.
const WORTH_SPLITTING: usize = 8;

/// The rules' [`Join`] on the machine's cores.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct AllCores;

impl Join for AllCores {
    fn map<T: Sync, U: Send>(&self, items: &[T], each: impl Fn(&T) -> U + Sync + Send) -> Vec<U> {
        if items.len() < WORTH_SPLITTING {
            return items.iter().map(each).collect();
        }
        items.par_iter().map(each).collect()
    }
}
