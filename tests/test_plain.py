"""What verbs say, for people who have no shell."""

from __future__ import annotations

import pytest

from app.words.plain import plain


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("The course is gone.", "The course is gone."),
        ("There is no mapping 3. See `kurasync mapping list`.", "There is no mapping 3."),
        ("Nobody answers. `kurasync site test uni.example` says why. All waits.", "Nobody answers. All waits."),
        ("It serves another site. Say --shared if that is right.", "It serves another site."),
        ("Wait until it has ended (`kurasync runs list`), then try again.", "Wait until it has ended, then try again."),
        ("There is no course 9; see `kurasync instance courses kura`. Try 8.", "There is no course 9. Try 8."),
        ("See `kurasync doctor`.", "See `kurasync doctor`."),
        ("Nobody is known. Try `kurasync trace --user SITE:USERID`.", "Nobody is known."),
        ("It is off. Set `A.B` and run `kurasync up`. It waits.", "It is off. It waits."),
    ],
)
def test_sentences_that_name_commands_are_left_out(message: str, said: str) -> None:
    assert plain(message) == said


def test_where_nothing_is_left_something_else_is_said() -> None:
    assert plain("See `kurasync doctor`.", "It cannot be done now.") == "It cannot be done now."
