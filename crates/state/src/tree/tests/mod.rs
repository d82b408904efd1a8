//! Tests of the tree: against its definition, its own partial form, and dishonest provers.

mod naive;
mod partial;
mod proofs;
mod roots;
mod support;
