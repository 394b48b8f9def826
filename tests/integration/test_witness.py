"""A real witness process: the command line, the wire, restarts, races and kills."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from click.testing import CliRunner

from lightwell.base import errors as base_errors
from lightwell.cli import witness as command
from lightwell.client import witness as client_witness
from lightwell.tlog import checkpoint, cosignature, note, tree, witness

ORIGIN = "log.example/one"
LOG_KEYS = [
    note.generate_signer(ORIGIN, kind, b"L" * 32) for kind in (note.KeyType.ED25519, note.KeyType.ML_DSA_44)
]
VKEYS = [note.format_vkey(signer.verifier) for signer in LOG_KEYS]
LEAVES = [tree.hash_leaf(f"entry {i}".encode()) for i in range(200)]
FORK = [tree.hash_leaf(b"forked"), *LEAVES[1:]]


def sign(size, leaves=LEAVES):
    head = checkpoint.Checkpoint(ORIGIN, size, tree.compute_root(leaves[:size]))
    return checkpoint.sign_checkpoint(head, LOG_KEYS)


def submit(url, client, old, new, leaves=LEAVES):
    proof = tree.prove_consistency(leaves, old, new)
    return client_witness.add_checkpoint(url, old, proof, sign(new, leaves), client)


class Process:
    """One `lightwell witness serve` with its state folder."""

    def __init__(self, folder, *options):
        self.folder = folder
        self.options = options
        self.key_file = folder / "witness.key"
        made = CliRunner().invoke(
            command.witness, ["keygen", "--name", "w.example", "--key", str(self.key_file)]
        )
        assert made.exit_code == 0, made.output
        self.verifiers = [note.parse_vkey(line) for line in made.output.split()]

    def start(self):
        arguments = ["serve", "--listen", "127.0.0.1:0", "--key", str(self.key_file), "--origin", ORIGIN]
        arguments += ["--state", str(self.folder / "state"), *self.options]
        for vkey in VKEYS:
            arguments += ["--log", vkey]
        code = "from lightwell.cli.witness import witness; witness()"
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.start_message = self.process.stdout.readline()
        found = re.search(r"http://[0-9.:]+", self.start_message)
        assert found, self.start_message + self.process.stderr.read()
        self.url = found.group()
        return self

    def stop(self, number=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(number)
        _, self.complaints = self.process.communicate(timeout=20)
        return self.process.returncode


@pytest.fixture
def running(tmp_path):
    process = Process(tmp_path).start()
    yield process
    process.stop()


@pytest.fixture
def client():
    with client_witness.open_client() as opened:
        yield opened


def test_a_checkpoint_is_cosigned_with_both_types_and_served_again(running, client):
    before = int(time.time())
    lines = submit(running.url, client, 0, 7)
    whole = cosignature.add_cosignatures(sign(7), lines, running.verifiers)
    opened = note.open_note(whole, running.verifiers)
    assert len(opened.verified) == 2
    for line, verifier in zip(opened.verified, running.verifiers, strict=True):
        assert before <= cosignature.read_timestamp(line, verifier) <= time.time() + 1
    served = client_witness.read_checkpoint(running.url, ORIGIN, client)
    keys = [*running.verifiers, *(signer.verifier for signer in LOG_KEYS)]
    assert len(note.open_note(served, keys).verified) == 4
    assert client_witness.read_checkpoint(running.url, "unknown.example", client) is None


def test_a_log_that_forks_rewinds_or_forgets_is_refused(running, client):
    submit(running.url, client, 0, 100)
    attempts = {
        "another tree of the same size": (100, 100, FORK, 409),
        "a larger tree with another past": (100, 150, FORK, 422),
        "an old state": (0, 50, LEAVES, 409),
    }
    for old, new, leaves, status in attempts.values():
        with pytest.raises(client_witness.WitnessRefusal) as caught:
            submit(running.url, client, old, new, leaves)
        assert caught.value.status == status
    assert checkpoint_size(client_witness.read_checkpoint(running.url, ORIGIN, client)) == 100


def checkpoint_size(text):
    return checkpoint.parse_checkpoint(note.parse_note(text).text).size


def test_the_memory_survives_a_restart_and_a_kill(tmp_path, client):
    process = Process(tmp_path).start()
    submit(process.url, client, 0, 30)
    process.stop(signal.SIGKILL)
    process.start()
    with pytest.raises(client_witness.WitnessRefusal) as caught:
        submit(process.url, client, 0, 40)
    assert (caught.value.status, caught.value.size) == (409, 30)
    submit(process.url, client, 30, 40)
    assert process.stop() == 0
    assert process.complaints == ""


def test_whatever_was_answered_before_a_kill_is_remembered_after_it(tmp_path):
    process = Process(tmp_path).start()
    size = 0
    for round_number in range(6):
        answered = []

        def keep_growing(start=size, answered=answered):
            reached = start
            with client_witness.open_client() as client:
                try:
                    while reached < len(LEAVES):
                        submit(process.url, client, reached, reached + 1)
                        reached += 1
                        answered.append(reached)
                except base_errors.LightwellError:
                    return

        thread = threading.Thread(target=keep_growing)
        thread.start()
        time.sleep(0.02 * (round_number + 1))
        process.stop(signal.SIGKILL)
        thread.join()
        process.start()
        with client_witness.open_client() as client:
            served = client_witness.read_checkpoint(process.url, ORIGIN, client)
        remembered = checkpoint_size(served) if served else 0
        assert remembered >= (answered[-1] if answered else size)
        size = remembered
    process.stop()


def test_of_many_rival_checkpoints_at_once_exactly_one_is_cosigned(running, client):
    submit(running.url, client, 0, 10)

    def race(number):
        leaves = [*LEAVES[:10], *(tree.hash_leaf(b"%d %d" % (number, i)) for i in range(5))]
        with client_witness.open_client() as own:
            try:
                submit(running.url, own, 10, 15, leaves)
            except client_witness.WitnessRefusal as refusal:
                return refusal.status
        return 200

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(race, range(8)))
    assert statuses == [200] + [409] * 7


def test_a_sample_clock_is_used_and_named_in_the_start_message_and_every_answer(tmp_path):
    clock = tmp_path / "clock"
    clock.write_text("1500000000\n")
    process = Process(tmp_path, "--sample-clock", str(clock)).start()
    try:
        assert "sample clock" in process.start_message
        with client_witness.open_client() as client:
            for moment in (1_500_000_000, 1_600_000_000):
                clock.write_text(f"{moment}\n")
                lines = submit(process.url, client, 0 if moment == 1_500_000_000 else 5, 5)
                times = [
                    cosignature.read_timestamp(*pair) for pair in zip(lines, process.verifiers, strict=True)
                ]
                assert times == [moment, moment]
            reply = client.get(f"{process.url}/{witness.name_origin(ORIGIN)}/checkpoint")
            assert reply.headers["Lightwell-Clock"] == "sample"
            clock.write_text("noon")
            with pytest.raises(base_errors.CouldNotCheck, match="status 500"):
                submit(process.url, client, 5, 6)
    finally:
        process.stop()
    assert "must hold one Unix time" in process.complaints


def test_the_real_clock_is_named_and_its_answers_carry_no_sample_header(running, client):
    assert "real clock" in running.start_message
    assert "Lightwell-Clock" not in client.get(f"{running.url}/x/checkpoint").headers


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "status"),
    [
        ("POST", "/add-checkpoint", b"nonsense", {}, 400),
        ("POST", "/other", b"x", {}, 404),
        ("GET", "/", b"", {}, 404),
        ("GET", "/../witness.key", b"", {}, 404),
        ("GET", "/../../witness.key/checkpoint", b"", {}, 404),
        ("DELETE", "/add-checkpoint", b"", {}, 501),
    ],
)
def test_requests_outside_the_protocol_are_refused(running, client, method, path, body, headers, status):
    reply = client.request(method, running.url + path, content=body, headers=headers)
    assert reply.status_code == status


@pytest.mark.parametrize(
    "header", ["Content-Length: 99999999", "Content-Length: x", "Transfer-Encoding: chunked"]
)
def test_a_request_of_unknown_or_huge_length_is_refused_unread(running, header):
    address = httpx.URL(running.url)
    with socket.create_connection((address.host, address.port), timeout=10) as wire:
        wire.sendall(f"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\n{header}\r\n\r\n".encode())
        assert wire.makefile("rb").readline().split()[1] == b"400"


def test_a_second_witness_on_the_same_state_is_refused(running):
    second = subprocess.run(
        [sys.executable, *running.process.args[1:]], capture_output=True, text=True, timeout=30, check=False
    )
    assert second.returncode == 1
    assert "already using" in second.stderr
    assert "Traceback" not in second.stderr


def serve_with(tmp_path, **changes):
    key_file = tmp_path / "k"
    CliRunner().invoke(command.witness, ["keygen", "--name", "w.example", "--key", str(key_file)])
    options = {
        "--listen": "127.0.0.1:0",
        "--key": str(key_file),
        "--state": str(tmp_path / "s"),
        "--log": VKEYS[0],
    }
    options |= {f"--{name.replace('_', '-')}": value for name, value in changes.items()}
    arguments = [part for pair in options.items() for part in pair]
    return CliRunner().invoke(command.witness, ["serve", *arguments])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"listen": "nowhere"}, "is not HOST:PORT"),
        ({"log": "nonsense"}, "--log nonsense"),
        ({"origin": "other.example"}, "No --log key has this name"),
        ({"key": "/nonexistent"}, "make one with lightwell witness keygen"),
        ({"sample_clock": "/nonexistent"}, "must hold one Unix time"),
        ({"state": "/proc/nothing"}, "cannot start"),
    ],
)
def test_a_wrong_option_is_one_clear_sentence(tmp_path, changes, words):
    result = serve_with(tmp_path, **changes)
    assert result.exit_code == 1
    assert words in result.output
    assert "Traceback" not in result.output


def test_a_taken_port_is_one_clear_sentence(tmp_path, running):
    result = serve_with(tmp_path / "other", listen=running.url.removeprefix("http://"))
    assert result.exit_code == 1
    assert "already in use" in result.output


def test_damaged_state_stops_the_witness_before_it_answers(tmp_path):
    folder = tmp_path / "s"
    folder.mkdir()
    (folder / f"{witness.name_origin(ORIGIN)}.checkpoint").write_text("half a checkp")
    result = serve_with(tmp_path)
    assert result.exit_code == 1
    assert "is damaged" in result.output


def test_a_key_is_never_overwritten_and_never_readable_by_others(tmp_path):
    key_file = tmp_path / "k"
    arguments = ["keygen", "--name", "w.example", "--key", str(key_file)]
    assert CliRunner().invoke(command.witness, arguments).exit_code == 0
    assert key_file.stat().st_mode & 0o777 == 0o600
    kept = key_file.read_text()
    again = CliRunner().invoke(command.witness, arguments)
    assert again.exit_code == 1
    assert "exists already" in again.output
    assert key_file.read_text() == kept
    os.chmod(key_file, 0o644)
    assert "chmod 600" in serve_with_key(tmp_path, key_file).output


def serve_with_key(tmp_path, key_file):
    arguments = [
        "--listen",
        "127.0.0.1:0",
        "--key",
        str(key_file),
        "--state",
        str(tmp_path / "s"),
        "--log",
        VKEYS[0],
    ]
    return CliRunner().invoke(command.witness, ["serve", *arguments])


def test_keep_alive_connections_survive_many_requests(running):
    with httpx.Client() as client:
        url = f"{running.url}/{witness.name_origin(ORIGIN)}/checkpoint"
        assert {client.get(url).status_code for _ in range(20)} == {404}
