"""Sources whose daemon was killed, or lost its power, while it put them away; new files came under their names."""

import os

from daemon.names import temporary
from daemon.putaway import Place, put_away
from tests.files.conftest import Folder, tree


def test_a_new_files_sidecars_are_not_deleted_with_the_source_before_it(folder: Folder) -> None:
    job = folder.job()
    os.rename(job.source, folder.inbox / temporary(job.id, 0))  # so far the killed daemon came
    new = {"cat.jpg": b"another", "cat.jpg.txt": b"make it blue", "cat.jpg.toml": b'prompt = "x"'}
    for name, data in new.items():
        (folder.inbox / name).write_bytes(data)
    assert put_away(job, folder.rule(after="delete")) == Place(None, in_inbox=False)
    assert tree(folder.inbox) == new
