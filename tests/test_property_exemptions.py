"""Whatever happens on both sides: who is exempted is left alone, nobody gets her student, all else comes to rest."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import rule, run_state_machine_as_test

from app.store import exemptions
from app.store.exemptions import Exemption, Side
from tests.roster_machine import RosterMachine, addresses, afterwards, people

_SETTINGS = settings(
    max_examples=10,
    stateful_step_count=30,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    print_blob=False,
)


class ExemptingMachine(RosterMachine):
    """The random course, in which people are exempted and not exempted any more; nobody rejects anything."""

    def reject(self) -> None:
        """No rule here: what was rejected may wait for ever, and so hide what an exemption leaves to be done."""

    @rule(number=people, what=st.sampled_from(("", "unenrol", "rename", "share")), then=afterwards)
    def exclude(self, number: int, what: str, then: str) -> None:
        """And then she leaves, is called otherwise, or somebody comes who has her address."""

        def change(user: int) -> None:
            self._exempt("moodle", user)
            if what == "unenrol":
                self.moodle.unenrol(user, self.course)
            elif what == "rename":
                self.moodle.rename_user(user, lastname="Renamed")
            elif what == "share":
                self._enrolled("Ana", self._email(user), "")

        self._with_user(number, change)
        self._afterwards(then)

    @rule(address=addresses, then=afterwards)
    def put_and_keep(self, address: str, then: str) -> None:
        self._exempt("kuracloud", self.kura.put_student(self.kura_course, email=address, givenName="Kept"))
        self._afterwards(then)

    @rule(number=people, then=afterwards)
    def keep(self, number: int, then: str) -> None:
        self._with_student(number, lambda student: self._exempt("kuracloud", student))
        self._afterwards(then)

    @rule(number=people, then=afterwards)
    def undo(self, number: int, then: str) -> None:
        mapping_id = self.world.mapping_id
        with self.trial.kit.database.transaction() as tx:
            known = exemptions.of_mapping(tx, mapping_id)
            if known:
                one = known[number % len(known)]
                exemptions.remove(tx, mapping_id, one.side, one.number)
        self.trial.ask()
        self._afterwards(then)

    def _exempt(self, side: Side, number: int) -> None:
        """As the verbs do it, without asking either side whether there is such a person: a fault would stop that."""
        with self.trial.kit.database.transaction() as tx:
            now = self.trial.kit.database.now(tx)
            exemptions.add(tx, Exemption(self.world.mapping_id, side, number, "somebody", now))
        self.trial.ask()


@pytest.mark.timeout(300)
def test_who_is_exempted_is_left_alone_whatever_happens(sqlite_template: Path, tmp_path: Path) -> None:
    class Machine(ExemptingMachine):
        def __init__(self) -> None:
            super().__init__(sqlite_template, tmp_path)

    run_state_machine_as_test(seed(0)(Machine), settings=_SETTINGS)
