//! Wire formats: round trips, and damaged bytes.

use super::Wire;
use super::sync::{claim, claimed};
use crate::engine::context::{Context, Height, Proposal, Value, Vote};
use crate::engine::parts::{Part, PartsHeader, sign, split};
use crate::{Domain, PART_BYTES, PrivateKey, ROUND_MAX, Signature, ValidatorAddress};
use arc_malachitebft_app_channel::app::consensus::{LivenessMsg, ProposedValue, SignedConsensusMsg};
use arc_malachitebft_app_channel::app::streaming::{StreamContent, StreamId, StreamMessage};
use arc_malachitebft_app_channel::app::types::PeerId;
use arc_malachitebft_app_channel::app::types::codec::{Codec, HasEncodedLen};
use arc_malachitebft_app_channel::app::types::core::{
    ExtendedCommitCertificate, ExtendedCommitSignature, NilOrVal, PolkaCertificate, PolkaSignature, Round,
    RoundCertificate, RoundCertificateType, RoundSignature, SignedMessage, ValidatorProof, Validity,
    VoteType,
};
use arc_malachitebft_app_channel::app::types::sync::{RawDecidedValue, Request, Response, Status};
use arc_malachitebft_sync::{ValueRequest, ValueResponse};
use bytes::Bytes;
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use std::fmt::Debug;
use tandem_types::{BlockId, ChainId, Hash};

fn height() -> impl Strategy<Value = Height> {
    any::<u64>().prop_map(Height)
}

fn round() -> impl Strategy<Value = Round> {
    (0..=ROUND_MAX).prop_map(Round::new)
}

fn maybe_round() -> impl Strategy<Value = Round> {
    option::of(0..=ROUND_MAX).prop_map(Round::from)
}

fn address() -> impl Strategy<Value = ValidatorAddress> {
    any::<[u8; 20]>().prop_map(ValidatorAddress)
}

fn block() -> impl Strategy<Value = BlockId> {
    any::<[u8; 32]>().prop_map(BlockId)
}

fn signature() -> impl Strategy<Value = Signature> {
    any::<([u8; 32], [u8; 32])>().prop_map(|(r, s)| {
        let mut bytes = [0; 64];
        bytes[..32].copy_from_slice(&r);
        bytes[32..].copy_from_slice(&s);
        Signature(bytes)
    })
}

fn peer() -> impl Strategy<Value = PeerId> {
    // The multihash of an ed25519 key: identity code, length, key.
    any::<[u8; 32]>().prop_map(|key| {
        let bytes = [&[0, 36, 8, 1, 18, 32], key.as_slice()].concat();
        PeerId::from_bytes(&bytes).unwrap()
    })
}

fn nil_or_block() -> impl Strategy<Value = NilOrVal<BlockId>> {
    option::of(block()).prop_map(|block| block.map_or(NilOrVal::Nil, NilOrVal::Val))
}

fn kind() -> impl Strategy<Value = VoteType> {
    any::<bool>().prop_map(|first| if first { VoteType::Prevote } else { VoteType::Precommit })
}

fn extension() -> impl Strategy<Value = Option<SignedMessage<Context, Vec<u8>>>> {
    option::of(
        (vec(any::<u8>(), 0..40), signature())
            .prop_map(|(bytes, signature)| SignedMessage::new(bytes, signature)),
    )
}

fn vote() -> impl Strategy<Value = SignedMessage<Context, Vote>> {
    let fields = (kind(), height(), round(), nil_or_block(), address(), extension());
    (fields, signature()).prop_map(|((kind, height, round, block, validator, extension), signature)| {
        SignedMessage::new(Vote { kind, height, round, block, validator, extension }, signature)
    })
}

fn proposal() -> impl Strategy<Value = SignedMessage<Context, Proposal>> {
    let fields = (height(), round(), block(), maybe_round(), address());
    (fields, signature()).prop_map(|((height, round, block, valid_round, proposer), signature)| {
        SignedMessage::new(Proposal { height, round, value: Value(block), valid_round, proposer }, signature)
    })
}

fn consensus() -> impl Strategy<Value = SignedConsensusMsg<Context>> {
    prop_oneof![vote().prop_map(SignedConsensusMsg::Vote), proposal().prop_map(SignedConsensusMsg::Proposal)]
}

