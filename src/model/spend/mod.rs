//! What was spent: readings of a balance become movements, movements a curve, and the curve answers every window.
//!
//! Amounts are in the balance's own unit, exact. The order of readings is their sequence number, never their clock: a
//! clock that steps back moves spend between windows, it never invents or hides any.
//!
//! Must not: convert currencies (see [`super::money::Rates`]) or know a provider.

mod alert;
mod attribution;
mod burn;
mod change;
mod curve;
mod forecast;
mod guard;
mod movement;
mod step;
mod what_if;
mod window;

pub use alert::{
    Alert, AlertEvent, AlertFacts, AlertKey, AlertLevel, AlertPolicy, Alerts, BURN_WINDOWS, BurnWindow,
    Silence,
};
pub use attribution::{
    Attribution, Burning, CHANGES_MAX, CauseSum, KnownChange, SHARES_MAX, Share, Who, attribution,
};
pub use burn::{Burner, BurnerKind, BurnerOwner, Meter, Total, counted_of, total_of, totals_by_balance};
pub use change::{Bond, BurnChange, Cause, ChangeKind, RUN_GRACE_MS, cause_of};
pub use curve::SpendCurve;
pub use forecast::{BurnRange, Exposure, Runway, runway};
pub use guard::{
    BudgetLimit, BudgetWarning, GuardFacts, GuardPolicy, GuardedBalance, GuardedMonth, judge_budget,
};
pub use movement::{Movement, MovementPolicy, Reading, movements, normalised};
pub use step::{STEP_GRACE_MS, STEP_REMEMBERED_MS, StepScale, Steps};
pub use what_if::{Outcome, WhatIf};
pub use window::{
    Day, Period, WindowSpend, Windows, days_of, next_day, spend_of, start_of, start_of_day, windows,
};
