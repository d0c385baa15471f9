"""Texts and addresses are the same after NFC and trimming, A-Z folded in addresses; grades after five decimals."""

from __future__ import annotations

from decimal import Decimal
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.planning.sameness import (
    differing,
    echoes,
    email_digest,
    email_key,
    is_address,
    rounded,
    same,
    same_grade,
    section,
    text_key,
)
from tests.planning_builders import profile, student

COMPOSED, DECOMPOSED = "Jos\u00e9", "Jose\u0301"


def test_missing_null_and_empty_texts_are_equal() -> None:
    assert text_key(None) == text_key("") == text_key("  \t\n") == ""
    assert same("section", None, "", {})
    assert same("section", "", None, {})


def test_texts_are_compared_composed_and_trimmed() -> None:
    assert text_key(f" {DECOMPOSED}\u00a0") == COMPOSED
    assert same("given_name", DECOMPOSED, f" {COMPOSED} ", {})


@pytest.mark.parametrize(
    ("one", "other"), [("Ana", "ana"), ("Stra\u00dfe", "Strasse"), ("\u2460", "1"), ("O'Neil", "O\u2019Neil")]
)
def test_texts_are_compared_exactly_otherwise(one: str, other: str) -> None:
    assert not same("family_name", one, other, {})


def test_inner_spaces_count() -> None:
    assert not same("family_name", "van  Dam", "van Dam", {})


def test_addresses_fold_a_to_z() -> None:
    assert email_key(" Ana.LEE@Example.EDU ") == "ana.lee@example.edu"
    assert same("email", "Ana@example.edu", "ana@EXAMPLE.edu", {})


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("\u00c9VA@example.edu", "\u00c9va@example.edu"),
        ("\u0130PEK@example.edu", "\u0130pek@example.edu"),
        ("\u0131pek@example.edu", "\u0131pek@example.edu"),
        ("GRO\u00df@example.edu", "gro\u00df@example.edu"),
        ("\u1e9e@example.edu", "\u1e9e@example.edu"),
        ("\u212aate@example.edu", "kate@example.edu"),
        ("\uff21na@example.edu", "\uff21na@example.edu"),
        ("\u0391lpha@example.edu", "\u0391lpha@example.edu"),
    ],
    ids=["accent", "turkish-dotted", "turkish-dotless", "sharp-s", "capital-sharp-s", "kelvin", "fullwidth", "greek"],
)
def test_addresses_fold_nothing_else(address: str, key: str) -> None:
    assert email_key(address) == key


def test_an_address_with_a_sharp_s_is_not_the_one_with_two() -> None:
    assert not same("email", "gro\u00df@example.edu", "gross@example.edu", {})


def test_a_digest_of_an_address_is_that_of_its_key() -> None:
    assert email_digest(" Ana@Example.edu") == email_digest("ana@example.edu")
    assert email_digest("ana@example.edu") != email_digest("bea@example.edu")
    assert len(email_digest("ana@example.edu")) == 64


@pytest.mark.parametrize("address", ["ana@example.edu", " a+b@sub.example.edu ", "\u00e9va@example.edu", "o'n@x.edu"])
def test_what_an_invitation_could_be_sent_to_is_an_address(address: str) -> None:
    assert is_address(address)


@pytest.mark.parametrize(
    "text",
    [None, "", "ana", "ana@", "@example.edu", "ana@example", "ana@.edu", "ana@example.", "a b@example.edu",
     "ana@example.edu,bea@example.edu", "ana@@example.edu", "ana@exam\x00ple.edu", "ana\ud800@example.edu"],
)  # fmt: skip
def test_anything_else_is_no_address(text: str | None) -> None:
    assert not is_address(text)


def test_an_echo_counts_as_equal_until_either_side_changes() -> None:
    echo = {"section": {"sent": "Lab Group", "shown": "Lab Gr"}}
    assert same("section", "Lab Group", "Lab Gr", echo)
    assert not same("section", "Lab Two", "Lab Gr", echo)
    assert not same("section", "Lab Group", "Lab", echo)
    assert not same("given_name", "Lab Group", "Lab Gr", echo)


