"""Other systems' sentences without anything of a person in them: of their words only known ones are kept.

A refusal may name a student, and what is said of it stands in the audit, where nothing can be taken out again. Which
words kuraCloud uses is not known; these are the ones that such sentences are made of.
"""

from __future__ import annotations

_WORDS = """
a account accounts action active add added address addresses again all allowed already also an and another any api are
array as at authorised authorized bad batch be been before being belong belongs blank body boolean both but by can
can't cannot change changed characters conflict conflicting conflicts contain contains content could course courses
create created createddate data database deactivated delete deleted denied did different disabled do does doesn't done
duplicate duplicated duplicates each either email emails empty enabled enrolled enrolment entries entry error errors
exceed exceeded exceeds exist existing exists expected expired export externalstudentid failed family familyname field
fields first for forbidden format found from given givenname good had has have header id ids illegal in inactive
instance integer integration internal invalid invitation invitations invite invitecomplete invited is isn't it its
json key last later lesson lessons limit list lms lmsenabled locked longer maintenance many maximum member message
method minimum missing more most must name names need needs new no none not nothing null number numbers object of off
old on one only or other out parameter parameters parse part payload pending permission permissions please possible
present process processed property rate reached ready record records refused registered rejected removed request
requests required requires reserved response restore restored revision same section sections see server service should
some something status still string student studentid students such supported take taken task temporarily text than
that the their there they this time timeout times to token tokens too try type unauthorised unauthorized unavailable
unexpected unique unknown unsupported update updated use used user users valid validation value values was wasn't were
when which while with within without wrong you your
"""
_KNOWN = frozenset(_WORDS.split())
_ACRONYMS = frozenset(("API", "ID", "IDs", "JSON", "LMS"))
# What begins a sentence is written large, as names are; these are names too.
_ALSO_NAMES = frozenset(("field", "fields", "given", "key"))
_AROUND = ".,:;!?()[]{}<>\"'“”‘’«»"  # noqa: RUF001
_LEFT_OUT = "…"
_LONGEST = 200


def impersonal(text: str) -> str:
    """The text on one line, with … for whatever is no known word, numbers too; "" when nothing is left."""
    shown: list[str] = []
    for number, word in enumerate(text.split()):
        kept = word if _is_known(word.strip(_AROUND), first=number == 0) else _LEFT_OUT
        if [kept] != shown[-1:] or kept != _LEFT_OUT:
            shown.append(kept)
    return " ".join(shown)[:_LONGEST] if set(shown) - {_LEFT_OUT} else ""


def _is_known(word: str, *, first: bool) -> bool:
    small = word.lower()
    large = word[:1].isupper() and word not in _ACRONYMS
    return small in _KNOWN and (not large or (first and small not in _ALSO_NAMES))
