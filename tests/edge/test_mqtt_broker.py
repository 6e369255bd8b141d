"""The same with a real broker: killed and started again, refusing, encrypted, or not there at all."""

from __future__ import annotations

import datetime
import gc
import importlib.util
import ipaddress
import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from click.testing import CliRunner

from edge.cli import cli
from edge.emulated_world import emulated_machine
from edge.errors import MqttError
from edge.mqtt_drain import tell_broker, try_broker
from edge.mqtt_memory import telling
from edge.mqtt_order import order_of
from edge.mqtt_process import MqttProcess
from edge.mqtt_table import MqttTable
from tests.edge.mosquitto import KEEPING, Listener, Mosquitto, free_port, needs_mosquitto, wait_for
from tests.edge.told_journal import ToldLine, expected, key_of

MACHINE = emulated_machine(["nut", "screw"], speed_mm_s=150.0, tiles=False)
pytestmark = [needs_mosquitto, pytest.mark.skipif(not importlib.util.find_spec("paho"), reason="no paho-mqtt")]


def forgetful(test):
    """Mark a test after which the garbage collector finds the socket of a handshake that failed: paho's, left open."""
    ignored = pytest.mark.filterwarnings("ignore:.*unclosed <ssl", "ignore::pytest.PytestUnraisableExceptionWarning")
    return ignored(pytest.mark.usefixtures("swept")(test))


@pytest.fixture
def swept():
    """Collect what a test has left before the next one is blamed for it."""
    yield
    gc.collect()


def table(broker, **keys):
    return MqttTable(host="127.0.0.1", port=getattr(broker, "port", broker), line="line-1", **keys)


@pytest.fixture
def broker(tmp_path):
    with closing(Mosquitto(tmp_path / "broker").start()) as broker:
        yield broker


@pytest.fixture
def line(tmp_path):
    with closing(ToldLine(tmp_path / "journal.sqlite", durable=False)) as line:
        yield line


def journal(tmp_path):
    return tmp_path / "journal.sqlite"


