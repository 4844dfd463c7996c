//! A damaged line in the middle: replay of that file stops there, the place is told, and the log goes on behind it.

use std::path::Path;

use quarterdeck::store::{RecordKind, maintenance};

use crate::support::{append, edit, journal, open, open_small, segments};

/// Where line `number` (from 1) begins.
fn line_start(bytes: &[u8], number: usize) -> usize {
    let ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
    std::iter::once(0).chain(ends).nth(number - 1).expect("so many lines")
}

/// Flips a bit in the body of a line of a file; returns the line's place.
fn damage_line(path: &Path, number: usize) -> usize {
    let mut place = 0;
    edit(path, |bytes| {
        place = line_start(bytes, number);
        bytes[place + 90] ^= 1;
    });
    place
}

#[test]
fn damage_in_the_middle_is_reported_with_its_place_and_appending_goes_on_in_a_new_file() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    append(&store, 9);
    store.flush().unwrap();
    drop(store);
    let path = segments(dir.path()).pop().unwrap();
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    let place = damage_line(&path, 5);
    let damaged = std::fs::read(&path).unwrap();
    for round in 0..3 {
        let (store, report) = open(dir.path());
        let said = report.notices.join("\n");
        assert!(
            said.contains(&format!("{name}, line 5, byte {place}: the checksum does not match")),
            "{said}"
        );
        let expected: Vec<u64> = (1..=4).chain(10..10 + round).collect();
        assert_eq!(journal(&store), expected, "nothing behind the damage is replayed, what came later is");
        append(&store, 1);
        assert_eq!(report.last_sequence, 9 + round, "numbers behind the damage are not given out again");
    }
    assert_eq!(std::fs::read(&path).unwrap(), damaged, "the damaged file is left as it is");
    let report = maintenance::verify(dir.path()).unwrap();
    assert!(!report.is_sound());
    assert_eq!(report.damages.len(), 1);
    let found = &report.damages[0];
    assert_eq!(
        (found.file.as_str(), found.line, found.byte),
        (name.as_str(), 5, u64::try_from(place).unwrap())
    );
    assert_eq!(found.bytes_held_back, u64::try_from(damaged.len() - place).unwrap());
}

#[test]
fn damage_in_an_old_file_holds_back_the_rest_of_that_file_only() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open_small(dir.path(), 1500);
    append(&store, 40);
    store.flush().unwrap();
    drop(store);
    let files = segments(dir.path());
    let plain = files.iter().rev().nth(1).unwrap(); // the newest closed one is not compressed
    let first: u64 = plain.file_name().unwrap().to_string_lossy()[..20].parse().unwrap();
    let last: u64 =
        files.last().unwrap().file_name().unwrap().to_string_lossy()[..20].parse::<u64>().unwrap() - 1;
    damage_line(plain, 3);
    let (store, report) = open_small(dir.path(), 1500);
    let said = report.notices.join("\n");
    assert!(said.contains("line 3") && said.contains("not replayed"), "{said}");
    let expected: Vec<u64> = (1..first + 2).chain(last + 1..=40).collect();
    assert_eq!(journal(&store), expected);
    assert_eq!(report.last_sequence, 40);
}

#[test]
fn a_damaged_compressed_file_is_reported_and_the_rest_is_there() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open_small(dir.path(), 1500);
    append(&store, 60);
    drop(store);
    drop(open_small(dir.path(), 1500)); // compresses what the last one left
    let compressed = segments(dir.path()).remove(1);
    assert!(compressed.to_string_lossy().ends_with(".zst"));
    edit(&compressed, |bytes| {
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0x10;
    });
    let (store, report) = open_small(dir.path(), 1500);
    let name = compressed.file_name().unwrap().to_string_lossy().into_owned();
    assert!(report.notices.join("\n").contains(&name), "{report:?}");
    let records = journal(&store);
    assert!(records.len() > 40 && records.last() == Some(&60), "{records:?}");
}

#[test]
fn a_missing_file_a_doubled_line_and_a_lost_line_are_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open_small(dir.path(), 1500);
    append(&store, 40);
    drop(store);
    let files = segments(dir.path());
    let last = files.last().unwrap();
    let whole = std::fs::read(last).unwrap();
    let second = line_start(&whole, 2);

    edit(last, |bytes| bytes.splice(0..0, whole[..second].to_vec()).for_each(drop));
    let (store, report) = open_small(dir.path(), 1500);
    assert!(
        report.notices.join("\n").contains("was already used") || report.notices.join("\n").contains("where")
    );
    drop(store);

    std::fs::write(last, &whole[second..]).unwrap();
    let report = maintenance::verify(dir.path()).unwrap();
    assert!(report.damages[0].reason.contains("should be"), "{report:?}");

    std::fs::write(last, &whole).unwrap();
    std::fs::remove_file(&files[1]).unwrap();
    let (_, report) = open_small(dir.path(), 1500);
    assert!(report.notices.join("\n").contains("the log lacks records"), "{report:?}");
}

#[test]
fn a_log_cut_at_a_line_end_is_noticed_by_the_index_and_numbers_are_not_given_out_again() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    append(&store, 9);
    store.flush().unwrap();
    drop(store);
    edit(&segments(dir.path())[0], |bytes| bytes.truncate(line_start(bytes, 8)));
    let (store, report) = open(dir.path());
    assert!(
        report.notices.join("\n").contains("the log ends at record 7, but records up to 9"),
        "{report:?}"
    );
    assert_eq!(store.append_blocking(RecordKind::Journal, "", &1).unwrap(), 10);
    assert_eq!(journal(&store), [1, 2, 3, 4, 5, 6, 7, 10]);
}

#[test]
fn a_record_that_rots_while_the_store_is_open_is_an_error_with_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    append(&store, 5);
    damage_line(&segments(dir.path())[0], 2);
    let problem = store.records(RecordKind::Journal).unwrap_err();
    assert!(problem.message.contains("record 2 cannot be read"), "{problem}");
    assert!(!problem.message.contains("number"), "bodies stay out of messages");
}
