//! How patient runs are: every duration and bound in one place, so that tests can be fast.

/// What to do with a server whose install does not end in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InstallDeadline {
    /// Keep it, hand the order back in error and call an operator: a retry adopts the server and waits again.
    Keep,
    /// Delete it and hand the order back in error.
    Undo,
}

/// Durations in milliseconds and bounds of runs. The defaults suit real panels.
#[derive(Debug, Clone)]
pub struct RunPolicy {
    /// Attempts of one act before its step fails.
    pub attempts: u32,
    /// Attempts that a 429 may use up on top: the panel's window is one minute (`providers/pterodactyl.md` §5.5).
    pub rate_limited_attempts: u32,
    /// First pause between attempts; doubles.
    pub retry_first_ms: u64,
    /// Longest pause between attempts, also of a `Retry-After`.
    pub retry_longest_ms: u64,
    /// How long after a lost create its row may still appear or vanish (`providers/pterodactyl.md` §6.4: 35 s).
    pub create_settle_ms: u64,
    /// Pause between two looks while something settles.
    pub settle_poll_ms: u64,
    /// Allocations (and nodes) tried for one server before the create fails.
    pub placement_attempts: u32,
    /// First pause between two looks at an install; grows by half (`providers/pterodactyl.md` §6.2: 5 s to 15 s).
    pub install_poll_first_ms: u64,
    /// Longest pause between two looks at an install.
    pub install_poll_longest_ms: u64,
    /// After this an install counts as hanging; image pulls and Steam downloads take tens of minutes.
    pub install_deadline_ms: u64,
    /// What happens then.
    pub install_deadline: InstallDeadline,
    /// Pause between two looks at a power state; the panel caches it for 20 s.
    pub power_poll_ms: u64,
    /// How long a start may take.
    pub start_deadline_ms: u64,
    /// How long a stop may take: the daemon waits 10 minutes, then kills.
    pub stop_deadline_ms: u64,
    /// How long a kill may take, the panel's cache of 20 s included.
    pub kill_deadline_ms: u64,
    /// How long a start of a server that burns credits may take: large modpacks take minutes (`providers/exaroton.md` §3.3).
    pub credit_start_deadline_ms: u64,
    /// How long its stop may take; the official tests wait 3 minutes.
    pub credit_stop_deadline_ms: u64,
    /// After its signal such a server's status is seen to change within this.
    pub signal_settle_ms: u64,
    /// For so long at least a signal can be seen in the status: a start or stop takes longer (40 s and 10 s were observed, a
    /// start that falls back at once is guessed). Later nobody can say from the status whether a lost signal arrived.
    pub signal_visible_ms: u64,
    /// How long a deleted server may still be listed.
    pub gone_deadline_ms: u64,
    /// After this a claim may be taken over: long enough for an install that is slow and not dead.
    pub claim_stuck_ms: u64,
    /// Pause between two looks at a match: clients of the provider poll every 3 s (`providers/dathost.md` §3.3).
    pub match_poll_ms: u64,
    /// Between two looks at the server of a match that is being played.
    pub match_server_poll_ms: u64,
    /// When a match is overdue but its provider does not answer, how much longer it is waited for: nothing could be done to its
    /// server anyway, and its result would be lost.
    pub match_blind_ms: u64,
    /// After this without a word from a match whose server reports an error, the server counts as crashed.
    pub match_silent_ms: u64,
    /// How long the server of a match is asked to go off before it is deleted as it is.
    pub match_stop_ms: u64,
    /// How long a delete that fails is tried again before a person is called.
    pub match_delete_ms: u64,
    /// The largest recording that is saved; that of a long match is some hundred megabytes.
    pub demo_max_bytes: u64,
    /// How long an approved plan may wait for its execution.
    pub plan_valid_ms: u64,
    /// Plans kept in memory; when full the oldest is dropped and must be made again.
    pub plans_kept: usize,
    /// Ended runs kept in the live list; older ones stay in the journal only.
    pub ended_runs_kept: usize,
    /// How long a shutdown waits for acts under way; after that they are cut and resumed by the next start.
    pub shutdown_ms: u64,
}

impl Default for RunPolicy {
    fn default() -> Self {
        Self {
            attempts: 8,
            rate_limited_attempts: 20,
            retry_first_ms: 1_000,
            retry_longest_ms: 60_000,
            create_settle_ms: 35_000,
            settle_poll_ms: 5_000,
            placement_attempts: 6,
            install_poll_first_ms: 5_000,
            install_poll_longest_ms: 15_000,
            install_deadline_ms: 45 * 60_000,
            install_deadline: InstallDeadline::Keep,
            power_poll_ms: 4_000,
            start_deadline_ms: 5 * 60_000,
            stop_deadline_ms: 11 * 60_000,
            kill_deadline_ms: 60_000,
            credit_start_deadline_ms: 10 * 60_000,
            credit_stop_deadline_ms: 5 * 60_000,
            signal_settle_ms: 10_000,
            signal_visible_ms: 20_000,
            gone_deadline_ms: 60_000,
            claim_stuck_ms: 20 * 60_000,
            match_poll_ms: 3_000,
            match_server_poll_ms: 30_000,
            match_blind_ms: 20 * 60_000,
            match_silent_ms: 5 * 60_000,
            match_stop_ms: 60_000,
            match_delete_ms: 3 * 3_600_000,
            demo_max_bytes: 2 * 1024 * 1024 * 1024,
            plan_valid_ms: 10 * 60_000,
            plans_kept: 256,
            ended_runs_kept: 200,
            shutdown_ms: 10_000,
        }
    }
}
