"""In which order groups are told: what happened to a name first is told first, though storms take its events apart."""

import heapq
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby, pairwise

from watcher.core.events import Event
from watcher.core.telling.alerts import group_key
from watcher.core.telling.gathering import Group, Waiting


def in_order(groups: Iterable[Group], due: Callable[[Group], bool]) -> tuple[Group, ...]:
    """Return the groups that are due, and those with an older event of a name that they tell of; oldest first.

    No event of a name comes after a newer one of it. Where each of some groups would have to come before the other,
    a name that stands in both gets a group of its own.
    """
    left = list(groups)
    while True:
        names = _shared(left)
        earlier = _earlier(names)
        told, stuck = _sorted(left, _with_earlier({at for at, item in enumerate(left) if due(item)}, earlier), earlier)
        if not stuck:
            return tuple(left[at] for at in told)
        left = _apart(left, next(name for name, places in names.items() if len(stuck.intersection(places)) > 1))


def _about(event: Event) -> str:
    return event.registrable_domain or event.name


def _shared(groups: Sequence[Group]) -> Mapping[str, list[int]]:
    """Return the names in more than one group, each with the groups' places by the age of the name's events."""
    found: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for at, group in enumerate(groups):
        for member in group.members:
            if about := _about(member.event):
                found[about].append((member.event.id, at))
    places = {name: [at for _, at in sorted(events)] for name, events in found.items() if len(events) > 1}
    return {name: those for name, those in places.items() if len(set(those)) > 1}


def _earlier(names: Mapping[str, list[int]]) -> Mapping[int, set[int]]:
    """For each place the groups that are to be told before it."""
    before: dict[int, set[int]] = defaultdict(set)
    for places in names.values():
        for first, then in pairwise(places):
            if first != then:
                before[then].add(first)
    return before


def _with_earlier(due: set[int], earlier: Mapping[int, set[int]]) -> set[int]:
    wanted, new = set(due), list(due)
    while new:
        more = earlier.get(new.pop(), set()) - wanted
        wanted |= more
        new += more
    return wanted


def _sorted(groups: Sequence[Group], wanted: set[int], earlier: Mapping[int, set[int]]) -> tuple[list[int], set[int]]:
    """Return the wanted places in the order of telling, oldest first where free; and those that wait for each other."""
    waits = {at: len(earlier.get(at, ())) for at in wanted}
    after: dict[int, list[int]] = defaultdict(list)
    for at in wanted:
        for item in earlier.get(at, ()):
            after[item].append(at)
    free = [(*_age(groups[at]), at) for at in wanted if not waits[at]]
    heapq.heapify(free)
    told: list[int] = []
    while free:
        *_, at = heapq.heappop(free)
        told.append(at)
        for item in after[at]:
            waits[item] -= 1
            if not waits[item]:
                heapq.heappush(free, (*_age(groups[item]), item))
    return told, wanted.difference(told)


def _age(group: Group) -> tuple[datetime, str]:
    return min((member.since, member.event.id) for member in group.members)


def _apart(groups: Sequence[Group], name: str) -> list[Group]:
    """Return the same with what is about `name` in groups of its own: as few as its events' channels allow."""
    made = []
    own: list[tuple[tuple[str, ...], Waiting]] = []
    for group in groups:
        rest = tuple(member for member in group.members if _about(member.event) != name)
        own += [(group.channels, member) for member in group.members if _about(member.event) == name]
        if rest:
            made.append(replace(group, members=rest))
    own.sort(key=lambda pair: pair[1].event.id)
    for channels, run in groupby(own, key=lambda pair: pair[0]):
        members = tuple(item for _, item in run)
        made.append(Group(group_key(members[0].event), members, channels=channels))
    return made