fn polka() -> impl Strategy<Value = PolkaCertificate<Context>> {
    let signature =
        (address(), signature()).prop_map(|(address, signature)| PolkaSignature { address, signature });
    (height(), round(), block(), vec(signature, 0..4)).prop_map(
        |(height, round, value_id, polka_signatures)| PolkaCertificate {
            height,
            round,
            value_id,
            polka_signatures,
        },
    )
}

fn round_certificate() -> impl Strategy<Value = RoundCertificate<Context>> {
    let signature = (kind(), nil_or_block(), address(), signature()).prop_map(
        |(vote_type, value_id, address, signature)| RoundSignature {
            vote_type,
            value_id,
            address,
            signature,
        },
    );
    (height(), round(), any::<bool>(), vec(signature, 0..4)).prop_map(
        |(height, round, skip, round_signatures)| {
            let cert_type = if skip { RoundCertificateType::Skip } else { RoundCertificateType::Precommit };
            RoundCertificate { height, round, cert_type, round_signatures }
        },
    )
}

fn liveness() -> impl Strategy<Value = LivenessMsg<Context>> {
    prop_oneof![
        vote().prop_map(LivenessMsg::Vote),
        polka().prop_map(LivenessMsg::PolkaCertificate),
        round_certificate().prop_map(LivenessMsg::SkipRoundCertificate),
    ]
}

fn proposed_value() -> impl Strategy<Value = ProposedValue<Context>> {
    (height(), round(), maybe_round(), address(), block(), any::<bool>()).prop_map(
        |(height, round, valid_round, proposer, block, valid)| ProposedValue {
            height,
            round,
            valid_round,
            proposer,
            value: Value(block),
            validity: Validity::from_bool(valid),
        },
    )
}

fn commit() -> impl Strategy<Value = ExtendedCommitCertificate<Context>> {
    let signatures = btree_map(address(), (signature(), extension()), 0..4);
    (height(), round(), block(), signatures).prop_map(|(height, round, value_id, signatures)| {
        let signature =
            |(address, (signature, extension))| ExtendedCommitSignature { address, signature, extension };
        let commit_signatures = signatures.into_iter().map(signature).collect();
        ExtendedCommitCertificate { height, round, value_id, commit_signatures }
    })
}

fn decided() -> impl Strategy<Value = RawDecidedValue<Context>> {
    (commit(), vec(any::<u8>(), 0..50))
        .prop_map(|(commit, bytes)| RawDecidedValue::new(claim(commit.value_id, &bytes), commit))
}

fn part() -> impl Strategy<Value = Part> {
    let domain = Domain { chain: ChainId(1), genesis: Hash([1; 32]) };
    let lengths = prop_oneof![1..200usize, PART_BYTES - 1..PART_BYTES + 2];
    (1..=ROUND_MAX, option::of(any::<()>()), lengths, any::<prop::sample::Index>()).prop_map(
        move |(round, again, len, index)| {
            let header = PartsHeader {
                height: tandem_types::Height(u64::from(round)),
                round: tandem_types::Round(round),
                valid_round: again.map(|()| tandem_types::Round(round - 1)),
                proposer: ValidatorAddress([2; 20]),
                block: BlockId([3; 32]),
                len: u32::try_from(len).unwrap(),
                hashes: Vec::new(),
            };
            let bytes = Bytes::from(vec![5; len]);
            let parts: Vec<_> =
                split(&sign(&domain, &PrivateKey::from_seed([4; 32]), header, &bytes), &bytes).collect();
            index.get(&parts).clone()
        },
    )
}

fn stream() -> impl Strategy<Value = StreamMessage<Part>> {
    let content = prop_oneof![Just(StreamContent::Fin), part().prop_map(StreamContent::Data)];
    (vec(any::<u8>(), 0..=32), any::<u64>(), content)
        .prop_map(|(id, sequence, content)| StreamMessage::new(StreamId::new(id.into()), sequence, content))
}

fn proof() -> impl Strategy<Value = ValidatorProof<Context>> {
    (vec(any::<u8>(), 0..=32), vec(any::<u8>(), 0..=68), signature())
        .prop_map(|(key, peer, signature)| ValidatorProof::new(key, peer, signature))
}

fn status() -> impl Strategy<Value = Status<Context>> {
    (peer(), height(), height()).prop_map(|(peer_id, tip_height, history_min_height)| Status {
        peer_id,
        tip_height,
        history_min_height,
    })
}

