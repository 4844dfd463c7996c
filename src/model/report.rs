//! What a client asks of a report: its period in the site's days, its format, and the file that comes back in parts.
//!
//! The period travels as the words that were said, because only the engine knows the site's time zone.

use std::fmt;
use std::path::Path;

use chrono::{Datelike, Days, NaiveDate};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::problem::{Effect, Fault, Problem, ProblemKind, Retry};
use super::request::Request;
use super::spend::start_of;
use super::time::Timestamp;

/// The longest period reported: three years and a bit.
const DAYS_MAX: u16 = 1_100;

/// The largest file taken: a year of 500 servers is some MiB in the largest format.
const FILE_MAX_BYTES: u64 = 64 * 1024 * 1024;

/// What a report can be written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportFormat {
    /// A4 pages with everything in it.
    Pdf,
    /// A picture of the first page.
    Png,
    /// The first page as vectors, its font inside.
    Svg,
    /// One long table for a spreadsheet.
    Csv,
    /// The model itself.
    Json,
    /// The first page as plain text.
    Text,
}

impl ReportFormat {
    /// Every format, by the ending of its files.
    pub const ALL: [(&'static str, Self); 6] = [
        ("pdf", Self::Pdf),
        ("png", Self::Png),
        ("svg", Self::Svg),
        ("csv", Self::Csv),
        ("json", Self::Json),
        ("txt", Self::Text),
    ];

    /// The ending of its files.
    #[must_use]
    pub fn ending(self) -> &'static str {
        Self::ALL.iter().find(|(_, format)| *format == self).map_or("", |(ending, _)| ending)
    }

    /// The format with this ending, in any case.
    #[must_use]
    pub fn from_ending(ending: &str) -> Option<Self> {
        let ending = ending.to_lowercase();
        Self::ALL.iter().find(|(known, _)| *known == ending).map(|(_, format)| *format)
    }

    /// The format that a file's ending names, in any case.
    ///
    /// # Errors
    /// Refused where the ending is none of ours.
    pub fn from_path(path: &Path) -> Result<Self, Problem> {
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        Self::from_ending(ending).ok_or_else(|| {
            let endings: Vec<&str> = Self::ALL.iter().map(|(known, _)| *known).collect();
            Problem::refused(
                format!("{} does not say which format it shall have", path.display()),
                format!("end the name in one of .{}", endings.join(" .")),
            )
        })
    }
}

/// A period in days of the site's time zone. One that is not over is reported until now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportPeriod {
    /// The day that goes on.
    Today,
    /// The day before.
    Yesterday,
    /// From Monday on.
    ThisWeek,
    /// Monday to Sunday before this week.
    LastWeek,
    /// From the first on.
    ThisMonth,
    /// The whole month before this one.
    LastMonth,
    /// So many days, today included.
    LastDays(u16),
    /// From this day on, today included.
    Since(NaiveDate),
    /// Whole days, both included.
    Days {
        /// The first.
        from: NaiveDate,
        /// The last.
        to: NaiveDate,
    },
}

