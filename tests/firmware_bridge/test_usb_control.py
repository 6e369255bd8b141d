"""What the RP2040's USB answers on endpoint 0: by USB 2.0, chapter 9, and by CDC 1.2 and PSTN 1.2."""

from __future__ import annotations

import itertools
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.firmware_bridge import usb_device
from tests.firmware_bridge.usb_device import GET_DESCRIPTOR, PACKET, SET_CONFIGURATION, Setup, UsbDevice

DEVICE, CONFIGURATION, STRING, INTERFACE, ENDPOINT, QUALIFIER, ASSOCIATION, CLASS = 1, 2, 3, 4, 5, 6, 11, 0x24
CODING = struct.pack("<IBBB", 9600, 0, 0, 8)
ENDPOINTS = (0x81, 0x02, 0x82)


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """Compiled once."""
    return usb_device.build(tmp_path_factory.mktemp("usb"))


@pytest.fixture(scope="module")
def child(program):
    """The one that the random scripts share."""
    one = UsbDevice(program)
    yield one
    one.close()


@pytest.fixture
def device(child):
    """A device whose bus has just been reset."""
    child.reset()
    return child


def parts_of(configuration):
    """The descriptors in it, one by one."""
    while configuration:
        length = configuration[0]
        assert 2 <= length <= len(configuration)
        yield configuration[:length]
        configuration = configuration[length:]


def test_the_device_descriptor_is_one_of_functions_by_association(device):
    """USB 2.0 table 9-8: 18 bytes, USB 2.0, class EF/02/01, packets of 64, one configuration; the pair for tests."""
    fields = struct.unpack("<BBHBBBBHHHBBBB", device.descriptor(DEVICE))

    assert fields[:7] == (18, DEVICE, 0x0200, 0xEF, 0x02, 0x01, PACKET)
    assert fields[7:9] == (0x1209, 0x0001)
    assert fields[10:] == (1, 2, 0, 1)


def test_the_configuration_is_a_serial_line_as_cdc_demands(device):
    """Association of two interfaces; header, calls, ACM and union between; a notification and two bulk endpoints."""
    whole = device.descriptor(CONFIGURATION)
    kinds = [part[1] for part in parts_of(whole)]
    assert kinds == [CONFIGURATION, ASSOCIATION, INTERFACE, *[CLASS] * 4, ENDPOINT, INTERFACE, ENDPOINT, ENDPOINT]
    head, association, control, header, calls, acm, union, notices, data, out, back = parts_of(whole)

    assert struct.unpack("<BBHBBBBB", head) == (9, CONFIGURATION, len(whole), 2, 1, 0, 0x80, 50)
    assert list(association) == [8, ASSOCIATION, 0, 2, 2, 2, 0, 0]
    assert list(control) == [9, INTERFACE, 0, 0, 1, 2, 2, 0, 0]
    assert list(header) == [5, CLASS, 0, 0x20, 0x01]
    assert list(calls) == [5, CLASS, 1, 0, 1]
    assert list(acm) == [4, CLASS, 2, 0x02]
    assert list(union) == [5, CLASS, 6, 0, 1]
    assert list(data) == [9, INTERFACE, 1, 0, 2, 10, 0, 0, 0]
    assert [struct.unpack("<BBBBHB", one) for one in (notices, out, back)] == [
        (7, ENDPOINT, 0x81, 3, 8, 255),
        (7, ENDPOINT, 0x02, 2, PACKET, 0),
        (7, ENDPOINT, 0x82, 2, PACKET, 0),
    ]


def test_its_names_are_strings_that_a_host_can_read(device):
    """US English only; /dev/serial/by-id is made of these two."""
    assert device.descriptor(STRING) == bytes([4, STRING, 0x09, 0x04])
    names = [device.descriptor(STRING, index) for index in (1, 2)]
    assert [name[2:].decode("utf-16-le") for name in names] == ["edge-sort", "gate controller"]
    assert all(name[0] == len(name) and name[1] == STRING for name in names)


@pytest.mark.parametrize("kind", [0, QUALIFIER, 7, ASSOCIATION, 15, 0x21])
def test_a_descriptor_it_does_not_have_is_refused(device, kind):
    """That of a faster device among them: so hosts see that it is none."""
    assert device.descriptor(kind) is None
    assert device.descriptor(STRING, 3) is None


