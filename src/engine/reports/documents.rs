//! Reports that were made a moment ago, kept until their clients have fetched them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use crate::model::problem::Problem;
use crate::model::report::ReportPart;

/// Bytes in one part: a reply never holds up what waits behind it for long.
const PART_BYTES: usize = 256 * 1024;

/// Files kept; full: the oldest goes, and its client is told to ask again.
const KEPT_MAX: usize = 8;

/// A file.
#[derive(Debug)]
struct Document {
    number: u64,
    name: String,
    period: String,
    bytes: Vec<u8>,
}

/// The files that are kept.
#[derive(Debug, Default)]
pub struct Documents {
    kept: Mutex<(u64, VecDeque<Arc<Document>>)>,
}

impl Documents {
    /// Keeps a file and gives its first part.
    pub fn keep(&self, (name, period, bytes): (String, String, Vec<u8>)) -> ReportPart {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let (last, documents) = &mut *kept;
        *last += 1;
        let document = Arc::new(Document { number: *last, name, period, bytes });
        // One that is told whole at once need not be kept.
        if document.bytes.len() > PART_BYTES {
            documents.push_back(Arc::clone(&document));
            while documents.len() > KEPT_MAX {
                documents.pop_front();
            }
        }
        drop(kept);
        document.part(0)
    }

    /// The part that begins at `offset`.
    ///
    /// # Errors
    /// `NotFound`: it is not kept any more.
    pub fn part(&self, number: u64, offset: u64) -> Result<ReportPart, Problem> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let document = kept.1.iter().find(|document| document.number == number).cloned();
        drop(kept);
        let document = document
            .ok_or_else(|| Problem::not_found("this report is not kept any more: ask for it again"))?;
        Ok(document.part(offset))
    }
}

impl Document {
    fn part(&self, offset: u64) -> ReportPart {
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(self.bytes.len());
        let end = start.saturating_add(PART_BYTES).min(self.bytes.len());
        ReportPart {
            report: self.number,
            name: self.name.clone(),
            period: self.period.clone(),
            total_bytes: u64::try_from(self.bytes.len()).unwrap_or(u64::MAX),
            offset,
            bytes: self.bytes.get(start..end).unwrap_or_default().to_vec(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::report::{Assembled, ReportAssembly};
    use crate::model::request::Request;

    #[test]
    fn a_large_file_comes_back_whole_in_parts_and_an_old_one_must_be_asked_for_again() {
        let documents = Documents::default();
        let bytes: Vec<u8> = (0..=u8::MAX).cycle().take(3 * PART_BYTES + 7).collect();
        let file = || ("a.pdf".to_owned(), "today".to_owned(), bytes.clone());
        let (mut assembly, mut part) = (ReportAssembly::default(), documents.keep(file()));
        let number = part.report;
        let whole = loop {
            match assembly.take(part).unwrap() {
                Assembled::Whole(file) => break file,
                Assembled::More(Request::ReportPart { report, offset }) => {
                    part = documents.part(report, offset).unwrap();
                }
                Assembled::More(other) => panic!("{other:?}"),
            }
        };
        assert_eq!(whole.bytes, bytes);
        for _ in 0..KEPT_MAX {
            documents.keep(file());
        }
        assert!(documents.part(number, 0).is_err());
    }
}
