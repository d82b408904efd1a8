//! Tables of wrong spellings, properties of the encoding, published signatures, and the rules of networks.

mod golden;
mod multi_sig;
mod networks;
mod properties;
mod strict;
mod value;
mod vectors;
