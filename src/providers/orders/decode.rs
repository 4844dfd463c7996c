//! Rows of text into the model's words. A value that cannot be understood is left out and named; the row stays.

use std::collections::BTreeMap;
use std::str::FromStr;

use rust_decimal::Decimal;

use super::driver::TextRow;
use super::mapping::AmountUnit;
use super::sql::{ADDON_FIELDS, ORDER_FIELDS, PLAN_FIELDS, REGION_FIELDS};
use crate::model::ids::{AccountId, OrderId, ShopPlanId};
use crate::model::money::Money;
use crate::model::order::{Addon, Customer, Order, OrderStatus, RegionNode, ShopPlan, StripeIds};
use crate::model::sanitise::sanitise;
use crate::model::time::Timestamp;

/// Currencies whose smallest unit is the whole (Stripe's list of zero-decimal currencies).
const WITHOUT_MINOR_UNIT: &[&str] = &[
    "BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF",
    "XPF",
];

/// The panel's default weight of a server's disk access (`providers/pterodactyl.md`: 10–1000).
const DEFAULT_IO_WEIGHT: i64 = 500;

/// What decoding needs besides the row.
#[derive(Debug, Clone)]
pub(super) struct Context {
    /// The orders database.
    pub(super) account: AccountId,
    /// How amounts are stored.
    pub(super) amounts: AmountUnit,
    /// The currency of rows that name none.
    pub(super) currency: String,
    /// When the rows were read.
    pub(super) observed_at: Timestamp,
}

/// A row with its fields' names, and what was wrong with it.
struct Reader<'a> {
    fields: &'a [&'static str],
    row: TextRow,
    label: String,
    notices: &'a mut Vec<String>,
}

impl Reader<'_> {
    /// The value as it is; NULL and empty are nothing.
    fn raw(&mut self, field: &str) -> Option<String> {
        let index = self.fields.iter().position(|candidate| *candidate == field)?;
        self.row.get_mut(index)?.take().filter(|text| !text.is_empty())
    }

    /// The value, made safe to draw.
    fn shown(&mut self, field: &str) -> Option<String> {
        self.raw(field).map(|text| sanitise(&text)).filter(|text| !text.is_empty())
    }

    fn parsed<T>(&mut self, field: &str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        let text = self.raw(field)?;
        let value = parse(text.trim());
        if value.is_none() {
            let shown: String = sanitise(&text).chars().take(40).collect();
            self.notices.push(format!("{}: {field} is not understood: {shown:?}", self.label));
        }
        value
    }

    fn number(&mut self, field: &str) -> Option<i64> {
        self.parsed(field, parse_whole)
    }

    fn moment(&mut self, field: &str) -> Option<Timestamp> {
        self.parsed(field, parse_moment)
    }

    fn money(&mut self, field: &str, currency: &str, unit: AmountUnit) -> Option<Money> {
        let amount = self.parsed(field, |text| Decimal::from_str(text).ok())?;
        let amount = match unit {
            AmountUnit::Major => amount,
            AmountUnit::Minor if WITHOUT_MINOR_UNIT.contains(&currency) => amount,
            AmountUnit::Minor => amount / Decimal::ONE_HUNDRED,
        };
        Some(Money::new(amount, currency))
    }

    fn currency(&mut self, context: &Context) -> String {
        self.shown("currency")
            .map_or_else(|| context.currency.clone(), |text| text.trim().to_ascii_uppercase())
    }
}

/// Whole numbers, also as decimals without a fraction (`4.00`).
fn parse_whole(text: &str) -> Option<i64> {
    text.parse().ok().or_else(|| {
        let decimal = Decimal::from_str(text).ok()?;
        decimal.is_integer().then(|| i64::try_from(decimal).ok()).flatten()
    })
}

/// PostgreSQL says `true`, MariaDB `1` (or a byte of a BIT column).
fn parse_flag(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "t" | "1" | "\u{1}" | "yes" | "y" | "on" | "active" | "enabled" => Some(true),
        "false" | "f" | "0" | "\u{0}" | "no" | "n" | "off" | "inactive" | "disabled" | "archived" => {
            Some(false)
        }
        _ => None,
    }
}

