//! Rows kept as packed bytes: a fifth of the memory of the values they stand for, unpacked when one is looked at.
//!
//! A console holds every row of a site and shows some dozens of them. Unpacking a row takes about a microsecond, which
//! is less than drawing it; whoever walks over all rows (sorting, filtering) pays that once for each.

use std::borrow::Borrow;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::marker::PhantomData;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::model::fleet::{FleetOf, OrderEntry, Rows};
use crate::model::ids::{OrderKey, ServerKey};
use crate::model::server::Server;

/// Everything known about a site, its many rows packed: a console's.
pub type PackedFleet = FleetOf<PackedRows<OrderKey, OrderEntry>, PackedRows<ServerKey, Server>>;

/// The bytes before the key: its length.
const HEAD: usize = 2;

/// One row: the length of its key (`u16`, little endian), the key, the value, both as postcard writes them.
struct PackedRow(Box<[u8]>);

impl PackedRow {
    /// The key's bytes and the value's.
    fn split(&self) -> (&[u8], &[u8]) {
        let Some((head, rest)) = self.0.split_first_chunk::<HEAD>() else { return (&[], &[]) };
        rest.split_at_checked(usize::from(u16::from_le_bytes(*head))).unwrap_or((rest, &[]))
    }
}

/// Rows are found by the bytes of their key.
impl Borrow<[u8]> for PackedRow {
    fn borrow(&self) -> &[u8] {
        self.split().0
    }
}

impl PartialEq for PackedRow {
    fn eq(&self, other: &Self) -> bool {
        self.split().0 == other.split().0
    }
}

impl Eq for PackedRow {}

impl PartialOrd for PackedRow {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for PackedRow {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.split().0.cmp(other.split().0)
    }
}

/// Rows by key. Their order is that of the keys' bytes, which means nothing to people.
pub struct PackedRows<K, V> {
    rows: BTreeSet<PackedRow>,
    unpacked: RefCell<Unpacked<V>>,
    /// Where a row is written before its size is known, kept for its room.
    packing: Vec<u8>,
    types: PhantomData<fn() -> K>,
}

/// The row looked at last, because whoever looks at one asks for each of its cells.
struct Unpacked<V> {
    /// The key's bytes.
    key: Vec<u8>,
    row: Option<Arc<V>>,
    /// The bytes of the key that is looked for, kept for their room.
    wanted: Vec<u8>,
}

impl<V> Unpacked<V> {
    /// Writes the key that is looked for; no bytes stand for what cannot be written, which no key of the model is.
    fn want(&mut self, key: &impl Serialize) -> &[u8] {
        self.wanted.clear();
        self.wanted = postcard::to_extend(key, std::mem::take(&mut self.wanted)).unwrap_or_default();
        &self.wanted
    }
}

impl<V> Default for Unpacked<V> {
    fn default() -> Self {
        Self { key: Vec::new(), row: None, wanted: Vec::new() }
    }
}

impl<K, V> Default for PackedRows<K, V> {
    fn default() -> Self {
        Self { rows: BTreeSet::new(), unpacked: RefCell::default(), packing: Vec::new(), types: PhantomData }
    }
}

