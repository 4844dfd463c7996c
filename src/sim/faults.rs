//! Faults of every simulator: random ones by rate, targeted ones by queue.

use std::collections::VecDeque;
use std::str::FromStr;

use super::random;

/// Faults that strike any request at random; rates are shares from 0 to 1.
///
/// Reads `latency=200ms,429=0.05,500=0.02,504=0.05,reset=0.02,lost=0.05,malformed=0.01,oversized=0.001`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct FaultRates {
    /// Added to every answer, in milliseconds.
    pub latency_ms: u64,
    /// Refused with 429 and a Retry-After of one second.
    pub too_many: f64,
    /// Answered 500 without effect.
    pub internal: f64,
    /// Answered 504; half of them after the request took effect.
    pub gateway: f64,
    /// Connection reset before the request had an effect.
    pub reset: f64,
    /// Connection reset after the request took effect: the reply is lost.
    pub lost: f64,
    /// Took effect, then broken JSON.
    pub malformed: f64,
    /// Took effect, then a body of 100 MB.
    pub oversized: f64,
}

impl FromStr for FaultRates {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut rates = Self::default();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').ok_or_else(|| format!("`{part}` is not NAME=VALUE"))?;
            if name == "latency" {
                rates.latency_ms = parse_duration_ms(value)?;
                continue;
            }
            let share = value
                .parse::<f64>()
                .ok()
                .filter(|share| (0.0..=1.0).contains(share))
                .ok_or_else(|| format!("`{value}` is not a share between 0 and 1"))?;
            let slot = match name {
                "429" => &mut rates.too_many,
                "500" => &mut rates.internal,
                "504" => &mut rates.gateway,
                "reset" => &mut rates.reset,
                "lost" => &mut rates.lost,
                "malformed" => &mut rates.malformed,
                "oversized" => &mut rates.oversized,
                _ => {
                    return Err(format!(
                        "unknown fault `{name}`; known: latency, 429, 500, 504, reset, lost, malformed, oversized"
                    ));
                }
            };
            *slot = share;
        }
        Ok(rates)
    }
}

/// Reads `200ms`, `2s` or a bare number of milliseconds.
fn parse_duration_ms(text: &str) -> Result<u64, String> {
    let (digits, factor) = match text.strip_suffix("ms") {
        Some(digits) => (digits, 1),
        None => text.strip_suffix('s').map_or((text, 1), |digits| (digits, 1000)),
    };
    digits
        .parse::<u64>()
        .map(|number| number * factor)
        .map_err(|_| format!("`{text}` is not a duration such as 200ms"))
}

/// What happens to one chosen request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The request takes effect, then the connection is reset: a lost reply.
    CommitThenDrop,
    /// The request takes effect, then the answer is an error of this status (504: a proxy gave up waiting).
    CommitThenStatus(u16),
    /// The answer is an error of this status and nothing happened.
    FailBefore(u16),
    /// The connection is reset and nothing happened.
    DropBefore,
    /// The answer comes this many milliseconds late (process clock).
    Hang {
        /// The delay.
        millis: u64,
    },
    /// The request takes effect; the body is this many bytes of JSON.
    Oversized {
        /// The body's size.
        bytes: u64,
    },
    /// The request takes effect; the body is cut in the middle.
    MalformedJson,
    /// The request takes effect; the body is a proxy's HTML page with status 200.
    Html,
    /// 429 with a Retry-After of this many seconds.
    TooMany {
        /// Sent as Retry-After.
        retry_after_s: u64,
    },
}

/// The body size of an oversized answer: 100 MB.
pub const OVERSIZED_BYTES: u64 = 100_000_000;

/// A fault waiting for its requests.
#[derive(Debug, Clone)]
pub(super) struct Target {
    method: String,
    path_part: String,
    fault: Fault,
    left: u32,
}

/// The targeted faults, oldest first; at most [`MOST_TARGETS`], further ones replace the oldest.
#[derive(Debug, Default)]
pub(super) struct Targets(VecDeque<Target>);

/// More than a test sets at once.
const MOST_TARGETS: usize = 1_000;

impl Targets {
    /// Adds a fault for the next `times` requests of `method` whose path contains `path_part`.
    pub(super) fn add(&mut self, method: &str, path_part: &str, fault: Fault, times: u32) {
        if self.0.len() >= MOST_TARGETS {
            self.0.pop_front();
        }
        self.0.push_back(Target {
            method: method.to_uppercase(),
            path_part: path_part.to_owned(),
            fault,
            left: times,
        });
    }

