//! How an engine is beside its feeds: what it does to its own data, and what of it failed.

use serde::{Deserialize, Serialize};

/// How far the rebuild of the index over the records is. Everything can be asked and done meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexRebuild {
    /// Records in the new index.
    pub indexed: u64,
    /// Records in the log.
    pub records: u64,
}

impl IndexRebuild {
    /// How much of it is done, 0 to 100.
    #[must_use]
    pub fn percent(self) -> u64 {
        self.indexed.min(self.records).saturating_mul(100).checked_div(self.records).unwrap_or(100)
    }
}

/// What everybody should know of an engine as long as it lasts.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct EngineCondition {
    /// The rebuild going on.
    pub rebuild: Option<IndexRebuild>,
    /// Parts that ended in a panic and do not work until the engine is started anew.
    pub failed_parts: Vec<String>,
}

impl EngineCondition {
    /// One sentence for each thing to know.
    #[must_use]
    pub fn sentences(&self) -> Vec<String> {
        let rebuild = self.rebuild.map(|rebuild| {
            let IndexRebuild { indexed, records } = rebuild;
            format!(
                "the index over the records is being rebuilt from the log: {indexed} of {records} records"
            )
        });
        let failed = self.failed_parts.iter().map(|part| format!("{part} failed and does not work any more"));
        rebuild.into_iter().chain(failed).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rebuild_tells_its_share_whatever_the_numbers() {
        let percent = |indexed, records| IndexRebuild { indexed, records }.percent();
        assert_eq!(
            [percent(0, 0), percent(0, 9), percent(1, 3), percent(9, 9), percent(9, 3)],
            [100, 0, 33, 100, 100]
        );
    }
}