def test_an_echo_of_an_address_is_compared_as_an_address() -> None:
    echo = {"email": {"sent": "Ana+x@example.edu", "shown": "ana@example.edu"}}
    assert same("email", "ana+X@example.edu", "ANA@example.edu", echo)


def test_it_names_the_fields_that_differ_with_both_values() -> None:
    shown = student(given_name="Anna", section="Lab")
    assert differing(profile(), shown, {}) == (("given_name", "Anna", "Ana"), ("section", "Lab", ""))


def test_a_differing_address_is_no_field_to_edit() -> None:
    assert differing(profile(email="new@example.edu"), student(), {}) == ()


def test_an_echo_is_kept_where_something_else_is_shown_than_was_sent() -> None:
    shown = student(section="Lab Gr")
    assert echoes({"section": "Lab Group", "given_name": "Ana"}, shown, {}) == {
        "section": {"sent": "Lab Group", "shown": "Lab Gr"}
    }


def test_an_echo_ends_when_the_field_is_shown_as_sent() -> None:
    assert echoes({"section": "Lab"}, student(section="Lab"), {"section": {"sent": "Lab X", "shown": "Lab"}}) == {}


def test_an_echo_of_a_field_that_was_not_sent_stays() -> None:
    before = {"email": {"sent": "a+b@example.edu", "shown": "ab@example.edu"}}
    assert echoes({"section": "Lab"}, student(section="Lab"), before) == before


def test_a_section_stays_while_the_student_is_in_a_group_of_that_name() -> None:
    assert section([(1, "Lab A"), (2, "Lab B")], " Lab B ", {}) == "Lab B"


def test_a_section_shown_otherwise_than_sent_stays_too() -> None:
    echo = {"section": {"sent": "Lab B", "shown": "LAB B"}}
    assert section([(1, "Lab A"), (2, "Lab B")], "LAB B", echo) == "Lab B"


def test_a_section_is_the_group_with_the_lowest_id_otherwise() -> None:
    assert section([(20, "Lab A"), (3, "Lab B")], "Lab C", {}) == "Lab B"


def test_a_student_in_no_group_has_no_section() -> None:
    assert section([], "Lab A", {}) == ""


@given(st.text())
def test_keys_of_texts_are_final(text: str) -> None:
    assert text_key(text_key(text)) == text_key(text)


@given(st.text())
def test_an_address_is_equal_to_its_upper_case_only_in_a_to_z(text: str) -> None:
    """The same rule in other words: what plain ASCII folding makes equal is equal, and nothing else is."""
    folded = "".join(chr(ord(each) + 32) if "A" <= each <= "Z" else each for each in text_key(text))
    assert email_key(text) == folded


@pytest.mark.parametrize(
    ("points", "kept"),
    [(7.5, 7.5), (1 / 3, 0.33333), (2 / 3, 0.66667), (1.000005, 1.00001), (1.0000049, 1.0), (-1.000005, -1.00001),
     (0, 0.0), (Decimal("0.000005"), 0.00001), (99999.99999, 99999.99999), (1e300, 1e300)],
)  # fmt: skip
def test_points_are_rounded_as_moodle_rounds_them(points: float | Decimal, kept: float) -> None:
    assert rounded(points) == kept


@pytest.mark.parametrize(
    ("one", "other"),
    [(None, None), (8.0, 8), (0.0, -0.0), (0.1 + 0.2, 0.3), (10 / 3, 3.33333), (1.000005, 1.00001), (inf, inf)],
)
def test_grades_are_the_same_after_moodles_rounding(one: float | None, other: float | None) -> None:
    assert same_grade(one, other)
    assert same_grade(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [(None, 0.0), (8.0, 8.00001), (1.000004, 1.000005), (8.0, 7.0), (1.0, inf), (-inf, inf), (nan, nan), (1.0, nan)],
)
def test_other_grades_are_not(one: float | None, other: float | None) -> None:
    assert not same_grade(one, other)
    assert not same_grade(other, one)


@given(st.floats(0, 1000), st.floats(-0.00003, 0.00003))
def test_two_grades_are_the_same_exactly_when_moodle_keeps_the_same(points: float, apart: float) -> None:
    assert same_grade(points, points + apart) == (rounded(points) == rounded(points + apart))
