"""Where the block's tables come from, and how its tokens are opened."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from app.errors import Refused
from app.kit import Kit
from app.setup.block import source, tokens
from tests.conftest import postgres_database
from tests.old_block import KEY, OldBlock, encrypted, old_block


@pytest.fixture
def old(sqlite_kit: Kit) -> Iterator[OldBlock]:
    with old_block(sqlite_kit) as made:
        yield made


def test_a_token_that_php_encrypted_as_the_block_does_is_opened() -> None:
    key = b64decode("6YKbtXQLxuBGLt+E45L5QPmBb0xIPdWU9Z8kGHwiOi8=")
    kept = "70wz7paWDQTiv5g5TS1fyg==:WmI5aHFWbHRlMzQ4THZSaVdCZDBQbG1tMS9oWVB1WUVsZ0tPOWdBdWJoTT0="
    assert tokens.decrypt(kept, key) == "invented-kura-token-0123456789"


@pytest.mark.parametrize("kept", ["", "no colon", "AAAA:AAAA", ":", f"{encrypted('a-token')}x", "not:base64!"])
def test_what_is_no_encrypted_token_is_refused_in_words(kept: str) -> None:
    with pytest.raises(Refused, match="does not open"):
        tokens.decrypt(kept, KEY)


def test_another_moodles_key_opens_nothing() -> None:
    for first in range(100):
        with pytest.raises(Refused, match="does not open"):
            tokens.decrypt(encrypted("a-token-of-some-length"), bytes([first, *range(100, 131)]))


def test_a_file_that_cannot_be_the_key_is_refused() -> None:
    with pytest.raises(Refused, match="has 5 bytes"):
        tokens.decrypt(encrypted("a-token"), b"short")


def test_a_token_of_several_words_is_none() -> None:
    with pytest.raises(Refused, match="does not open"):
        tokens.decrypt(encrypted("two words"), KEY)


@pytest.fixture
def moodle_on_postgres(postgres_server: str) -> Iterator[str]:
    with postgres_database(postgres_server) as url:
        yield make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


@pytest.fixture
def moodle_on_sqlite(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/moodle.db"


@pytest.mark.parametrize("server", ["sqlite", "postgres"])
def test_the_tables_are_read_from_a_database(old: OldBlock, server: str, request: pytest.FixtureRequest) -> None:
    url = request.getfixturevalue(f"moodle_on_{server}")
    course, _, users = old.course(2)
    item = old.graded(course, 5, 7, "Heart")
    old.wrote(item, users[0], 4, "gradebook")
    old.wrote(item, users[0], 4.5)
    old.wrote(item, users[1], 3)
    old.wrote(item, users[1], 3, "gradebook")
    old.rows["grade_items"].append({"id": 99, "courseid": course, "itemtype": "manual", "itemmodule": None})
    old.rows["grade_grades_history"].append({"id": 99, "itemid": 99, "userid": users[0], "finalgrade": 1})
    old.into_database(url)
    found = source.from_database(f"  {url}\n")
    assert (found.block.endpoints, found.block.courses, found.block.links) == (
        old.block().endpoints,
        old.block().courses,
        old.block().links,
    )
    assert [(each.userid, each.grade, each.source) for each in found.block.grades] == [
        (users[0], 4.5, ""),
        (users[1], 3.0, "gradebook"),
    ]
    assert found.key_file == "filedir/ab/cd/abcdef0123"


def test_of_several_moodles_in_one_database_one_has_to_be_named(old: OldBlock, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/moodle.db"
    old.course(1)
    old.into_database(url, "mdl_")
    old.into_database(url, "test_")
    with pytest.raises(Refused, match=r"mdl_, test_. Say which with --prefix"):
        source.from_database(url)
    assert source.from_database(url, "test_").block.courses == old.block().courses
    with pytest.raises(Refused, match="no table other_block_kuracloud_courses"):
        source.from_database(url, "other_")


def test_a_moodle_without_the_block_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="is the block still installed"):
        source.from_database(f"sqlite:///{tmp_path}/empty.db")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://someone:s3cret-word@127.0.0.1:1/moodle", "cannot be read"),
        ("nonsense", "not the address of a database"),
        ("postgresql://someone:p@s3cret-word@127.0.0.1:1/moodle", "%40 for @"),
        ("postgresql://someone:secret@host:s3cret-word/moodle", "not the address of a database"),
        ("oracle+nodriver://someone:s3cret-word@host/moodle", "not the address of a database"),
    ],
)
def test_a_database_that_cannot_be_read_is_told_without_its_password(url: str, said: str) -> None:
    with pytest.raises(Refused, match=said) as refused:
        source.from_database(url)
    assert "s3cret-word" not in refused.value.message


@pytest.mark.parametrize(("delimiter", "null", "prefix"), [(",", "", "mdl_"), (";", "NULL", ""), ("\t", r"\N", "m_")])
def test_the_tables_are_read_from_dumps(
    old: OldBlock, tmp_path: Path, delimiter: str, null: str, prefix: str
) -> None:
    old.course(3)
    folder = old.into_folder(tmp_path / "dumps", delimiter=delimiter, null=null, prefix=prefix)
    assert source.from_folder(folder).block == old.block()


def test_a_dump_of_the_grade_history_is_read_where_there_is_one(old: OldBlock, tmp_path: Path) -> None:
    folder = old.into_folder(tmp_path / "dumps")
    (folder / "block_kuracloud_grades.csv").write_text(
        "courseid,lesson,revision,userid,grade,source\n2,5,7,31,4.50000,\n2,5,7,32,NULL,gradebook\n"
    )
    block = source.from_folder(folder).block
    assert [(each.userid, each.grade, each.source) for each in block.grades] == [(31, 4.5, ""), (32, None, "gradebook")]


def test_a_dump_that_is_missing_is_named(old: OldBlock, tmp_path: Path) -> None:
    folder = old.into_folder(tmp_path / "dumps")
    (folder / "mdl_block_kuracloud_users.csv").unlink()
    with pytest.raises(Refused, match=r"no block_kuracloud_users\.csv"):
        source.from_folder(folder)


def test_two_dumps_of_one_table_are_refused(old: OldBlock, tmp_path: Path) -> None:
    folder = old.into_folder(tmp_path / "dumps")
    (folder / "old_block_kuracloud_users.csv").write_text("")
    with pytest.raises(Refused, match="Several files"):
        source.from_folder(folder)


def test_a_dump_without_the_names_of_its_columns_is_refused(old: OldBlock, tmp_path: Path) -> None:
    folder = old.into_folder(tmp_path / "dumps")
    (folder / "mdl_block_kuracloud_users.csv").write_text("1,31,7,sandbox,101\n")
    with pytest.raises(Refused, match="must name its columns, userid, remote_studentid"):
        source.from_folder(folder)


@pytest.mark.parametrize("number", ["", "x", "-3", "0"])
def test_a_row_that_makes_no_sense_is_named(old: OldBlock, tmp_path: Path, number: str) -> None:
    folder = old.into_folder(tmp_path / "dumps")
    (folder / "mdl_block_kuracloud_users.csv").write_text(
        f"id,userid,remote_studentid,remote_instanceid,remote_courseid\n1,31,7,sandbox,101\n2,{number},7,sandbox,101\n"
    )
    with pytest.raises(Refused, match=r"block_kuracloud_users holds .*\[1\]\.userid"):
        source.from_folder(folder)


def test_what_is_no_text_at_all_is_refused(old: OldBlock, tmp_path: Path) -> None:
    folder = old.into_folder(tmp_path / "dumps")
    (folder / "mdl_block_kuracloud_users.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(Refused, match="not a CSV file in UTF-8"):
        source.from_folder(folder)


def test_a_grade_that_is_no_number_is_refused(old: OldBlock, tmp_path: Path) -> None:
    folder = old.into_folder(tmp_path / "dumps")
    for grade in ("four", "nan"):
        (folder / "block_kuracloud_grades.csv").write_text(
            f"courseid,lesson,revision,userid,grade,source\n2,5,7,31,{grade},\n"
        )
        with pytest.raises(Refused, match=r"\[0\]\.grade is not a number"):
            source.from_folder(folder)
