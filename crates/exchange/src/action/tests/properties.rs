//! Every action comes back from its bytes, and no other bytes mean the same.

use crate::action::{
    Action, AddressText, Amount, ApproveAgent, ApproveBuilderFee, ApproveScopedAgent, AssetId, Builder,
    Cancel, CancelByCloid, CancelOrders, CoSigned, ConvertToMultiSigUser, CreateVault, Decimal, FeeRate,
    Grouping, HyperliquidChain, Modify, MultiSig, Network, NetworkKind, Order, OrderKind, OrderRef,
    PlaceOrders, SelfTradePrevention, SetTradeGroup, SignedAction, Signers, SignersText, SpotSend,
    SubAccountModify, SubAccountSpotTransfer, SubAccountTransfer, TimeInForce, TopUpIsolatedOnlyMargin, Tpsl,
    TradeGroupInvite, Trigger, TwapCancel, TwapRequest, UpdateIsolatedMargin, UpdateLeverage,
    UsdClassTransfer, UsdSend, UserSigned, VaultDistribute, VaultModify, VaultTransfer,
};
use proptest::{
    collection::{btree_set, vec},
    option,
    prelude::*,
    sample::select,
};
use std::vec::Vec;
use tandem_codec::{Decode, Encode};
use tandem_crypto::secp256k1;
use tandem_types::{Address, BlockTime, ChainId, Cloid, Hash, OrderId};

fn decimal() -> impl Strategy<Value = Decimal> {
    (any::<u64>(), 0u32..64, 0u8..=8)
        .prop_map(|(mantissa, shift, decimals)| Decimal::new(mantissa >> shift, decimals).unwrap())
}

/// Integers of every width.
fn integer() -> impl Strategy<Value = u64> {
    (any::<u64>(), 0u32..64).prop_map(|(value, shift)| value >> shift)
}

fn asset() -> impl Strategy<Value = AssetId> {
    (any::<u32>(), 0u32..32).prop_map(|(value, shift)| AssetId(value >> shift))
}

fn cloid() -> impl Strategy<Value = Cloid> {
    any::<[u8; 16]>().prop_map(Cloid)
}

fn order_kind() -> impl Strategy<Value = OrderKind> {
    let trigger = (any::<bool>(), decimal(), select(Tpsl::ALL))
        .prop_map(|(is_market, price, tpsl)| OrderKind::Trigger(Trigger { is_market, price, tpsl }));
    prop_oneof![select(TimeInForce::ALL).prop_map(OrderKind::Limit), trigger]
}

fn order() -> impl Strategy<Value = Order> {
    let stp = option::of(select(SelfTradePrevention::ALL));
    let options = (option::of(cloid()), stp, option::of(integer()));
    (asset(), any::<bool>(), decimal(), decimal(), any::<bool>(), order_kind(), options).prop_map(
        |(asset, is_buy, price, size, reduce_only, kind, (cloid, self_trade_prevention, expires))| Order {
            asset,
            is_buy,
            price,
            size,
            reduce_only,
            kind,
            cloid,
            self_trade_prevention,
            expires: expires.map(BlockTime),
        },
    )
}

fn place() -> impl Strategy<Value = Action> {
    let grouping = prop_oneof![
        Just(Grouping::Na),
        Just(Grouping::NormalTpsl),
        Just(Grouping::PositionTpsl),
        integer().prop_map(Grouping::Priority),
    ];
    let builder =
        (any::<[u8; 20]>(), integer()).prop_map(|(address, fee)| Builder { address: Address(address), fee });
    (vec(order(), 1..20), grouping, option::of(builder))
        .prop_map(|(orders, grouping, builder)| Action::Order(PlaceOrders { orders, grouping, builder }))
}

fn modify() -> impl Strategy<Value = Modify> {
    let target =
        prop_oneof![integer().prop_map(|id| OrderRef::Id(OrderId(id))), cloid().prop_map(OrderRef::Cloid)];
    (target, order()).prop_map(|(target, order)| Modify { target, order })
}

fn user() -> impl Strategy<Value = UserSigned> {
    (integer(), select(HyperliquidChain::ALL), integer()).prop_map(|(chain_id, chain, nonce)| UserSigned {
        chain_id: ChainId(chain_id),
        chain,
        nonce,
    })
}

