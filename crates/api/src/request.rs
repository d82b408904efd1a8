//! `/exchange` requests: JSON in, a signed action out.
//!
//! The body is read once; the action turns to msgpack as it is read. A user-signed action's signature covers its
//! fields' values, not their order, so its fields are put into the one order that the rules take.

use crate::error::ApiError;
use crate::hex;
use crate::transcode::{Name, Pack, Packer};
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use tandem_crypto::{ed25519, secp256k1};
use tandem_exchange::action::{Action, Signature, SignedAction, UserSpelling, user_signed_fields};
use tandem_types::Address;

/// A request to act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExchangeRequest {
    /// The action with its signature.
    pub signed: SignedAction,
    /// The action's `type`.
    pub kind: Kind,
}

/// What the shape of an answer depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Orders, or several modifications: a status each.
    Orders,
    /// Cancels: a word each.
    Cancels,
    /// One modification.
    Modify,
    /// A TWAP order, or the end of one: one status.
    Twap(&'static str),
    /// An account that is made: its address.
    Made(&'static str),
    /// Everything else.
    Other,
}

impl Kind {
    fn of(action_type: &[u8]) -> Self {
        match action_type {
            b"order" | b"batchModify" => Self::Orders,
            b"cancel" | b"cancelByCloid" => Self::Cancels,
            b"modify" => Self::Modify,
            b"twapOrder" => Self::Twap("twapOrder"),
            b"twapCancel" => Self::Twap("twapCancel"),
            b"createSubAccount" => Self::Made("createSubAccount"),
            b"createVault" => Self::Made("createVault"),
            _ => Self::Other,
        }
    }
}

impl Kind {
    /// Of what an account of several keys does.
    fn within(action: &[u8]) -> Self {
        let Ok(Action::MultiSig(multi_sig)) = Action::decode(action) else { return Self::Other };
        match *multi_sig.action {
            Action::Order(_) | Action::BatchModify(_) => Self::Orders,
            Action::Cancel(_) | Action::CancelByCloid(_) => Self::Cancels,
            Action::Modify(_) => Self::Modify,
            Action::TwapOrder(_) => Self::Twap("twapOrder"),
            Action::TwapCancel(_) => Self::Twap("twapCancel"),
            Action::CreateSubAccount(_) => Self::Made("createSubAccount"),
            Action::CreateVault(_) => Self::Made("createVault"),
            _ => Self::Other,
        }
    }
}

impl ExchangeRequest {
    /// Reads a request.
    ///
    /// # Errors
    /// [`ApiError`] with the field or the position.
    pub fn parse(body: &[u8]) -> Result<Self, ApiError> {
        let mut reader = Reader::default();
        let mut deserializer = serde_json::Deserializer::from_slice(body);
        let parsed =
            ReadRequest(&mut reader).deserialize(&mut deserializer).and_then(|()| deserializer.end());
        match parsed {
            Ok(()) => reader.finish(),
            Err(error) if error.is_data() => {
                let field = if reader.packer.path.is_empty() { "request" } else { &reader.packer.path };
                Err(ApiError::field("invalid_field", field, &error.to_string()))
            }
            Err(error) => {
                let field = Some(reader.packer.path).filter(|path| !path.is_empty());
                Err(ApiError { field, ..ApiError::syntax(&error) })
            }
        }
    }
}

/// What has been read so far.
#[derive(Debug, Default)]
struct Reader {
    packer: Packer,
    /// The fields of the action in the order received, within the packer's output.
    fields: Vec<ActionField>,
    has_action: bool,
    nonce: Option<u64>,
    signature: Option<Signature>,
    vault_address: Option<Address>,
    expires_after: Option<u64>,
}

#[derive(Debug)]
struct ActionField {
    name: Range<usize>,
    value: Range<usize>,
}

impl Reader {
    fn finish(self) -> Result<ExchangeRequest, ApiError> {
        let missing = |field| ApiError::field("missing_field", field, "is missing");
        if !self.has_action {
            return Err(missing("action"));
        }
        let nonce = self.nonce.ok_or_else(|| missing("nonce"))?;
        let signature = self.signature.ok_or_else(|| missing("signature"))?;
        let action_type = self.action_type();
        let is_multi_sig = action_type == b"multiSig";
        let kind = Kind::of(action_type);
        let order = std::str::from_utf8(action_type).ok().and_then(user_signed_fields);
        let action = match order {
            Some(order) => self.respelt(order),
            None => self.packer.out,
        };
        let kind = if is_multi_sig { Kind::within(&action) } else { kind };
        let (vault_address, expires_after) = (self.vault_address, self.expires_after);
        let signed = SignedAction { action, nonce, vault_address, expires_after, signature };
        Ok(ExchangeRequest { signed, kind })
    }

    /// The text of `type`, which is short; empty if there is none.
    fn action_type(&self) -> &[u8] {
        let out = &self.packer.out;
        let field = self.fields.iter().find(|field| out.get(field.name.clone()) == Some(b"\xa4type"));
        match field.and_then(|field| out.get(field.value.clone())) {
            Some([head @ 0xa0..=0xbf, text @ ..]) if usize::from(head & 0x1f) == text.len() => text,
            _ => &[],
        }
    }

    /// The action with its fields in the rules' order; fields that the rules don't know follow, for them to refuse.
    fn respelt(&self, order: &[tandem_exchange::action::UserField]) -> Vec<u8> {
        let out = &self.packer.out;
        let part = |range: &Range<usize>| out.get(range.clone()).unwrap_or_default();
        let mut left: Vec<&ActionField> = self.fields.iter().collect();
        let (mut body, mut count) = (Vec::with_capacity(out.len()), 0u8);
        for field in order {
            let mut name = Packer::default();
            name.text(field.name);
            let Some(at) = left.iter().position(|found| part(&found.name) == name.out) else { continue };
            let found = left.remove(at);
            let value = part(&found.value);
            let absent = value == [0xa0] || value == [0xc0];
            let value = match field.spelling {
                UserSpelling::AbsentIfEmpty if absent => continue,
                UserSpelling::Verbatim | UserSpelling::AbsentIfEmpty => Cow::Borrowed(value),
                UserSpelling::LowerCase => Cow::Owned(lower_case(value)),
            };
            body.extend_from_slice(part(&found.name));
            body.extend_from_slice(&value);
            count = count.saturating_add(1);
        }
        for found in left.iter().take(usize::from(FIELDS_MAX - count.min(FIELDS_MAX))) {
            body.extend_from_slice(part(&found.name));
            body.extend_from_slice(part(&found.value));
            count = count.saturating_add(1);
        }
        body.insert(0, 0x80 | count);
        body
    }
}

/// Most fields that a msgpack map of one byte's head has; user-signed actions have seven.
const FIELDS_MAX: u8 = 15;

/// A msgpack text with its letters in lower case; other values as they are.
fn lower_case(value: &[u8]) -> Vec<u8> {
    let mut value = value.to_vec();
    let head = match value.first() {
        Some(0xa0..=0xbf) => 1,
        Some(0xd9) => 2,
        _ => value.len(),
    };
    value.iter_mut().skip(head).for_each(|byte| byte.make_ascii_lowercase());
    value
}

struct ReadRequest<'r>(&'r mut Reader);

