"""Parameters as PHP reads them from a form: `options[0][name]=userfields`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence


def php_form(parameters: Mapping[str, object]) -> list[tuple[str, str]]:
    """Nested dicts and lists in bracket form, in order; raises ValueError for an empty list, which has no such form."""
    return [pair for name, value in parameters.items() for pair in _pairs(name, value)]


def _pairs(name: str, value: object) -> Iterator[tuple[str, str]]:
    for key, inner in _entries(name, value):
        if isinstance(inner, Mapping | list | tuple):
            yield from _pairs(key, inner)
        else:
            yield key, _text(inner)


def _entries(name: str, value: object) -> list[tuple[str, object]]:
    if isinstance(value, Mapping):
        entries = [(f"{name}[{key}]", inner) for key, inner in value.items()]
    elif isinstance(value, Sequence) and not isinstance(value, str):
        entries = [(f"{name}[{index}]", inner) for index, inner in enumerate(value)]
    else:
        return [(name, value)]
    if not entries:
        raise ValueError(f"{name} is empty, which a form cannot say")
    return entries


def _text(value: object) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)
