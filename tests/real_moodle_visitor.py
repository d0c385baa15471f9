"""Somebody at a real Moodle with a browser that knows pages, links and forms, and no JavaScript."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser
from typing import Any

import requests

PASSWORD = "Invented-4711"
_SECONDS = 60
_PAGE = "local/kurasync/course.php"


class Visitor:
    """Logged in; `status` and `place` (its address) are those of the last answer."""

    def __init__(self, url: str, username: str, password: str = PASSWORD) -> None:
        self.status, self.place = 0, ""
        self._url = url
        self._browser = requests.Session()
        login = self._page(self._browser.get(f"{url}/login/index.php", timeout=_SECONDS))
        who = {"username": username, "password": password, "logintoken": _value(login, "logintoken")}
        self._browser.post(f"{url}/login/index.php", data=who, timeout=_SECONDS)

    def look(self, courseid: int, **query: Any) -> str:
        """The kuraCloud page of a course, or a view of it: the text that people see."""
        return visible(self.html(_PAGE, courseid=courseid, **query))

    def html(self, path: str, **query: Any) -> str:
        """A page of Moodle's as it comes."""
        return self._page(self._browser.get(f"{self._url}/{path}", params=query, timeout=_SECONDS))

    def press(self, courseid: int, act: str, kind: str = "", **query: Any) -> str:
        """Press a button of the course page, or of a view of it: the page that follows."""
        return self.send(self.form(courseid, act, kind, **query))

    def form(self, courseid: int, act: str, kind: str = "", **query: Any) -> dict[str, str]:
        """What a button would send."""
        html = self.html(_PAGE, courseid=courseid, **query)
        for each in _forms(html):
            if each.get("act") == act and kind in ("", each.get("kind")):
                return each
        raise AssertionError(f"there is no button {act} {kind} on this page:\n{visible(html)}")

    def send(self, form: dict[str, str]) -> str:
        """Send a form of the course page: what people see then."""
        return visible(self._page(self._browser.post(f"{self._url}/{_PAGE}", data=form, timeout=_SECONDS)))

    def _page(self, answer: requests.Response) -> str:
        self.status, self.place = answer.status_code, answer.url
        return answer.text


def visible(html: str) -> str:
    """The text of a page's main part, one space between any two words."""
    main = re.sub(r"(?s)^.*?id=\"region-main\"[^>]*>|<footer.*$|<(script|style).*?</\1>", " ", html)
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", main)).split())


def _value(page: str, name: str) -> str:
    found = [each[name] for each in _forms(page) if name in each]
    assert found, f"there is no field {name} in this page:\n{visible(page)[:2000]}"
    return found[0]


def _forms(page: str) -> list[dict[str, str]]:
    reader = _Forms()
    reader.feed(page)
    return reader.forms


class _Forms(HTMLParser):
    """The fields of every form, by name."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[dict[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "form":
            self.forms.append({})
        elif tag == "input" and self.forms and found.get("name"):
            self.forms[-1][str(found["name"])] = found.get("value") or ""