impl<'de> DeserializeSeed<'de> for ReadRequest<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for ReadRequest<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with action, nonce and signature")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let reader = self.0;
        while let Some(name) = map.next_key::<Name<'de>>()? {
            if let Err(error) = read_field(reader, name.as_str(), &mut map) {
                let path = std::mem::take(&mut reader.packer.path);
                let dot = if path.is_empty() { "" } else { "." };
                reader.packer.path = format!("{}{dot}{path}", name.as_str());
                return Err(error);
            }
        }
        Ok(())
    }
}

fn read_field<'de, A: MapAccess<'de>>(reader: &mut Reader, name: &str, map: &mut A) -> Result<(), A::Error> {
    match name {
        "action" => {
            once::<A>(!reader.has_action)?;
            reader.has_action = true;
            map.next_value_seed(ReadAction(reader))
        }
        "nonce" => {
            once::<A>(reader.nonce.is_none())?;
            reader.nonce = Some(map.next_value()?);
            Ok(())
        }
        "signature" => {
            once::<A>(reader.signature.is_none())?;
            let wire: WireSignature<'de> = map.next_value()?;
            reader.signature = Some(wire.signature().map_err(A::Error::custom)?);
            Ok(())
        }
        "vaultAddress" => {
            once::<A>(reader.vault_address.is_none())?;
            let text: Option<Cow<'de, str>> = map.next_value()?;
            let address = text.as_deref().map(|text| {
                hex::exact(text).map(Address).ok_or_else(|| A::Error::custom("must be 0x and 40 hex digits"))
            });
            reader.vault_address = address.transpose()?;
            Ok(())
        }
        "expiresAfter" => {
            once::<A>(reader.expires_after.is_none())?;
            reader.expires_after = map.next_value()?;
            Ok(())
        }
        _ => map.next_value::<IgnoredAny>().map(|_| ()),
    }
}