    /// The fault for this request, used up.
    pub(super) fn take(&mut self, method: &str, path: &str) -> Option<Fault> {
        let at = self.0.iter().position(|target| {
            (target.method == "*" || target.method == method) && path_matches(path, &target.path_part)
        })?;
        let target = self.0.get_mut(at)?;
        target.left = target.left.saturating_sub(1);
        let fault = target.fault;
        if target.left == 0 {
            self.0.remove(at);
        }
        Some(fault)
    }

    /// How many requests are still to be struck.
    pub(super) fn left(&self) -> u64 {
        self.0.iter().map(|target| u64::from(target.left)).sum()
    }

    /// Forgets all.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

/// What strikes the requests of a simulator.
#[derive(Debug, Default)]
pub(super) struct Strikes {
    /// Random faults.
    pub(super) rates: FaultRates,
    /// Targeted ones.
    pub(super) targets: Targets,
    /// Requests seen, for the luck of random faults.
    requests: u64,
}

impl Strikes {
    /// With these random faults.
    pub(super) fn new(rates: FaultRates) -> Self {
        Self { rates, ..Self::default() }
    }

    /// The targeted fault for this request, else one by luck. `gave_up` is the status of a proxy that gave up waiting.
    pub(super) fn choose(&mut self, seed: u64, method: &str, path: &str, gave_up: u16) -> Option<Fault> {
        self.requests += 1;
        if let Some(fault) = self.targets.take(method, path) {
            return Some(fault);
        }
        let rates = self.rates;
        let luck = random::share(seed, &[self.requests, 101]);
        let is_late = random::mix(seed, &[self.requests, 102]).is_multiple_of(2);
        let gateway = if is_late { Fault::CommitThenStatus(gave_up) } else { Fault::FailBefore(gave_up) };
        let table = [
            (rates.too_many, Fault::TooMany { retry_after_s: 1 }),
            (rates.internal, Fault::FailBefore(500)),
            (rates.gateway, gateway),
            (rates.reset, Fault::DropBefore),
            (rates.lost, Fault::CommitThenDrop),
            (rates.malformed, Fault::MalformedJson),
            (rates.oversized, Fault::Oversized { bytes: OVERSIZED_BYTES }),
        ];
        let mut sum = 0.0;
        let chosen = table.into_iter().find(|(rate, _)| {
            sum += rate;
            luck < sum
        });
        chosen.map(|(_, fault)| fault)
    }

    /// Removes random and targeted faults.
    pub(super) fn clear(&mut self) {
        self.rates = FaultRates::default();
        self.targets.clear();
    }
}

/// A part that ends in `$` must end the path; otherwise it may stand anywhere in it.
fn path_matches(path: &str, part: &str) -> bool {
    part.strip_suffix('$').map_or_else(|| path.contains(part), |end| path.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_string_reads() {
        let text =
            "latency=200ms,429=0.05,500=0.02,504=0.05,reset=0.02,lost=0.05,malformed=0.01,oversized=0.001";
        let rates: FaultRates = text.parse().unwrap();
        assert_eq!(rates.latency_ms, 200);
        assert!((rates.lost - 0.05).abs() < 1e-9 && (rates.oversized - 0.001).abs() < 1e-9);
        assert!("latency=2x".parse::<FaultRates>().is_err());
        assert!("lost=2".parse::<FaultRates>().is_err());
        assert!("nonsense=0.1".parse::<FaultRates>().unwrap_err().contains("known:"));
        assert_eq!("".parse::<FaultRates>().unwrap(), FaultRates::default());
    }

    #[test]
    fn targets_are_used_up_in_order() {
        let mut targets = Targets::default();
        targets.add("post", "/servers$", Fault::CommitThenDrop, 1);
        targets.add("*", "/servers", Fault::FailBefore(500), 2);
        assert_eq!(targets.take("GET", "/api/application/servers/1"), Some(Fault::FailBefore(500)));
        assert_eq!(targets.take("POST", "/api/application/servers"), Some(Fault::CommitThenDrop));
        assert_eq!(targets.left(), 1);
        assert_eq!(targets.take("POST", "/api/application/servers"), Some(Fault::FailBefore(500)));
        assert_eq!(targets.take("POST", "/api/application/servers"), None);
    }
}
