"""A checkpoint is shown once witnesses have cosigned it; an old or forked copy of the log stays silent."""

import importlib.util
import sys
from pathlib import Path

import pytest

from lightwell.actions import cosigning, log
from lightwell.base import errors
from lightwell.db.models import Checkpoint, LogEntry
from lightwell.files import policies, sequencer
from lightwell.tlog import checkpoint as checkpoints
from lightwell.tlog import note, tree

pytestmark = pytest.mark.django_db

_spec = importlib.util.spec_from_file_location("log_fixture", Path(__file__).parent / "log_fixture.py")
log_fixture = sys.modules.setdefault("log_fixture", importlib.util.module_from_spec(_spec))
_spec.loader.exec_module(log_fixture)
NOW = log_fixture.NOW


def add(count: int = 1) -> None:
    log.append(entries=[{"type": "count", "v": 1, "n": log.count_entries() + k} for k in range(count)])


def publish(state) -> int:
    text = log.publish_checkpoint(state=state, now=NOW, timeout_seconds=5)
    return checkpoints.parse_checkpoint(note.parse_note(text).text).size


def restart() -> None:
    """Forget what this process has checked, as a new process would."""
    log._checked.clear()


@pytest.fixture
def witnesses(tmp_path):
    keys = [signer.verifier for signer in log_fixture.make_signers()]
    started = [log_fixture.Witness(tmp_path, f"w{number}.example", keys) for number in (1, 2, 3)]
    yield started
    for each in started:
        each.stop()


@pytest.fixture
def state(tmp_path, witnesses):
    restart()
    return log_fixture.make_state(tmp_path / "state", witnesses, quorum=2)


def test_a_growing_log_is_cosigned_by_every_witness_with_both_keys(state):
    for count in (1, 2, 300, 1):
        add(count)
        size = publish(state)
        shown, verdict = log_fixture.read_shown(state)
        assert (shown, len(verdict.witnesses)) == (size, 6)
        assert verdict.satisfied
    assert size == 304
    assert Checkpoint.objects.get(size=304).text == state.tiles.read_checkpoint()


def test_with_too_few_witnesses_nothing_is_shown_and_the_next_call_completes(state, witnesses):
    add(5)
    publish(state)
    witnesses[0].stop()
    witnesses[1].stop()
    add(2)
    with pytest.raises(errors.CouldNotCheck) as caught:
        publish(state)
    assert witnesses[0].url in str(caught.value)
    assert witnesses[1].url in str(caught.value)
    assert witnesses[2].url not in str(caught.value)
    assert "lightwell log checkpoint" in str(caught.value)
    assert log_fixture.read_shown(state)[0] == 5
    assert log.is_pending(state=state)
    kept = Checkpoint.objects.get(size=7).text
    assert "w3.example" in kept, "the cosignature that was given is kept"
    witnesses[0].start()
    assert publish(state) == 7
    assert not log.is_pending(state=state)
    assert Checkpoint.objects.get(size=7).text.startswith(kept.rstrip("\n")[:200])


def test_a_witness_that_was_away_is_caught_up_from_the_size_it_names(state, witnesses):
    add(3)
    publish(state)
    witnesses[2].stop()
    for _ in range(3):
        add(100)
        publish(state)
    witnesses[2].start()
    add(1)
    publish(state)
    assert len(log_fixture.read_shown(state)[1].witnesses) == 6


def test_a_rolled_back_database_refuses_to_sign_because_readers_saw_more(state):
    add(3)
    publish(state)
    add(4)
    publish(state)
    LogEntry.objects.filter(index__gte=3).delete()
    Checkpoint.objects.filter(size__gt=3).delete()
    restart()
    add(9)
    with pytest.raises(errors.Damaged, match="old copy"):
        publish(state)
    assert list(Checkpoint.objects.values_list("size", flat=True)) == [3]


def roll_back(state, size: int) -> None:
    """An old copy of everything, as a backup restores it."""
    LogEntry.objects.filter(index__gte=size).delete()
    Checkpoint.objects.filter(size__gt=size).delete()
    for path in state.tiles.root.rglob("*"):
        if path.is_file():
            path.unlink()
    from lightwell.tlog import tile

    data = [bytes(each) for each in LogEntry.objects.order_by("index").values_list("data", flat=True)]
    hashes = [tree.hash_leaf(each) for each in data]
    state.tiles.write_tiles(tile.derive_tiles(0, size, lambda a, b: hashes[a:b], state.tiles.read_tile))
    state.tiles.write_tiles(tile.derive_bundles(0, size, lambda a, b: data[a:b]))
    state.tiles.write_checkpoint(Checkpoint.objects.get(size=size).text)
    restart()


def test_a_whole_old_copy_refuses_to_sign_because_a_witness_saw_more(state, witnesses):
    add(3)
    publish(state)
    add(4)
    publish(state)
    roll_back(state, 3)
    add(9)
    with pytest.raises(errors.Damaged, match="seen this log with 7 entries"):
        publish(state)
    assert Checkpoint.objects.count() == 1
    witnesses[0].stop()
    witnesses[1].stop()
    with pytest.raises(errors.Damaged, match="old copy"):
        publish(state)
    witnesses[2].stop()
    with pytest.raises(errors.CouldNotCheck, match="Too few witnesses answered"):
        publish(state)
    assert Checkpoint.objects.count() == 1