/// Any action, or one of those for an account of several keys.
fn action() -> impl Strategy<Value = Action> {
    let signature = (any::<[u8; 32]>(), any::<[u8; 32]>(), any::<bool>(), 0usize..4).prop_map(
        |(mut r, s, y_is_odd, zeros)| {
            r[..zeros].fill(0);
            secp256k1::Signature { r, s, y_is_odd }
        },
    );
    let of = any::<[[u8; 20]; 2]>()
        .prop_map(|[user, outer]| CoSigned { user: Address(user), outer: Address(outer) });
    let shared = (integer(), vec(signature, 1..10), of, plain_action()).prop_map(
        |(chain_id, signatures, of, action)| {
            let (chain_id, action) = (ChainId(chain_id), action.into());
            Action::MultiSig(MultiSig { chain_id, signatures, of, action })
        },
    );
    prop_oneof![3 => plain_action(), 1 => shared]
}

fn plain_action() -> impl Strategy<Value = Action> {
    let cancel = (asset(), integer()).prop_map(|(asset, id)| Cancel { asset, order: OrderId(id) });
    let cancels = (vec(cancel, 1..20), any::<Option<bool>>())
        .prop_map(|(cancels, fast)| Action::Cancel(CancelOrders { cancels, fast }));
    let by_cloid = (asset(), cloid()).prop_map(|(asset, cloid)| CancelByCloid { asset, cloid });
    let send = ("0x[0-9a-fA-F]{40}", "\\PC{1,16}", "[0-9]{1,12}(\\.[0-9]{1,7})?", user()).prop_map(
        |(destination, token, amount, user)| {
            Action::SpotSend(SpotSend {
                destination: AddressText::new(&destination).unwrap(),
                token: token.into(),
                amount: Amount::new(&amount).unwrap(),
                user,
            })
        },
    );
    let approve = (any::<[u8; 20]>(), option::of("\\PC{1,20}"), user()).prop_map(|(agent, name, user)| {
        Action::ApproveAgent(ApproveAgent { agent: Address(agent), name: name.map(Into::into), user })
    });
    let scoped =
        (any::<[u8; 20]>(), option::of("\\PC{1,20}"), btree_set(any::<u32>(), 0..17), amounts(), user());
    let scoped = scoped.prop_map(|(agent, name, assets, (order_usd, total_usd), user)| {
        let approval = ApproveAgent { agent: Address(agent), name: name.map(Into::into), user };
        let assets = assets.into_iter().map(AssetId).collect();
        Action::ApproveScopedAgent(ApproveScopedAgent { approval, assets, order_usd, total_usd })
    });
    let leverage = (asset(), any::<bool>(), integer()).prop_map(|(asset, is_cross, leverage)| {
        Action::UpdateLeverage(UpdateLeverage { asset, is_cross, leverage })
    });
    let signed = (any::<i64>(), 0u32..64).prop_map(|(value, shift)| value >> shift);
    let margin = (asset(), any::<bool>(), signed).prop_map(|(asset, is_buy, micros)| {
        Action::UpdateIsolatedMargin(UpdateIsolatedMargin { asset, is_buy, micros })
    });
    let amount = || "[0-9]{1,12}(\\.[0-9]{1,7})?".prop_map(|text| Amount::new(&text).unwrap());
    let class_transfer = (amount(), any::<bool>(), user()).prop_map(|(amount, to_perp, user)| {
        Action::UsdClassTransfer(UsdClassTransfer { amount, to_perp, user })
    });
    let usd_send = ("0x[0-9a-fA-F]{40}", amount(), user()).prop_map(|(destination, amount, user)| {
        let destination = AddressText::new(&destination).unwrap();
        Action::UsdSend(UsdSend { destination, amount, user })
    });
    let cancel_all = option::of(asset()).prop_map(Action::CancelAll);
    let twap = (asset(), any::<bool>(), decimal(), any::<bool>(), integer(), any::<bool>()).prop_map(
        |(asset, is_buy, size, reduce_only, minutes, randomize)| {
            Action::TwapOrder(TwapRequest { asset, is_buy, size, reduce_only, minutes, randomize })
        },
    );
    let twap_cancel =
        (asset(), integer()).prop_map(|(asset, twap)| Action::TwapCancel(TwapCancel { asset, twap }));
    let top_up = (asset(), decimal()).prop_map(|(asset, leverage)| {
        Action::TopUpIsolatedOnlyMargin(TopUpIsolatedOnlyMargin { asset, leverage })
    });
    let approve_builder =
        ("[0-9]{1,3}(\\.[0-9]{1,3})?%", any::<[u8; 20]>(), user()).prop_map(|(rate, builder, user)| {
            let max_fee_rate = FeeRate::new(&rate).unwrap();
            Action::ApproveBuilderFee(ApproveBuilderFee { max_fee_rate, builder: Address(builder), user })
        });
    let timed = prop_oneof![cancel_all, twap, twap_cancel, top_up];
    let create = ("\\PC{0,20}", "\\PC{0,60}", integer(), integer()).prop_map(
        |(name, description, initial_micros, nonce)| {
            let (name, description) = (name.into(), description.into());
            Action::CreateVault(CreateVault { name, description, initial_micros, nonce })
        },
    );
    let vault = || any::<[u8; 20]>().prop_map(Address);
    let vault_transfer = (vault(), any::<bool>(), integer()).prop_map(|(vault, is_deposit, micros)| {
        Action::VaultTransfer(VaultTransfer { vault, is_deposit, micros })
    });
    let vault_modify = (vault(), any::<Option<bool>>(), any::<Option<bool>>()).prop_map(
        |(vault, allow_deposits, always_close)| {
            Action::VaultModify(VaultModify { vault, allow_deposits, always_close })
        },
    );
    let distribute = (vault(), integer())
        .prop_map(|(vault, micros)| Action::VaultDistribute(VaultDistribute { vault, micros }));
    let keys = (vec(any::<[u8; 20]>(), 1..10), any::<u8>()).prop_map(|(users, threshold)| {
        SignersText::of(&Signers { users: users.into_iter().map(Address).collect(), threshold }).unwrap()
    });
    let keys = prop_oneof![keys, Just(SignersText::new("null").unwrap())];
    let convert = (keys, user())
        .prop_map(|(signers, user)| Action::ConvertToMultiSigUser(ConvertToMultiSigUser { signers, user }));
    let referral = prop_oneof![
        "\\PC{1,5}".prop_map(|code| Action::RegisterReferrer(code.into())),
        "[A-Z0-9]{1,20}".prop_map(|code| Action::SetReferrer(code.into())),
        Just(Action::ClaimRewards),
    ];
    let shared = prop_oneof![convert, approve_builder, create, vault_transfer, vault_modify, distribute];
    let invite = (vault(), any::<bool>())
        .prop_map(|(user, is_invited)| Action::TradeGroupInvite(TradeGroupInvite { user, is_invited }));
    let join = option::of(vault()).prop_map(|leader| Action::SetTradeGroup(SetTradeGroup { leader }));
    let shared = prop_oneof![shared, invite, join, referral];
    let perpetual = prop_oneof![leverage, margin, class_transfer, usd_send, timed, shared, sub_accounts()];
    prop_oneof![
        perpetual,
        place(),
        cancels,
        vec(by_cloid, 1..20).prop_map(Action::CancelByCloid),
        modify().prop_map(Action::Modify),
        vec(modify(), 1..20).prop_map(Action::BatchModify),
        option::of(integer()).prop_map(|time| Action::ScheduleCancel(time.map(BlockTime))),
        Just(Action::Noop),
        send,
        prop_oneof![approve, scoped],
    ]
}

