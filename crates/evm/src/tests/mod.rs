//! Behaviour of blocks, calls and admission.

mod admission;
mod blocks;
mod calls;
mod fixtures;
mod state;
