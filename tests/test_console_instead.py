"""What verbs say, for people in front of the console: commands that have a button are called by it."""

from __future__ import annotations

import pytest

from app.web.console.instead import plain


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (
            "Make a new one under Manage tokens and run `kurasync site rotate NAME`.",
            "Make a new one under Manage tokens and enter it under Connections.",
        ),
        (
            "There is an instance called kura already. Give it another token with `kurasync instance rotate kura`.",
            "There is an instance called kura already. Give it another token on its page under Connections.",
        ),
        (
            "It is parked. `kurasync site test uni` says what is wrong; then it goes on by itself.",
            "It is parked. “Test” under Connections says what is wrong; then it goes on by itself.",
        ),
        ("It is paused. `kurasync mapping resume 1` lets it go on.", "It is paused. “Resume” lets it go on."),
        (
            "`kurasync mapping remove 1` was broken off: give it up with `kurasync mapping resume 1`.",
            "“Remove” was broken off: give it up with “Resume”.",
        ),
        ("`kurasync mapping repoint 1 --moodle uni:9` goes on.", "“Point elsewhere” goes on."),
        (
            "`kurasync dead list` says why; then `kurasync dead requeue 1` tries again.",
            "“Dead letters” under Queues says why; then “Try again” there tries again.",
        ),
        ("There is no mapping 3. See `kurasync mapping list`.", "There is no mapping 3."),
    ],
)
def test_a_command_is_called_by_its_button(message: str, said: str) -> None:
    assert plain(message) == said


def test_where_nothing_is_left_something_else_is_said() -> None:
    assert plain("See `kurasync doctor`.", "It cannot be done now.") == "It cannot be done now."
