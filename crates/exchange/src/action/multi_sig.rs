//! Accounts of several keys: `convertToMultiSigUser`, and `multiSig` around what they do.
//!
//! Of a `multiSig` the *outer signer* signs the whole, and every co-signer the action within, each for this account and
//! this outer signer. The action within is spelt as elsewhere, but a user-signed one has `type`, `signatureChainId` and
//! `hyperliquidChain` first, as Hyperliquid's clients put it; only one spelling is taken here as well.
//! Source: hyperliquid-python-sdk 0.24, `utils/signing.py`, `sign_multi_sig_*`.

use super::digest::{Source, action_hash, l1_digest};
use super::fields::Fields;
use super::msgpack::{Input, Output};
use super::text::{AddressText, address_to_hex, integer_to_hex};
use super::{
    Action, ActionError, FieldName as F, FieldText, Reason, UserSigned, decode, parts, user_signed_fields,
};
use alloc::{boxed::Box, string::String, vec::Vec};
use tandem_crypto::eip712::StructHasher;
use tandem_crypto::secp256k1;
use tandem_types::{Address, ChainId, Hash};

/// Most keys of an account, and most signatures around one action.
pub const MULTI_SIG_MAX: usize = 10;
/// Longest list of signers: ten addresses with quotes, and room for spaces.
pub const MAX_SIGNERS_BYTES: u32 = 640;

/// Most fields of a user-signed action.
const USER_FIELDS_MAX: u32 = 15;
/// How the bytes of a `multiSig` begin behind the count of fields.
const TYPE_FIELD: &[u8] = b"\xa4type\xa8multiSig";

/// Gives the account to several keys, or back to its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConvertToMultiSigUser {
    /// Which keys.
    pub signers: SignersText,
    /// Network and nonce.
    pub user: UserSigned,
}

/// Which keys, and how many of them must agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signers {
    /// The keys' addresses: 1 to [`MULTI_SIG_MAX`].
    pub users: Vec<Address>,
    /// How many must sign.
    pub threshold: u8,
}

/// Signers as JSON, as it was signed; `null` for none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignersText {
    text: Box<str>,
    signers: Option<Signers>,
}

impl SignersText {
    /// Reads `null`, or an object of `authorizedUsers` and `threshold`.
    ///
    /// # Errors
    /// [`Reason::TextTooLong`], [`Reason::NotSigners`].
    pub fn new(text: &str) -> Result<Self, Reason> {
        if u32::try_from(text.len()).map_or(true, |len| len > MAX_SIGNERS_BYTES) {
            return Err(Reason::TextTooLong { max: MAX_SIGNERS_BYTES });
        }
        let signers =
            if text == "null" { None } else { Some(Json(text).signers().ok_or(Reason::NotSigners)?) };
        Ok(Self { text: text.into(), signers })
    }

    /// The text of these signers, as Python writes it.
    #[must_use]
    pub fn of(signers: &Signers) -> Option<Self> {
        let users: Vec<String> =
            signers.users.iter().map(|user| alloc::format!("\"{}\"", address_to_hex(user))).collect();
        let (users, threshold) = (users.join(", "), signers.threshold);
        let text = alloc::format!("{{\"authorizedUsers\": [{users}], \"threshold\": {threshold}}}");
        Self::new(&text).ok()
    }

    /// As it was signed.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it means; `None` gives the account back to its own key.
    #[must_use]
    pub const fn signers(&self) -> Option<&Signers> {
        self.signers.as_ref()
    }
}

/// What is left to read of a JSON text. Spaces may stand before any token.
struct Json<'a>(&'a str);

impl<'a> Json<'a> {
    fn token(&mut self, token: &str) -> Option<()> {
        self.0 = self.0.trim_start_matches(' ').strip_prefix(token)?;
        Some(())
    }

    fn address(&mut self) -> Option<Address> {
        self.token("\"")?;
        let (text, rest) = self.0.split_once('"')?;
        self.0 = rest;
        AddressText::new(text).map(|text| text.address())
    }

    fn number(&mut self) -> Option<u8> {
        let text = self.0.trim_start_matches(' ');
        let end = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
        let (digits, rest) = text.split_at_checked(end)?;
        self.0 = rest;
        let spelt_once = digits == "0" || !digits.starts_with('0');
        digits.parse().ok().filter(|_| spelt_once)
    }

    fn signers(mut self) -> Option<Signers> {
        self.token("{")?;
        self.token("\"authorizedUsers\"")?;
        self.token(":")?;
        self.token("[")?;
        let mut users = alloc::vec![self.address()?];
        while self.token(",").is_some() {
            users.push(self.address().filter(|_| users.len() < MULTI_SIG_MAX)?);
        }
        self.token("]")?;
        self.token(",")?;
        self.token("\"threshold\"")?;
        self.token(":")?;
        let threshold = self.number()?;
        self.token("}")?;
        self.0.is_empty().then_some(Signers { users, threshold })
    }
}

