//! Who sends: many accounts, each signing for itself.

use crate::flow::Command;
use crate::key::RequestKey;
use crate::lobster::PRICE_DECIMALS;
use crate::request::request_body;
use tandem_exchange::action::{
    Action, AssetId, CancelByCloid, Decimal, Grouping, Modify, Network, Order, OrderKind, OrderRef,
    PlaceOrders, SignedAction, TimeInForce,
};
use tandem_types::Cloid;

/// The accounts of a replay and the market they trade on.
#[derive(Debug)]
pub struct Traders {
    keys: Vec<RequestKey>,
    asset: AssetId,
    run: u64,
}

impl Traders {
    /// Traders on the market with this asset number; `None` without at least two keys, for takers are not makers.
    #[must_use]
    pub fn new(keys: Vec<RequestKey>, asset: u32) -> Option<Self> {
        (keys.len() >= 2).then_some(Self { keys, asset: AssetId(asset), run: 0 })
    }

    /// The same with client order ids of their own, for one of several replays on a chain.
    #[must_use]
    pub fn with_run(self, run: u64) -> Self {
        Self { run, ..self }
    }

    /// How many they are.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.keys.len()
    }

    /// Which account sends a command: an order's owner follows from its id, and a taker is the owner's neighbour.
    #[must_use]
    pub fn sender(&self, command: &Command) -> usize {
        let owner = usize::try_from(command.order() % self.keys.len() as u64).unwrap_or(0);
        match command {
            Command::Place { .. } | Command::Reduce { .. } | Command::Cancel { .. } => owner,
            Command::Take { .. } => (owner + 1) % self.keys.len(),
        }
    }

    /// The action of a command; `None` if its price or size is beyond what an action can say.
    #[must_use]
    pub fn action(&self, command: &Command) -> Option<Action> {
        Some(match *command {
            Command::Place { id, buys, price, size } => {
                self.place(self.order(buys, price, size, TimeInForce::Gtc, Some(self.cloid(id)))?)
            }
            Command::Take { buys, price, size, .. } => {
                self.place(self.order(buys, price, size, TimeInForce::Ioc, None)?)
            }
            Command::Reduce { id, buys, price, size } => Action::BatchModify(vec![Modify {
                target: OrderRef::Cloid(self.cloid(id)),
                order: self.order(buys, price, size, TimeInForce::Gtc, Some(self.cloid(id)))?,
            }]),
            Command::Cancel { id } => {
                Action::CancelByCloid(vec![CancelByCloid { asset: self.asset, cloid: self.cloid(id) }])
            }
        })
    }

    /// A command's action, signed by its sender for this network; `None` as [`Self::action`].
    #[must_use]
    pub fn sign(&self, command: &Command, nonce: u64, network: &Network) -> Option<SignedAction> {
        self.sign_action(self.sender(command), &self.action(command)?, nonce, network)
    }

    /// An action signed by an account; `None` if there is no such account.
    pub(crate) fn sign_action(
        &self,
        sender: usize,
        action: &Action,
        nonce: u64,
        network: &Network,
    ) -> Option<SignedAction> {
        let packed = action.encode();
        let signature = self.keys.get(sender)?.sign_packed(action, &packed, nonce, network);
        Some(SignedAction { action: packed, nonce, vault_address: None, expires_after: None, signature })
    }

    /// The same as the body of a request to the API.
    #[must_use]
    pub fn request(&self, command: &Command, nonce: u64, network: &Network) -> Option<String> {
        request_body(&self.action(command)?, nonce, self.key(command)?, network)
    }

    fn key(&self, command: &Command) -> Option<&RequestKey> {
        self.keys.get(self.sender(command))
    }

    /// The client order id of an order in the file.
    fn cloid(&self, id: u64) -> Cloid {
        Cloid((u128::from(self.run) << 64 | u128::from(id)).to_be_bytes())
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
            expires: None,
        })
    }
}
