"""`answergate tokens`: made once, listed without secrets, revoked; wrong use is said in words."""

from pathlib import Path

import pytest

import answergate
from service.accounts import Accounts
from service.database import Database


def test_tokens_are_made_listed_and_revoked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = ["--database", str(tmp_path / "a.db")]
    assert answergate.main(["tokens", "add", "--role", "teacher", "--name", "Ada", *where]) == 0
    name, token = capsys.readouterr().out.strip().split("\t")
    assert name == "Ada"
    students = ["tokens", "add", "--role", "student", "--teacher", "Ada", "--name", "Bo", "Cy Dee", *where]
    assert answergate.main(students) == 0
    assert [line.split("\t")[0] for line in capsys.readouterr().out.splitlines()] == ["Bo", "Cy Dee"]
    accounts = Accounts(Database(str(tmp_path / "a.db")))
    assert (accounts.by_token(token).role, accounts.by_token(token).name) == ("teacher", "Ada")
    assert answergate.main(["tokens", "revoke", "--role", "student", "--name", "Bo", *where]) == 0
    capsys.readouterr()
    assert answergate.main(["tokens", "list", *where]) == 0
    listed = capsys.readouterr().out
    assert [line.split("\t")[-1] for line in listed.splitlines()] == ["active", "revoked", "active"]
    assert token not in listed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["add", "--role", "student", "--name", "Bo"], "a student needs --teacher"),
        (["add", "--role", "student", "--name", "Bo", "--teacher", "Nobody"], "there is no teacher 'Nobody'"),
        (["add", "--role", "teacher", "--name", "Ada"], "there is a teacher 'Ada' already"),
        (["add", "--role", "teacher", "--name", " "], "1 to 200 visible characters"),
        (["revoke", "--role", "teacher", "--name", "Eve"], "there is no teacher 'Eve'"),
    ],
)
def test_wrong_use_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    Accounts(Database(str(tmp_path / "a.db"))).add("teacher", "Ada")
    assert answergate.main(["tokens", *arguments, "--database", str(tmp_path / "a.db")]) == 2
    assert message in capsys.readouterr().err


def test_a_database_that_cannot_be_opened(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert answergate.main(["tokens", "list", "--database", str(tmp_path / "no" / "a.db")]) == 2
    assert "cannot open this database" in capsys.readouterr().err