@pytest.mark.parametrize(("length", "packets"), [(9, [9]), (64, [64]), (75, [64, 11]), (255, [64, 11]), (0, [0])])
def test_an_answer_goes_in_packets_no_longer_than_was_asked(device, length, packets):
    """75 bytes are two; the host may ask for the head first."""
    done = device.setup(Setup(0x80, 6, CONFIGURATION << 8, 0, length))
    sizes = []
    while done and done[-1].startswith("send"):
        sizes.append(len(done[-1].removeprefix("send").strip()) // 2)
        done = device.fetched()

    assert sizes == packets
    assert done == (["expect"] if length else [])


def test_the_address_counts_from_the_end_of_its_request(device):
    """Its own answer still goes to the old one; and a request that is broken off changes nothing."""
    assert device.setup(Setup(0, 5, 7)) == ["send"]
    assert device.fetched() == ["address 7"]
    assert device.setup(Setup(0, 5, 9)) == ["send"]
    assert device.setup(Setup(0, 5, 0)) == ["send"]
    assert device.fetched() == ["address 0"]
    assert device.fetched() == []


def test_line_coding_is_kept_and_told_and_line_state_opens_the_port(device):
    """115,200 8N1 at first; what is written is read back; DTR is the port being open."""
    device.configure()
    assert device.ask(Setup(0xA1, 0x21, 0, 0, 7)) == struct.pack("<IBBB", 115_200, 0, 0, 8)
    assert device.ask(Setup(0x21, 0x20, 0, 0, 7), CODING) == b""
    assert device.ask(Setup(0xA1, 0x21, 0, 0, 7)) == CODING
    assert device.setup(Setup(0x21, 0x22, 3)) == ["listen 1", "send"]
    assert device.setup(Setup(0x21, 0x22, 2)) == ["listen 0", "send"]
    assert device.ask(Setup(0x21, 0x20, 0, 0, 7), CODING[:6]) is None


def test_an_endpoint_can_be_halted_and_begins_anew(device):
    """Each of the three, and no other; its state is told; a configuration ends it."""
    assert device.ask(Setup(0x02, 3, 0, 0x82)) is None
    device.configure()
    for endpoint in ENDPOINTS:
        assert device.ask(Setup(0x82, 0, 0, endpoint, 2)) == b"\0\0"
        assert device.setup(Setup(0x02, 3, 0, endpoint)) == [f"halt {endpoint} 1", "send"]
        assert device.ask(Setup(0x82, 0, 0, endpoint, 2)) == b"\1\0"
        assert device.setup(Setup(0x02, 1, 0, endpoint)) == [f"halt {endpoint} 0", "send"]
    assert device.ask(Setup(0x02, 3, 0, 0x01)) is None
    device.setup(Setup(0x02, 3, 0, 0x82))
    assert device.ask(Setup(0x00, 9, 1)) == b""
    assert device.ask(Setup(0x82, 0, 0, 0x82, 2)) == b"\0\0"


def test_an_interface_that_is_set_begins_anew(device):
    """Its endpoints count their packets from the first again, as the host does; the other interface's go on."""
    device.configure()
    assert device.setup(Setup(0x01, 11, 0, 1)) == ["halt 2 0", "halt 130 0", "send"]
    assert device.setup(Setup(0x01, 11, 0, 0)) == ["halt 129 0", "send"]
    assert device.setup(Setup(0x01, 11, 1, 1)) == ["stall"]


def test_a_bus_reset_ends_everything(device):
    """The configuration, the open port, a request under way."""
    device.configure()
    device.setup(Setup(0x21, 0x20, 0, 0, 7))

    assert set(device.reset()) == {"listen 0", "configure 0"}
    assert device.received(CODING) == []
    assert device.ask(Setup(0x80, 8, 0, 0, 1)) == b"\0"
    assert device.ask(Setup(0x21, 0x22, 1)) is None


# ---- what any host may send ----

WORDS = st.one_of(st.sampled_from([0, 1, 2, 7, 0x81, 0x82, 0x80, 0x100, 0x200, 0x300, 0x302]), st.integers(0, 0xFFFF))
KINDS = st.one_of(st.sampled_from([0, 1, 2, 0x80, 0x81, 0x82, 0x21, 0xA1]), st.integers(0, 255))
REQUESTS = st.one_of(st.sampled_from([*range(12), 0x20, 0x21, 0x22]), st.integers(0, 255))
LENGTHS = st.one_of(st.sampled_from([0, 1, 2, 7, 8, 18, 64, 75, 255]), st.integers(0, 0xFFFF))
SETUPS = st.builds(Setup, KINDS, REQUESTS, WORDS, WORDS, LENGTHS)
STEPS = st.one_of(SETUPS, SETUPS, st.just("fetched"), st.just("fetched"), st.just("reset"), st.binary(max_size=PACKET))


def allowed(setup, configured):
    """Whether the specifications let a device like this accept a request: written from them, not from the firmware."""
    kind, request, value, index, length = setup
    interface, endpoint = configured and index in (0, 1), configured and index in ENDPOINTS
    if not setup.to_host and length and (kind, request, length) != (0x21, 0x20, 7):
        return False
    return {
        (0x80, 0): value == 0 and index == 0,
        (0x81, 0): value == 0 and interface,
        (0x82, 0): value == 0 and (endpoint or index in (0, 0x80)),
        (0x02, 1): value == 0 and endpoint,
        (0x02, 3): value == 0 and endpoint,
        (0x00, 5): value <= 127 and index == 0,
        (0x80, 6): value in (0x100, 0x200, 0x300, 0x301, 0x302),
        (0x80, 8): value == 0 and index == 0,
        (0x00, 9): value <= 1 and index == 0,
        (0x81, 10): value == 0 and interface,
        (0x01, 11): value == 0 and interface,
        (0x21, 0x20): value == 0 and configured and index == 0 and length == 7,
        (0xA1, 0x21): value == 0 and configured and index == 0,
        (0x21, 0x22): configured and index == 0,
    }.get((kind, request), False)


def check_answer(device, setup):
    """Packets of at most 64 bytes, the last one short unless all that was asked for has come; then the host's end."""
    done = device.setup(setup)
    sizes = []
    while done[-1].startswith("send"):
        sizes.append(len(done[-1].removeprefix("send").strip()) // 2)
        done = device.fetched()
    assert done == ["expect"]
    assert all(size == PACKET for size in sizes[:-1])
    assert sizes[-1] <= PACKET
    assert sum(sizes) == setup.length or sizes[-1] < PACKET
    assert sum(sizes) <= setup.length


def run_steps(device, steps):
    """Any order of events: refused is what must be, and nothing is read or written that is not its own."""
    device.reset()
    configured = False
    for step in steps:
        if isinstance(step, Setup):
            done, fine = device.setup(step), allowed(step, configured)
            assert done.count("stall") == (not fine)
            assert len([one for one in done if one.startswith(("send", "expect", "stall"))]) == 1
            assert fine or done == ["stall"], "a refused request has done something"
            if fine and step[:2] == (0, 9):
                configured = step.value == 1
            if fine and step.to_host and step.length:
                check_answer(device, step)
        elif step == "fetched":
            device.fetched()
        elif step == "reset":
            device.reset()
            configured = False
        else:
            device.received(step)


@settings(max_examples=30, deadline=None)
@given(steps=st.lists(STEPS, max_size=20))
def test_any_requests_in_any_order_are_answered_or_refused(child, steps):
    """By the table of the specifications, under the sanitizers."""
    run_steps(child, steps)


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(steps=st.lists(STEPS, max_size=40))
def test_many_requests_in_any_order_are_answered_or_refused(child, steps):
    """The same for longer."""
    run_steps(child, steps)


@pytest.mark.slow
def test_each_kind_of_each_request_is_answered_or_refused(program):
    """All 65,536 pairs of type and request, configured: only those that exist are accepted."""
    pairs = [pair for pair in itertools.product(range(256), range(256)) if pair != (0, SET_CONFIGURATION)]
    setups = [Setup(*pair, 0x100 if pair[1] == GET_DESCRIPTOR else 0, 0, 7 * (pair == (0x21, 0x20))) for pair in pairs]
    done = usb_device.run_all(program, setups)
    accepted = {pair for pair, one in zip(pairs, done, strict=True) if one != ["stall"]}

    standard = {(0, 5), (0x80, 0), (0x80, 6), (0x80, 8), (0x81, 0), (0x81, 10), (1, 11), (0x82, 0)}
    assert accepted == standard | {(0x21, 0x20), (0xA1, 0x21), (0x21, 0x22)}