/// Limits, or none.
fn amounts() -> impl Strategy<Value = (Option<Amount>, Option<Amount>)> {
    let amount = || option::of("[0-9]{1,12}(\\.[0-9]{1,7})?".prop_map(|text| Amount::new(&text).unwrap()));
    (amount(), amount())
}

/// What masters ask about their sub-accounts.
fn sub_accounts() -> impl Strategy<Value = Action> {
    let address = || any::<[u8; 20]>().prop_map(Address);
    let transfer = (address(), any::<bool>(), integer()).prop_map(|(sub_account, is_deposit, micros)| {
        Action::SubAccountTransfer(SubAccountTransfer { sub_account, is_deposit, micros })
    });
    let amount = "[0-9]{1,12}(\\.[0-9]{1,7})?".prop_map(|text| Amount::new(&text).unwrap());
    let spot = (address(), any::<bool>(), "\\PC{1,16}", amount).prop_map(
        |(sub_account, is_deposit, token, amount)| {
            let token = token.into();
            Action::SubAccountSpotTransfer(SubAccountSpotTransfer { sub_account, is_deposit, token, amount })
        },
    );
    let modify = (address(), "\\PC{1,20}").prop_map(|(sub_account, name)| {
        Action::SubAccountModify(SubAccountModify { sub_account, name: name.into() })
    });
    prop_oneof!["\\PC{1,20}".prop_map(|name| Action::CreateSubAccount(name.into())), transfer, spot, modify]
}

