//! Who sends: many accounts, each signing for itself.

use crate::flow::Command;
use tandem_crypto::secp256k1::SigningKey;
use tandem_exchange::action::{
    Action, AssetId, CancelByCloid, Decimal, Grouping, Modify, Order, OrderKind, OrderRef, PlaceOrders,
    Signature, SignedAction, Source, TimeInForce, action_hash, l1_digest,
};
use tandem_types::Cloid;

/// Decimals of the file's prices.
const PRICE_DECIMALS: u8 = 4;

/// The accounts of a replay and the market they trade on.
#[derive(Debug)]
pub struct Traders {
    keys: Vec<SigningKey>,
    asset: AssetId,
}

impl Traders {
    /// Traders on the market with this asset number; `None` without at least two keys, for takers are not makers.
    #[must_use]
    pub fn new(keys: Vec<SigningKey>, asset: u32) -> Option<Self> {
        (keys.len() >= 2).then_some(Self { keys, asset: AssetId(asset) })
    }

    /// Which account sends a command: an order's owner follows from its id, and a taker is the owner's neighbour.
    #[must_use]
    pub fn sender(&self, command: &Command) -> usize {
        let owner = |id: u64| usize::try_from(id % self.keys.len() as u64).unwrap_or(0);
        match command {
            Command::Place { id, .. } | Command::Reduce { id, .. } | Command::Cancel { id } => owner(*id),
            Command::Take { against, .. } => (owner(*against) + 1) % self.keys.len(),
        }
    }

    /// The action of a command; `None` if its price or size is beyond what an action can say.
    #[must_use]
    pub fn action(&self, command: &Command) -> Option<Action> {
        Some(match *command {
            Command::Place { id, buys, price, size } => {
                self.place(self.order(buys, price, size, TimeInForce::Gtc, Some(cloid(id)))?)
            }
            Command::Take { buys, price, size, .. } => {
                self.place(self.order(buys, price, size, TimeInForce::Ioc, None)?)
            }
            Command::Reduce { id, buys, price, size } => Action::BatchModify(vec![Modify {
                target: OrderRef::Cloid(cloid(id)),
                order: self.order(buys, price, size, TimeInForce::Gtc, Some(cloid(id)))?,
            }]),
            Command::Cancel { id } => {
                Action::CancelByCloid(vec![CancelByCloid { asset: self.asset, cloid: cloid(id) }])
            }
        })
    }

    /// A command's action, signed by its sender. `source` names the network, as signatures of this form do.
    #[must_use]
    pub fn sign(&self, command: &Command, nonce: u64, source: Source) -> Option<SignedAction> {
        let action = self.action(command)?.encode();
        let digest = l1_digest(source, &action_hash(&action, nonce, None, None));
        let signature = Signature::Secp256k1(self.keys.get(self.sender(command))?.sign(&digest));
        Some(SignedAction { action, nonce, vault_address: None, expires_after: None, signature })
    }

    fn place(&self, order: Order) -> Action {
        Action::Order(PlaceOrders { orders: vec![order], grouping: Grouping::Na, builder: None })
    }

    fn order(
        &self,
        is_buy: bool,
        price: u64,
        size: u64,
        time_in_force: TimeInForce,
        cloid: Option<Cloid>,
    ) -> Option<Order> {
        Some(Order {
            asset: self.asset,
            is_buy,
            price: Decimal::new(price, PRICE_DECIMALS)?,
            size: Decimal::new(size, 0)?,
            reduce_only: false,
            kind: OrderKind::Limit(time_in_force),
            cloid,
            self_trade_prevention: None,
        })
    }
}

/// The client order id of an order in the file.
fn cloid(id: u64) -> Cloid {
    Cloid(u128::from(id).to_be_bytes())
}
