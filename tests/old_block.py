"""A Moodle that was kept in step by block_kuracloud: its tables by hand, in a database or as CSV, and both sides.

Tables and encryption are those of block_kuracloud v1.1.1 (db/install.xml, classes/endpoints.php).
"""

from __future__ import annotations

import csv
import os
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7
from sqlalchemy import create_engine, text

from app.kit import Kit
from app.planning.moving import Finding
from app.setup import sites
from app.setup.block.adopt import Adopted, adopt
from app.setup.block.survey import Survey, survey
from app.store import links, mappings, runs
from app.store.links import Link
from app.store.mappings import Mapping
from app.store.runs import Run
from app.sync.turn import take_turn
from sandbox.kuracloud.sim import SimKuraCloud
from sandbox.moodle.sim import SimMoodle
from schemas.block import Block, read_block

KEY = bytes(range(32))
INSTANCE = "sandbox"  # what the simulated kuraCloud calls itself
ACTOR = "an administrator"
_VECTOR = bytes(range(16))

_SCHEMA = {
    "block_kuracloud_endpoints": "id integer, encrypted_token text, api_endpoint varchar(255), "
    "instanceid varchar(255), name varchar(255)",
    "block_kuracloud_courses": "id integer, courseid integer, remote_instanceid varchar(255), remote_courseid integer, "
    "remote_name varchar(255), status_ok integer, status_message text",
    "block_kuracloud_users": "id integer, userid integer, remote_studentid integer, remote_instanceid varchar(255), "
    "remote_courseid integer",
    "grade_items": "id integer, courseid integer, itemtype varchar(30), itemmodule varchar(30), iteminstance integer, "
    "itemnumber integer",
    "grade_grades_history": "id integer, source varchar(255), itemid integer, userid integer, "
    "finalgrade decimal(10, 5)",
    "files": "id integer, contenthash varchar(40), component varchar(100), filearea varchar(50), filename varchar(255)",
}


def encrypted(token: str, key: bytes = KEY) -> str:
    """The token as the block keeps it."""
    padder = PKCS7(128).padder()
    sealed = Cipher(AES256(key), CBC(_VECTOR)).encryptor()
    closed = sealed.update(padder.update(token.encode()) + padder.finalize()) + sealed.finalize()
    return f"{b64encode(_VECTOR).decode()}:{b64encode(b64encode(closed)).decode()}"