def documented_filter():
    """Return the filter of docs/mqtt_subscriber.py, fresh."""
    from pathlib import Path

    path = Path(__file__).resolve().parents[2] / "docs" / "mqtt_subscriber.py"
    spec = importlib.util.spec_from_file_location("mqtt_subscriber", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.is_new


def beside(tmp_path, broker, told, **keys):
    order = order_of(MACHINE, table(broker, **keys), journal(tmp_path), settle_s=0.0)
    return MqttProcess(order, told.append)


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def kill_and_count(tmp_path, broker, parts, victims):
    """Feed parts while each victim in turn is killed; return what a subscriber heard of them, raw."""
    path = journal(tmp_path)

    def feed():
        for _ in range(parts):
            line.part()
        line.end()

    # the line is opened in the thread that feeds it, as SQLite wants it
    with closing(Listener(broker.port)) as listener, ThreadPoolExecutor(1) as feeder:
        line = feeder.submit(ToldLine, path, durable=False).result()
        process = beside(tmp_path, broker, [])
        try:
            feeding = feeder.submit(feed)
            for number, victim in enumerate(victims, start=1):
                listener.wait_for_messages(number * parts // (len(victims) + 1))
                if victim == "broker":
                    broker.kill()
                    broker.start()
                else:
                    wait_for(lambda: is_alive(process.pid), "publisher")
                    os.kill(process.pid, signal.SIGKILL)
            feeding.result()
            last = expected(path)["part"][-1]
            listener.wait_for_messages(lambda: key_of("part", listener.parts()[-1]) == last)
        finally:
            process.close()
            feeder.submit(line.close)
        return listener.parts()


def check_once_and_in_order(tmp_path, heard):
    is_new = documented_filter()
    kept = [key_of("part", part) for part in heard if is_new(part)]
    assert kept == expected(journal(tmp_path))["part"]


def test_each_part_is_heard_once_and_in_order_though_the_broker_is_killed(tmp_path, broker):
    """With SIGKILL, while parts go by. What is told again is known by its sequence."""
    heard = kill_and_count(tmp_path, broker, 200, ["broker"])
    check_once_and_in_order(tmp_path, heard)


@pytest.mark.slow
def test_ten_thousand_parts_are_heard_once_and_in_order_though_broker_and_publisher_are_killed(tmp_path):
    """The same for long, with a broker that saves what it has only now and then, so that it forgets much."""
    forgetful = KEEPING.replace("autosave_interval 1", "autosave_interval 300")
    with closing(Mosquitto(tmp_path / "broker", f"allow_anonymous true\n{forgetful}").start()) as broker:
        heard = kill_and_count(tmp_path, broker, 10_000, ["broker", "publisher", "broker"] * 2)
    check_once_and_in_order(tmp_path, heard)
    assert len(heard) > 10_000  # so it was put to the test


@pytest.mark.slow
def test_a_line_that_ends_says_its_last_parts_and_that_it_is_offline(tmp_path, broker, line):
    """Nothing waits for the next run when the broker is there."""
    with closing(Listener(broker.port)) as listener:
        process = beside(tmp_path, broker, [])
        for _ in range(5):
            line.part()
        line.incident()
        line.end()
        process.close()
        wait_for(lambda: listener.last("availability") == b"offline", "farewell")
        assert [key_of("part", one) for one in listener.parts()] == expected(journal(tmp_path))["part"]
        assert json.loads(listener.last("counts"))["parts"] == 5
        assert json.loads(listener.last("state"))["state"] == "Idle"
        assert json.loads(listener.last("incident"))["kind"] == "jam"


def machine_file(tmp_path, port):
    """Write a machine file as a user would."""
    text = CliRunner().invoke(cli, ["machine"]).output
    path = tmp_path / "machine.toml"
    path.write_text(f'{text}\n[mqtt]\nhost = "127.0.0.1"\nport = {port}\nline = "line-1"\n')
    return path


def run_line(tmp_path, port):
    """Let the emulated line sort; return what it said on standard error."""
    command = [sys.executable, "-c", "from edge.cli import main; main()", "run", "--emulate", "--fast"]
    options = ["--count", "8", "--machine", str(machine_file(tmp_path, port)), "--journal", str(journal(tmp_path))]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=True, cwd=tmp_path, timeout=120)
    assert "fed                    8" in done.stdout
    return done.stderr


@pytest.mark.slow
def test_run_tells_the_broker_of_the_machine_file(tmp_path, broker):
    """Nothing else needs to be started."""
    with closing(Listener(broker.port)) as listener:
        assert run_line(tmp_path, broker.port) == "mqtt: connected\n"
        wait_for(lambda: listener.last("availability") == b"offline", "farewell")
        assert [key_of("part", one) for one in listener.parts()] == expected(journal(tmp_path))["part"]
        assert len(listener.parts()) >= 8


@pytest.mark.slow
def test_run_sorts_on_without_its_broker_and_the_next_run_tells_of_both(tmp_path, broker):
    """One sentence says so; it costs no part."""
    (said,) = run_line(tmp_path, free_port()).splitlines()
    assert said.endswith("see mqtt.host, mqtt.port and the broker; the journal keeps what is not told yet")
    with closing(Listener(broker.port)) as listener:
        run_line(tmp_path, broker.port)
        wait_for(lambda: listener.last("availability") == b"offline", "farewell")
        assert [key_of("part", one) for one in listener.parts()] == expected(journal(tmp_path))["part"]


@pytest.mark.slow
def test_a_publisher_that_is_killed_is_told_offline_by_the_broker(tmp_path, broker, line):
    """The last will says what it cannot say itself; started again, it is back."""
    line.part()
    with closing(Listener(broker.port, "edge-sort/+/availability")) as listener:
        process = beside(tmp_path, broker, [])
        try:
            wait_for(lambda: listener.last("availability") == b"online", "greeting")
            os.kill(process.pid, signal.SIGKILL)
            wait_for(lambda: listener.last("availability") == b"offline", "last will")
            wait_for(lambda: listener.last("availability") == b"online", "second greeting")
        finally:
            process.close()


def test_a_publisher_that_keeps_ending_is_started_a_few_times_only(tmp_path, line, monkeypatch):
    """It says so and the line goes on."""
    monkeypatch.setattr("edge.mqtt_process.RESTART_AFTER_S", 0.0)
    monkeypatch.setattr("edge.mqtt_process.sys.executable", "/bin/false")
    told = []
    process = beside(tmp_path, free_port(), told)
    process._watch.join(20)
    process.close()
    assert len(told) == 1
    assert "has ended 6 times (code 1)" in told[0]


def test_what_was_missed_is_told_by_the_command(tmp_path, broker, line):
    """After an outage, or with [mqtt] new in the machine file; a second time there is nothing to tell."""
    for _ in range(4):
        line.part()
    line.end()
    machine, runner = machine_file(tmp_path, broker.port), CliRunner()
    command = ["mqtt", "publish", str(journal(tmp_path)), "--machine", str(machine)]
    assert runner.invoke(cli, command).output == "told: 4 parts, 0 incidents, 1 changes of state\n"
    assert runner.invoke(cli, command).output == "told: 0 parts, 0 incidents, 0 changes of state\n"
    checked = runner.invoke(cli, ["mqtt", "check", "--machine", str(machine)]).output
    assert checked.splitlines()[-1] == "the broker keeps of it: counts, part, state"


def test_only_one_program_tells_of_a_journal(tmp_path, broker, line):
    """The command beside a running line says that there is nothing to do."""
    with telling(journal(tmp_path)), pytest.raises(MqttError, match="found a program that does"):
        tell_broker(MACHINE, table(broker), journal(tmp_path), None)


@forgetful
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"port": 1}, "expected a broker there, found none (Connection refused); see mqtt.host"),
        ({"host": "no.such.host.invalid"}, "expected a host of that name, found none"),
        ({"host": "a" * 200}, "expected a host of that name, found none"),
        ({"tls": True}, "expected a broker that speaks TLS there"),
    ],
)
def test_a_broker_that_is_not_there_is_one_sentence(broker, change, words):
    """What was expected, what was found, and which keys to look at."""
    with pytest.raises(MqttError) as told:
        try_broker(table(broker).model_copy(update=change))
    assert words in str(told.value)


