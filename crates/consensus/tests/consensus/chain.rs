//! The chain under test: a block is a height, a time, a parent and filler; its files are all that a restart keeps.

use bytes::Bytes;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};
use tandem_codec::{Decode, Encode, record};
use tandem_consensus::{
    Application, ApplicationError, Block, Certificate, DecidedBlock, Evidence, ExtensionPolicy, NextHeight,
    Origin, ReceivedBlock, Tip, UndecidedBlock, ValidatorAddress, ValidatorSet, Verdict,
};
use tandem_types::{BlockId, BlockTime, Height, Round};

pub(crate) const BLOCK_TIME_MS: u64 = 100;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) height: Height,
    pub(crate) time: BlockTime,
    pub(crate) parent: BlockId,
}
record!(Head { height, time, parent });

/// What tests look at.
#[derive(Debug, Default)]
pub(crate) struct Log {
    pub(crate) decided: BTreeMap<Height, (BlockId, Head, Certificate)>,
    pub(crate) evidence: Vec<Evidence>,
    pub(crate) synced: usize,
}

/// What tests may choose.
#[derive(Clone)]
pub(crate) struct Rules {
    pub(crate) validators: ValidatorSet,
    pub(crate) filler: usize,
    pub(crate) extensions: ExtensionPolicy,
    /// What is attached instead of what others expect.
    pub(crate) lie: Option<Vec<u8>>,
    /// First proposals of these heights in round 0 are found invalid.
    pub(crate) refused: Vec<Height>,
    /// Every block of this height is found invalid.
    pub(crate) impossible: Option<Height>,
    /// The disk is full when this height is to be made final.
    pub(crate) full_at: Option<Height>,
}

pub(crate) struct Chain {
    dir: PathBuf,
    rules: Rules,
    log: Arc<Mutex<Log>>,
    tip: Tip,
    tip_id: BlockId,
    undecided: Vec<UndecidedBlock>,
}

fn write(path: PathBuf, bytes: &[u8]) -> Result<(), ApplicationError> {
    let temporary = path.with_extension("new");
    let mut file = File::create(&temporary).map_err(ApplicationError::new)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(ApplicationError::new)?;
    fs::rename(temporary, path).map_err(ApplicationError::new)
}

fn now() -> BlockTime {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    BlockTime(u64::try_from(now.as_millis()).unwrap())
}

fn head(bytes: &[u8]) -> Option<Head> {
    Head::from_bytes(bytes.get(..48)?).ok()
}

impl Chain {
    pub(crate) fn open(dir: PathBuf, rules: Rules, log: Arc<Mutex<Log>>) -> Self {
        fs::create_dir_all(&dir).unwrap();
        let mut chain = Self {
            tip: Tip { height: Height(0), time: BlockTime(0), next: next(&rules) },
            tip_id: BlockId::default(),
            undecided: Vec::new(),
            dir,
            rules,
            log,
        };
        while let Some(block) = chain.decided(Height(chain.tip.height.0 + 1)) {
            chain.advance(&block);
        }
        for entry in fs::read_dir(&chain.dir).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "undecided") {
                chain.undecided.push(UndecidedBlock::from_bytes(&fs::read(path).unwrap()).unwrap());
            }
        }
        chain
    }

    fn path(&self, name: impl std::fmt::Display, extension: &str) -> PathBuf {
        self.dir.join(format!("{name}.{extension}"))
    }

    fn store(&mut self, block: UndecidedBlock, bytes: &[u8]) -> Result<(), ApplicationError> {
        write(self.path(block.id, "block"), bytes)?;
        let name = format!("{}-{}-{}", block.height, block.round, block.id);
        write(self.path(name, "undecided"), &block.to_bytes())?;
        self.undecided.push(block);
        Ok(())
    }

    fn advance(&mut self, block: &DecidedBlock) {
        let head = head(&block.bytes).unwrap();
        self.tip = Tip { height: head.height, time: head.time, next: next(&self.rules) };
        self.tip_id = block.certificate.block();
        let decided = (self.tip_id, head, block.certificate.clone());
        let before = self.log.lock().unwrap().decided.insert(head.height, decided);
        assert!(before.is_none_or(|(id, ..)| id == self.tip_id), "height {} decided twice", head.height);
    }

    fn me(&self) -> PathBuf {
        self.dir.clone()
    }
}

