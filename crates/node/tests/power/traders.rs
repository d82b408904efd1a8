//! Load: accounts that place, cancel and move orders, send tokens and Ethereum transactions, as fast as they are
//! answered.

use crate::history::{Answer, Answers};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use tandem_exchange::ItemStatus;
use tandem_exchange::action::Action;
use tandem_node::NodeHandle;
use tandem_testkit::{BTC, Random, Signer, USD, buy, cancel, evm_transfer, modify, place, sell, send};
use tandem_types::OrderId;

/// Accounts that trade.
pub(crate) const TRADERS: u8 = 5;

/// See the file.
pub(crate) struct Trader {
    signer: Signer,
    node: NodeHandle,
    choices: Random,
    nonces: Arc<AtomicU64>,
    /// Orders of this life that rest, as far as it knows.
    resting: Vec<OrderId>,
}

impl Trader {
    pub(crate) fn new(number: u8, node: NodeHandle, choices: Random, nonces: Arc<AtomicU64>) -> Self {
        Self { signer: Signer::wallet(number), node, choices, nonces, resting: Vec::new() }
    }

    /// Trades until nobody answers any more, and notes every answer.
    pub(crate) async fn trade(mut self, answers: Arc<Mutex<Answers>>) {
        loop {
            if self.choices.below(4) == 0 {
                self.send_evm(&answers).await;
            }
            let nonce = self.nonces.fetch_add(1, Ordering::Relaxed);
            let action = self.action(nonce);
            let signed = self.signer.sign(&action, nonce, None, &self.node.identity().network);
            let Ok(answer) = self.node.submit(signed).await else { continue };
            self.note(answer.receipt.result.as_deref().unwrap_or_default());
            answers.lock().unwrap().actions.push(Answer { receipt: answer.receipt, header: answer.header });
        }
    }

    fn action(&mut self, nonce: u64) -> Action {
        let price = format!("{}", 50_000 + self.choices.below(8));
        let side = if self.choices.below(2) == 0 { buy } else { sell };
        let order = side(BTC, &price, "0.001");
        let target = self.resting.pop();
        match (self.choices.below(5), target) {
            (0, Some(id)) => cancel(BTC, &[id]),
            (1, Some(id)) => modify(id, order),
            (2, _) => send(&Signer::wallet(1).address(), USD, "1", nonce),
            (3, _) => place(&[order, side(BTC, &price, "0.002")]),
            _ => place(&[order]),
        }
    }

    fn note(&mut self, items: &[ItemStatus]) {
        let resting = items.iter().filter_map(|item| match item {
            ItemStatus::Resting { id, .. } => Some(*id),
            _ => None,
        });
        self.resting.extend(resting);
    }

    async fn send_evm(&self, answers: &Mutex<Answers>) {
        let Signer::Wallet(key) = &self.signer else { return };
        let nonce = {
            let state = self.node.state();
            state.tables.evm.accounts.peek(&key.address()).map_or(0, |account| account.nonce)
        };
        let transfer = evm_transfer(&self.signer, nonce, [9; 20], 1);
        if let Ok(hash) = self.node.submit_evm(transfer.raw().clone()).await {
            answers.lock().unwrap().sent.push(hash);
        }
    }
}