def test_a_wrong_password_is_one_sentence_and_the_right_one_comes_from_a_file(tmp_path):
    """The password is in no message."""
    secrets = tmp_path / "passwords"
    made = subprocess.run(
        ["mosquitto_passwd", "-b", "-c", str(secrets), "line", "right"], capture_output=True, check=True
    )
    assert made.returncode == 0
    (tmp_path / "broker").mkdir()
    with closing(Mosquitto(tmp_path / "broker", f"allow_anonymous false\npassword_file {secrets}\n").start()) as broker:
        file = tmp_path / "password"
        file.write_text("wrong\n")
        given = table(broker, username="line", password_file=file)
        with pytest.raises(MqttError, match=r"refuses user 'line' \(not authorized\)") as told:
            try_broker(given)
        assert "wrong" not in str(told.value)
        with pytest.raises(MqttError, match=r"a client without mqtt\.username"):
            try_broker(table(broker))
        file.write_text("right\n")
        assert try_broker(given) == []


def test_a_broker_that_takes_nothing_from_the_line_is_told(tmp_path, line):
    """An access list that forgets the line would otherwise swallow every part."""
    (tmp_path / "broker").mkdir()
    rules = tmp_path / "broker" / "acl"
    rules.write_text("topic read edge-sort/#\n")
    line.part()
    line.end()
    with (
        closing(Mosquitto(tmp_path / "broker", f"allow_anonymous true\nacl_file {rules}\n").start()) as broker,
        pytest.raises(MqttError, match="expected to be allowed to publish"),
    ):
        tell_broker(MACHINE, table(broker), journal(tmp_path), None)


def certificates(folder):
    """Write a private authority and a certificate of 127.0.0.1 that it has signed."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    def write(name, key, certificate):
        secret = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        (folder / f"{name}.key").write_bytes(secret)
        (folder / f"{name}.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def signed(name, key, issuer, signer, *, authority):
        now = datetime.datetime.now(datetime.UTC)
        host = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        builder = x509.CertificateBuilder().subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        builder = builder.issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(
            now + datetime.timedelta(days=1)
        )
        builder = builder.add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        return builder.add_extension(host, critical=False).sign(signer, hashes.SHA256())

    root, leaf = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    write("ca", root, signed("ca", root, "ca", root, authority=True))
    write("broker", leaf, signed("broker", leaf, "ca", root, authority=False))


@forgetful
def test_over_tls_the_broker_must_be_one_that_can_be_trusted(tmp_path):
    """With the authority's certificate the line is let in; without it nothing is said, not even the password."""
    folder = tmp_path / "broker"
    folder.mkdir()
    certificates(folder)
    settings = f"allow_anonymous true\ncertfile {folder}/broker.crt\nkeyfile {folder}/broker.key\n{KEEPING}"
    with closing(Mosquitto(folder, settings).start()) as broker:
        assert try_broker(table(broker, tls=True, ca_file=folder / "ca.crt")) == []
        with pytest.raises(MqttError, match="expected a broker whose certificate can be trusted"):
            try_broker(table(broker, tls=True))


@pytest.mark.slow
def test_a_line_that_starts_while_the_command_tells_takes_its_turn_after_it(tmp_path, broker, line):
    """It is not an end of the publisher that counts: it waits."""
    line.part()
    line.end()
    with closing(Listener(broker.port)) as listener:
        with telling(journal(tmp_path)):
            process = beside(tmp_path, broker, [])
            first = process.pid
            line.incident()
        wait_for(listener.parts, "part")
        assert process.pid == first
        process.close()
