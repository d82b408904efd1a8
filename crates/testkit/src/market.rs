//! A chain on which perpetuals trade, and people with collateral: how most stories begin.

use crate::{DOGE, ETH, Harness, Signer, Step, class_transfer, perp_genesis};
use tandem_stf::Genesis;

/// [`perp_genesis`] with prices, and wallets 1 to `N` with so many USD of collateral each.
#[must_use]
pub fn market<const N: usize>(usd: &str) -> (Harness, [Signer; N]) {
    let mut chain = Harness::trading(perp_genesis());
    let traders = chain.traders(usd);
    (chain, traders)
}

impl Harness {
    /// A chain after its first prices: ETH at 2,000 USD, DOGE at 0.1.
    #[must_use]
    pub fn trading(genesis: Genesis) -> Self {
        let mut chain = Self::new(genesis);
        chain.set_oracle(ETH, 20_000_000);
        chain.set_oracle(DOGE, 100_000);
        chain.empty();
        chain
    }

    /// Wallets 1 to `N`, each after moving so many USD to its collateral.
    ///
    /// # Panics
    /// If there are fewer wallets.
    pub fn traders<const N: usize>(&mut self, usd: &str) -> [Signer; N] {
        std::array::from_fn(|at| {
            let trader = Signer::wallet(u8::try_from(at + 1).expect("few wallets"));
            self.deposit(&trader, usd);
            trader
        })
    }

    /// Moves so many USD of a wallet's balance to its collateral.
    pub fn deposit(&mut self, who: &Signer, usd: &str) -> Step {
        let nonce = self.nonce();
        self.act(who, &class_transfer(usd, true, nonce))
    }
}