impl ConvertToMultiSigUser {
    pub(super) fn read(input: &mut Input<'_>) -> Result<Self, ActionError> {
        let names = &[F::Type, F::Signers, F::Nonce, F::SignatureChainId, F::HyperliquidChain];
        let mut fields = Fields::open(input, names)?;
        fields.required(F::Type, parts::skip_type)?;
        let signers =
            fields.required(F::Signers, |input| Ok(SignersText::new(input.text(MAX_SIGNERS_BYTES)?)?))?;
        let nonce = fields.required(F::Nonce, parts::integer)?;
        let user = parts::user_fields(&mut fields, nonce)?;
        fields.close()?;
        Ok(Self { signers, user })
    }

    pub(super) fn write(&self, out: &mut Output) {
        out.open(5, "convertToMultiSigUser");
        out.word("signers", self.signers.text());
        out.number("nonce", self.user.nonce);
        out.user_fields(&self.user);
    }
}

/// For whom, and for whose sending, a co-signer signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CoSigned {
    /// The account of several keys.
    pub user: Address,
    /// Who signs the whole.
    pub outer: Address,
}

/// What an account of several keys does, with the signatures for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MultiSig {
    /// The chain that the outer signer's wallet was told.
    pub chain_id: ChainId,
    /// The co-signers' signatures: 1 to [`MULTI_SIG_MAX`].
    pub signatures: Vec<secp256k1::Signature>,
    /// Who acts, and who sends it.
    pub of: CoSigned,
    /// What is done; not another of these.
    pub action: Box<Action>,
}

impl MultiSig {
    pub(super) fn read(input: &mut Input<'_>) -> Result<Self, ActionError> {
        let names = &[F::Type, F::SignatureChainId, F::Signatures, F::Payload];
        let mut fields = Fields::open(input, names)?;
        fields.required(F::Type, parts::skip_type)?;
        let chain_id = fields.required(F::SignatureChainId, parts::chain_id)?;
        let signatures =
            fields.required(F::Signatures, |input| parts::list_of(input, MULTI_SIG_MAX, signature))?;
        let (of, action) = fields.required(F::Payload, payload)?;
        fields.close()?;
        Ok(Self { chain_id, signatures, of, action: Box::new(action) })
    }

    pub(super) fn write(&self, out: &mut Output) {
        out.open(4, "multiSig");
        out.word("signatureChainId", &integer_to_hex(self.chain_id.0));
        out.list("signatures", &self.signatures, |out, signature| {
            out.map(3);
            out.word("r", &scalar_to_hex(&signature.r));
            out.word("s", &scalar_to_hex(&signature.s));
            out.number("v", u64::from(signature.v()));
        });
        out.text("payload");
        out.map(3);
        out.word("multiSigUser", &address_to_hex(&self.of.user));
        out.word("outerSigner", &address_to_hex(&self.of.outer));
        out.text("action");
        out.raw(&payload_bytes(&self.action));
    }

    /// Whom the bytes of an action name, if they may be a `multiSig`: for less than reading any other action costs.
    pub(crate) fn named_in(bytes: &[u8]) -> Option<CoSigned> {
        bytes.get(1..)?.strip_prefix(TYPE_FIELD)?;
        match Action::decode(bytes) {
            Ok(Action::MultiSig(multi_sig)) => Some(multi_sig.of),
            Ok(_) | Err(_) => None,
        }
    }

    /// What a co-signer signs.
    #[must_use]
    pub fn co_digest(
        &self,
        source: Source,
        nonce: u64,
        vault: Option<&Address>,
        expires_after: Option<u64>,
    ) -> Hash {
        let typed = self.action.typed_digest(Some(&self.of));
        typed.unwrap_or_else(|| l1_digest(source, &self.l1_hash(nonce, vault, expires_after)))
    }

    /// Of an L1 action: the same hash as of the action alone, over a list of three.
    fn l1_hash(&self, nonce: u64, vault: Option<&Address>, expires_after: Option<u64>) -> Hash {
        let mut out = Output::default();
        out.array(3);
        out.text(&address_to_hex(&self.of.user));
        out.text(&address_to_hex(&self.of.outer));
        out.raw(&payload_bytes(&self.action));
        action_hash(&out.into_bytes(), nonce, vault, expires_after)
    }

    /// What the outer signer signs: the hash of the action without its `type`, with all that stands beside it.
    pub(super) fn outer_digest(
        &self,
        chain: super::HyperliquidChain,
        (nonce, vault, expires_after): (u64, Option<&Address>, Option<u64>),
    ) -> Hash {
        let mut whole = Output::default();
        self.write(&mut whole);
        let whole = whole.into_bytes();
        let fields = whole.get(1..).and_then(|rest| rest.strip_prefix(TYPE_FIELD)).unwrap_or_default();
        let mut out = Output::default();
        out.map(3);
        out.raw(fields);
        let hash = action_hash(&out.into_bytes(), nonce, vault, expires_after);
        let encode_type = "HyperliquidTransaction:SendMultiSig(string hyperliquidChain,\
                           bytes32 multiSigActionHash,uint64 nonce)";
        let fields = StructHasher::new(encode_type).string(chain.as_str()).bytes32(&hash).uint(nonce);
        UserSigned { chain_id: self.chain_id, chain, nonce }.digest(fields)
    }
}

