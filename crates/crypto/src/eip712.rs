//! EIP-712: hashing of typed structured data, as wallets sign it.
//!
//! Only flat structs of the types below occur in the schemes that we accept, so no recursion and no dynamic type
//! description is needed: the caller gives the type string and then each field in its order.
//! Source: EIP-712, "Definition of hashStruct" and "Definition of domainSeparator".

use crate::{Keccak256, keccak256};
use tandem_types::{Address, ChainId, Hash};

/// The four-field domain that the accepted schemes use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Domain<'a> {
    /// The signing application.
    pub name: &'a str,
    /// Its version.
    pub version: &'a str,
    /// The chain that the wallet was told.
    pub chain_id: ChainId,
    /// The contract that verifies; zero where no contract does.
    pub verifying_contract: Address,
}

const DOMAIN_TYPE: &str =
    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)";

impl Domain<'_> {
    /// The domain separator: the hash of the domain as a struct.
    #[must_use]
    pub fn separator(&self) -> Hash {
        StructHasher::new(DOMAIN_TYPE)
            .string(self.name)
            .string(self.version)
            .uint(self.chain_id.0)
            .address(&self.verifying_contract)
            .finish()
    }
}

/// Hashes one struct: its type string, then its fields in the order in which the type lists them.
#[derive(Clone, Debug)]
pub struct StructHasher(Keccak256);

impl StructHasher {
    /// Starts a struct of the type that `encode_type` spells, such as `Agent(string source,bytes32 connectionId)`.
    #[must_use]
    pub fn new(encode_type: &str) -> Self {
        Self::with_type_hash(&keccak256(encode_type.as_bytes()))
    }

    /// As [`StructHasher::new`], with the Keccak hash of the type string at hand.
    #[must_use]
    pub fn with_type_hash(type_hash: &Hash) -> Self {
        Self(Keccak256::new().chain(&type_hash.0))
    }

    /// Appends a `string`: its hash.
    #[must_use]
    pub fn string(self, value: &str) -> Self {
        self.bytes32(&keccak256(value.as_bytes()))
    }

    /// Appends a `bytes32`.
    #[must_use]
    pub fn bytes32(self, value: &Hash) -> Self {
        Self(self.0.chain(&value.0))
    }

    /// Appends a `uint64` or `uint256`, big-endian in 32 bytes.
    #[must_use]
    pub fn uint(self, value: u64) -> Self {
        Self(self.0.chain(&[0; 24]).chain(&value.to_be_bytes()))
    }

    /// Appends an `address`, right-aligned in 32 bytes.
    #[must_use]
    pub fn address(self, value: &Address) -> Self {
        Self(self.0.chain(&[0; 12]).chain(&value.0))
    }

    /// The struct's hash.
    #[must_use]
    pub fn finish(self) -> Hash {
        self.0.finalize()
    }
}

/// What a wallet signs: `keccak256(19 01 ‖ domain separator ‖ struct hash)`.
#[must_use]
pub fn digest(separator: &Hash, struct_hash: &Hash) -> Hash {
    Keccak256::new().chain(&[0x19, 0x01]).chain(&separator.0).chain(&struct_hash.0).finalize()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    /// The example of EIP-712 ("Mail" from Cow to Bob), whose nested persons are given by their struct hashes.
    #[test]
    fn the_example_of_the_standard() {
        let domain = Domain {
            name: "Ether Mail",
            version: "1",
            chain_id: ChainId(1),
            verifying_contract: Address([0xcc; 20]),
        };
        let person = |name: &str, wallet: u8| {
            let mut address = [wallet; 20];
            if wallet == 0xcd {
                address = [
                    0xcd, 0x2a, 0x3d, 0x9f, 0x93, 0x8e, 0x13, 0xcd, 0x94, 0x7e, 0xc0, 0x5a, 0xbc, 0x7f, 0xe7,
                    0x34, 0xdf, 0x8d, 0xd8, 0x26,
                ];
            }
            StructHasher::new("Person(string name,address wallet)")
                .string(name)
                .address(&Address(address))
                .finish()
        };
        let mail = StructHasher::new(
            "Mail(Person from,Person to,string contents)Person(string name,address wallet)",
        )
        .bytes32(&person("Cow", 0xcd))
        .bytes32(&person("Bob", 0xbb))
        .string("Hello, Bob!")
        .finish();
        assert_eq!(
            format!("{}", domain.separator()),
            "0xf2cee375fa42b42143804025fc449deafd50cc031ca257e0b194a650a912090f"
        );
        assert_eq!(format!("{mail}"), "0xc52c0ee5d84264471806290a3f2c4cecfc5490626bf912d01f240d7a274b371e");
        assert_eq!(
            format!("{}", digest(&domain.separator(), &mail)),
            "0xbe609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2"
        );
    }
}