impl ReportPeriod {
    /// Those that have a name, in the order in which they are offered.
    pub const NAMED: [(&'static str, Self); 7] = [
        ("last week", Self::LastWeek),
        ("this week", Self::ThisWeek),
        ("today", Self::Today),
        ("yesterday", Self::Yesterday),
        ("this month", Self::ThisMonth),
        ("last month", Self::LastMonth),
        ("last 30 days", Self::LastDays(30)),
    ];

    /// Reads what stands behind "the last": `day`, `week`, `month`, or a number of days such as `7d`.
    #[must_use]
    pub fn parse_last(text: &str) -> Option<Self> {
        match text {
            "day" => Some(Self::Yesterday),
            "week" => Some(Self::LastWeek),
            "month" => Some(Self::LastMonth),
            days => {
                let days = days.strip_suffix('d')?.parse().ok()?;
                (1..=DAYS_MAX).contains(&days).then_some(Self::LastDays(days))
            }
        }
    }

    /// Its first and last day, seen from `today`.
    fn days(self, today: NaiveDate) -> Option<(NaiveDate, NaiveDate)> {
        let back = |date: NaiveDate, days: u64| date.checked_sub_days(Days::new(days));
        let monday = back(today, u64::from(today.weekday().num_days_from_monday()))?;
        let first = today.with_day(1)?;
        Some(match self {
            Self::Today => (today, today),
            Self::Yesterday => (back(today, 1)?, back(today, 1)?),
            Self::ThisWeek => (monday, monday.checked_add_days(Days::new(6))?),
            Self::LastWeek => (back(monday, 7)?, back(monday, 1)?),
            Self::ThisMonth => (first, first.checked_add_months(chrono::Months::new(1))?.pred_opt()?),
            Self::LastMonth => (back(first, 1)?.with_day(1)?, back(first, 1)?),
            Self::LastDays(days) => (back(today, u64::from(days.max(1)) - 1)?, today),
            Self::Since(from) => (from, today),
            Self::Days { from, to } => (from, to),
        })
    }

    /// Its first moment and its end, which is not in it.
    ///
    /// # Errors
    /// `Refused`: it ends before it begins, lies in the future, or is longer than three years.
    pub fn bounds(self, now: Timestamp, zone: Tz) -> Result<(Timestamp, Timestamp), Problem> {
        let today = now.to_datetime().with_timezone(&zone).date_naive();
        let no_date = || Problem::refused("this period lies outside of the calendar", "choose other days");
        let (from, last) = self.days(today).ok_or_else(no_date)?;
        if from > today {
            return Err(Problem::refused(
                format!("the period begins on {from}, and today is {today} in {}", zone.name()),
                "choose days that have begun",
            ));
        }
        let days = (last - from).num_days() + 1;
        if days < 1 {
            return Err(Problem::refused(
                format!("the period ends on {last}, before it begins on {from}"),
                "give the first day first",
            ));
        }
        if days > i64::from(DAYS_MAX) {
            return Err(Problem::refused(
                format!("the period has {days} days; at most {DAYS_MAX} are reported at once"),
                "choose a shorter one",
            ));
        }
        let end = last.succ_opt().ok_or_else(no_date)?;
        Ok((start_of(from, zone), start_of(end, zone)))
    }
}

impl fmt::Display for ReportPeriod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Days { from, to } => write!(f, "{from} to {to}"),
            Self::Since(from) => write!(f, "since {from}"),
            Self::LastDays(days) => write!(f, "last {days} days"),
            named => {
                f.write_str(Self::NAMED.iter().find(|(_, one)| one == named).map_or("", |(name, _)| name))
            }
        }
    }
}

/// A report that is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportRequest {
    /// Of when.
    pub period: ReportPeriod,
    /// As what.
    pub format: ReportFormat,
    /// As text: the widest line, in columns; nothing for what a file gets.
    pub columns: Option<u16>,
}

/// A part of a report's file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportPart {
    /// The engine's number of the file, to ask for the next part with.
    pub report: u64,
    /// A name for the file without a folder: `northwind-spend-2026-11-16-to-2026-11-22.pdf`.
    pub name: String,
    /// The period that it tells of, in words: `2026-11-16 to 2026-11-22, Europe/Berlin`.
    pub period: String,
    /// How many bytes the whole file has.
    pub total_bytes: u64,
    /// Where in it this part begins.
    pub offset: u64,
    /// The part.
    pub bytes: Vec<u8>,
}

/// A report's whole file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportFile {
    /// A name for it, without a folder.
    pub name: String,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// What a part led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Assembled {
    /// There is more: ask this.
    More(Request),
    /// The file is whole.
    Whole(ReportFile),
}

/// A file that is put together from its parts.
#[derive(Debug, Clone, Default)]
pub struct ReportAssembly {
    bytes: Vec<u8>,
}

impl ReportAssembly {
    /// Takes the next part in.
    ///
    /// # Errors
    /// `Malformed`: it is not the next one, or the file would be larger than any report is.
    pub fn take(&mut self, part: ReportPart) -> Result<Assembled, Problem> {
        let got = u64::try_from(self.bytes.len()).unwrap_or(u64::MAX);
        let is_next = part.offset == got && part.total_bytes <= FILE_MAX_BYTES;
        let after = got.saturating_add(u64::try_from(part.bytes.len()).unwrap_or(u64::MAX));
        let moves = after > got || part.total_bytes == got;
        if !is_next || after > part.total_bytes || !moves {
            return Err(out_of_order());
        }
        self.bytes.extend_from_slice(&part.bytes);
        if after < part.total_bytes {
            return Ok(Assembled::More(Request::ReportPart { report: part.report, offset: after }));
        }
        let bytes = std::mem::take(&mut self.bytes);
        Ok(Assembled::Whole(ReportFile { name: part.name, bytes }))
    }
}

