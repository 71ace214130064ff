"""What may be wrong with the data folder: it is said in a line, and nothing is lost or overwritten."""

from collections.abc import Callable
from pathlib import Path

import pytest

from driver import assert_verified, call_once, whole_ledger
from tollgate import Tollgate


@pytest.fixture
def tollgate(make_tollgate: Callable[..., Tollgate]) -> Tollgate:
    """A gateway that keeps everything in its data folder."""
    tollgate = make_tollgate()
    for name in ["DATABASE_URL", "LITELLM_MASTER_KEY", "LITELLM_SALT_KEY"]:
        tollgate.env.pop(name, None)
    tollgate.env["RUST_BACKTRACE"] = "1"
    return tollgate


def refusal(tollgate: Tollgate) -> str:
    """What it says when it refuses to start; a person can act on it."""
    before = len(tollgate.output())
    tollgate.spawn()
    assert tollgate.process
    assert tollgate.process.wait(timeout=30) == 1
    output = tollgate.output()[before:]
    for trace in ["panicked", "stack backtrace", ".rs:"]:
        assert trace not in output, output
    return output


def test_a_file_in_its_place(tollgate: Tollgate, tmp_path: Path) -> None:
    file = tmp_path / "data"
    file.write_text("not a folder")
    command = tollgate.run_with(["serve", "--port", str(tollgate.port), "--data", str(file)])
    assert command.returncode == 1
    assert "data folder" in command.stderr and str(file) in command.stderr
    assert "panicked" not in command.stderr


def test_a_folder_that_cannot_be_written(tollgate: Tollgate) -> None:
    # Not even root may write there.
    command = tollgate.run_with(["serve", "--port", str(tollgate.port), "--data", "/proc/tollgate"])
    assert command.returncode == 1
    assert "data folder" in command.stderr and "/proc/tollgate" in command.stderr
    assert "panicked" not in command.stderr


def test_a_database_that_is_none(tollgate: Tollgate) -> None:
    (tollgate.data / "tollgate.db").write_text("This was a database once. " * 1000)
    said = refusal(tollgate)
    assert "database" in said and "tollgate.db" in said, said


def test_a_database_with_a_page_overwritten(tollgate: Tollgate) -> None:
    tollgate.start()
    assert tollgate.signal(15) == 0
    file = tollgate.data / "tollgate.db"
    whole = file.read_bytes()
    file.write_bytes(whole[:100] + b"\xff" * 4000 + whole[4100:])
    said = refusal(tollgate)
    assert "database" in said, said


@pytest.mark.parametrize("name", ["master_key", "salt_key"])
def test_an_empty_key(tollgate: Tollgate, name: str) -> None:
    file = tollgate.data / name
    file.write_text("\n")
    said = refusal(tollgate)
    assert str(file) in said, said
    assert file.read_text() == "\n"


def test_a_second_process_on_the_same_folder(tollgate: Tollgate, make_tollgate: Callable[..., Tollgate]) -> None:
    tollgate.start()
    second = tollgate.run_with(["serve", "--port", "0", "--data", str(tollgate.data)])
    assert second.returncode == 1
    assert "in use" in second.stderr and "--data" in second.stderr, second.stderr
    assert tollgate.is_ready()


def test_a_torn_end_of_the_spool(tollgate: Tollgate) -> None:
    tollgate.env["LITELLM_MASTER_KEY"] = "sk-master-key-of-the-tests"
    tollgate.start()
    key = tollgate.manage("POST", "/key/generate", {})["key"]
    answers = [call_once(tollgate, key) for _ in range(5)]
    tollgate.signal(9)
    segment = max((tollgate.data / "spool").glob("*.spool"))
    with segment.open("ab") as file:
        # The head of a record, and not all of its body.
        file.write(b"\x40\x00\x00\x00\x01\x02\x03\x04E{")
    tollgate.start()
    assert "torn" in tollgate.output()
    whole_ledger(tollgate, key, {answer.call_id: answer.cost_nano for answer in answers})
    assert_verified(tollgate)