/// SQL's and RFC 3339's spellings, with any offset or none (then UTC), and seconds since 1970.
fn parse_moment(text: &str) -> Option<Timestamp> {
    if let Ok(seconds) = text.parse::<i64>() {
        // Larger than year 5138 in seconds: milliseconds.
        return Some(Timestamp(if seconds > 100_000_000_000 {
            seconds
        } else {
            seconds.checked_mul(1000)?
        }));
    }
    let mut normal = text.replacen(' ', "T", 1);
    let time_at = normal.find('T')?;
    let offset_at = normal[time_at..].find(['+', '-']).map(|at| at + time_at);
    match offset_at {
        // PostgreSQL: `+00`
        Some(at) if normal.len() - at == 3 => normal.push_str(":00"),
        Some(_) => {}
        None if normal.ends_with(['Z', 'z']) => {}
        None => normal.push('Z'),
    }
    Timestamp::parse(&normal).ok()
}

/// A JSON object of scalars; other values are kept as JSON text.
fn parse_environment(text: &str) -> Option<BTreeMap<String, String>> {
    let values: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text).ok()?;
    let as_text = |value: serde_json::Value| match value {
        serde_json::Value::String(text) => text,
        serde_json::Value::Null => String::new(),
        other => other.to_string(),
    };
    Some(values.into_iter().map(|(key, value)| (key, as_text(value))).collect())
}

/// One order; its row has the customer's e-mail, name and panel user at the end.
pub(super) fn order(context: &Context, mut row: TextRow, notices: &mut Vec<String>) -> Option<Order> {
    let mut customer_values = row.split_off(row.len().min(ORDER_FIELDS.len())).into_iter();
    let id = row.first().cloned().flatten()?;
    let label = format!("order {}", sanitise(&id));
    let mut reader = Reader { fields: ORDER_FIELDS, row, label: label.clone(), notices };
    let currency = reader.currency(context);
    let mut next = || customer_values.next().flatten().filter(|text| !text.is_empty());
    let (email, name, link) = (next(), next(), next());
    let panel_user_id = link.as_deref().and_then(parse_whole);
    if link.is_some() && panel_user_id.is_none() {
        reader.notices.push(format!("{label}: the customer's panel user is not a number"));
    }
    let status = reader.raw("status").map_or_else(String::new, |text| text.trim().to_ascii_lowercase());
    Some(Order {
        id: OrderId(id),
        account: context.account.clone(),
        status: OrderStatus::from_word(&sanitise(&status)),
        claim_token: reader.raw("claim_token"),
        customer: Customer {
            user_id: reader.raw("user_id").unwrap_or_default(),
            email: email.map(|text| sanitise(text.trim())).filter(|text| !text.is_empty()),
            name: name.map(|text| sanitise(&text)).filter(|text| !text.is_empty()),
            panel_user_id,
        },
        plan: ShopPlanId(reader.raw("plan_id").unwrap_or_default()),
        region: reader.shown("region"),
        server_name: reader.shown("server_name"),
        amount: reader.money("amount", &currency, context.amounts),
        created_at: reader.moment("created_at"),
        updated_at: reader.moment("updated_at"),
        panel_server_id: reader.number("server_id"),
        panel_identifier: reader.shown("identifier"),
        panel_node_id: reader.number("node_id"),
        error_message: reader.shown("error_message"),
        addons: Vec::new(),
        stripe: StripeIds {
            checkout_session: reader.shown("stripe_checkout_session"),
            subscription: reader.shown("stripe_subscription"),
            payment_intent: reader.shown("stripe_payment_intent"),
            customer: reader.shown("stripe_customer"),
        },
        observed_at: context.observed_at,
    })
}

/// One plan.
pub(super) fn plan(context: &Context, row: TextRow, notices: &mut Vec<String>) -> Option<ShopPlan> {
    let id = row.first().cloned().flatten()?;
    let label = format!("plan {}", sanitise(&id));
    let mut reader = Reader { fields: PLAN_FIELDS, row, label, notices };
    let currency = reader.currency(context);
    let (ram_mib, disk_mib) = (reader.number("ram_mib")?, reader.number("disk_mib")?);
    Some(ShopPlan {
        id: ShopPlanId(id),
        account: context.account.clone(),
        name: reader.shown("name").unwrap_or_default(),
        is_active: reader.parsed("is_active", parse_flag).unwrap_or(true),
        price: reader.money("price", &currency, context.amounts),
        cost: reader.money("cost", &currency, context.amounts),
        stripe_price_id: reader.shown("stripe_price_id"),
        ram_mib,
        disk_mib,
        cpu_percent: reader.number("cpu_percent").unwrap_or(0),
        swap_mib: reader.number("swap_mib").unwrap_or(0),
        io_weight: reader.number("io_weight").unwrap_or(DEFAULT_IO_WEIGHT),
        databases: reader.number("databases").unwrap_or(0),
        backups: reader.number("backups").unwrap_or(0),
        allocations: reader.number("allocations").unwrap_or(0),
        egg_id: reader.number("egg_id"),
        docker_image: reader.raw("docker_image"),
        startup: reader.raw("startup"),
        environment: reader.parsed("environment", parse_environment).unwrap_or_default(),
    })
}

