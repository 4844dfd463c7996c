//! One request budget per account and API, kept in step with what the provider's headers say.

/// Who asks: runs go first, polls leave them a reserve of the budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Priority {
    /// A run that an operator waits for.
    Run,
    /// Observation, which can wait.
    Poll,
}

/// How much of one API's budget is left, as last told by the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BudgetLevel {
    /// Requests per window; nothing before the first answer.
    pub limit: Option<u32>,
    /// Requests left in the present window; nothing before the first answer.
    pub remaining: Option<u32>,
    /// Callers waiting for their turn now.
    pub waiting: u32,
}