fn request() -> impl Strategy<Value = Request<Context>> {
    (any::<u64>(), any::<u64>())
        .prop_map(|(a, b)| Request::ValueRequest(ValueRequest::new(Height(a.min(b))..=Height(a.max(b)))))
}

fn response() -> impl Strategy<Value = Response<Context>> {
    (height(), vec(decided(), 0..3))
        .prop_map(|(start, values)| Response::ValueResponse(ValueResponse::new(start, values)))
}

/// What comes back is what went out; any other bytes that decode are their value's only spelling.
fn check<T>(value: &T, damage: &[(prop::sample::Index, u8)], garbage: &[u8]) -> Result<(), TestCaseError>
where
    Wire: Codec<T, Error: Debug>,
    T: PartialEq + Debug,
{
    let bytes = Wire.encode(value).unwrap();
    prop_assert_eq!(&Wire.decode(bytes.clone()).unwrap(), value);
    let mut damaged = bytes.to_vec();
    for (at, with) in damage {
        damaged[at.index(bytes.len())] = *with;
    }
    let cut = bytes.slice(..bytes.len() - 1);
    for bytes in [damaged.into(), cut, [&bytes, garbage].concat().into(), Bytes::copy_from_slice(garbage)] {
        if let Ok(value) = Wire.decode(bytes.clone()) {
            prop_assert_eq!(Wire.encode(&value).unwrap(), bytes);
        }
    }
    Ok(())
}

macro_rules! properties {
    ($($name:ident: $strategy:expr;)*) => {
        proptest! {
            #![proptest_config(ProptestConfig::with_cases(128))]
            $(
                #[test]
                fn $name(
                    value in $strategy,
                    damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
                    garbage in vec(any::<u8>(), 1..80),
                ) {
                    check(&value, &damage, &garbage)?;
                }
            )*
        }
    };
}
properties! {
    consensus_messages_have_one_spelling: consensus();
    liveness_messages_have_one_spelling: liveness();
    proposed_values_have_one_spelling: proposed_value();
    polka_certificates_have_one_spelling: polka();
    parts_have_one_spelling: part();
    streams_have_one_spelling: stream();
    validator_proofs_have_one_spelling: proof();
    statuses_have_one_spelling: status();
    requests_have_one_spelling: request();
    responses_have_one_spelling: response();
}

proptest! {
    #[test]
    fn lengths_are_known_without_encoding_twice(response in response()) {
        prop_assert_eq!(Wire.encoded_len(&response).unwrap(), Wire.encode(&response).unwrap().len());
    }
}

#[test]
fn rounds_that_the_engine_could_not_add_to_are_refused() {
    let proposal = |round| Proposal {
        height: Height(1),
        round,
        value: Value(BlockId([1; 32])),
        valid_round: Round::Nil,
        proposer: ValidatorAddress([2; 20]),
    };
    for (round, taken) in
        [(Round::new(ROUND_MAX), true), (Round::new(ROUND_MAX + 1), false), (Round::Nil, false)]
    {
        let message = SignedConsensusMsg::Proposal(SignedMessage::new(proposal(round), Signature([3; 64])));
        let decoded: Result<SignedConsensusMsg<Context>, _> = Wire.decode(Wire.encode(&message).unwrap());
        assert_eq!(decoded.is_ok(), taken, "{round}");
    }
}

#[test]
fn a_synced_block_claims_the_id_that_its_certificate_has() {
    let certificate = |id| ExtendedCommitCertificate {
        height: Height(1),
        round: Round::new(0),
        value_id: id,
        commit_signatures: Vec::new(),
    };
    let value = claim(BlockId([1; 32]), b"block");
    assert_eq!(claimed(&value), Some((BlockId([1; 32]), Bytes::from_static(b"block"))));
    for (id, taken) in [(BlockId([1; 32]), true), (BlockId([2; 32]), false)] {
        let response =
            ValueResponse::new(Height(1), vec![RawDecidedValue::new(value.clone(), certificate(id))]);
        let bytes = Wire.encode(&Response::ValueResponse(response)).unwrap();
        let decoded: Result<Response<Context>, _> = Wire.decode(bytes);
        assert_eq!(decoded.is_ok(), taken);
    }
}
