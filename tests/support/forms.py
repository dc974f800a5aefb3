"""The forms of a page as a browser reads them: where each goes and what it would send untouched."""

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class PageForm:
    """One form: its ``action`` (the page itself where empty) and its ``fields`` as they would be sent untouched.

    ``choices`` are the values of whatever is chosen or ticked, ``files`` the names of its files, ``also`` the other
    addresses that its buttons send it to.
    """

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    choices: dict[str, list[str]] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    also: list[str] = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[PageForm] = []
        self._open: PageForm | None = None
        self._writing: str | None = None
        self._choosing: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = PageForm(given.get("action", ""), given.get("method", "get"))
            self.forms.append(self._open)
        elif self._open is not None:
            self._take(self._open, tag, given)
            self._open.also += [given[name] for name in ("hx-post", "formaction") if name in given]

    def _take(self, form: PageForm, tag: str, given: dict[str, str]) -> None:
        name = given.get("name", "")
        is_on = given.get("type") not in ("checkbox", "radio") or "checked" in given
        if given.get("type") == "file":
            form.files.append(name)
        elif given.get("type") in ("checkbox", "radio", "submit") and name:
            form.choices.setdefault(name, []).append(given.get("value", "y"))
        if tag == "input" and name and is_on and given.get("type") not in ("file", "submit"):
            form.fields[name] = given.get("value", "")
        elif tag == "textarea":
            form.fields[name] = ""
            self._writing = name
        elif tag == "select":
            self._choosing = name
        elif tag == "option" and self._choosing:
            form.choices.setdefault(self._choosing, []).append(given.get("value", ""))
            if "selected" in given or self._choosing not in form.fields:
                form.fields[self._choosing] = given.get("value", "")

    def handle_data(self, data: str) -> None:
        if self._open is not None and self._writing:
            self._open.fields[self._writing] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
        elif tag == "textarea":
            self._writing = None
        elif tag == "select":
            self._choosing = None


def forms_of(html: str) -> list[PageForm]:
    """Every form of a page, in its order."""
    reader = _Reader()
    reader.feed(html)
    return reader.forms


def form_to(html: str, ending: str) -> PageForm:
    """The one form of a page whose action ends like this; the one that goes to the page itself where it is empty."""
    posting = [form for form in forms_of(html) if form.method == "post"]
    found = [form for form in posting if (form.action.endswith(ending) if ending else not form.action)]
    assert len(found) == 1, [form.action for form in posting]
    return found[0]
