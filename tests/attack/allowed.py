"""What the tools call a hole and is none, each with the reason why."""

import re
from dataclasses import dataclass

from tests.attack.tools import Finding


@dataclass(frozen=True)
class Allowed:
    """A kind of finding at certain places that is explained; the three are regular expressions of the whole."""

    kind: str
    place: str
    detail: str
    reason: str

    def covers(self, finding: Finding) -> bool:
        """Whether this explains the finding."""
        pairs = ((self.kind, finding.kind), (self.place, finding.place), (self.detail, finding.detail))
        return all(re.fullmatch(pattern, text, re.DOTALL) for pattern, text in pairs)


ALLOWED = (
    Allowed(
        "Clickjacking Protection",
        ".*",
        "X-Frame-Options is not set",
        "the policy says frame-ancestors 'none', which every browser of today obeys before the older header",
    ),
    Allowed(
        "Secure Flag cookie",
        ".*",
        ".*",
        "the attacked product is served at http://127.0.0.1; the flag is set where PORTAL_BASE_URL is https",
    ),
)


def reason_for(finding: Finding) -> str | None:
    """Why a finding is none; None where it is one."""
    return next((allowed.reason for allowed in ALLOWED if allowed.covers(finding)), None)
