"""Messages to bytes and back, whatever the line does to them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge import c_header, protocol_page
from firmware_bridge.cobs import stuff, unstuff
from firmware_bridge.codec import Decoder, Frame, decode, encode, next_number, wire_length
from firmware_bridge.codes import MOST_PAYLOAD, PROTOCOL
from firmware_bridge.messages import Arm, Hello, Identity, Ping, Plan, Pong, Rest
from firmware_bridge.wire import BY_ID, ProtocolError, pack, unpack


def values(field):
    """Any value that a field can hold."""
    if field.kind is str:
        return st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=field.wire.length)
    if field.kind is bytes:
        return st.binary(min_size=field.wire.length, max_size=field.wire.length)
    if field.kind is not int:
        return st.sampled_from(list(field.kind))
    bits = 8 * field.wire.size
    return (
        st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if field.wire.c[0] == "i" else st.integers(0, 2**bits - 1)
    )


def any_message():
    """Any message with any contents."""
    kinds = [BY_ID[id] for id in sorted(BY_ID)]
    return st.sampled_from(kinds).flatmap(
        lambda kind: st.builds(kind, **{field.name: values(field) for field in kind.fields})
    )


def any_frame():
    """Any message, numbered where it must be."""
    return any_message().flatmap(
        lambda message: st.builds(Frame, st.just(message), st.integers(1, 255) if message.sequenced else st.just(0))
    )


@settings(max_examples=50)
@given(st.binary(max_size=600))
def test_stuffed_bytes_hold_no_zero_and_come_back(data):
    """COBS loses nothing, costs one byte in 254, and leaves the zero to end frames with."""
    stuffed = stuff(data)

    assert 0 not in stuffed
    assert len(stuffed) <= len(data) + 1 + len(data) // 254
    assert unstuff(stuffed) == data


@settings(max_examples=60)
@given(any_frame())
def test_a_frame_comes_back_as_it_was_sent(frame):
    """Every message with every contents survives the line, in a frame of the length that is documented."""
    sent = encode(frame.message, frame.number)

    assert len(sent) == wire_length(type(frame.message))
    assert Decoder().feed(sent) == [frame]


@settings(max_examples=40)
@given(st.lists(any_frame(), max_size=4), st.binary(max_size=30), st.data())
def test_frames_are_found_in_any_pieces_and_after_any_noise(frames, noise, data):
    """Noise before a frame costs no frame, and pieces of any size do as well as one."""
    sent = noise + b"".join(encode(frame.message, frame.number) for frame in frames)
    decoder, found = Decoder(), []
    while sent:
        size = data.draw(st.integers(1, 40))
        found += decoder.feed(sent[:size])
        sent = sent[size:]

    assert found[len(found) - len(frames) :] == frames


@settings(max_examples=40, derandomize=True)  # one damage in 65,536 has the right checksum
@given(any_frame(), st.data())
def test_a_damaged_frame_is_dropped(frame, data):
    """A wrong bit or two, in the contents or in the stuffing."""
    sent = bytearray(encode(frame.message, frame.number).strip(b"\0"))
    for bit in data.draw(st.sets(st.integers(0, 8 * len(sent) - 1), min_size=1, max_size=2)):
        sent[bit // 8] ^= 1 << bit % 8

    assert Decoder().feed(b"\0" + bytes(sent) + b"\0") == []


@settings(max_examples=40, derandomize=True)
@given(any_frame(), st.integers(1, 40))
def test_a_frame_cut_short_is_dropped(frame, lost):
    """A piece of a frame is no frame."""
    sent = encode(frame.message, frame.number)[: -1 - lost]

    assert Decoder().feed(sent + b"\0") == []


def test_noise_that_never_ends_fills_no_memory():
    """What is longer than a frame is counted once, and the next frame is found."""
    decoder = Decoder()
    for _ in range(100):
        assert decoder.feed(b"\x55" * 1000) == []

    assert decoder.feed(encode(Rest(), 1)) == [Frame(Rest(), 1)]
    assert decoder.bad == 1


def test_the_checksum_is_the_one_in_the_document():
    """CRC-16 with polynomial 0x1021 from 0xFFFF: 0x29B1 for "123456789"."""
    from binascii import crc_hqx

    assert crc_hqx(b"123456789", 0xFFFF) == 0x29B1
    assert encode(Plan(gate=1, opens=2, closes=3, part=4), 7).hex() == "00060d150701020101020301010204010103b61900"


def test_values_that_do_not_fit_are_refused_by_name():
    """An error names the field and the value."""
    with pytest.raises(ProtocolError, match=r"Plan\.gate, got 256"):
        encode(Plan(gate=256, opens=0, closes=0, part=0), 1)
    with pytest.raises(ProtocolError, match="expected 1 to 255 as the number of Arm, got 0"):
        encode(Arm(heartbeat=1, latch=0))
    with pytest.raises(ProtocolError, match="expected 0 as the number of Ping, got 3"):
        encode(Ping(token=1), 3)


def test_a_message_of_a_newer_side_is_named():
    """An unknown id says that one side is newer."""
    good = encode(Rest(), 1).strip(b"\0")
    with pytest.raises(ProtocolError, match="leads to no other"):
        decode(good[:-1])
    from binascii import crc_hqx

    body = bytes([0, 0x3F, 1])
    with pytest.raises(ProtocolError, match="0x3f; one side is newer"):
        decode(stuff(body + crc_hqx(body, 0xFFFF).to_bytes(2, "little")))


def test_a_board_s_name_can_be_printed_whatever_it_sends():
    """Escape codes would be obeyed by the terminal."""
    sent = Hello(PROTOCOL, 1, "\x1b[2Jpi")
    assert unpack(Hello, pack(sent)) == Hello(PROTOCOL, 1, "\ufffd[2Jpi")


def test_numbers_go_round_without_zero():
    """0 means not numbered."""
    assert [next_number(one) for one in (1, 254, 255)] == [2, 255, 1]


def test_ping_and_pong_take_the_same_time_on_the_line():
    """Then the time on the line cancels out, whatever the baud rate."""
    assert wire_length(Ping) == wire_length(Pong)


def test_every_message_fits_the_buffer():
    """The largest fill it, none is larger; hello and identity keep their place in every version."""
    assert max(kind.size() for kind in BY_ID.values()) == MOST_PAYLOAD
    assert [(field.name, field.offset) for field in Hello.fields] == [("protocol", 0), ("session", 2), ("host", 6)]
    assert [field.offset for field in Identity.fields] == [0, 2, 3, 4, 8, 10, 11, 12, 13, 14, 15, 16, 20, 22, 24]


def test_the_header_in_the_firmware_is_the_table():
    """es_messages.h is made from the table and up to date."""
    assert c_header.PATH.read_text() == c_header.header(), "run: python -m firmware_bridge.c_header"


def test_the_document_is_the_table():
    """docs/protocol.md is made from the table and up to date, and explains every code."""
    text = protocol_page.PATH.read_text()

    assert text == protocol_page.page(), "run: python -m firmware_bridge.protocol_page"
    assert "{{" not in text
