//! Bytes from outside: no panic, no allocation beyond the limit, whatever arrives.

use proptest::prelude::*;
use quarterdeck::link::wire::{
    CHANGES_FRAME, ClientMessage, Hello, MAX_CLIENT_FRAME, MAX_SERVER_FRAME, PROTOCOL, ServerMessage,
    Welcome, codec, decode, decode_greeting, encode_changes,
};
use quarterdeck::model::fleet::Change;
use quarterdeck::model::time::Timestamp;
use tokio_util::bytes::BytesMut;
use tokio_util::codec::{Decoder, Encoder};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn decoders_take_any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _ = decode::<ClientMessage>(&bytes);
        let _ = decode::<ServerMessage<'static>>(&bytes);
        let _ = decode_greeting::<Hello>(&bytes);
        let _ = decode_greeting::<Welcome>(&bytes);
    }

    #[test]
    fn greetings_with_a_true_beginning_take_any_end(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let framed = [b"QDCK".as_slice(), &PROTOCOL.to_be_bytes(), &bytes].concat();
        let _ = decode_greeting::<Hello>(&framed);
    }

    #[test]
    fn messages_with_anything_changed_are_decoded_or_refused(
        text in ".{0,40}", changes in proptest::collection::vec((any::<usize>(), any::<u8>()), 1..6),
    ) {
        let notice = Change::Notice { at: Timestamp(7), text };
        let mut frames = Vec::new();
        encode_changes(3, &vec![notice; 5], &mut frames).expect("encodes");
        for frame in frames {
            let mut bytes = frame.to_vec();
            for (place, byte) in &changes {
                let length = bytes.len();
                bytes[place % length] = *byte;
            }
            let _ = decode::<ServerMessage<'static>>(&bytes);
            let _ = decode::<ClientMessage>(&bytes);
        }
    }

    #[test]
    fn frames_cut_anywhere_are_waited_for_and_come_back_whole(
        payloads in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..300), 0..10),
        cut in 1_usize..50,
    ) {
        let mut wire = BytesMut::new();
        for payload in &payloads {
            codec(MAX_CLIENT_FRAME).encode(payload.as_slice(), &mut wire).expect("fits");
        }
        let mut reader = codec(MAX_CLIENT_FRAME);
        let mut buffer = BytesMut::new();
        let mut read = Vec::new();
        for piece in wire.chunks(cut) {
            buffer.extend_from_slice(piece);
            while let Some(frame) = reader.decode(&mut buffer).expect("frames") {
                read.push(frame.to_vec());
            }
        }
        prop_assert_eq!(read, payloads);
    }

    #[test]
    fn any_length_prefix_is_refused_or_waited_for_within_the_limit(length in any::<u32>()) {
        let mut buffer = BytesMut::from(length.to_be_bytes().as_slice());
        let result = codec(MAX_CLIENT_FRAME).decode(&mut buffer);
        prop_assert_eq!(result.is_err(), length as usize > MAX_CLIENT_FRAME);
        prop_assert!(buffer.capacity() <= 2 * MAX_CLIENT_FRAME);
    }
}

#[test]
fn a_count_that_the_bytes_cannot_hold_allocates_nothing_for_it() {
    // Reply 300, Ok, Samples, and then a count of 2^63 - 1 elements.
    let mut frame = vec![3, 0xac, 0x02, 0, 4];
    frame.extend([0xff; 8]);
    frame.push(0x7f);
    assert!(decode::<ServerMessage<'static>>(&frame).is_err());
}

#[test]
fn changes_are_split_below_the_frame_limit_and_nothing_is_lost() {
    let change = |number: i64| Change::Notice { at: Timestamp(number), text: "x".repeat(10_000) };
    let changes: Vec<Change> = (0..200).map(change).collect();
    let mut frames = Vec::new();
    encode_changes(5, &changes, &mut frames).expect("encodes");
    assert!(frames.len() > 1);
    let mut back = Vec::new();
    for frame in &frames {
        assert!(frame.len() <= CHANGES_FRAME);
        match decode::<ServerMessage<'static>>(frame).expect("decodes") {
            ServerMessage::Changes { sequence: 5, changes } => back.extend(changes.into_owned()),
            other => panic!("not changes: {other:?}"),
        }
    }
    assert_eq!(back, changes);
}

#[test]
fn a_row_too_large_for_a_frame_is_announced_instead() {
    let huge = Change::Notice { at: Timestamp(1), text: "x".repeat(MAX_SERVER_FRAME + 1) };
    let mut frames = Vec::new();
    encode_changes(5, &[huge], &mut frames).expect("encodes");
    assert_eq!(frames.len(), 1);
    let Ok(ServerMessage::Changes { changes, .. }) = decode::<ServerMessage<'static>>(&frames[0]) else {
        panic!("changes were expected");
    };
    assert!(
        matches!(&changes[..], [Change::Notice { text, .. }] if text.contains("too large")),
        "{changes:?}"
    );
}
