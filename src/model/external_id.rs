//! What things of ours carry on a panel as their external id, and what such an id says.
//!
//! Where one shop sells on a panel, a server's external id is the order's id and a user's is the customer's, as shops' own
//! programs write them. Where several do, their ids may be equal (both count from 1), so what is made then carries
//! `SHOP:ID`. A bare id on such a panel says nothing about the shop: no order adopts a server because of it, no run
//! creates beside it, and it is no orphan while it may be a live order's. What then tells is the order itself, when it
//! points at the server by its number.

use super::ids::{AccountId, OrderId, OrderKey};

/// Between the shop's name and its id.
const SEPARATOR: char = ':';

/// Who sells on a panel.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shops(Vec<AccountId>);

impl FromIterator<AccountId> for Shops {
    fn from_iter<T: IntoIterator<Item = AccountId>>(shops: T) -> Self {
        Self(shops.into_iter().collect())
    }
}

/// What an external id says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// This order, whether it exists or not.
    Order(OrderKey),
    /// An order with this id of one of several shops.
    OneOf(OrderId),
}

impl Shops {
    /// Whether nobody sells on the panel.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The shops.
    pub fn iter(&self) -> impl Iterator<Item = &AccountId> {
        self.0.iter()
    }

    /// Whether bare ids are not enough.
    #[must_use]
    pub fn are_several(&self) -> bool {
        self.0.len() > 1
    }

    /// What a new thing of `shop` with `id` there carries.
    #[must_use]
    pub fn external_id(&self, shop: &AccountId, id: &str) -> String {
        if self.are_several() { qualified(shop, id) } else { id.to_owned() }
    }

    /// Which order a server's external id names; nothing where nobody sells.
    #[must_use]
    pub fn read(&self, external_id: &str) -> Option<Named> {
        let qualified = external_id.split_once(SEPARATOR).and_then(|(name, id)| {
            let shop = self.0.iter().find(|shop| shop.as_str() == name)?;
            Some(OrderKey { account: shop.clone(), id: id.into() })
        });
        match (qualified, self.0.as_slice()) {
            (Some(order), _) => Some(Named::Order(order)),
            (None, []) => None,
            (None, [only]) => Some(Named::Order(OrderKey { account: only.clone(), id: external_id.into() })),
            (None, _) => Some(Named::OneOf(external_id.into())),
        }
    }
}

/// The id with its shop, as things carry it that were made while several shops sold on the panel.
#[must_use]
pub fn qualified(shop: &AccountId, id: &str) -> String {
    format!("{shop}{SEPARATOR}{id}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shops(names: &[&str]) -> Shops {
        names.iter().map(|name| AccountId::from(*name)).collect()
    }

    fn order(account: &str, id: &str) -> OrderKey {
        OrderKey { account: account.into(), id: id.into() }
    }

    #[test]
    fn a_bare_id_names_an_order_only_where_one_shop_sells() {
        assert_eq!(shops(&["a"]).read("7"), Some(Named::Order(order("a", "7"))));
        assert_eq!(shops(&["a", "b"]).read("7"), Some(Named::OneOf("7".into())));
        assert_eq!(shops(&[]).read("7"), None);
    }

    #[test]
    fn what_is_written_is_read_back_also_when_shops_come_or_go() {
        for names in [&["a"][..], &["a", "b"]] {
            let shops = shops(names);
            let written = shops.external_id(&"a".into(), "7");
            assert_eq!(shops.read(&written), Some(Named::Order(order("a", "7"))));
        }
        assert_eq!(
            shops(&["a"]).read("a:7"),
            Some(Named::Order(order("a", "7"))),
            "written when there were two"
        );
        assert_eq!(shops(&["a", "b"]).read("c:7"), Some(Named::OneOf("c:7".into())), "no shop of this panel");
    }
}
