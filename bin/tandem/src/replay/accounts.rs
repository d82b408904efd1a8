//! The accounts of a replay: their keys follow from the key of the one who pays for them.
//!
//! So nobody else can have what they were given, and another replay paid by the same key finds them again and gives only
//! what is missing. Where a network takes orders from agents alone, each account approves one.

use super::market::{Market, Token};
use crate::client::{Answer, Client, Kind};
use crate::dev;
use crate::home::now_ms;
use crate::keys::{account_key, from_hex};
use eyre::{Result, WrapErr, bail, eyre};
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeSet;
use std::path::Path;
use tandem_crypto::{ed25519, keccak256};
use tandem_exchange::action::{
    Action, AddressText, Amount, ApproveAgent, AssetId, Network, NetworkKind, SpotSend, UpdateLeverage,
    UsdClassTransfer, ed25519_address,
};
use tandem_replay::{Need, RequestKey, request_body, user_signed};
use tandem_types::Address;

/// The agents' name: a name of their own, so that they replace no other.
const AGENT_NAME: &str = "replay";

/// The accounts and who pays for them.
#[derive(Debug)]
pub(super) struct Accounts {
    payer: RequestKey,
    payer_seed: [u8; 32],
    owners: Vec<RequestKey>,
}

/// What an account can spend, in whole tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Funds {
    base: u64,
    quote: u64,
    /// Collateral on the perpetual markets that is not in use; 0 if it is not asked for.
    collateral: u64,
}

/// A transfer to be made, in whole tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Gift<'a> {
    to: Address,
    token: &'a Token,
    amount: u64,
}

impl Accounts {
    /// So many accounts, paid for by the key in this file; on a developers' chain its first account pays if none is named.
    pub(super) fn new(key: Option<&Path>, network: &Network, count: u32) -> Result<Self> {
        let payer_seed = match (key, network.kind) {
            (Some(file), _) => read_key(file)?,
            (None, NetworkKind::Dev) => dev::account_seed(0),
            (None, NetworkKind::Production | NetworkKind::Test) => {
                bail!(
                    "this is no developers' chain: name the file with the key of the account that pays, --key FILE"
                )
            }
        };
        Ok(Self {
            payer: RequestKey::Secp256k1(account_key(&payer_seed)?),
            payer_seed,
            owners: (0..count).map(|index| owner(&payer_seed, index)).collect::<Result<_>>()?,
        })
    }

    /// Who pays.
    pub(super) fn payer(&self) -> Address {
        self.payer.address()
    }

    /// What signs for each account: its own key, or its agent's where the network wants agents.
    pub(super) fn signers(&self, network: &Network) -> Result<Vec<RequestKey>> {
        let indexes = (0u32..).take(self.owners.len());
        let signer = |index| match network.kind {
            NetworkKind::Production => Ok(RequestKey::Ed25519(agent(&self.payer_seed, index))),
            NetworkKind::Test | NetworkKind::Dev => owner(&self.payer_seed, index),
        };
        indexes.map(signer).collect()
    }

    /// Gives each account what it needs and does not have, and lets agents act where they must; says what was given.
    pub(super) async fn prepare(
        &self,
        client: &mut Client,
        network: &Network,
        market: &Market,
        needs: &[Need],
        leverage: u8,
    ) -> Result<String> {
        let addresses: Vec<Address> =
            [self.payer()].into_iter().chain(self.owners.iter().map(RequestKey::address)).collect();
        let mut funds = funds(client, &addresses, market).await?;
        if market.base.is_none() {
            for (funds, collateral) in funds.iter_mut().zip(collateral(client, &addresses).await?) {
                funds.collateral = collateral;
            }
        }
        let (payer_funds, funds) = funds.split_first().ok_or_else(|| eyre!("no answer about the payer"))?;
        let gifts: Vec<Gift<'_>> = addresses
            .iter()
            .skip(1)
            .zip(funds.iter().zip(needs))
            .flat_map(|(address, (funds, need))| missing(*address, *funds, *need, market))
            .collect();
        let fees = activation_fees(client, &gifts).await?;
        let given = self.check_payer(*payer_funds, &gifts, fees, market)?;
        act(client, &self.transfers(&gifts, network)?).await.wrap_err("funding the accounts")?;
        if network.kind == NetworkKind::Production {
            act(client, &self.approvals(needs, network)?).await.wrap_err("approving agents")?;
        }
        if market.base.is_none() {
            let margins = self.margins(needs, funds, (market.asset, leverage), network)?;
            act(client, &margins).await.wrap_err("bringing collateral and setting leverage")?;
        }
        Ok(given)
    }