fn once<'de, A: MapAccess<'de>>(first: bool) -> Result<(), A::Error> {
    if first { Ok(()) } else { Err(A::Error::custom("appears twice")) }
}

struct ReadAction<'r>(&'r mut Reader);

impl<'de> DeserializeSeed<'de> for ReadAction<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for ReadAction<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an action: an object with a type")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Reader { packer, fields, .. } = self.0;
        let start = packer.open();
        while let Some(name) = map.next_key::<Name<'de>>()? {
            let name_start = packer.out.len();
            packer.text(name.as_str());
            let value_start = packer.out.len();
            let seed: Pack<'_> = packer.seed();
            if let Err(error) = map.next_value_seed(seed) {
                packer.at_field(name.as_str());
                return Err(error);
            }
            let (name, value) = (name_start..value_start, value_start..packer.out.len());
            fields.push(ActionField { name, value });
        }
        packer.close(start, fields.len(), 0x80, 0xde);
        Ok(())
    }
}

/// A signature of either scheme as JSON.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireSignature<'a> {
    #[serde(borrow, default)]
    r: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    s: Option<Cow<'a, str>>,
    #[serde(default)]
    v: Option<u8>,
    #[serde(borrow, default)]
    public_key: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    sig: Option<Cow<'a, str>>,
}

