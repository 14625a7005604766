"""One row for each wildcard: whatever else is in a list stays visible."""

from dataclasses import replace

from watcher.core.known import Known, collapsed, shown_name
from watcher.core.mail.verdict import Ability, Basis, Flag, Verdict

_WILD = Verdict(Ability.ABLE, Basis.EXPLICIT_MX, (Flag.WILDCARD,))
_OWN = replace(_WILD, flags=())
_REGISTRY = replace(_WILD, basis=Basis.REGISTRY_WILDCARD)


def _known(name, verdict, domain):
    return Known(name, name, domain, "ml", verdict=verdict)


def test_of_all_hosts_of_a_wildcard_the_first_is_shown_with_the_number_of_the_others():
    hosts = [_known(f"h{number}.evil.ml", _WILD, "evil.ml") for number in range(323)]
    rows = [_known("army.ml", _OWN, "army.ml"), *hosts, _known("mail.evil.ml", _OWN, "evil.ml")]
    assert [shown_name(row) for row in collapsed(rows)] == ["army.ml", "h0.evil.ml and 322 more hosts", "mail.evil.ml"]


def test_a_registrys_wildcard_is_one_row_and_a_host_alone_says_nothing_more():
    rows = [_known("a.ml", _REGISTRY, "a.ml"), _known("b.ml", _REGISTRY, "b.ml"), _known("h.evil.ml", _WILD, "evil.ml")]
    assert [shown_name(row) for row in collapsed(rows)] == ["a.ml and 1 more host", "h.evil.ml"]


def test_a_wildcard_of_the_name_itself_hides_nothing():
    rows = [_known("evil.ml", _WILD, "evil.ml"), _known("evil2.ml", _WILD, "evil2.ml")]
    assert [row.more_hosts for row in collapsed(rows)] == [0, 0]
