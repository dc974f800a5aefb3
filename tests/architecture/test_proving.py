"""Nothing is left out unseen: what a machine cannot do is skipped at a desk and fails where everything is owed."""

import pytest

from tests.support import proving


@pytest.mark.parametrize(
    ("environ", "verdict"),
    [({}, pytest.skip.Exception), ({"CI": "true"}, pytest.fail.Exception), ({"PROVE": "1"}, pytest.fail.Exception)],
    ids=["desk", "CI", "proof"],
)
def test_what_cannot_be_tried_here_is_skipped_at_a_desk_alone(
    monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], verdict: type[BaseException]
) -> None:
    for name in ("CI", "PROVE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(verdict, match="no little disk"):
        proving.do_without("no little disk")