fn signature(input: &mut Input<'_>) -> Result<secp256k1::Signature, ActionError> {
    let mut fields = Fields::open(input, &[F::R, F::S, F::V])?;
    let r = fields.required(F::R, scalar)?;
    let s = fields.required(F::S, scalar)?;
    let v = fields.required(F::V, parts::integer)?;
    fields.close()?;
    let v = u8::try_from(v).ok().and_then(|v| secp256k1::Signature::from_rsv(r, s, v));
    v.ok_or_else(|| Reason::NotHex.into())
}

/// A number of 256 bits as `0x` and its lower-case digits without leading zeros.
fn scalar(input: &mut Input<'_>) -> Result<[u8; 32], ActionError> {
    const SCALAR_BYTES_MAX: u32 = 66;
    let text = input.text(SCALAR_BYTES_MAX)?;
    let digits = text.strip_prefix("0x").ok_or(Reason::NotHex)?;
    let padded = alloc::format!("0x{digits:0>64}");
    let scalar = super::text::from_lower_hex(&padded)?;
    if scalar_to_hex(&scalar) == text { Ok(scalar) } else { Err(Reason::NotHex.into()) }
}

fn scalar_to_hex(scalar: &[u8; 32]) -> String {
    let digits: String = scalar.iter().map(|byte| alloc::format!("{byte:02x}")).collect();
    let digits = digits.trim_start_matches('0');
    alloc::format!("0x{}", if digits.is_empty() { "0" } else { digits })
}

fn payload(input: &mut Input<'_>) -> Result<(CoSigned, Action), ActionError> {
    let mut fields = Fields::open(input, &[F::MultiSigUser, F::OuterSigner, F::Action])?;
    let user = fields.required(F::MultiSigUser, parts::address)?;
    let outer = fields.required(F::OuterSigner, parts::address)?;
    let action = fields.required(F::Action, payload_action)?;
    fields.close()?;
    Ok((CoSigned { user, outer }, action))
}

fn payload_action(input: &mut Input<'_>) -> Result<Action, ActionError> {
    let kind = decode::find_type(*input)?;
    if kind == "multiSig" {
        return Err(parts::field(F::Type, Reason::UnknownWord(FieldText::new(kind))));
    }
    let Some(table) = user_signed_fields(kind) else { return decode::action(input) };
    let fields = flat_fields(input)?;
    let place = |name: &str| payload_order(table).position(|other| other == name);
    let places: Option<Vec<usize>> = fields.iter().map(|(name, _)| place(name)).collect();
    if !places.is_some_and(|places| places.is_sorted_by(|a, b| a < b)) {
        return Err(Reason::OutOfOrder { expected: None }.into());
    }
    let canonical = table.iter().map(|field| field.name);
    Action::decode(&assembled(canonical, &fields))
}

/// The order of a user-signed action's fields within a payload.
fn payload_order(table: &'static [super::UserField]) -> impl Iterator<Item = &'static str> {
    const FIRST: [&str; 3] = ["type", "signatureChainId", "hyperliquidChain"];
    let others = table.iter().map(|field| field.name).filter(|name| !FIRST.contains(name));
    FIRST.into_iter().chain(others)
}

/// The bytes of an action as a payload has it.
fn payload_bytes(action: &Action) -> Vec<u8> {
    let bytes = action.encode();
    let mut input = Input::new(&bytes);
    let table = decode::find_type(input).ok().and_then(user_signed_fields);
    match (table, flat_fields(&mut input)) {
        (Some(table), Ok(fields)) => assembled(payload_order(table), &fields),
        _ => bytes,
    }
}

/// A field's name, and the bytes of its name and its value.
type FlatField<'a> = (&'a str, [&'a [u8]; 2]);

/// The fields of a map of texts, numbers and flags.
fn flat_fields<'a>(input: &mut Input<'a>) -> Result<Vec<FlatField<'a>>, ActionError> {
    let count = input.map()?;
    if count > USER_FIELDS_MAX {
        return Err(Reason::TooMany { count, max: USER_FIELDS_MAX }.into());
    }
    let mut fields = Vec::new();
    for _ in 0..count {
        let mut name = *input;
        let key = input.flat()?;
        fields.push((name.text(parts::WORD_BYTES_MAX)?, [key, input.flat()?]));
    }
    Ok(fields)
}

fn assembled<'n>(order: impl Iterator<Item = &'n str>, fields: &[(&str, [&[u8]; 2])]) -> Vec<u8> {
    let mut out = Output::default();
    out.map(fields.len());
    for name in order {
        if let Some((_, parts)) = fields.iter().find(|(other, _)| *other == name) {
            parts.iter().for_each(|part| out.raw(part));
        }
    }
    out.into_bytes()
}
