//! Lists: filters, sorts, pages and their quirks (`providers/pterodactyl.md` §2.2, §2.3).

use std::cmp::Ordering;

use serde_json::{Map, Value, json};

use super::answer::Failure;
use super::call::Call;
use super::query::encode;

/// Rows on a page unless asked otherwise.
const DEFAULT_PER_PAGE: usize = 50;
/// What the database library makes of zero.
const PER_PAGE_OF_ZERO: usize = 15;

/// Which part of a list is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Page {
    number: usize,
    per_page: usize,
}

impl Page {
    /// As the application API reads it: unbounded, and an error for text and negative numbers.
    pub(super) fn of_application(call: &Call) -> Result<Self, Failure> {
        Self::read(call, DEFAULT_PER_PAGE, usize::MAX)
    }

    /// As the client API reads it: with a cap.
    pub(super) fn of_client(call: &Call, default: usize, most: usize) -> Result<Self, Failure> {
        Self::read(call, default, most)
    }

    fn read(call: &Call, default: usize, most: usize) -> Result<Self, Failure> {
        let per_page = match call.query.get("per_page") {
            None => default,
            Some(text) => match text.parse::<i64>() {
                Err(_) => return Err(Failure::unexpected("TypeError")),
                Ok(number) if number < 0 => return Err(Failure::unexpected("QueryException")),
                Ok(0) => PER_PAGE_OF_ZERO,
                Ok(number) => usize::try_from(number).unwrap_or(usize::MAX),
            },
        };
        let number =
            call.query.get("page").and_then(|text| text.parse().ok()).filter(|page| *page >= 1).unwrap_or(1);
        Ok(Self { number, per_page: per_page.min(most) })
    }

    /// The items of this page.
    pub(super) fn cut<T>(self, items: Vec<T>) -> (Vec<T>, usize) {
        let total = items.len();
        let skip = (self.number - 1).saturating_mul(self.per_page);
        (items.into_iter().skip(skip).take(self.per_page).collect(), total)
    }

    /// `meta.pagination`.
    pub(super) fn meta(self, total: usize, count: usize, link: impl Fn(usize) -> String) -> Value {
        let pages = total.div_ceil(self.per_page.max(1)).max(1);
        let mut links = Map::new();
        if self.number > 1 {
            links.insert("previous".to_owned(), Value::String(link(self.number - 1)));
        }
        if self.number < pages {
            links.insert("next".to_owned(), Value::String(link(self.number + 1)));
        }
        json!({
            "total": total, "count": count, "per_page": self.per_page, "current_page": self.number,
            "total_pages": pages, "links": links,
        })
    }
}

/// A list without pages.
pub(super) fn plain_list(data: Vec<Value>) -> Value {
    let mut fields = Map::new();
    fields.insert("object".to_owned(), json!("list"));
    fields.insert("data".to_owned(), Value::Array(data));
    Value::Object(fields)
}

/// A page of the application API: its links lose every other parameter.
pub(super) fn application_list<T>(
    call: &Call,
    url: &str,
    items: Vec<T>,
    render: impl Fn(T) -> Value,
) -> Result<Value, Failure> {
    let page = Page::of_application(call)?;
    let (items, total) = page.cut(items);
    let data: Vec<Value> = items.into_iter().map(render).collect();
    let meta = page.meta(total, data.len(), |number| format!("{url}{}?page={number}", call.path));
    Ok(json!({"object": "list", "data": data, "meta": {"pagination": meta}}))
}

/// A page of the client API: its links keep the query.
pub(super) fn client_list<T>(
    call: &Call,
    url: &str,
    page: Page,
    items: Vec<T>,
    render: impl Fn(T) -> Value,
) -> Value {
    let (items, total) = page.cut(items);
    let data: Vec<Value> = items.into_iter().map(render).collect();
    let kept: Vec<String> =
        call.query.without_page().map(|(key, value)| format!("{}={}", encode(key), encode(value))).collect();
    let meta = page.meta(total, data.len(), |number| {
        let mut query = kept.clone();
        query.push(format!("page={number}"));
        format!("{url}{}?{}", call.path, query.join("&"))
    });
    json!({"object": "list", "data": data, "meta": {"pagination": meta}})
}

/// Refuses filters that the list does not know.
pub(super) fn check_filters(call: &Call, allowed: &[&str]) -> Result<(), Failure> {
    let unknown: Vec<&str> =
        call.query.filters().iter().map(|(name, _)| *name).filter(|name| !allowed.contains(name)).collect();
    if unknown.is_empty() {
        return Ok(());
    }
    let detail = format!(
        "Requested filter(s) `{}` are not allowed. Allowed filter(s) are `{}`.",
        unknown.join(", "),
        allowed.join(", ")
    );
    Err(Failure::refused("InvalidFilterQuery", &detail))
}

/// Whether a text contains one of the comma-separated parts, whatever the case.
pub(super) fn holds_part(text: Option<&str>, asked: &str) -> bool {
    let text = text.unwrap_or_default().to_lowercase();
    asked.split(',').any(|part| !part.is_empty() && text.contains(&part.to_lowercase()))
}

/// Whether a text is one of the comma-separated values.
pub(super) fn is_one_of(text: &str, asked: &str) -> bool {
    asked.split(',').any(|part| part == text)
}

/// Keeps the items whose fields contain what the filters ask for.
pub(super) fn filter_parts<'a, T>(
    call: &Call,
    items: impl Iterator<Item = &'a T>,
    field: impl Fn(&'a T, &str) -> Option<&'a str>,
) -> Vec<&'a T> {
    let filters = call.query.filters();
    items.filter(|item| filters.iter().all(|(name, asked)| holds_part(field(item, name), asked))).collect()
}

/// A value to sort by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SortKey {
    Number(i64),
    Text(String),
}

/// Sorts as asked; an unknown field is refused.
pub(super) fn sort<T>(
    call: &Call,
    items: &mut [&T],
    allowed: &[&str],
    key: impl Fn(&T, &str) -> SortKey,
) -> Result<(), Failure> {
    let Some(asked) = call.query.get("sort") else { return Ok(()) };
    let orders: Vec<(&str, bool)> = asked
        .split(',')
        .map(|name| name.strip_prefix('-').map_or((name, false), |name| (name, true)))
        .collect();
    let unknown: Vec<&str> =
        orders.iter().map(|(name, _)| *name).filter(|name| !allowed.contains(name)).collect();
    if !unknown.is_empty() {
        let detail = format!(
            "Requested sort(s) `{}` is not allowed. Allowed sort(s) are `{}`.",
            unknown.join(", "),
            allowed.join(", ")
        );
        return Err(Failure::refused("InvalidSortQuery", &detail));
    }
    items.sort_by(|left, right| {
        orders.iter().fold(Ordering::Equal, |order, (name, is_descending)| {
            order.then_with(|| {
                let order = key(left, name).cmp(&key(right, name));
                if *is_descending { order.reverse() } else { order }
            })
        })
    });
    Ok(())
}
