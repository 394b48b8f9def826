"""A fault at every system call of a growth: nothing published breaks, and running again completes.

The fault is raised inside this process: once as an error of the device, once as a full disk, once
as the process ending there (nothing after the call happens, not even clean-up). In the last case
half a file may have been written.
"""

import contextlib
import errno
import os

import pytest

from lightwell.files import durable, tiles
from lightwell.tlog import checkpoint, fsck, tile, tree

ENTRIES = [f"entry {i}".encode() for i in range(700)]
LEAVES = [tree.hash_leaf(entry) for entry in ENTRIES]
CALLS = ("open", "fsync", "replace", "close")


class Ended(BaseException):
    """The process is gone; nobody catches this but the test."""


def derive(store, old, new):
    return [
        *tile.derive_bundles(old, new, lambda a, b: ENTRIES[a:b]),
        *tile.derive_tiles(old, new, lambda a, b: LEAVES[a:b], store.read_tile),
    ]


def publish(store, old, new):
    items = derive(store, old, new)
    store.write_tiles(items)
    store.write_checkpoint(f"size {new}\n")
    store.remove_partials(items)


def check_published(store):
    size = int((store.read_checkpoint() or "size 0").split()[1])
    root = tree.compute_root(LEAVES[:size])
    assert fsck.check_log(checkpoint.Checkpoint("log", size, root), store.read_bundle, store.read_tile) == []
    return size


def inject(monkeypatch, failing_call, make_fault):
    """Fail at the n-th durable call; return the counter."""
    counter = [0]
    for name in CALLS:
        real = getattr(os, name)

        def call(*arguments, real=real, name=name, **options):
            counter[0] += 1
            if counter[0] == failing_call:
                fault = make_fault()
                if name == "fsync" and isinstance(fault, Ended):
                    os.ftruncate(arguments[0], 7) if _is_file(arguments[0]) else None
                raise fault
            return real(*arguments, **options)

        monkeypatch.setattr(durable.os, name, call)
    return counter


def _is_file(descriptor):
    return os.path.isfile(f"/proc/self/fd/{descriptor}")


FAULTS = {
    "EIO": lambda: OSError(errno.EIO, "Input/output error"),
    "ENOSPC": lambda: OSError(errno.ENOSPC, "No space left on device"),
    "ended": Ended,
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(("old", "new"), [(0, 300), (250, 256), (300, 700)])
def test_a_fault_at_any_call_leaves_the_published_log_sound_and_a_second_run_completes(
    tmp_path, monkeypatch, fault, old, new
):
    point = 0
    while True:
        point += 1
        store = tiles.TileStore(tmp_path / str(point) / "log")
        if old:
            publish(store, 0, old)
        with monkeypatch.context() as patched:
            counter = inject(patched, point, FAULTS[fault])
            with contextlib.suppress(OSError, Ended):
                publish(store, old, new)
        assert check_published(store) in (old, new)
        again = tiles.TileStore(store.root)
        again.remove_leftovers()
        publish(again, old, new)
        assert check_published(again) == new
        if counter[0] < point:
            break
    assert point > 20, "every call was a fault point once, and there were calls"
