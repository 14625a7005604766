"""The upkeep of the watch itself: looks at what is ours and at suffixes, wellness, summaries, retention."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from watcher.core.errors import DishonestResolver

if TYPE_CHECKING:
    from watcher.core.mail.verdict import Verdict
    from watcher.core.ports import Channel, Clock, Resolver
    from watcher.core.states.budget import Budget
    from watcher.lookups.dns.honesty import Reachability
    from watcher.lookups.registry.client import RegistryClient
    from watcher.services.health.pulse import Pulse
    from watcher.services.health.retain import Retention
    from watcher.services.health.summary import Summaries
    from watcher.services.health.trends import Trends
    from watcher.services.health.vigil import Canary, Vigil
    from watcher.services.health.wellness import Wellness
    from watcher.services.looks.examine import Examiner
    from watcher.services.looks.own_looks import OwnLooks
    from watcher.services.looks.suffix_watch import SuffixWatch
    from watcher.services.looks.watch import Watch
    from watcher.services.names.own import Ours
    from watcher.services.telling.record import EventRecord
    from watcher.services.telling.triage_answers import TriageAnswers
    from watcher.settings.settings import Settings
    from watcher.store import Store
    from watcher.store.outbox import DecidedEvent

    Found = Mapping[str, Reachability | DishonestResolver]

_MOST_ROUNDS = 500  # of twenty looks each: what is due again at once must not keep a pass from its end
_RECORDING = timedelta(seconds=2)
_ANSWERING = timedelta(seconds=5)
_MINUTE, _HOUR = timedelta(minutes=1), timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Upkeep:
    """The services, and when each is to be called."""

    own_looks: "OwnLooks"
    suffixes: "SuffixWatch"
    wellness: "Wellness"
    summaries: "Summaries"
    retention: "Retention"
    trends: "Trends"
    records: "tuple[EventRecord, ...]"
    answers: "TriageAnswers"
    data_dates: Callable[[], Mapping[str, date]]
    soonest: timedelta

    @property
    def looks(self) -> tuple[tuple[str, Callable[[], Awaitable[object]], timedelta], ...]:
        """Return the jobs that ask the DNS: name, work, interval."""
        every = min(_MINUTE, self.soonest)
        return ("own looks", self.own_looks.due, every), ("suffixes", self.suffixes.due, every)

    async def once(self) -> None:
        """All that is due, by a process that lives for one pass."""
        for due in (self.own_looks.due, self.suffixes.due):
            for _ in range(_MOST_ROUNDS):
                if not await due():
                    break
        await self.wellness.check(steady=False)
        await self.summaries.due()
        await self.retention.run()
        for record in self.records:
            await record.due()

    @property
    def others(self) -> tuple[tuple[str, Callable[[], Awaitable[object]], timedelta], ...]:
        """Return the jobs that do not ask the DNS."""
        return (
            ("wellness", self.wellness.check, _MINUTE),
            ("summary", self.summaries.due, _MINUTE),
            ("retention", self.retention.run, 6 * _HOUR),
            ("triage answers", self.answers.due, _ANSWERING),
            ("trends", self.trends.keep, _HOUR),
            *((f"event record {number}", record.due, _RECORDING) for number, record in enumerate(self.records, 1)),
        )


def build_upkeep(
    chosen: "Settings",
    *,
    store: "Store",
    clock: "Clock",
    examiner: "Examiner",
    resolver: "Resolver",
    registry: "RegistryClient | None",
    ours: "Ours",
    watch: "Watch",
    pulse: "Pulse",
    budget: "Callable[[], Budget]",
    channels: "Mapping[str, Channel]",
    random_label: Callable[[], str],
    check_resolvers: Callable[[], Awaitable[Mapping[str, object]]],
) -> Upkeep:
    """All of it, by plain calls."""
    from watcher.bootstrap.channels import routing_policy
    from watcher.core.telling.alerts import DigestEvery
    from watcher.data import load_suffixes
    from watcher.services.health.retain import Kept, Retention
    from watcher.services.health.summary import Summaries
    from watcher.services.health.trends import Trends
    from watcher.services.health.wellness import Limits, Wellness
    from watcher.services.looks.own_looks import OwnLooks
    from watcher.services.looks.suffix_watch import SuffixWatch
    from watcher.services.telling.triage_answers import TriageAnswers

    async def honest() -> bool:
        return not any(isinstance(resolver, DishonestResolver) for resolver in (await check_resolvers()).values())

    soonest = min(interval for _, interval in chosen.sweep.tiers)
    wellness = Wellness(
        store=store,
        clock=clock,
        plan=chosen.sweep.tiers,
        budget=budget,
        free_bytes=store.place.free_bytes,
        data_dates=lambda: data_dates(registry),
        registries=pulse.registry,
        limits=Limits(patience=chosen.vigil.stale_after),
        company=lambda: _others(chosen, store, clock),
    )
    kept, alerts = chosen.retention, chosen.alerts
    return Upkeep(
        own_looks=OwnLooks(
            store=store,
            ours=ours,
            looker=examiner,
            resolver=resolver,
            watch=watch,
            suffixes=load_suffixes(),
            clock=clock,
            every=min(chosen.sweep.own, 24 * soonest),
            again=min(timedelta(minutes=5), soonest),
        ),
        suffixes=SuffixWatch(
            store=store,
            looker=examiner,
            resolver=resolver,
            clock=clock,
            random_label=random_label,
            honest=honest,
            every=soonest,
            again=min(timedelta(minutes=5), soonest),
        ),
        wellness=wellness,
        summaries=Summaries(
            store=store,
            clock=clock,
            policy=replace(
                routing_policy(alerts, tuple(channels), timezone=chosen.timezone), digest=DigestEvery(alerts.summary)
            ),
            plan=chosen.sweep.tiers,
            budget=budget,
            wellness=wellness,
            public_url=chosen.api.public_url,
        ),
        retention=Retention(store=store, clock=clock, kept=Kept(kept.events, kept.evidence, kept.alerts, kept.gone)),
        trends=Trends(store, clock),
        records=_records(chosen, store, clock),
        answers=TriageAnswers(store, channels, clock),
        data_dates=lambda: data_dates(registry),
        soonest=soonest,
    )


def _records(chosen: "Settings", store: "Store", clock: "Clock") -> "tuple[EventRecord, ...]":
    """Return the event records of the settings: in a file, by syslog, or both."""
    from watcher.channels.syslog import Syslog, SyslogForm
    from watcher.core.errors import ConfigurationError
    from watcher.services.telling.record import EventRecord, RecordFile

    record, made = chosen.alerts.record, []
    if record.file is not None:
        file = RecordFile(record.file, max_bytes=record.max_bytes, keep=record.keep)
        made.append(EventRecord(store=store, clock=clock, write=file.write))
    if record.address is not None:
        try:
            syslog = Syslog(address=record.address, form=SyslogForm.ECS)
        except ConfigurationError as error:
            raise ConfigurationError("alerts.record.address", error.why) from None

        async def send(rows: "Sequence[tuple[DecidedEvent, str]]") -> None:
            await syslog.send_lines((row.event, line) for row, line in rows)

        made.append(EventRecord(store=store, clock=clock, write=send, name="by syslog"))
    return tuple(made)


async def check_honesty(honesty: "Callable[[], Awaitable[Found]]", vigil: "Vigil") -> "Found":
    """The honesty check, its refusals recorded."""
    found = await honesty()
    await vigil.refused([error for error in found.values() if isinstance(error, DishonestResolver)])
    return found


def build_canary(text: str | None, examiner: "Examiner") -> "Canary | None":
    """The name that must always be seen able, looked at afresh each time; None where there is none."""
    from watcher.core.names.names import parse
    from watcher.services.health.vigil import Canary
    from watcher.services.looks.examine import LookOptions

    if text is None:
        return None
    name = parse(text)

    async def look() -> "Verdict":
        return (await examiner.look(name, LookOptions(fresh=True))).verdict

    return Canary(name, look)


def data_dates(registry: "RegistryClient | None") -> Mapping[str, date]:
    """Of when the lists in use are: the bootstrap may have been renewed since."""
    from watcher.data.dates import RDAP_BOOTSTRAP, dates

    found = dates()
    renewed = None if registry is None else registry.bootstrap_published_at
    return found if renewed is None else {**found, RDAP_BOOTSTRAP: renewed.date()}


async def _others(chosen: "Settings", store: "Store", clock: "Clock") -> "Mapping[str, str]":
    """Return what is wrong with the processes that share the work, with policy services, and with feeds."""
    from watcher.services.blocking.policy_reports import find_policy_troubles
    from watcher.services.feeding.health import find_stale
    from watcher.services.health.attendance import find_troubles

    every = {name: feed.every for name, feed in chosen.feeds.by_name.items()}
    found = await find_stale(store, every, clock.now()) if every else {}
    found = {**found, **await find_policy_troubles(store, clock)}
    return {**found, **(await find_troubles(store, clock) if store.shared else {})}
