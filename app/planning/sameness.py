"""Every comparison rule, once (design.md 5, Sameness)."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_UP, Context, Decimal

from app.planning.actions import FIELDS, Profile
from schemas.kuracloud import Student

# field -> {"sent": what was written, "shown": what the other side showed instead}
Echo = Mapping[str, Mapping[str, str]]

# Only A-Z: too little merging ends in a conflict, too much in the wrong person's account.
_ASCII_LOWER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")
# No half of a surrogate pair either: such a text can be neither stored nor sent.
_ADDRESS = re.compile(r"{0}+@{0}+\.{0}+".format(r"[^@\s\x00-\x1f\ud800-\udfff]"))

# It has no @, so that no address can look like it.
_ERASED = "erased:"
_ERASED_ADDRESS = re.compile(_ERASED + "[0-9a-f]{64}")

_FIVE_DECIMALS = Decimal("0.00001")
# Wide enough for any float: what Moodle shows may be nonsense, and must not stop a plan.
_HALF_AWAY_FROM_ZERO = Context(prec=400, rounding=ROUND_HALF_UP)
_SURELY_DIFFERENT = 0.00002  # more than two grades that round to the same can be apart


def text_key(value: str | None) -> str:
    """A text as it is compared: NFC and trimmed; missing, null and "" are equal."""
    if not value:
        return ""
    return value.strip() if value.isascii() else unicodedata.normalize("NFC", value).strip()


def email_key(value: str | None) -> str:
    """An address as it is compared: NFC, trimmed, A-Z folded and nothing else."""
    key = text_key(value)
    return key.lower() if key.isascii() else key.translate(_ASCII_LOWER)


def email_digest(value: str | None) -> str:
    """64 hexadecimal digits of the address as compared: to remember that it was invited without keeping it."""
    key = email_key(value)
    return key.removeprefix(_ERASED) if is_erased(key) else hashlib.sha256(key.encode()).hexdigest()


def erased_address(value: str | None) -> str:
    """What stands for an address that was erased: by its digest it is known again, and it cannot be read."""
    return _ERASED + email_digest(value)


def is_erased(value: str | None) -> bool:
    """Whether an address was erased."""
    return _ERASED_ADDRESS.fullmatch(email_key(value)) is not None


def is_address(value: str | None) -> bool:
    """Whether an invitation could be sent there at all."""
    return _ADDRESS.fullmatch(text_key(value)) is not None


def same(field: str, wanted: str | None, shown: str | None, echo: Echo) -> bool:
    """Whether a field needs no writing: equal, or shown as it was last time this very value was sent."""
    if wanted == shown:
        return True
    key = email_key if field == "email" else text_key
    if key(wanted) == key(shown):
        return True
    known = echo.get(field)
    return known is not None and key(known["sent"]) == key(wanted) and key(known["shown"]) == key(shown)


def differing(wanted: Profile, shown: Student, echo: Echo) -> tuple[tuple[str, str, str], ...]:
    """Fields other than the address that have to be written: (field, shown, wanted)."""
    return tuple(
        (field, getattr(shown, field), getattr(wanted, field))
        for field in FIELDS
        if not same(field, getattr(wanted, field), getattr(shown, field), echo)
    )


def echoes(sent: Mapping[str, str], shown: Student, before: Echo) -> dict[str, dict[str, str]]:
    """The echo of a link after a read-back: what was sent and is shown otherwise, per field."""
    kept = {field: dict(known) for field, known in before.items() if field not in sent}
    for field, value in sent.items():
        if not same(field, value, getattr(shown, field), {}):
            kept[field] = {"sent": value, "shown": getattr(shown, field)}
    return kept


def section(groups: Iterable[tuple[int, str]], shown: str, echo: Echo) -> str:
    """The section of a student in these groups (id, name).

    The current one while the student is in a group of that name, else the group with the lowest id, else none.
    """
    ordered = sorted(groups)
    for _, name in ordered:
        if same("section", name, shown, echo):
            return name
    return ordered[0][1] if ordered else ""


def rounded(points: float | Decimal) -> float:
    """Points as Moodle keeps them: five decimals, half away from zero (design.md 7)."""
    exact = points if isinstance(points, Decimal) else Decimal(repr(points))
    return float(exact.quantize(_FIVE_DECIMALS, context=_HALF_AWAY_FROM_ZERO))


def same_grade(one: float | None, other: float | None) -> bool:
    """Whether two grades are equal after Moodle's rounding; no grade equals no grade only."""
    if one == other:
        return True
    # Nearly all pairs are settled by now: rounding takes longer than the rest of a comparison.
    if one is None or other is None or not abs(one - other) < _SURELY_DIFFERENT:
        return False
    return rounded(one) == rounded(other)
