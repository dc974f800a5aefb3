"""Of all that children log, only errors reach the console, each in one line."""

from pathlib import Path

import pytest

from portal.cli.log_watch import LogWatch, readable


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (
            '{"level": "error", "event": "payment failed", "request_id": "r1", "other": 1}',
            "payment failed request_id=r1",
        ),
        ('{"level": "info", "event": "an error is mentioned"}', None),
        ("[ERROR] worker 1 could not start", "[ERROR] worker 1 could not start"),
        ("2026-11-21 07:10:17 UTC [1] FATAL:  no room", "2026-11-21 07:10:17 UTC [1] FATAL:  no room"),
        ("everything is as it should be", None),
        ("[1, 2]", None),
        ("", None),
    ],
)
def test_a_line_is_shown_when_it_is_an_error(line: str, shown: str | None) -> None:
    assert readable(line) == shown


def test_only_new_whole_lines_are_shown_and_repetitions_once(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    log.write_text("ERROR: old\n")
    watch = LogWatch()
    watch.follow("web", log)

    with log.open("a") as more:
        more.write("fine\nERROR: new\nERROR: new\nERROR: half")
    assert list(watch.errors()) == ["web: ERROR: new"]

    with log.open("a") as more:
        more.write(" a line\n")
    assert list(watch.errors()) == ["web: ERROR: half a line"]
