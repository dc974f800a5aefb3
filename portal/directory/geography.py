"""Places near a point: a box that an index can answer, then the true distance on the globe."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Double, Subquery, cast, func, or_, select

from portal.directory.models import Branch

EARTH_RADIUS_M = 6_371_008.8  # mean radius (IUGG)
_METRES_A_DEGREE = math.pi * EARTH_RADIUS_M / 180


@dataclass(frozen=True, slots=True)
class Near:
    """A circle: degrees north and east of its centre, and its radius in metres."""

    latitude: float
    longitude: float
    radius_m: float = 25_000


Box = tuple[float, float, float, float]
"""West, south, east, north in degrees."""


def boxes(near: Near) -> Iterator[Box]:
    """Yield one box around the circle, or two where it crosses the 180th meridian."""
    reach = near.radius_m / _METRES_A_DEGREE
    south, north = max(-90.0, near.latitude - reach), min(90.0, near.latitude + reach)
    shrink = math.cos(math.radians(min(90.0, max(abs(south), abs(north)))))
    wide = min(180.0, reach / shrink) if shrink > 1e-9 else 180.0
    west, east = near.longitude - wide, near.longitude + wide
    if wide >= 180:
        yield -180.0, south, 180.0, north
        return
    yield max(west, -180.0), south, min(east, 180.0), north
    if west < -180:
        yield west + 360, south, 180.0, north
    if east > 180:
        yield -180.0, south, east - 360, north


def nearest_branches(near: Near) -> Subquery:
    """Return ``business_id`` and ``metres`` to its nearest shown branch, for businesses within the circle.

    The distance is the haversine of the great circle; on a sphere it errs by half a percent at most.
    """
    latitude, longitude = cast(Branch.latitude, Double), cast(Branch.longitude, Double)
    place = func.point(longitude, latitude)
    in_box = [place.op("<@")(func.box(func.point(west, south), func.point(east, north)))
              for west, south, east, north in boxes(near)]  # fmt: skip
    half_chord = func.power(func.sind((latitude - near.latitude) / 2), 2) + func.cosd(latitude) * func.cosd(
        near.latitude
    ) * func.power(func.sind((longitude - near.longitude) / 2), 2)
    metres = 2 * EARTH_RADIUS_M * func.asin(func.sqrt(func.least(1, half_chord)))
    is_shown = (Branch.removed_at.is_(None), Branch.shown_since.is_not(None), Branch.latitude.is_not(None))
    found = select(Branch.business_id, func.min(metres).label("metres")).where(*is_shown, or_(*in_box))
    return found.group_by(Branch.business_id).having(func.min(metres) <= near.radius_m).subquery("near")
