"""`kurasync audit verify` and `export` at the desk: what people read, exit codes, and a proof without the database."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from app.setup import acts, anchor, archive, sealing
from tests.audit_attack import OTHER, PERSON, attack, erased, sealed, written
from tests.fixtures_desk import Desk


def exported(desk: Desk, tmp_path: Path, *arguments: str) -> Path:
    file = tmp_path / "audit.jsonl"
    file.write_text(desk.done("audit", "export", *arguments))
    return file


def act(desk: Desk, actor: str, mapping_id: int | None = None) -> None:
    with desk.kit.database.transaction() as tx:
        acts.record(tx, desk.kit.database.now(tx), actor, "try", {}, mapping_id)


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def rewritten(file: Path, rows: list[dict[str, Any]]) -> None:
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_verify_says_that_all_fits_and_tells_the_head(desk: Desk) -> None:
    sealed(desk.kit, 2)
    written(desk.kit)
    said = desk.done("audit", "verify")
    head = anchor.last(desk.kit.settings.anchor)
    assert head is not None
    assert "4 row(s) fit their seals." in said
    assert "2 row(s) are not sealed yet" in said
    assert "agrees with the remembered heads up to seal 4 of " in said
    assert f"Head: 4:{head.seal}" in said


def test_verify_says_when_nothing_is_known_from_elsewhere(desk: Desk) -> None:
    sealed(desk.kit, 1)
    desk.kit.settings.anchor.unlink()
    assert "cannot be noticed" in desk.done("audit", "verify")


def test_verify_of_an_empty_audit(desk: Desk) -> None:
    assert "Nothing was sealed yet." in desk.done("audit", "verify")


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE audit SET actor = 'x' WHERE id = 3", "Row 3 (seal 3) is not what was sealed"),
        ("DELETE FROM audit WHERE id = 3", "Row 3 (seal 3) is missing."),
        ("DELETE FROM audit_seals WHERE seq = 3", "Seal 3 is missing"),
        ("DELETE FROM audit_seals WHERE seq IN (3, 4)", "The seals 3 to 4 are missing"),
        ("DELETE FROM audit_seals WHERE seq > 4", "The end was cut off: seal 6 is remembered of 20"),
        ("UPDATE audit_subjects SET salt = 'x' WHERE audit_id = 3 AND place = 1", "Record 1 of row 3 has other"),
        ("DELETE FROM audit_subjects WHERE audit_id = 3 AND place = 1", "of record 1 of row 3 are gone"),
        ("UPDATE audit_subjects SET place = 5 WHERE audit_id = 3 AND place = 1", "for a record 5 that it does not"),
    ],
)
def test_verify_names_what_does_not_fit_and_ends_with_1(desk: Desk, statement: str, said: str) -> None:
    sealed(desk.kit, 3)
    attack(desk.kit, statement)
    done = desk.run("audit", "verify")
    assert done.exit_code == 1
    assert said in done.stdout
    assert "Head:" not in done.stdout


def test_a_row_with_values_for_nobody_can_still_be_listed(desk: Desk) -> None:
    sealed(desk.kit, 1)
    attack(desk.kit, "UPDATE audit_subjects SET place = 5 WHERE audit_id = 1 AND place = 1")
    assert [record["userid"] for record in desk.json("audit", "list")[1]["subject"]["records"]] == [7, 8]


def test_verify_counts_what_it_does_not_name(desk: Desk) -> None:
    written(desk.kit, 15)
    sealing.seal(desk.kit)
    attack(desk.kit, "UPDATE audit SET actor = 'x'")
    assert "... and 10 more." in desk.run("audit", "verify").stdout


def test_verify_for_programs(desk: Desk) -> None:
    sealed(desk.kit, 1)
    erased(desk.kit, 1, 0)
    assert desk.json("audit", "verify")["fits"] is True
    attack(desk.kit, "DELETE FROM audit_seals WHERE seq = 2")
    done = desk.run("audit", "verify", "--json")
    said = json.loads(done.stdout)
    assert (done.exit_code, said["fits"], said["erased"]) == (1, False, 1)
    assert said["findings"][0]["wrong"] == "cut_off"
    assert said["findings"][0]["said"].startswith("The end was cut off")


def test_a_head_that_somebody_wrote_down_is_verified(desk: Desk) -> None:
    sealed(desk.kit, 1)
    head = desk.done("audit", "verify").split("Head: ")[1].strip()
    sealed(desk.kit, 1)
    assert "up to seal 4" in desk.done("audit", "verify", "--head", head)
    other = f"2:{'a' * 64}"
    done = desk.run("audit", "verify", "--head", other)
    assert done.exit_code == 1
    assert "Seal 2 is not the one that is remembered: something from seal 2 on was changed" in done.stdout


@pytest.mark.parametrize("head", ["2", "2:abc", "0:" + "a" * 64, "x:" + "a" * 64])
def test_a_head_is_a_number_and_a_seal(desk: Desk, head: str) -> None:
    assert desk.run("audit", "verify", "--head", head).exit_code == 2


def test_an_anchor_that_remembers_nothing_is_refused(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "other").write_text("nothing\n")
    done = desk.run("audit", "verify", "--anchor", str(tmp_path / "other"))
    assert done.exit_code == 1
    assert "remembers nothing" in done.stderr


def test_an_export_is_verified_without_the_database(desk: Desk, tmp_path: Path) -> None:
    sealed(desk.kit, 2)
    erased(desk.kit, 1, 0)
    file = exported(desk, tmp_path)
    copy = tmp_path / "copy.anchor"
    copy.write_bytes(desk.kit.settings.anchor.read_bytes())
    desk.environ = {}
    said = desk.done("audit", "verify", "--offline", str(file), "--anchor", str(copy))
    assert "4 row(s) fit their seals." in said
    assert "1 personal record(s) were erased" in said
    assert "2 row(s) are not sealed yet" in said
    assert "up to seal 4" in said


def test_an_export_that_was_changed_does_not_fit(desk: Desk, tmp_path: Path) -> None:
    sealed(desk.kit, 2)
    file = exported(desk, tmp_path)
    rows = lines(file)
    rows[2]["people"][0]["personal"]["email"] = "eve@example.edu"
    rows[3]["row"]["actor"] = "nobody"
    rewritten(file, [rows[0], *rows[2:]])
    said = desk.run("audit", "verify", "--offline", str(file)).stdout
    assert "Seal 2 is missing" in said
    assert "Record 0 of row 3 has other" in said
    assert "Row 4 (seal 4) is not what was sealed" in said


def test_an_export_whose_end_is_missing_is_cut_off(desk: Desk, tmp_path: Path) -> None:
    sealed(desk.kit, 2)
    file = exported(desk, tmp_path)
    rewritten(file, lines(file)[:3])
    done = desk.run("audit", "verify", "--offline", str(file), "--anchor", str(desk.kit.settings.anchor))
    assert "seal 4 is remembered" in done.stdout


@pytest.mark.parametrize("line", ["", "x", "[]", "{}", '{"row": {}, "people": [], "sealed": null}', "[" * 100_000])
def test_what_is_no_export_is_refused(desk: Desk, tmp_path: Path, line: str) -> None:
    file = tmp_path / "other"
    file.write_text(line + "\n")
    done = desk.run("audit", "verify", "--offline", str(file))
    assert done.exit_code == 1
    assert "Line 1 of" in done.stderr


def test_an_export_since_a_day_is_verified_from_there_on(desk: Desk, tmp_path: Path) -> None:
    sealed(desk.kit, 3)
    everything = exported(desk, tmp_path)
    rows = lines(everything)
    rewritten(everything, rows[2:])
    said = desk.done("audit", "verify", "--offline", str(everything), "--anchor", str(desk.kit.settings.anchor))
    assert "4 row(s) fit" in said
    assert lines(exported(desk, tmp_path, "--since", "2020-01-01")) == rows
    assert lines(exported(desk, tmp_path, "--since", "2999-01-01T10:00")) == []


def test_an_export_holds_every_row_with_its_people(desk: Desk, tmp_path: Path) -> None:
    written(desk.kit, 600)
    sealing.seal(desk.kit)
    written(desk.kit, 600)
    rows = lines(exported(desk, tmp_path))
    assert [each["row"]["id"] for each in rows] == list(range(1, 2401))
    assert [each["sealed"] is None for each in rows] == [False] * 1200 + [True] * 1200
    personal = {name: value for name, value in PERSON.items() if name not in ("userid", "studentid")}
    assert [rows[number]["people"][0]["personal"] for number in (0, 1200)] == [personal] * 2


def test_an_export_of_a_mapping_holds_its_rows_alone(desk: Desk, tmp_path: Path) -> None:
    written(desk.kit)
    mapping_id = desk.map()
    sealing.seal(desk.kit)
    act(desk, "try", mapping_id)
    found = lines(exported(desk, tmp_path, "--mapping", str(mapping_id)))
    assert {each["row"]["mapping_id"] for each in found} == {mapping_id}
    assert {each["sealed"] is None for each in found} == {True, False}


def test_a_table_has_no_formulas_and_holds_personal_values(desk: Desk) -> None:
    hostile = {**OTHER, "email": "=1+1"}
    written(desk.kit, 1, (PERSON, hostile))
    erased(desk.kit, 1, 0)
    act(desk, "=cmd|' /C calc'!A0")
    sealing.seal(desk.kit)
    text = desk.done("audit", "export", "--format", "csv")
    table = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["id"] for row in table] == ["1", "2", "3", "4", "5", "6"]
    assert table[4]["actor"] == "'=cmd|' /C calc'!A0"
    assert json.loads(table[0]["subject"])["records"] == [{"userid": 7, "studentid": 70, "erased": True}, hostile]
    assert table[0]["seq"] == "1"
    assert len(table[0]["seal"]) == 64


def test_a_table_shows_what_somebody_made_of_a_row(desk: Desk) -> None:
    sealed(desk.kit, 2)
    attack(desk.kit, "UPDATE audit SET subject = '{', at = 'x' WHERE id = 1", "DELETE FROM audit WHERE id = 2")
    table = list(csv.DictReader(io.StringIO(desk.done("audit", "export", "--format", "csv"), newline="")))
    assert (table[0]["subject"], table[0]["at"], table[1]["id"], table[1]["seq"]) == ('"{"', "x", "", "2")


def test_a_line_survives_what_json_does_not_know(desk: Desk, tmp_path: Path) -> None:
    sealed(desk.kit, 1)
    attack(desk.kit, "UPDATE audit SET actor = x'ff', at = 9e999 WHERE id = 1", "DELETE FROM audit WHERE id = 2")
    file = exported(desk, tmp_path)
    assert [link.row is None for link in archive.links(file)] == [False, True]
    said = desk.run("audit", "verify", "--offline", str(file)).stdout
    assert "Row 1 (seal 1) is not what was sealed" in said
    assert "Row 2 (seal 2) is missing" in said


def test_the_list_is_narrowed_by_who_what_and_when(desk: Desk) -> None:
    for actor in ("user:anna", "key:lab"):
        act(desk, actor)
    for narrowed in (("--actor", "user:anna"), ("--actor", "user:anna", "--operation", "try", "--since", "2020-01-01")):
        assert {row["actor"] for row in desk.json("audit", "list", *narrowed)} == {"user:anna"}
    for nothing in (("--operation", "fly"), ("--until", "2020-01-01"), ("--since", "9000-01-01")):
        assert desk.json("audit", "list", *nothing) == []
