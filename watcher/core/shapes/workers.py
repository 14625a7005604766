"""The JSON of a worker."""

from datetime import datetime

from watcher.core.shapes.times import JSON, time_json
from watcher.core.states.workers import Worker


def worker_json(worker: Worker, *, alive: bool, now: datetime) -> JSON:
    """Return the worker shape."""
    return {
        "id": worker.id,
        "kind": worker.kind,
        "host": worker.host,
        "version": worker.version,
        "alive": alive,
        "started_at": time_json(worker.started_at),
        "seen_at": time_json(worker.beat_at),
        "seen_seconds_ago": round(max(0.0, (now - worker.beat_at).total_seconds()), 1),
        "doing": worker.doing,
        "doing_since": time_json(worker.doing_since),
        "resolvers": list(worker.resolvers),
        "sees_dns": worker.sees_dns,
        "clock_skew_seconds": round(worker.skew_seconds, 3),
    }