@dataclass
class OldBlock:
    """Two systems with the block between them: `rows` by table, filled by `course` and `link`; a site, no mapping."""

    kit: Kit
    moodle: SimMoodle
    kura: SimKuraCloud
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: {name: [] for name in _SCHEMA})

    def __post_init__(self) -> None:
        self.endpoint()
        key = {"component": "block_kuracloud", "filearea": "tokenkey", "filename": "token.key"}
        self._row("files", contenthash="abcdef0123", **key)

    def endpoint(self, token: str | None = None, instanceid: str = INSTANCE) -> None:
        """A connection of the block's."""
        self._row(
            "block_kuracloud_endpoints",
            encrypted_token=token or encrypted(self.kura.token),
            api_endpoint=f"{self.kura.url}/",
            instanceid=instanceid,
            name="Example University",
        )

    def course(self, students: int = 0, *, kura_course: int | None = None) -> tuple[int, int, list[int]]:
        """A course that the block keeps in step, with its students; (Moodle course, kuraCloud course, users)."""
        number = len(self.rows["block_kuracloud_courses"]) + 1
        course = self.moodle.create_course(f"Physiology {number}", f"OLD{number}")
        kura_course = kura_course or self.kura.add_course(f"Physiology {number}")
        self.map(course, kura_course)
        return course, kura_course, [self.student(course, kura_course) for _ in range(students)]

    def map(self, course: int, kura_course: int, instanceid: str = INSTANCE) -> None:
        """A row of the block's courses."""
        self._row(
            "block_kuracloud_courses",
            courseid=course,
            remote_instanceid=instanceid,
            remote_courseid=kura_course,
            remote_name="Physiology",
            status_ok=1,
            status_message=None,
        )

    def student(self, course: int, kura_course: int) -> int:
        """A student on both sides, linked by the block; the Moodle user."""
        number = len(self.rows["block_kuracloud_users"]) + 1
        facts = {"firstname": "Ana", "lastname": f"Lee {number}", "email": f"user{number}@example.edu"}
        userid = self.moodle.create_user(**facts)
        self.moodle.enrol(userid, course)
        self.link(userid, self.account(kura_course, **facts), kura_course)
        return int(userid)

    def account(self, kura_course: int, *, firstname: str = "Ana", lastname: str = "Lee", email: str) -> int:
        """A student in kuraCloud alone."""
        return self.kura.put_student(kura_course, givenName=firstname, familyName=lastname, email=email)

    def link(self, userid: int, studentid: int, kura_course: int, instanceid: str = INSTANCE) -> None:
        """A row of the block's users."""
        self._row(
            "block_kuracloud_users",
            userid=userid,
            remote_studentid=studentid,
            remote_instanceid=instanceid,
            remote_courseid=kura_course,
        )

    def studentid(self, userid: int) -> int:
        """The kuraCloud student whom the block links to a user."""
        found = [row for row in self.rows["block_kuracloud_users"] if row["userid"] == userid]
        return int(found[0]["remote_studentid"])

    def graded(self, course: int, lesson: int, revision: int, title: str) -> int:
        """A column that the block made; the item."""
        name = f"{title} kuraID: {lesson}-{revision}"
        item = self.moodle.create_item(course, lesson, revision, name, 10)
        place = {"courseid": course, "itemtype": "manual", "itemmodule": "kuracloud", "iteminstance": lesson}
        self.rows["grade_items"].append({"id": item, **place, "itemnumber": revision})
        return int(item)

    def wrote(self, item: int, userid: int, value: float, source: str | None = None) -> None:
        """A grade that the block wrote, or by another `source` a teacher: in the gradebook and its history."""
        self.moodle.write_grade(item, userid, value)
        self._row("grade_grades_history", source=source, itemid=item, userid=userid, finalgrade=value)

    def block(self) -> Block:
        """What the block's own three tables hold."""
        return read_block({name: rows for name, rows in self.rows.items() if name.startswith("block_")})

    def survey(self, block: Block | None = None, key: bytes | None = KEY) -> Survey:
        """What moving over would do."""
        return survey(self.kit, "uni", block or self.block(), key)

    def adopt(self, block: Block | None = None) -> list[Adopted]:
        """Move over."""
        return list(adopt(self.kit, self.survey(block), ACTOR))

    def mappings(self) -> list[Mapping]:
        """What is mapped in kurasync."""
        with self.kit.database.reading() as tx:
            return mappings.every(tx)

    def links(self, mapping_id: int, *, ended: bool = False) -> list[Link]:
        """The links in force, or those that ended."""
        with self.kit.database.reading() as tx:
            return links.ended(tx, mapping_id) if ended else links.active(tx, mapping_id)

    def turn(self, mapping_id: int) -> Run:
        """One look at a mapping, as a worker takes it; its run."""
        take_turn(self.kit, mapping_id, "roster", f"test:{os.getpid()}:0:0")
        with self.kit.database.reading() as tx:
            run = runs.last(tx, mapping_id, "roster")
        assert run is not None
        return run

    def writes(self) -> list[str]:
        """The calls that wrote to kuraCloud."""
        return [call.name for call in self.kura.calls if not call.name.startswith("GET ")]

    def into_database(self, url: str, prefix: str = "mdl_") -> None:
        """Moodle's database, as far as the block goes."""
        engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
        with engine.begin() as connection:
            for name, columns in _SCHEMA.items():
                connection.execute(text(f"CREATE TABLE {prefix}{name} ({columns})"))
                for row in self.rows[name]:
                    values = ", ".join(f":{key}" for key in row)
                    connection.execute(text(f"INSERT INTO {prefix}{name} ({', '.join(row)}) VALUES ({values})"), row)
        engine.dispose()

    def into_folder(self, folder: Path, *, delimiter: str = ",", null: str = "", prefix: str = "mdl_") -> Path:
        """The block's three tables as CSV."""
        folder.mkdir()
        for name in (name for name in _SCHEMA if name.startswith("block_")):
            path = folder / f"{prefix}{name}.csv"
            columns = [each.split()[0] for each in _SCHEMA[name].split(", ")]
            with path.open("w", encoding="utf-8", newline="") as lines:
                dump = csv.writer(lines, delimiter=delimiter)
                dump.writerow(columns)
                for row in self.rows[name]:
                    dump.writerow([null if row[column] is None else row[column] for column in columns])
        return folder

    def _row(self, table: str, **values: Any) -> None:
        self.rows[table].append({"id": len(self.rows[table]) + 1, **values})


def kinds(found: Survey) -> dict[str, list[Finding]]:
    """Findings by kind."""
    return {each.kind: [other for other in found.findings if other.kind == each.kind] for each in found.findings}


@contextmanager
def old_block(kit: Kit) -> Iterator[OldBlock]:
    """The two systems, the site `uni` in kurasync, and one connection of the block's."""
    with SimMoodle.serving() as moodle, SimKuraCloud.serving() as kura:
        moodle.install_plugin()
        sites.add(kit, name="uni", url=moodle.url, token=moodle.token, actor=ACTOR)
        yield OldBlock(kit, moodle, kura)
