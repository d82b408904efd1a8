//! A replay in lockstep on a perpetual market: what traders do before the first message, and where prices come from.
//!
//! The file is the market that the perpetual follows: the oracle price is that of its last execution, visible or hidden,
//! and the chain's one validator reports it with its vote at every price height. So prices, marks and funding follow from
//! the file alone.

use crate::key::user_signed;
use crate::lobster::{Kind, Message, PRICE_DECIMALS};
use tandem_codec::Encode;
use tandem_crypto::ed25519::SigningKey;
use tandem_exchange::action::{Action, Amount, AssetId, Network, UpdateLeverage, UsdClassTransfer};
use tandem_exchange::perp::{PERP_PRICE_DECIMALS, PerpMarket};
use tandem_oracle::report::{Scope, signed_bytes};
use tandem_oracle::{CheckedReport, Quote, Report, SignedReport};
use tandem_system::validator_address;
use tandem_types::{MarketId, PriceTicks, Round};

/// What a replay on a perpetual market needs besides the traders.
#[derive(Debug)]
pub struct Perpetual {
    /// The market.
    pub market: MarketId,
    /// The key of the chain's one validator.
    pub validator: SigningKey,
    /// The leverage that each account sets, cross.
    pub leverage: u8,
    /// What each account moves from its balance to its collateral, in whole USD.
    pub collateral: u64,
}

impl Perpetual {
    /// What each account does before the first message, with these nonces. `None` if the collateral is beyond amounts.
    pub(crate) fn preparation(&self, network: &Network, nonces: [u64; 2]) -> Option<[(Action, u64); 2]> {
        let [first, second] = nonces;
        let amount = Amount::new(&self.collateral.to_string()).ok()?;
        let user = user_signed(network, first);
        let transfer = Action::UsdClassTransfer(UsdClassTransfer { amount, to_perp: true, user });
        let asset = AssetId(u32::from(self.market.0));
        let leverage =
            Action::UpdateLeverage(UpdateLeverage { asset, is_cross: true, leverage: self.leverage.into() });
        Some([(transfer, first), (leverage, second)])
    }

    /// The validator's report of a price of the file, or an empty one.
    pub(crate) fn report(
        &self,
        price: Option<u64>,
        market: &PerpMarket,
        scope: &Scope,
    ) -> Option<CheckedReport> {
        let quote = |price| Quote { market: self.market, oracle: ticks(price, market), external: None };
        let report = Report::new(&price.map(quote).into_iter().collect::<Vec<_>>()).to_bytes();
        let (public_key, round) = (self.validator.public_key(), Round(0));
        let message = signed_bytes(scope, round, &validator_address(&public_key.0), &report);
        let signed = SignedReport { public_key, round, signature: self.validator.sign(&message), report };
        CheckedReport::from_raw(&signed.to_bytes(), scope).ok()
    }
}

/// The market's ticks of a price in ten-thousandths of a dollar; the nearest, halves up.
fn ticks(price: u64, market: &PerpMarket) -> PriceTicks {
    let finest = price.saturating_mul(10u64.saturating_pow((PERP_PRICE_DECIMALS - PRICE_DECIMALS).into()));
    let per_tick = 10u64.saturating_pow(market.size_decimals.into());
    PriceTicks(finest.saturating_add(per_tick / 2) / per_tick)
}

/// The price at which something was last executed by the end of these messages.
pub(crate) fn last_price(messages: &[Message]) -> Option<u64> {
    let executed = |message: &&Message| matches!(message.kind, Kind::Executed | Kind::ExecutedHidden);
    messages.iter().rev().find(executed).map(|message| message.price)
}