def test_at_start_silence_of_a_possible_quorum_stops_and_one_answer_of_two_needed_goes_on(state, witnesses):
    add(3)
    publish(state)
    restart()
    add(1)
    witnesses[0].stop()
    assert publish(state) == 4, "two of three answer, so no quorum was missed"
    restart()
    witnesses[1].stop()
    add(1)
    with pytest.raises(errors.CouldNotCheck, match="Too few witnesses answered"):
        publish(state)
    assert Checkpoint.objects.order_by("-size").first().size == 4, "nothing was signed"


def test_a_forked_log_is_refused_by_the_witnesses_and_shows_nothing(state):
    add(3)
    publish(state)
    before = state.tiles.read_checkpoint()
    # The same keys, another history of the same size, then a larger one: what a cheat would do.
    LogEntry.objects.update(data=b'{"type":"forged"}')
    Checkpoint.objects.all().delete()
    for path in state.tiles.root.rglob("*"):
        if path.is_file():
            path.unlink()
    log._checked[str(state.root)] = (0, tree.EMPTY_ROOT)  # and with the check at start taken out
    with pytest.raises(errors.Damaged, match="another history"):
        publish(state)
    log._checked[str(state.root)] = (3, bytes(Checkpoint.objects.get().root))
    add(2)
    with pytest.raises(errors.Damaged, match="another history"):
        publish(state)
    assert state.tiles.read_checkpoint() is None
    restart()
    with pytest.raises(errors.Damaged, match="two histories"):
        publish(state)
    assert before is not None


def test_an_earlier_policy_counts_at_start(state, witnesses, tmp_path):
    add(3)
    publish(state)
    keys = [signer.verifier for signer in state.read_signers()]
    alone = log_fixture.Witness(tmp_path, "w9.example", keys)
    try:
        policies.replace_policy(state.root, policies.make_policy(keys, alone.list_options()))
        restart()
        add(1)
        assert publish(state) == 4
        for each in witnesses[:2]:
            each.stop()
        restart()
        add(1)
        with pytest.raises(errors.CouldNotCheck, match="Too few witnesses answered"):
            publish(state)
    finally:
        alone.stop()


def test_a_witness_that_lost_its_memory_does_not_count_as_an_answer(state, witnesses):
    add(3)
    publish(state)
    for each in witnesses[:2]:
        each.stop()
        for path in (each.folder / each.name).glob("*.checkpoint"):
            path.unlink()
        each.start()
    restart()
    with pytest.raises(errors.CouldNotCheck, match="lost its memory"):
        publish(state)


def test_a_second_publisher_is_told_who_signs(state):
    add(1)
    with sequencer.hold_lock(state.root), pytest.raises(errors.Refused, match="is signing the log"):
        log.publish_checkpoint(state=state, now=NOW, patience_seconds=0)
    assert publish(state) == 1


def test_the_day_is_counted_once_and_also_when_zero(state):
    place = log.count_day(state=state, now=NOW)
    assert place == 0
    assert log.count_day(state=state, now=NOW) is None
    data = bytes(LogEntry.objects.get(index=0).data)
    assert (
        data
        == b'{"at":"2026-11-25T12:00:00Z","date":"2026-11-25","items":0,"studies":0,"type":"count","v":1}'
    )


def test_the_first_entry_of_a_log_is_its_rules_and_only_once(state):
    log.begin_log(now=NOW)
    log.begin_log(now=NOW)
    assert [b'"type":"rules"' in bytes(row.data) for row in LogEntry.objects.all()] == [True]


def test_a_witness_that_only_claims_more_cannot_stop_the_log(state, monkeypatch):
    add(3)
    real = cosigning.client.add_checkpoint

    def claim(url, old_size, proof, text, wire):
        if url.endswith(state.read_policy().witnesses[0].url.rpartition(":")[2]):
            raise cosigning.client.WitnessRefusal("The witness refused: it last cosigned size 999.", 409, 999)
        return real(url, old_size, proof, text, wire)

    monkeypatch.setattr(cosigning.client, "add_checkpoint", claim)
    assert publish(state) == 3
    assert len(log_fixture.read_shown(state)[1].witnesses) == 4


def test_after_a_change_of_policy_the_same_checkpoint_is_cosigned_anew(state, witnesses):
    add(2)
    publish(state)
    keys = [signer.verifier for signer in state.read_signers()]
    policies.replace_policy(state.root, policies.make_policy(keys, witnesses[2].list_options()))
    assert not log.is_pending(state=state), "it was cosigned by this witness before"
    stranger = log_fixture.Witness(witnesses[0].folder, "w9.example", keys)
    try:
        policies.replace_policy(state.root, policies.make_policy(keys, stranger.list_options()))
        assert log.is_pending(state=state)
        assert publish(state) == 2
        assert not log.is_pending(state=state)
    finally:
        stranger.stop()