impl WireSignature<'_> {
    fn signature(&self) -> Result<Signature, &'static str> {
        if let (Some(public_key), Some(sig)) = (&self.public_key, &self.sig) {
            let public_key = hex::exact(public_key).ok_or("publicKey must be 0x and 64 hex digits")?;
            let signature = hex::exact(sig).ok_or("sig must be 0x and 128 hex digits")?;
            let (public_key, signature) = (ed25519::PublicKey(public_key), ed25519::Signature(signature));
            return Ok(Signature::Ed25519 { public_key, signature });
        }
        let (Some(r), Some(s), Some(v)) = (&self.r, &self.s, self.v) else {
            return Err("must have r, s and v, or publicKey and sig for ed25519");
        };
        let r = hex::padded(r).ok_or("r must be 0x and up to 64 hex digits")?;
        let s = hex::padded(s).ok_or("s must be 0x and up to 64 hex digits")?;
        // Some wallets write the recovery id itself.
        let v = if v < 2 { v + 27 } else { v };
        secp256k1::Signature::from_rsv(r, s, v).map(Signature::Secp256k1).ok_or("v must be 27 or 28")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SIGNATURE: &str = r#"{"r":"0x1","s":"0x2","v":27}"#;

    fn request(action: &str) -> Result<ExchangeRequest, ApiError> {
        ExchangeRequest::parse(
            format!(r#"{{"action":{action},"nonce":5,"signature":{SIGNATURE}}}"#).as_bytes(),
        )
    }

    #[test]
    fn errors_name_the_field_or_the_position() {
        let rows = [
            ("", "malformed_json", None),
            ("{", "malformed_json", None),
            ("[]", "invalid_field", Some("request")),
            ("{}", "missing_field", Some("action")),
            (r#"{"action":{"type":"noop"}}"#, "missing_field", Some("nonce")),
            (r#"{"action":{"type":"noop"},"nonce":1}"#, "missing_field", Some("signature")),
            (r#"{"action":{"type":"noop"},"nonce":-1}"#, "invalid_field", Some("nonce")),
            (r#"{"action":{"type":"noop"},"nonce":1,"nonce":1}"#, "invalid_field", Some("nonce")),
            (r#"{"action":[],"nonce":1}"#, "invalid_field", Some("action")),
            (r#"{"action":{"a":[{"p":1.5}]},"nonce":1}"#, "invalid_field", Some("action.a[0].p")),
            (r#"{"action":{"a":[1,{"b":[2,3.0]}]}}"#, "invalid_field", Some("action.a[1].b[1]")),
            (r#"{"action":{"a":18446744073709551616}}"#, "invalid_field", Some("action.a")),
            (r#"{"action":{"a":tru}}"#, "malformed_json", Some("action.a")),
            (r#"{"signature":{"r":"0x1"}}"#, "invalid_field", Some("signature")),
            (r#"{"signature":{"r":"0x1","s":"0x1","v":29}}"#, "invalid_field", Some("signature")),
            (r#"{"vaultAddress":"0x12"}"#, "invalid_field", Some("vaultAddress")),
            (r#"{"expiresAfter":"1"}"#, "invalid_field", Some("expiresAfter")),
        ];
        for (body, code, field) in rows {
            let error = ExchangeRequest::parse(body.as_bytes()).unwrap_err();
            assert_eq!((error.code, error.field.as_deref()), (code, field), "{body}: {error:?}");
            assert!(error.status.is_client_error());
        }
    }

    #[test]
    fn what_may_be_absent_may_be_null() {
        let body = format!(
            r#"{{"action":{{"type":"noop"}},"nonce":5,"signature":{SIGNATURE},"vaultAddress":null,"expiresAfter":null,"more":1.5}}"#
        );
        let request = ExchangeRequest::parse(body.as_bytes()).unwrap();
        assert_eq!(request.kind, Kind::Other);
        assert_eq!(Action::decode(&request.signed.action), Ok(Action::Noop));
        assert_eq!((request.signed.vault_address, request.signed.expires_after), (None, None));
    }

    #[test]
    fn user_signed_actions_may_come_in_any_order_and_l1_actions_may_not() {
        let approve = r#"{"agentName":"","nonce":5,"agentAddress":"0xABcdef0000000000000000000000000000000000",
            "hyperliquidChain":"Testnet","signatureChainId":"0x66EEE","type":"approveAgent"}"#;
        let request = request(approve).unwrap();
        let Ok(Action::ApproveAgent(action)) = Action::decode(&request.signed.action) else {
            panic!("{:?}", Action::decode(&request.signed.action))
        };
        assert_eq!((action.name, action.user.nonce, action.user.chain_id.0), (None, 5, 0x66eee));
        assert_eq!(action.agent.0[..3], [0xab, 0xcd, 0xef]);
        let cancel = super::tests::request(r#"{"cancels":[{"a":1,"o":2}],"type":"cancel"}"#).unwrap();
        assert_eq!(cancel.kind, Kind::Cancels);
        assert!(Action::decode(&cancel.signed.action).is_err());
    }

    #[test]
    fn unknown_and_doubled_fields_reach_the_rules() {
        let twice = r#"{"type":"approveAgent","type":"approveAgent","agentAddress":"0xabcdef0000000000000000000000000000000000",
            "nonce":5,"signatureChainId":"0x1","hyperliquidChain":"Testnet"}"#;
        let error = Action::decode(&request(twice).unwrap().signed.action).unwrap_err();
        assert!(error.to_string().contains("type"), "{error}");
    }

    #[test]
    fn ed25519_signatures_are_told_by_their_fields() {
        let (key, sig) = ("11".repeat(32), "22".repeat(64));
        let body = format!(
            r#"{{"action":{{"type":"noop"}},"nonce":5,"signature":{{"publicKey":"0x{key}","sig":"0x{sig}"}}}}"#
        );
        let expected = Signature::Ed25519 {
            public_key: ed25519::PublicKey([0x11; 32]),
            signature: ed25519::Signature([0x22; 64]),
        };
        assert_eq!(ExchangeRequest::parse(body.as_bytes()).unwrap().signed.signature, expected);
    }

    proptest! {
        #[test]
        fn no_body_panics(noise in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = ExchangeRequest::parse(&noise);
        }

        #[test]
        fn no_mutation_of_a_request_panics(at in 0usize..200, byte: u8) {
            let mut body = format!(
                r#"{{"action":{{"type":"order","orders":[{{"a":10000,"b":true,"p":"1","s":"1","r":false,"t":{{"limit":{{"tif":"Gtc"}}}}}}],"grouping":"na"}},"nonce":5,"signature":{SIGNATURE}}}"#
            ).into_bytes();
            let at = at % body.len();
            body[at] = byte;
            if let Ok(request) = ExchangeRequest::parse(&body) {
                let _ = Action::decode(&request.signed.action);
            }
        }
    }
}