impl<K, V> PackedRows<K, V>
where
    K: Serialize + DeserializeOwned,
    V: Serialize + DeserializeOwned,
{
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether there is a row of this key.
    #[must_use]
    pub fn contains_key(&self, key: &K) -> bool {
        self.rows.contains(self.unpacked.borrow_mut().want(key))
    }

    /// The row of this key, unpacked.
    #[must_use]
    pub fn get(&self, key: &K) -> Option<Arc<V>> {
        let unpacked = &mut *self.unpacked.borrow_mut();
        unpacked.want(key);
        if unpacked.row.is_none() || unpacked.key != unpacked.wanted {
            let row = self.rows.get(unpacked.wanted.as_slice())?;
            unpacked.row = postcard::from_bytes(row.split().1).ok().map(Arc::new);
            std::mem::swap(&mut unpacked.key, &mut unpacked.wanted);
        }
        unpacked.row.clone()
    }

    /// Every key.
    pub fn keys(&self) -> impl Iterator<Item = K> {
        self.rows.iter().filter_map(|row| postcard::from_bytes(row.split().0).ok())
    }

    /// Every row with its key, unpacked one after the other.
    pub fn iter(&self) -> impl Iterator<Item = (K, V)> {
        self.rows.iter().filter_map(|row| {
            let (key, value) = row.split();
            Some((postcard::from_bytes(key).ok()?, postcard::from_bytes(value).ok()?))
        })
    }

    /// Drops the rows whose key is not wanted any more.
    pub fn retain_keys(&mut self, mut is_wanted: impl FnMut(&K) -> bool) {
        self.unpacked.take();
        self.rows.retain(|row| postcard::from_bytes(row.split().0).is_ok_and(|key| is_wanted(&key)));
    }

    /// Packs a row under its key; none that came over the link cannot be packed.
    fn pack(&mut self, key: &K, row: &V) -> Result<(), postcard::Error> {
        let mut bytes = std::mem::take(&mut self.packing);
        bytes.clear();
        bytes.extend_from_slice(&[0; HEAD]);
        bytes = postcard::to_extend(key, bytes)?;
        let key_length =
            u16::try_from(bytes.len() - HEAD).map_err(|_| postcard::Error::SerializeBufferFull)?;
        bytes[..HEAD].copy_from_slice(&key_length.to_le_bytes());
        bytes = postcard::to_extend(row, bytes)?;
        self.rows.replace(PackedRow(Box::from(bytes.as_slice())));
        self.packing = bytes;
        Ok(())
    }
}

impl<K, V> Rows<K, V> for PackedRows<K, V>
where
    K: Serialize + DeserializeOwned,
    V: Serialize + DeserializeOwned + Clone,
{
    fn put(&mut self, key: K, row: Arc<V>) {
        self.unpacked.take();
        let packed = self.pack(&key, &row);
        debug_assert!(packed.is_ok(), "what came over the link can be written again");
    }

    fn take_away(&mut self, key: &K) {
        self.rows.remove(self.unpacked.take().want(key));
    }

    fn change(&mut self, key: &K, change: impl FnOnce(&mut V)) {
        if let Some(mut row) = self.get(key) {
            self.unpacked.take();
            change(Arc::make_mut(&mut row));
            let packed = self.pack(key, &row);
            debug_assert!(packed.is_ok(), "what came over the link can be written again");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(account: &str, id: &str) -> ServerKey {
        ServerKey { account: account.into(), id: id.to_owned() }
    }

    #[test]
    fn rows_are_found_by_their_key_and_unpacked_as_they_were() {
        let mut rows = PackedRows::<ServerKey, Vec<String>>::default();
        for id in ["1", "10", "2", ""] {
            rows.put(key("panel", id), Arc::new(vec![format!("row {id}")]));
        }
        assert_eq!((rows.len(), rows.is_empty()), (4, false));
        for id in ["10", "", "1", "1", "2"] {
            assert_eq!(*rows.get(&key("panel", id)).unwrap(), [format!("row {id}")]);
        }
        assert!(rows.get(&key("panel1", "0")).is_none(), "keys do not run into each other");
        assert!(!rows.contains_key(&key("", "panel")));
        let mut ids: Vec<String> = rows.keys().map(|key| key.id).collect();
        ids.sort();
        assert_eq!(ids, ["", "1", "10", "2"]);
    }

    #[test]
    fn what_was_looked_at_is_never_shown_old() {
        let mut rows = PackedRows::<ServerKey, Vec<String>>::default();
        let (one, two) = (key("panel", "1"), key("panel", "2"));
        rows.put(one.clone(), Arc::new(Vec::new()));
        assert!(rows.get(&one).unwrap().is_empty());
        rows.change(&one, |row| row.push("changed".to_owned()));
        assert_eq!(*rows.get(&one).unwrap(), ["changed"]);
        rows.put(one.clone(), Arc::new(vec!["replaced".to_owned()]));
        assert_eq!(*rows.get(&one).unwrap(), ["replaced"]);
        assert_eq!(rows.len(), 1);
        rows.change(&two, Vec::clear);
        assert!(rows.get(&two).is_none(), "changing what is not there makes nothing");
        rows.put(two.clone(), Arc::new(Vec::new()));
        rows.retain_keys(|key| *key == two);
        assert!(rows.get(&one).is_none());
        rows.take_away(&two);
        assert!(rows.get(&two).is_none() && rows.is_empty());
    }
}
