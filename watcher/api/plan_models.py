"""Answers of the API about the plan: coverage, the sweep under way, and scans that were asked for."""

from datetime import datetime

from pydantic import Field

from watcher.api.models import Output


class Tier(Output):
    """Coverage of one tier of the plan."""

    tier: int
    ranks_to: int | None
    interval_seconds: float | None
    stretch: float | None = Field(description="What the interval is multiplied by so that the plan fits the budget")
    shards: int = Field(description="Protected names with this tier")
    finished: int = Field(description="Of these: passed through at least once")
    on_time: int = Field(description="Of these: last begun within the interval")
    settled: int
    unsettled: int
    total: int
    ratio: float = Field(
        description="Share of candidates that the newest pass settled or, where it has not come yet, the one before"
    )


class SweepProgress(Output):
    """Progress of the sweep under way, or of the last one; counts are of candidates."""

    running: bool
    done: int
    left: int
    unsettled: int
    settled_ratio: float | None = Field(description="Share of what is done that settled, 0 to 1")
    rate: float = Field(description="Candidates a second")
    seconds_left: float | None


class BusiestSuffix(Output):
    """The public suffix that the plan asks most, of those whose own nameservers are asked."""

    suffix: str
    needed_rate: float = Field(description="Questions a second to its nameservers that would hold the plan")
    budget_rate: float = Field(description="Questions a second that they may be asked: sweep.max_rate_per_suffix")


class Coverage(Output):
    """Coverage of the whole plan, and its delay."""

    tiers: list[Tier]
    needed_rate: float = Field(description="Questions a second that would hold the plan")
    budget_rate: float | None = Field(description="Questions a second that the resolvers take at most; null: not known")
    busiest_suffix: BusiestSuffix | None = Field(description="null where sweep.existence is not suffix_servers")
    sweep: SweepProgress | None
    protected: int
    backlog: int = Field(description="Lookalikes whose next look is overdue")
    oldest_due_at: datetime | None


class Scan(Output):
    """A sweep that was asked for: how far it is, and what it found."""

    id: str
    status: str = Field(description="waiting, running, done, blind (the DNS could not be seen) or failed")
    names: list[str]
    limit: int = Field(description="Candidates of each name, best first")
    created_at: datetime
    ended_at: datetime | None
    asked: int = Field(description="Domains asked for")
    absent: int
    existing: int
    unsettled: dict[str, int] = Field(description="Candidates that did not settle, by outcome")
    blind: str | None
    left: int | None = Field(description="Candidates that are not settled yet, while it runs")
    rate: float | None
    seconds_left: float | None