    /// Whether the payer can give all this and pay the fees, in whole quote tokens; says how much is given.
    fn check_payer(&self, funds: Funds, gifts: &[Gift<'_>], fees: u64, market: &Market) -> Result<String> {
        let sum = |token: &Token| -> u64 {
            let of_token = gifts.iter().filter(|gift| gift.token == token);
            of_token.fold(0, |sum, gift| sum.saturating_add(gift.amount))
        };
        let (base, quote) = (market.base.as_ref().map(|token| (token, sum(token))), sum(&market.quote));
        let with_fees = quote.saturating_add(fees);
        let wanted_base = base.map(|(token, amount)| (token, funds.base, amount));
        for (token, has, wanted) in wanted_base.into_iter().chain([(&market.quote, funds.quote, with_fees)]) {
            if wanted > has {
                bail!(
                    "account {} has {has} {name} to spend and the replay needs {wanted}: give it more, name another \
                     with --key, or replay fewer --messages",
                    self.payer(),
                    name = token.name
                );
            }
        }
        let with_base = base.map(|(token, amount)| format!(" and {amount} {}", token.name));
        Ok(format!("{quote} {}{}", market.quote.name, with_base.unwrap_or_default()))
    }

    /// What accounts that need something do on a perpetual market: bring what they lack of it, and set their leverage.
    /// `funds` are those before the gifts, by which they have just that much.
    fn margins(
        &self,
        needs: &[Need],
        funds: &[Funds],
        (asset, leverage): (u32, u8),
        network: &Network,
    ) -> Result<Vec<String>> {
        let (signers, nonce) = (self.signers(network)?, now_ms());
        let update = UpdateLeverage { asset: AssetId(asset), is_cross: true, leverage: leverage.into() };
        let accounts = self.owners.iter().zip(&signers).zip(needs.iter().zip(funds));
        let mut bodies = Vec::new();
        for ((owner, signer), (need, funds)) in accounts.filter(|(_, (need, _))| need.dollars > 0) {
            let lacking = need.dollars.saturating_sub(funds.collateral);
            let transfer = (lacking > 0).then(|| class_transfer(lacking, owner, nonce, network));
            bodies.extend(transfer);
            bodies.push(request_body(&Action::UpdateLeverage(update), nonce + 1, signer, network));
        }
        let bodies: Option<_> = bodies.into_iter().collect();
        bodies.ok_or_else(|| eyre!("an amount that cannot be written"))
    }

    fn transfers(&self, gifts: &[Gift<'_>], network: &Network) -> Result<Vec<String>> {
        let first = now_ms();
        let transfer = |(nonce, gift): (u64, &Gift<'_>)| {
            let destination = AddressText::new(&gift.to.to_string())?;
            let amount = Amount::new(&gift.amount.to_string()).ok()?;
            let token = gift.token.wire_name.as_str().into();
            let user = user_signed(network, nonce);
            let action = Action::SpotSend(SpotSend { destination, token, amount, user });
            request_body(&action, nonce, &self.payer, network)
        };
        let bodies = (first..).zip(gifts).map(transfer).collect::<Option<_>>();
        bodies.ok_or_else(|| eyre!("a token's name cannot be sent"))
    }

    /// Approvals of agents, of the accounts that send anything.
    fn approvals(&self, needs: &[Need], network: &Network) -> Result<Vec<String>> {
        let nonce = now_ms();
        let approval = |(index, owner): (u32, &RequestKey)| {
            let agent = ed25519_address(&agent(&self.payer_seed, index).public_key());
            let user = user_signed(network, nonce);
            let action = Action::ApproveAgent(ApproveAgent { agent, name: Some(AGENT_NAME.into()), user });
            request_body(&action, nonce, owner, network)
        };
        let senders = (0u32..).zip(&self.owners).zip(needs).filter(|(_, need)| **need != Need::default());
        let bodies = senders.map(|(sender, _)| approval(sender)).collect::<Option<_>>();
        bodies.ok_or_else(|| eyre!("an approval that cannot be written"))
    }
}

fn read_key(file: &Path) -> Result<[u8; 32]> {
    let name = file.display();
    let text = std::fs::read_to_string(file).wrap_err_with(|| format!("reading {name}"))?;
    from_hex(text.trim())
        .map_err(|_| eyre!("{name} has no private key: 64 hex digits, as of `tandem keys new`"))
}

/// The key of an account.
fn owner(payer_seed: &[u8; 32], index: u32) -> Result<RequestKey> {
    account_key(&derive(payer_seed, "account", index)).map(RequestKey::Secp256k1)
}

/// The key of an account's agent.
fn agent(payer_seed: &[u8; 32], index: u32) -> ed25519::SigningKey {
    ed25519::SigningKey::from_seed(derive(payer_seed, "agent", index))
}

/// A secret that follows from the payer's.
fn derive(payer_seed: &[u8; 32], what: &str, index: u32) -> [u8; 32] {
    let name = format!("tandem/replay/{what}/{index}/");
    keccak256(&[name.as_bytes(), payer_seed].concat()).0
}

fn missing(to: Address, has: Funds, need: Need, market: &Market) -> Vec<Gift<'_>> {
    let quote = (&market.quote, need.dollars.saturating_sub(has.quote.saturating_add(has.collateral)));
    let base = market.base.as_ref().map(|token| (token, need.shares.saturating_sub(has.base)));
    let gifts = [Some(quote), base].into_iter().flatten().filter(|(_, amount)| *amount > 0);
    gifts.map(|(token, amount)| Gift { to, token, amount }).collect()
}

/// An account's transfer of whole dollars to its collateral.
fn class_transfer(dollars: u64, owner: &RequestKey, nonce: u64, network: &Network) -> Option<String> {
    let amount = Amount::new(&dollars.to_string()).ok()?;
    let user = user_signed(network, nonce);
    let action = Action::UsdClassTransfer(UsdClassTransfer { amount, to_perp: true, user });
    request_body(&action, nonce, owner, network)
}

/// Collateral on the perpetual markets that is not in use, in whole dollars.
async fn collateral(client: &mut Client, addresses: &[Address]) -> Result<Vec<u64>> {
    let question =
        |address: &Address| json!({ "type": "clearinghouseState", "user": address.to_string() }).to_string();
    let bodies: Vec<String> = addresses.iter().map(question).collect();
    let responses = client.ask_all(Kind::Info, &bodies).await?;
    responses.iter().map(|response| parse_collateral(response)).collect()
}

fn parse_collateral(response: &str) -> Result<u64> {
    #[derive(Deserialize)]
    struct State {
        withdrawable: String,
    }
    let state: State =
        serde_json::from_value(Answer::info(response)?).wrap_err("the answer to clearinghouseState")?;
    whole(&state.withdrawable).map(|(dollars, _)| dollars)
}

async fn funds(client: &mut Client, addresses: &[Address], market: &Market) -> Result<Vec<Funds>> {
    let question = |address: &Address| {
        json!({ "type": "spotClearinghouseState", "user": address.to_string() }).to_string()
    };
    let bodies: Vec<String> = addresses.iter().map(question).collect();
    let responses = client.ask_all(Kind::Info, &bodies).await?;
    responses.iter().map(|response| Funds::parse(response, market)).collect()
}

/// What the chain takes for accounts that come to be by these gifts, each fee rounded up to whole quote tokens.
async fn activation_fees(client: &mut Client, gifts: &[Gift<'_>]) -> Result<u64> {
    #[derive(Deserialize)]
    struct Check {
        fee: String,
    }
    let receivers: BTreeSet<Address> = gifts.iter().map(|gift| gift.to).collect();
    let question = |to: &Address| json!({ "type": "preTransferCheck", "user": to.to_string() }).to_string();
    let bodies: Vec<String> = receivers.iter().map(question).collect();
    let mut sum = 0u64;
    for response in client.ask_all(Kind::Info, &bodies).await? {
        let check: Check =
            serde_json::from_value(Answer::info(&response)?).wrap_err("the answer to preTransferCheck")?;
        let (fee, rest) = whole(&check.fee)?;
        sum = sum.saturating_add(fee).saturating_add(rest.into());
    }
    Ok(sum)
}

impl Funds {
    fn parse(response: &str, market: &Market) -> Result<Self> {
        #[derive(Deserialize)]
        struct State {
            balances: Vec<Balance>,
        }
        #[derive(Deserialize)]
        struct Balance {
            token: u32,
            total: String,
            hold: String,
        }
        let state: State = serde_json::from_value(Answer::info(response)?).wrap_err("a balance")?;
        let spendable = |token: &Token| -> Result<u64> {
            let Some(balance) = state.balances.iter().find(|balance| balance.token == token.index) else {
                return Ok(0);
            };
            let (total, _) = whole(&balance.total)?;
            let (hold, rest) = whole(&balance.hold)?;
            Ok(total.saturating_sub(hold).saturating_sub(u64::from(rest)))
        };
        let base = market.base.as_ref().map_or(Ok(0), spendable)?;
        Ok(Self { base, quote: spendable(&market.quote)?, collateral: 0 })
    }
}

/// The whole tokens of an amount, and whether there is more.
fn whole(amount: &str) -> Result<(u64, bool)> {
    let value = Amount::new(amount).map_err(|_| eyre!("balance {amount:?} is no number"))?.value();
    let unit = 10u64.checked_pow(value.decimals().into()).unwrap_or(u64::MAX);
    Ok((value.mantissa() / unit, value.mantissa() % unit != 0))
}

/// Sends actions, all of which must succeed.
async fn act(client: &mut Client, bodies: &[String]) -> Result<()> {
    for response in client.ask_all(Kind::Action, bodies).await? {
        let answer = Answer::of(&response);
        if let Some(reason) = answer.refused.or_else(|| answer.rejected.into_iter().next()) {
            bail!("{reason}");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
