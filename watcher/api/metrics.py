"""Metrics for Prometheus, in a registry of their own. Others feed them through methods; their names are a contract."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from math import nan

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.exposition import choose_encoder

from watcher.core.errors import FailureReason
from watcher.core.ports import Clock
from watcher.services.feeding.health import FeedHealth
from watcher.services.health.attendance import SeenWorker

_DETECTION = (30, 60, 120, 300, 600, 1800, 3600, 2 * 3600, 6 * 3600, 12 * 3600, 24 * 3600, 7 * 24 * 3600)
_DELIVERY = (1, 5, 15, 30, 45, 60, 90, 120, 300, 600, 1800, 3600, 6 * 3600)


class Metrics:
    """Every metric of this service. `clock` tells how long ago the last sweep ended."""

    def __init__(self, version: str, clock: Clock) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each, which nobody asked for
        self.registry = CollectorRegistry()
        self._clock = clock
        self._detection = Histogram(
            "watcher_detection_seconds",
            "From the earliest moment a change may have happened to the event about it",
            buckets=_DETECTION,
            registry=self.registry,
        )
        self._delivery = Histogram(
            "watcher_delivery_seconds",
            "From an event to its acceptance by a channel",
            buckets=_DELIVERY,
            registry=self.registry,
        )
        self._coverage = Gauge(
            "watcher_coverage_ratio",
            "Share of a tier's candidates that its newest pass settled or, where it has not come yet, the one before",
            ["tier"],
            registry=self.registry,
        )
        self._stretch = Gauge(
            "watcher_stretch_ratio",
            "What a tier's interval is multiplied by so that the plan fits the budget",
            ["tier"],
            registry=self.registry,
        )
        self._needed = Gauge(
            "watcher_needed_rate", "Questions a second that would hold the plan", registry=self.registry
        )
        self._needed_of_suffix = Gauge(
            "watcher_needed_rate_per_suffix",
            "Questions a second to one public suffix's nameservers that would hold the plan; 0: they are not asked",
            registry=self.registry,
        )
        self._rate = Gauge("watcher_sweep_rate", "Candidates a second of the newest sweep", registry=self.registry)
        self._left = Gauge(
            "watcher_sweep_left", "Candidates that the sweep has still to settle", registry=self.registry
        )
        self._settled = Gauge(
            "watcher_sweep_settled_ratio",
            "Share of the candidates that the newest sweep is done with that settled; NaN before the first",
            registry=self.registry,
        )
        self._seconds_left = Gauge(
            "watcher_sweep_seconds_left",
            "How long the sweep still takes at its rate; NaN while it has none",
            registry=self.registry,
        )
        self._lookups = Counter(
            "watcher_lookups",
            "Questions asked, by what became of them",
            ["resolver", "outcome"],
            registry=self.registry,
        )
        self._backlog = Gauge("watcher_backlog", "Looks that are overdue", registry=self.registry)
        self._deliveries = Counter(
            "watcher_deliveries",
            "Tries to deliver, by what became of them",
            ["channel", "result"],
            registry=self.registry,
        )
        self._failures = Counter(
            "watcher_delivery_failures",
            "Tries to deliver that were not accepted, by the reason: " + ", ".join(FailureReason),
            ["channel", "reason"],
            registry=self.registry,
        )
        self._last_sweep = Gauge(
            "watcher_last_sweep_seconds",
            "Seconds since a sweep, or a pass over one tier of one name, last ended; NaN before the first",
            registry=self.registry,
        )
        self._last_sweep.set(float("nan"))
        self._data_age = Gauge(
            "watcher_data_age_seconds", "Age of lists that registries change", ["list"], registry=self.registry
        )
        self._feed_age = Gauge(
            "watcher_feed_age_seconds", "Seconds since a feed last worked", ["feed"], registry=self.registry
        )
        self._feed_names = Gauge(
            "watcher_feed_names", "Names of a feed's last whole run", ["feed"], registry=self.registry
        )
        self._feed_lag = Gauge(
            "watcher_feed_lag_seconds",
            "Age of the oldest head that was read last of a feed's certificate logs",
            ["feed"],
            registry=self.registry,
        )
        self._feed_behind = Gauge(
            "watcher_feed_behind_entries",
            "Entries of a feed's certificate logs that are still to be read",
            ["feed"],
            registry=self.registry,
        )
        self._workers = Gauge(
            "watcher_workers",
            "Processes that share the database: `alive`, of those `blind` or of `wrong_clock`, and `silent` ones",
            ["state"],
            registry=self.registry,
        )
        self._worker_beat = Gauge(
            "watcher_worker_beat_age_seconds",
            "Seconds since a process was heard of",
            ["worker", "kind", "host"],
            registry=self.registry,
        )
        self._worker_doing = Gauge(
            "watcher_worker_doing_seconds",
            "For how long a process has done what it does",
            ["worker", "doing"],
            registry=self.registry,
        )
        self._feed_failing = Gauge(
            "watcher_feed_failing", "1 where a feed's last run failed", ["feed"], registry=self.registry
        )
        self._feed_matched = Gauge(
            "watcher_feed_matches",
            "Names of a feed's last run that resemble a protected one, by grade: `warn` or stronger, `note`",
            ["feed", "grade"],
            registry=self.registry,
        )
        self._requests = Counter(
            "watcher_http_requests", "Requests served", ["method", "path", "status"], registry=self.registry
        )
        self._policy = Counter(
            "watcher_policy_requests",
            "Requests of mail servers, by what they were: judged, other, malformed",
            ["kind"],
            registry=self.registry,
        )
        self._policy_seconds = Histogram(
            "watcher_policy_seconds",
            "From a request about a recipient to the answer",
            buckets=(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.05),
            registry=self.registry,
        )
        self._stopped = Counter(
            "watcher_policy_actions",
            "Recipients that were lookalikes, by what was done with the mail",
            ["action"],
            registry=self.registry,
        )
        build = Gauge("watcher_build_info", "Always 1", ["version"], registry=self.registry)
        build.labels(version).set(1)

    def asked(self, kind: str, seconds: float) -> None:
        """Count a question of a mail server; observe its `seconds` where the recipient was judged."""
        self._policy.labels(kind).inc()
        if kind == "judged":
            self._policy_seconds.observe(seconds)

    def stopped(self, action: str) -> None:
        """Count a mail to a lookalike that was stopped or marked."""
        self._stopped.labels(action).inc()

    def detected(self, after: timedelta) -> None:
        """Observe the delay of an event: recorded `after` the earliest moment it may have happened."""
        self._detection.observe(max(after.total_seconds(), 0.0))

    def delivered(
        self, channel: str, result: str, after: timedelta | None = None, *, reason: FailureReason | None = None
    ) -> None:
        """Count a try to deliver, with its `result` (sent, failed, rejected); `after` its oldest event when sent.

        `reason` says why it was not accepted.
        """
        self._deliveries.labels(channel, result).inc()
        if reason is not None:
            self._failures.labels(channel, reason.value).inc()
        if after is not None:
            self._delivery.observe(max(after.total_seconds(), 0.0))

    def looked_up(self, resolver: str, outcome: str, count: int = 1) -> None:
        """Count `count` questions to `resolver` that ended as `outcome`."""
        self._lookups.labels(resolver, outcome).inc(count)

    def covered(self, tier: str, ratio: float) -> None:
        """Set the share of a tier's candidates that is settled."""
        self._coverage.labels(tier).set(ratio)

    def planned(self, needed: float, stretches: Mapping[str, float], *, of_suffix: float = 0.0) -> None:
        """Set the rates that the plan and its busiest suffix need, and the stretch of each tier's interval."""
        self._needed.set(needed)
        self._needed_of_suffix.set(of_suffix)
        for tier, stretch in stretches.items():
            self._stretch.labels(tier).set(stretch)

    def sweeping(self, rate: float, left: int, *, settled: float | None, seconds_left: float | None) -> None:
        """Set the newest sweep's rate, remaining candidates and time, and settled share; None: not known yet."""
        self._rate.set(rate)
        self._left.set(left)
        self._settled.set(nan if settled is None else settled)
        self._seconds_left.set(nan if seconds_left is None else seconds_left)

    def attended(self, seen: Sequence[SeenWorker], at: datetime) -> None:
        """Set who works on the database; `at` is the database's time."""
        for gauge in (self._workers, self._worker_doing, self._worker_beat):
            gauge.clear()
        for state in ("alive", "silent", "blind", "wrong_clock"):
            self._workers.labels(state).set(0)
        for row in seen:
            worker = row.worker
            self._workers.labels("alive" if row.alive else "silent").inc()
            if not row.alive:
                continue
            if not worker.sees_dns:
                self._workers.labels("blind").inc()
            if worker.clock_is_wrong:
                self._workers.labels("wrong_clock").inc()
            since = worker.doing_since or at
            self._worker_beat.labels(worker.id, worker.kind, worker.host).set((at - worker.beat_at).total_seconds())
            self._worker_doing.labels(worker.id, worker.doing or "nothing").set((at - since).total_seconds())

    def waiting(self, backlog: int) -> None:
        """Set the number of looks that are overdue."""
        self._backlog.set(backlog)

    def aged(self, ages: Mapping[str, timedelta]) -> None:
        """Set the age of each list in use."""
        for name, age in ages.items():
            self._data_age.labels(name).set(age.total_seconds())

    def fed(self, feed: str, age: timedelta | None, health: FeedHealth) -> None:
        """Set what is known of a feed. `age`: the time since it worked, None where it never did."""
        self._feed_age.labels(feed).set(float("nan") if age is None else age.total_seconds())
        self._feed_names.labels(feed).set(health.names)
        self._feed_lag.labels(feed).set(float("nan") if health.lag_seconds is None else health.lag_seconds)
        self._feed_behind.labels(feed).set(health.behind)
        self._feed_failing.labels(feed).set(health.error is not None)
        self._feed_matched.labels(feed, "warn").set(health.matched)
        self._feed_matched.labels(feed, "note").set(health.noted)

    def swept(self) -> None:
        """Note that a sweep ended now."""
        ended = self._clock.now()

        def seconds_since() -> float:
            return (self._clock.now() - ended).total_seconds()

        self._last_sweep.set_function(seconds_since)

    def served(self, method: str, path: str, status: int) -> None:
        """Count an answered request; `path` is the endpoint's pattern, never what was sent."""
        self._requests.labels(method, path, str(status)).inc()

    def exposition(self, accept: str) -> tuple[bytes, str]:
        """Return all of it in the format the `Accept` header asks for, and that format's content type."""
        encoder, media = choose_encoder(accept)
        return encoder(self.registry), media
