"""Many writers of the same bytes at once: the file under the digest is whole at every moment."""

import hashlib
import threading
from pathlib import Path

from lightwell.files.store import FileStore


def test_writers_of_the_same_bytes_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    data = b"sleep" * 200_000
    failures: list[BaseException] = []
    for turn in range(20):
        store = FileStore(tmp_path / str(turn))

        def put(store: FileStore = store) -> None:
            try:
                digest = store.put_bytes("public", data)
                assert store.get_bytes("public", digest) == data
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=put) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert failures == []
    names = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert names == {hashlib.sha256(data).hexdigest()}
