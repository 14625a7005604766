"""Sweeps that somebody asked for now: one after the other, before what is due; and how far each is."""

import asyncio
import logging
import secrets
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from watcher.core.errors import WatcherError, outside_failure
from watcher.core.ports import Clock
from watcher.core.shapes.times import JSON, time_json
from watcher.services.sweeps.batch import SweepReport
from watcher.services.sweeps.sweep import Sweep

log = logging.getLogger(__name__)

_REMEMBERED = 200
_WAITING = 20


class ScanStatus(StrEnum):
    """The status of a scan."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    BLIND = "blind"
    """The DNS could not be seen."""
    FAILED = "failed"


class TooManyScans(WatcherError):
    """So many scans wait already that another one is refused."""


@dataclass(slots=True)
class _Scan:
    id: str
    names: tuple[str, ...]
    limit: int
    created_at: datetime
    status: ScanStatus = ScanStatus.WAITING
    report: SweepReport | None = None


class Scans:
    """Asks `sweep`; the newest scans are remembered until the process ends. `close` it before the sweep's parts."""

    def __init__(self, sweep: Sweep, clock: Clock) -> None:
        self._sweep = sweep
        self._clock = clock
        self._scans: OrderedDict[str, _Scan] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Lock()

    def ask(self, names: Sequence[str], limit: int) -> JSON:
        """Sweep these protected names up to the rank `limit`, as soon as may be; the scan's shape.

        Raises TooManyScans.
        """
        if len(self._tasks) >= _WAITING:
            raise TooManyScans(f"{_WAITING} scans wait already; ask again when one is done")
        scan = _Scan(secrets.token_hex(8), tuple(names), limit, self._clock.now())
        self._scans[scan.id] = scan
        while len(self._scans) > _REMEMBERED:
            self._scans.popitem(last=False)
        task = asyncio.get_running_loop().create_task(self._run(scan))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return self._shape(scan)

    def found(self, scan_id: str) -> JSON | None:
        """The shape of a scan; None: it is not known (any more)."""
        scan = self._scans.get(scan_id)
        return None if scan is None else self._shape(scan)

    async def close(self) -> None:
        """End them."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run(self, scan: _Scan) -> None:
        async with self._turn:
            try:
                scan.report = await self._sweep.over(scan.names, scan.limit, began=lambda: self._began(scan))
            except Exception as error:  # nobody waits for this task; the next scan is not to pay for it
                scan.status = ScanStatus.FAILED
                reason = outside_failure(error)
                if reason is None:
                    log.exception("the scan %s failed", scan.id)
                else:
                    log.warning("the scan %s failed: %s", scan.id, reason)
                return
        scan.status = ScanStatus.BLIND if scan.report.blind else ScanStatus.DONE

    def _began(self, scan: _Scan) -> None:
        scan.status = ScanStatus.RUNNING

    def _shape(self, scan: _Scan) -> JSON:
        report = self._sweep.report if scan.status is ScanStatus.RUNNING else scan.report
        state = self._sweep.state if scan.status is ScanStatus.RUNNING else None
        return {
            "id": scan.id,
            "status": scan.status.value,
            "names": list(scan.names),
            "limit": scan.limit,
            "created_at": time_json(scan.created_at),
            "ended_at": time_json(report.ended_at) if report is not None else None,
            "asked": report.asked if report is not None else 0,
            "absent": report.absent if report is not None else 0,
            "existing": report.existing if report is not None else 0,
            "unsettled": dict(report.unsettled) if report is not None else {},
            "blind": report.blind if report is not None else None,
            "left": state.left if state is not None else None,
            "rate": round(state.rate, 1) if state is not None else None,
            "seconds_left": state.seconds_left if state is not None else None,
        }
