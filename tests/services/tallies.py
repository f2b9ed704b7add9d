"""Any account of a broadcast, as storage may count it."""

from hypothesis import strategies as st

from bot.domain.checkin import Closing, RecipientState, Safety, Source
from bot.domain.contact import Channel
from bot.domain.employer import EmployerId, Site, SiteId
from bot.domain.errors import Reason
from bot.domain.values import Position
from bot.services.broadcast_ports import Tally

SITES = [
    Site(
        id=SiteId(name),
        employer=EmployerId("farm"),
        name=name.title(),
        code=name,
        position=Position(latitude=-30.0, longitude=-51.0),
    )
    for name in ("north", "south")
]


def none_or(values: type) -> st.SearchStrategy:  # type: ignore[type-arg]
    return st.none() | st.sampled_from(values)


ANY = st.lists(
    st.builds(
        Tally,
        site=st.sampled_from([None, SiteId("north"), SiteId("south"), SiteId("gone")]),
        language=st.sampled_from(["en", "es", "ne"]),
        channel=none_or(Channel),
        state=st.sampled_from(RecipientState),
        reason=none_or(Reason),
        safety=none_or(Safety),
        source=none_or(Source),
        closing=none_or(Closing),
        count=st.integers(1, 30),
    ),
    max_size=25,
)


def tally(count: int = 1, **facts: object) -> Tally:
    known: dict[str, object] = {
        "site": None, "language": "en", "channel": None, "state": RecipientState.WAITING, "reason": None,
        "safety": None, "source": None, "closing": None,
    }  # fmt: skip
    return Tally(count=count, **(known | facts))  # type: ignore[arg-type]