/// One row of the region map. A row whose switch is not understood counts as disabled.
pub(super) fn region_node(
    context: &Context,
    row: TextRow,
    has_switch: bool,
    notices: &mut Vec<String>,
) -> Option<RegionNode> {
    let key = row.first().cloned().flatten();
    let label = format!("region row {}", sanitise(key.as_deref().unwrap_or("without a key")));
    let mut reader = Reader { fields: REGION_FIELDS, row, label, notices };
    let (region, panel_node_id) = (reader.shown("region")?, reader.number("node_id")?);
    Some(RegionNode {
        account: context.account.clone(),
        row: key.map_or_else(|| format!("{region} → {panel_node_id}"), |key| sanitise(&key)),
        region,
        panel_node_id,
        is_enabled: reader.parsed("is_enabled", parse_flag).unwrap_or(!has_switch),
        reserved_ram_mib: reader.number("reserved_ram_mib").unwrap_or(0),
        reserved_disk_mib: reader.number("reserved_disk_mib").unwrap_or(0),
    })
}

/// One addon with the order it belongs to.
pub(super) fn addon(row: TextRow, notices: &mut Vec<String>) -> Option<(OrderId, Addon)> {
    let order = row.first().cloned().flatten()?;
    let label = format!("addon of order {}", sanitise(&order));
    let mut reader = Reader { fields: ADDON_FIELDS, row, label, notices };
    let mut number = |field| reader.number(field).unwrap_or(0);
    let (ram_mib, disk_mib, cpu_percent) = (number("ram_mib"), number("disk_mib"), number("cpu_percent"));
    let (backups, databases, allocations) = (number("backups"), number("databases"), number("allocations"));
    let name = reader.shown("name").unwrap_or_default();
    Some((OrderId(order), Addon { name, ram_mib, disk_mib, cpu_percent, backups, databases, allocations }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A column's text: anything, or something close to what belongs there.
    fn column() -> impl Strategy<Value = Option<String>> {
        let text = prop_oneof![
            any::<String>(),
            any::<i64>().prop_map(|number| number.to_string()),
            any::<f64>().prop_map(|number| number.to_string()),
            "-?[0-9]{0,45}(\\.[0-9]{0,45})?",
            "[0-9]{4,9}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{0,12})?(Z|[+-][0-9]{2}(:?[0-9]{2})?)?",
            "[{\\[]\"[A-Z]{0,3}\":?.{0,20}[}\\]]",
            "[A-Za-zä€\u{1b}]{0,6}",
            prop_oneof![Just("JPY"), Just("usd"), Just("true"), Just("paid"), Just("")]
                .prop_map(str::to_owned),
        ];
        proptest::option::of(text)
    }

    proptest! {
        #[test]
        fn any_row_becomes_words_or_notices(
            mut row in proptest::collection::vec(column(), 0..40), is_minor in any::<bool>(), has_switch in any::<bool>(),
        ) {
            let context = context(if is_minor { AmountUnit::Minor } else { AmountUnit::Major });
            // A database may also answer with more or fewer columns than were asked for.
            for fields in [ORDER_FIELDS, PLAN_FIELDS, REGION_FIELDS, ADDON_FIELDS] {
                let mut notices = Vec::new();
                if row.len() % 2 == 0 {
                    row.resize(fields.len(), None);
                }
                let order = order(&context, row.clone(), &mut notices);
                let shown = order.and_then(|order| order.server_name).unwrap_or_default();
                let has_escape = shown.contains('\u{1b}');
                prop_assert!(!has_escape);
                plan(&context, row.clone(), &mut notices);
                region_node(&context, row.clone(), has_switch, &mut notices);
                addon(row.clone(), &mut notices);
                prop_assert!(notices.len() <= 4 * fields.len().max(row.len()) + 40);
                let has_escape = notices.iter().any(|notice| notice.contains('\u{1b}'));
                prop_assert!(!has_escape);
            }
        }
    }

    fn context(amounts: AmountUnit) -> Context {
        Context { account: "shop".into(), amounts, currency: "EUR".to_owned(), observed_at: Timestamp(7) }
    }

    fn row(fields: &[&str], values: &[(&str, &str)]) -> TextRow {
        fields
            .iter()
            .map(|field| values.iter().find(|(name, _)| name == field).map(|(_, value)| (*value).to_owned()))
            .collect()
    }

    #[test]
    fn every_databases_spelling_of_a_moment_is_understood() {
        for text in [
            "2026-11-20 18:04:18.123+00",
            "2026-11-20 18:04:18.123",
            "2026-11-20T18:04:18.123Z",
            "2026-11-20 20:04:18.123+02:00",
            "2026-11-20 15:04:18.123-03",
        ] {
            assert_eq!(
                parse_moment(text).map(|t| t.to_string()),
                Some("2026-11-20T18:04:18.123Z".to_owned()),
                "{text}"
            );
        }
        assert_eq!(parse_moment("1795000000"), Some(Timestamp(1_795_000_000_000)));
        assert_eq!(parse_moment("yesterday"), None);
    }

    #[test]
    fn amounts_stay_exact_in_both_units() {
        let mut notices = Vec::new();
        let values = [("id", "1"), ("amount", "1999"), ("currency", "usd")];
        let minor = order(&context(AmountUnit::Minor), row(ORDER_FIELDS, &values), &mut notices).unwrap();
        assert_eq!(minor.amount.unwrap().to_string(), "19.99 USD");
        let values = [("id", "1"), ("amount", "1999"), ("currency", "JPY")];
        let yen = order(&context(AmountUnit::Minor), row(ORDER_FIELDS, &values), &mut notices).unwrap();
        assert_eq!(yen.amount.unwrap().to_string(), "1999 JPY");
        let values = [("id", "1"), ("amount", "0.10")];
        let major = order(&context(AmountUnit::Major), row(ORDER_FIELDS, &values), &mut notices).unwrap();
        assert_eq!(major.amount.unwrap(), Money::new(Decimal::new(10, 2), "EUR"));
        assert!(notices.is_empty());
    }

    #[test]
    fn a_bad_value_is_named_and_the_row_stays() {
        let mut notices = Vec::new();
        let values = [
            ("id", "9"),
            ("status", "PAID "),
            ("amount", "a lot"),
            ("created_at", "?"),
            ("server_name", "\u{1b}[31mx"),
        ];
        let order = order(&context(AmountUnit::Major), row(ORDER_FIELDS, &values), &mut notices).unwrap();
        assert_eq!(
            (order.status, order.amount, order.server_name.as_deref()),
            (OrderStatus::Paid, None, Some("x"))
        );
        assert_eq!(notices.len(), 2, "{notices:?}");
        assert!(notices.iter().all(|notice| notice.starts_with("order 9: ")), "{notices:?}");
    }

    #[test]
    fn an_environment_keeps_text_and_spells_other_scalars() {
        let values =
            parse_environment(r#"{"MAP":"de_dust2","SLOTS":12,"PUBLIC":true,"EMPTY":null}"#).unwrap();
        assert_eq!(values.get("SLOTS").map(String::as_str), Some("12"));
        assert_eq!(values.get("PUBLIC").map(String::as_str), Some("true"));
        assert_eq!(values.get("EMPTY").map(String::as_str), Some(""));
        assert_eq!(parse_environment("[1]"), None);
    }

    #[test]
    fn a_region_row_with_an_unclear_switch_is_disabled() {
        let mut notices = Vec::new();
        let values = [("id", "1"), ("region", "eu"), ("node_id", "4"), ("is_enabled", "maybe")];
        assert!(
            !region_node(&context(AmountUnit::Minor), row(REGION_FIELDS, &values), true, &mut notices)
                .unwrap()
                .is_enabled
        );
        assert!(
            region_node(&context(AmountUnit::Minor), row(REGION_FIELDS, &values[..3]), false, &mut notices)
                .unwrap()
                .is_enabled
        );
        assert_eq!(notices.len(), 1);
    }
}
