//! What the doctor says of accounts with credits: whether their token works, what is not known and what has no rate. Pure.

use std::collections::BTreeSet;

use crate::model::finding::{Finding, Severity};
use crate::model::fleet::Fleet;
use crate::model::money::{Currency, Money};

/// Checks of what was read.
#[must_use]
pub fn examine(fleet: &Fleet) -> Vec<Finding> {
    vec![without_rate(fleet), without_memory(fleet)]
}

/// Units of balances that cannot be counted with the rest.
fn without_rate(fleet: &Fleet) -> Finding {
    let rates = &fleet.site.rates;
    let units: BTreeSet<&Currency> = fleet.balances.values().map(|view| &view.balance.unit).collect();
    let rows: Vec<String> = units
        .into_iter()
        .filter(|unit| rates.convert(&Money { amount: 1.into(), currency: (*unit).clone() }).is_none())
        .map(|unit| format!("{unit} to {}", rates.reporting))
        .collect();
    let title = if rows.is_empty() {
        "every unit of prepaid money has a rate"
    } else {
        "units of prepaid money without a rate"
    };
    Finding {
        check: "credits-without-rate".to_owned(),
        severity: if rows.is_empty() { Severity::Ok } else { Severity::Warning },
        title: title.to_owned(),
        why: "Their burn is missing in every total, and no budget watches it.".to_owned(),
        advice: "Write what one unit is worth into the configuration: site.rates.".to_owned(),
        rows,
    }
}

/// Servers whose burn nobody can declare.
fn without_memory(fleet: &Fleet) -> Finding {
    let rows: Vec<String> = fleet
        .credit_servers
        .values()
        .filter(|server| server.ram_gib.is_none())
        .map(|server| format!("{} {}", server.key, server.name))
        .collect();
    let title = if rows.is_empty() {
        "the memory of every server is known"
    } else {
        "servers whose memory is not known"
    };
    Finding {
        check: "credit-servers-without-memory".to_owned(),
        severity: if rows.is_empty() { Severity::Ok } else { Severity::Warning },
        title: title.to_owned(),
        why: "What they burn while they run is seen in the balance only, and declared by nobody.".to_owned(),
        advice: "Ask the server's owner for the right to see its options.".to_owned(),
        rows,
    }
}
