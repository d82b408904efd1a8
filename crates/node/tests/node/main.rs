//! A node without consensus: admission, pool, executor and store, block by block.

mod admission;
mod lanes;
mod node;
mod prices;
mod validators;
