//! The model itself as JSON: amounts as exact decimal text, moments in UTC.

use super::broken;
use super::model::Report;
use crate::model::problem::Problem;

/// The document, indented, with a line feed at its end.
pub fn bytes(report: &Report) -> Result<Vec<u8>, Problem> {
    let mut bytes = serde_json::to_vec_pretty(report).map_err(|error| broken("JSON", error))?;
    bytes.push(b'\n');
    Ok(bytes)
}