/// The changed bytes are refused, or mean something else and are its one spelling.
fn is_canonical_or_refused(original: &Action, changed: &[u8]) {
    if let Ok(other) = Action::decode(changed) {
        assert_ne!(&other, original, "{changed:x?}");
        assert_eq!(other.encode(), changed, "{other:?}");
    }
}

proptest! {
    #[test]
    fn actions_come_back_from_their_bytes(action in action()) {
        prop_assert_eq!(Action::decode(&action.encode()), Ok(action));
    }

    #[test]
    fn any_one_byte_changed_is_refused_or_another_action(action in action(), flip in 1u8..) {
        let mut bytes = action.encode();
        for at in 0..bytes.len() {
            bytes[at] ^= flip;
            is_canonical_or_refused(&action, &bytes);
            bytes[at] ^= flip;
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic_and_are_canonical_if_accepted(bytes in vec(any::<u8>(), 0..200)) {
        if let Ok(action) = Action::decode(&bytes) {
            prop_assert_eq!(action.encode(), bytes);
        }
    }

    /// Pieces of real actions in any arrangement reach deeper than noise does.
    #[test]
    fn spliced_actions_never_panic_and_are_canonical_if_accepted(
        first in action(), second in action(), cut in any::<[prop::sample::Index; 2]>(), tail in vec(any::<u8>(), 0..4),
    ) {
        let (first, second) = (first.encode(), second.encode());
        let mut bytes = first[..cut[0].index(first.len())].to_vec();
        bytes.extend(tail);
        bytes.extend(&second[cut[1].index(second.len())..]);
        if let Ok(action) = Action::decode(&bytes) {
            prop_assert_eq!(action.encode(), bytes);
        }
    }

    #[test]
    fn arbitrary_transactions_never_panic(bytes in vec(any::<u8>(), 0..300), action in action(), tag in 0u8..2) {
        let network = Network { kind: NetworkKind::Dev, chain_id: ChainId(1), genesis_hash: Hash([0; 32]) };
        let mut framed = action.encode().to_bytes();
        framed.extend([0; 10]);
        framed.push(tag);
        framed.extend(&bytes);
        framed.resize(action.encode().len() + 4 + 10 + if tag == 0 { 66 } else { 97 }, 1);
        for bytes in [&bytes, &framed] {
            if let Ok(signed) = SignedAction::from_bytes(bytes) {
                prop_assert_eq!(&signed.to_bytes(), bytes);
                let _ = signed.check(&network);
            }
        }
    }
}

/// Every byte to every value, of the SDK's own actions.
#[test]
fn every_one_byte_change_of_real_actions_is_refused_or_another_action() {
    let file = include_str!("../../../../../vectors/hyperliquid-signing.txt");
    for digits in file.lines().filter_map(|line| line.strip_prefix("action ")) {
        let digits = digits.trim();
        let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
        let mut bytes: Vec<u8> = (0..digits.len()).step_by(2).map(byte).collect();
        let Ok(action) = Action::decode(&bytes) else { continue };
        for at in 0..bytes.len() {
            let kept = bytes[at];
            for value in (0..=255).filter(|value| *value != kept) {
                bytes[at] = value;
                is_canonical_or_refused(&action, &bytes);
            }
            bytes[at] = kept;
        }
    }
}
