"""The disk of the spool is full: what is settled is kept, new calls are refused, and all goes on once there is room."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from driver import assert_verified, call_once, whole_ledger
from tollgate import Tollgate, eventually

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")

DISK_KIB = 512


@pytest.fixture
def tollgate(make_tollgate: Callable[..., Tollgate]) -> Iterator[Tollgate]:
    """A gateway whose spool has a disk of its own, and a small one."""
    tollgate = make_tollgate()
    spool = tollgate.data / "spool"
    spool.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_KIB}k", "tmpfs", str(spool)], check=True)
    yield tollgate
    if tollgate.process and tollgate.process.poll() is None:
        tollgate.process.kill()
        tollgate.process.wait()
    subprocess.run(["umount", str(spool)], check=True)


def fill(folder: Path) -> Path:
    """Takes all that is left of the disk."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in [4096, 1]:
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                pass
    return filler


def test_a_full_disk(tollgate: Tollgate) -> None:
    tollgate.start()
    key = tollgate.manage("POST", "/key/generate", {})["key"]
    answers = [call_once(tollgate, key) for _ in range(3)]
    filler = fill(tollgate.data / "spool")

    # A page of the last segment may still have room: the call that finds none is answered, and its cost is kept.
    def refused() -> bool:
        answer = call_once(tollgate, key)
        if answer.status == 200:
            answers.append(answer)
            return False
        assert answer.status == 503, answer.text
        assert "cannot record calls" in answer.text
        return True

    eventually(refused, "the first refusal", 30)
    assert not tollgate.is_ready()
    assert "disk refuses" in tollgate.output()

    filler.unlink()
    eventually(tollgate.is_ready, "room for events again")
    answers.append(call_once(tollgate, key))
    assert answers[-1].status == 200
    whole_ledger(tollgate, key, {answer.call_id: answer.cost_nano for answer in answers})
    tollgate.signal(15)
    assert_verified(tollgate)
