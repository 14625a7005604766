"""Which suffixes' nameservers a plan would ask how often, and what there is to spend on them."""

from dataclasses import dataclass

from watcher.core.names.names import Fqdn
from watcher.core.slips.candidates import Candidate
from watcher.services.sweeps.suffix_load import SAMPLE, Allowance, suffix_load


@dataclass(frozen=True)
class Named:
    name: str
    kind: str = "domain"


def made(name, first, last):
    """Every second candidate under com, the others under ml; two in a row share a domain, and the third is a suffix."""
    for rank in range(first, last + 1):
        domain = None if rank == 3 else Fqdn(f"{name.name}{rank // 2}.{'com' if rank // 2 % 2 else 'ml'}")
        yield Candidate(Fqdn(f"a{rank}.test"), domain, ("omission",), 1 / rank, 0.5, rank, (), Fqdn("army.mil"))


def suffix_of(domain):
    return domain.rpartition(".")[2]


async def test_domains_are_counted_once_and_by_tier():
    load = await suffix_load([Named("army")], made, suffix_of, [4, 10])
    assert load == {"com": (1.0, 2.0), "ml": (2.0, 1.0)}


async def test_a_sample_stands_for_many_names():
    asked = []

    def noted(name, first, last):
        asked.append(name.name)
        return made(name, first, last)

    names = [Named(f"n{number}") for number in range(1000)]
    assert await suffix_load(names, noted, suffix_of, [4, 10]) == {"com": (1.0, 2.0), "ml": (2.0, 1.0)}
    assert len(asked) == SAMPLE
    assert asked[0] == "n0"
    assert int(asked[-1][1:]) > 800, "from all of them"
    assert await suffix_load([], noted, suffix_of, [4, 10]) == {}


async def test_the_allowance_counts_when_names_change_and_only_where_suffixes_are_asked():
    names, asked = [Named("army")], []

    def noted(name, first, last):
        asked.append(name.name)
        return made(name, first, last)

    def allowance(of_suffix):
        return Allowance(
            lambda: 200.0,
            of_suffix=of_suffix,
            names=lambda: tuple(names),
            enumerate_=noted,
            public_suffix=suffix_of,
            tiers=[4, 10],
        )

    by_resolvers, at_source = allowance(None), allowance(50.0)
    await by_resolvers.count()
    assert (by_resolvers().rate, by_resolvers().suffixes, asked) == (200.0, None, [])
    await at_source.count()
    await at_source.count()
    assert asked == ["army"]
    names.append(Named("navy"))
    await at_source.count()
    assert asked == ["army", "army", "navy"]
    assert at_source().suffixes.candidates == {"com": (1.0, 2.0), "ml": (2.0, 1.0)}
    assert at_source().suffixes.most == 50.0