fn next(rules: &Rules) -> NextHeight {
    NextHeight {
        validators: rules.validators.clone(),
        block_time_ms: BLOCK_TIME_MS,
        extensions: rules.extensions,
    }
}

impl Application for Chain {
    fn tip(&self) -> Tip {
        self.tip.clone()
    }

    fn history_min(&self) -> Height {
        Height(1)
    }

    fn propose(&mut self, height: Height, round: Round) -> Result<Block, ApplicationError> {
        assert_eq!(height.0, self.tip.height.0 + 1);
        let proposer = *self.rules.validators.proposer(height, round).address();
        let stored = self.undecided(height, round).into_iter().find(|block| block.proposer == proposer);
        if let Some(block) = stored {
            return Ok(Block { id: block.id, bytes: self.block_bytes(block.id).unwrap() });
        }
        let time = BlockTime(now().0.max(self.tip.time.0 + 1));
        let mut bytes = Head { height, time, parent: self.tip_id }.to_bytes();
        bytes.resize(bytes.len() + self.rules.filler, 7);
        bytes.extend_from_slice(self.me().as_os_str().as_encoded_bytes());
        let id = self.identify(&bytes).unwrap();
        self.store(UndecidedBlock { height, round, valid_round: None, proposer, id }, &bytes)?;
        Ok(Block { id, bytes: bytes.into() })
    }

    fn identify(&self, bytes: &[u8]) -> Option<BlockId> {
        head(bytes).map(|_| BlockId(Sha256::digest(bytes).into()))
    }

    fn validate(&mut self, block: &ReceivedBlock) -> Result<Verdict, ApplicationError> {
        let head = head(&block.bytes).unwrap();
        let follows = head.parent == self.tip_id && head.height == block.height && head.time > self.tip.time;
        let first = block.origin == Origin::FirstProposal && block.round == Round(0);
        let refused = first && self.rules.refused.contains(&block.height);
        if !follows || refused || self.rules.impossible == Some(block.height) {
            return Ok(Verdict::Invalid { reason: "refused".into() });
        }
        let valid_round = match block.origin {
            Origin::Reproposal(round) => Some(round),
            Origin::FirstProposal => None,
            Origin::Synced => {
                self.log.lock().unwrap().synced += 1;
                None
            }
        };
        let ReceivedBlock { height, round, proposer, id, .. } = *block;
        self.store(UndecidedBlock { height, round, valid_round, proposer, id }, &block.bytes)?;
        Ok(Verdict::Valid)
    }

    fn undecided(&self, height: Height, round: Round) -> Vec<UndecidedBlock> {
        self.undecided
            .iter()
            .filter(|block| (block.height, block.round) == (height, round))
            .copied()
            .collect()
    }

    fn block_bytes(&self, id: BlockId) -> Option<Bytes> {
        fs::read(self.path(id, "block")).ok().map(Bytes::from)
    }

    fn decide(&mut self, certificate: &Certificate) -> Result<Tip, ApplicationError> {
        assert_eq!(certificate.height().0, self.tip.height.0 + 1);
        if self.rules.full_at == Some(certificate.height()) {
            return Err(ApplicationError::new("disk full"));
        }
        write(self.path(certificate.height(), "decided"), &certificate.to_bytes())?;
        let block = self.decided(certificate.height()).expect("a decided block is here");
        self.advance(&block);
        let height = self.tip.height;
        for block in self.undecided.extract_if(.., |block| block.height <= height) {
            let name = format!("{}-{}-{}.undecided", block.height, block.round, block.id);
            fs::remove_file(self.dir.join(name)).ok();
        }
        Ok(self.tip())
    }

    fn finalize(
        &mut self,
        _certificate: &Certificate,
        evidence: &[Evidence],
    ) -> Result<(), ApplicationError> {
        self.log.lock().unwrap().evidence.extend_from_slice(evidence);
        Ok(())
    }

    fn decided(&self, height: Height) -> Option<DecidedBlock> {
        let certificate = Certificate::from_bytes(&fs::read(self.path(height, "decided")).ok()?).unwrap();
        Some(DecidedBlock { bytes: self.block_bytes(certificate.block())?, certificate })
    }

    fn extend_vote(&mut self, height: Height, _: Round, _: BlockId) -> Vec<u8> {
        self.rules.lie.clone().unwrap_or_else(|| height.to_bytes())
    }

    fn verify_extension(&self, height: Height, _: ValidatorAddress, extension: &[u8]) -> bool {
        extension == height.to_bytes()
    }
}
