//! Cross and isolated margin.

/// Whether a position's margin is the account's, or its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MarginMode {
    /// All of the account's collateral stands behind it.
    #[default]
    Cross,
    /// Only what was moved into it.
    Isolated,
}
tandem_codec::tags!(MarginMode { Cross = 0, Isolated = 1 });