fn out_of_order() -> Problem {
    Problem {
        kind: ProblemKind::Malformed,
        fault: Fault::Internal,
        retry: Retry::Never,
        effect: Effect::None,
        message: "the parts of the report do not fit together".to_owned(),
        advice: "ask for it again; are both ends of the same version?".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono_tz::Europe::Berlin;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    /// 2026-11-29 is a Sunday; in Berlin it has begun already.
    const NOW: &str = "2026-11-28T23:30:00Z";

    #[test]
    fn periods_are_days_of_the_sites_zone() {
        let now = Timestamp::parse(NOW).unwrap();
        for (period, from, to) in [
            (ReportPeriod::Today, "2026-11-29", "2026-11-30"),
            (ReportPeriod::Yesterday, "2026-11-28", "2026-11-29"),
            (ReportPeriod::ThisWeek, "2026-11-23", "2026-11-30"),
            (ReportPeriod::LastWeek, "2026-11-16", "2026-11-23"),
            (ReportPeriod::ThisMonth, "2026-11-01", "2026-12-01"),
            (ReportPeriod::LastMonth, "2026-10-01", "2026-11-01"),
            (ReportPeriod::LastDays(7), "2026-11-23", "2026-11-30"),
            (
                ReportPeriod::Days { from: date("2026-10-25"), to: date("2026-10-25") },
                "2026-10-25",
                "2026-10-26",
            ),
        ] {
            let wanted = (start_of(date(from), Berlin), start_of(date(to), Berlin));
            assert_eq!(period.bounds(now, Berlin).unwrap(), wanted, "{period}");
        }
        let day = ReportPeriod::Days { from: date("2026-10-25"), to: date("2026-10-25") };
        let (from, to) = day.bounds(now, Berlin).unwrap();
        assert_eq!(to.millis_since(from), 25 * 3_600_000, "the day on which the clocks go back");
        assert_eq!(
            ReportPeriod::Today.bounds(now, Tz::UTC).unwrap().0,
            start_of(date("2026-11-28"), Tz::UTC)
        );
    }

    #[test]
    fn periods_that_cannot_be_reported_are_refused() {
        let now = Timestamp::parse(NOW).unwrap();
        for (from, to) in
            [("2026-11-30", "2026-11-30"), ("2026-11-02", "2026-11-01"), ("2020-01-01", "2026-11-01")]
        {
            let period = ReportPeriod::Days { from: date(from), to: date(to) };
            assert_eq!(period.bounds(now, Berlin).unwrap_err().kind, ProblemKind::Refused, "{period}");
        }
    }

    #[test]
    fn words_after_last() {
        assert_eq!(ReportPeriod::parse_last("week"), Some(ReportPeriod::LastWeek));
        assert_eq!(ReportPeriod::parse_last("90d"), Some(ReportPeriod::LastDays(90)));
        for wrong in ["", "d", "0d", "9999d", "7", "-1d", "fortnight"] {
            assert_eq!(ReportPeriod::parse_last(wrong), None, "{wrong}");
        }
    }

    fn part(offset: u64, bytes: &[u8], total_bytes: u64) -> ReportPart {
        ReportPart {
            report: 7,
            name: "a.pdf".to_owned(),
            period: "today".to_owned(),
            total_bytes,
            offset,
            bytes: bytes.to_vec(),
        }
    }

    #[test]
    fn parts_become_a_file_and_anything_else_is_refused() {
        let mut assembly = ReportAssembly::default();
        let more = assembly.take(part(0, b"abc", 5)).unwrap();
        assert_eq!(more, Assembled::More(Request::ReportPart { report: 7, offset: 3 }));
        for wrong in [part(0, b"abc", 5), part(3, b"def", 5), part(3, b"", 5), part(3, b"d", u64::MAX)] {
            assert!(assembly.take(wrong).is_err());
        }
        let whole = assembly.take(part(3, b"de", 5)).unwrap();
        assert_eq!(
            whole,
            Assembled::Whole(ReportFile { name: "a.pdf".to_owned(), bytes: b"abcde".to_vec() })
        );
    }
}
