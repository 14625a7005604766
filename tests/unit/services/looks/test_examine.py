"""The examiner asks what names share once, keeps nothing longer than its TTL, and confirms elsewhere."""

from datetime import timedelta

from tests.fakes.clock import FakeClock
from tests.fakes.zone_resolver import Fault, ZoneResolver
from watcher import checks
from watcher.core.mail.dns import Outcome
from watcher.core.mail.probing import Probed, ProbeOutcome
from watcher.core.mail.verdict import Ability, Basis, Flag
from watcher.core.names.names import parse
from watcher.data import load_suffixes
from watcher.services.looks.examine import Examiner, LookOptions

_ZONE = "@ MX 10 mx.army.ml.\n"


def _examiner(zones: dict[str, str], *, ttl: int = 600, faults: list[Fault] | None = None):
    clock = FakeClock()
    resolver = ZoneResolver(
        clock, zones, resolvers=("192.5.5.241:53", "192.36.148.17:53"), ttl=ttl, faults=faults or []
    )
    labels = iter(f"label{number}" for number in range(100))
    return clock, resolver, Examiner(resolver, clock, load_suffixes(), checks.ALL, lambda: next(labels))


def _names(resolver: ZoneResolver) -> list[str]:
    return [f"{question.name} {question.type.value}" for question in resolver.asked]


async def test_a_shared_exchange_is_asked_for_once_until_its_ttl_ends():
    clock, resolver, examiner = _examiner({"army.ml": "@ MX 10 mx\nmx A 93.184.215.14", "navy.ml": _ZONE})
    await examiner.look(parse("army.ml"))
    resolver.asked.clear()
    await examiner.look(parse("navy.ml"))
    assert _names(resolver) == ["navy.ml MX"]
    await clock.advance(601)
    resolver.asked.clear()
    await examiner.look(parse("navy.ml"))
    assert _names(resolver) == ["navy.ml MX", "mx.army.ml A", "mx.army.ml AAAA", "label0.ml MX"]


async def test_a_failed_answer_is_not_remembered():
    fault = Fault("mx.army.ml", "*", Outcome.TIMEOUT)
    _, resolver, examiner = _examiner({"army.ml": _ZONE + "mx A 93.184.215.14"}, faults=[fault])
    assert (await examiner.look(parse("army.ml"))).verdict.ability is Ability.UNKNOWN
    resolver.faults.clear()
    assert (await examiner.look(parse("army.ml"))).verdict.ability is Ability.ABLE


async def test_a_fresh_look_believes_nothing_remembered():
    _, resolver, examiner = _examiner({"army.ml": _ZONE + "mx A 93.184.215.14"})
    await examiner.look(parse("army.ml"))
    first = _names(resolver)
    resolver.asked.clear()
    await examiner.look(parse("army.ml"), LookOptions(fresh=True))
    assert _names(resolver) == first


async def test_the_confirming_look_is_by_another_resolver_and_shows_both_reads():
    _, _, examiner = _examiner({"army.ml": _ZONE + "mx A 93.184.215.14"})
    first = await examiner.look(parse("army.ml"))
    second = await examiner.confirm(first)
    assert {answer.resolver for answer in first.verdict.evidence} == {"192.5.5.241:53"}
    assert {answer.resolver for answer in second.observation.answers} == {"192.36.148.17:53"}
    assert second.verdict.evidence == (*first.verdict.evidence, *second.observation.answers)
    assert second.verdict.ability is Ability.ABLE
    assert Flag.INCONSISTENT not in second.verdict.flags


async def test_the_probe_label_changes_every_hour():
    clock, resolver, examiner = _examiner({"army.ml": "@ A 93.184.215.14"})
    await examiner.look(parse("army.ml"))
    await clock.advance(3600)
    await examiner.look(parse("army.ml"))
    assert [text for text in _names(resolver) if "label" in text] == ["label0.ml MX", "label1.ml MX"]


class _Server:
    """A mail server that takes mail for any mailbox."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str]] = []

    async def probe(self, name: str, host: str, address: str) -> Probed:
        self.asked.append((name, host, address))
        return Probed(host, address, ProbeOutcome.ACCEPTS_ANY, "250 Ok", starttls=True)


async def test_the_mail_server_of_an_able_name_is_asked_only_when_the_look_says_so():
    clock = FakeClock()
    zones = {"army.ml": "@ MX 10 gone\n@ MX 20 mx\nmx A 10.0.0.1\nmx A 93.184.215.14", "navy.ml": "@ MX 0 ."}
    server = _Server()
    examiner = Examiner(
        ZoneResolver(clock, zones), clock, load_suffixes(), checks.ALL, lambda: "label", prober=server
    )  # fmt: skip
    assert (await examiner.look(parse("army.ml"))).probed is None
    assert (await examiner.look(parse("navy.ml"), LookOptions(probe=True))).probed is None
    assert server.asked == []
    look = await examiner.look(parse("army.ml"), LookOptions(probe=True))
    assert server.asked == [("army.ml", "mx.army.ml", "93.184.215.14")]
    assert Flag.ACCEPTS_ANY in look.verdict.flags
    assert look.probed is not None


async def test_the_root_is_asked_once_a_week_about_a_label_that_the_bundled_list_lacks():
    clock = FakeClock()
    resolver = ZoneResolver(clock, {".": "@ NS a.root-servers.net."})
    week = timedelta(days=7)
    examiner = Examiner(resolver, clock, load_suffixes(), checks.ALL, lambda: "label", recheck_suffixes=week)
    for name in ("army.con", "navy.con", "army.con"):
        assert (await examiner.look(parse(name))).verdict.basis is Basis.NO_SUCH_SUFFIX
    assert _names(resolver) == ["con NS"]
    resolver.load(".", "@ NS a.root-servers.net.\ncon NS ns.nic.con.")
    resolver.load("con", "army MX 10 mx\nmx A 93.184.215.14")
    await clock.advance(7 * 86400)
    for _ in range(2):  # and from then on it is judged like any other
        assert (await examiner.look(parse("army.con"))).verdict.basis is Basis.EXPLICIT_MX
