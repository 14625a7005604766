"""No document and no reply can make the registration readers raise or invent a status."""

from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.rdap_server import domain_object
from tests.fakes.registered import Registered
from tests.fakes.whois_server import NOT_FOUND, TERMS, record
from watcher.core.errors import LookupFailed
from watcher.core.names import names
from watcher.core.registration.facts import RegistrationStatus
from watcher.lookups.registry.rdap_bootstrap import read_bootstrap
from watcher.lookups.registry.rdap_reader import read_domain
from watcher.lookups.registry.text import MOST_TEXT, clean
from watcher.lookups.registry.whois_classifier import ReplyKind, classify
from watcher.lookups.registry.whois_fields import read_fields
from watcher.lookups.registry.whois_text import decode

NOW = datetime(2026, 1, 1, tzinfo=UTC)
WHOLE = domain_object("army.ml", Registered())
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["registrar", "fn"]),
    lambda inner: (
        st.lists(inner, max_size=5) | st.dictionaries(st.sampled_from([*WHOLE, "roles", "vcardArray"]), inner)
    ),
    max_leaves=30,
)


@given(st.dictionaries(st.sampled_from(sorted(WHOLE)), JSON))
@settings(max_examples=100)
def test_rdap_reader(changes):
    try:
        facts = read_domain({**WHOLE, **changes}, "army.ml", NOW)
    except LookupFailed:
        return
    assert facts.status in {RegistrationStatus.REGISTERED, RegistrationStatus.RESERVED}
    assert all(at is None or at.tzinfo is UTC for at in (facts.created_at, facts.updated_at, facts.expires_at))
    assert all(names.parse(host) == host for host in facts.nameservers)


@given(st.binary(max_size=300) | st.recursive(JSON, lambda inner: st.fixed_dictionaries({"services": inner})))
@settings(max_examples=100)
def test_bootstrap(raw):
    import json

    data = raw if isinstance(raw, bytes) else json.dumps(raw).encode()
    try:
        servers = read_bootstrap(data).servers
    except LookupFailed:
        return
    assert all(url.startswith("https://") for url in servers.values())


@given(st.binary(max_size=400), st.sampled_from(["a.ml", "a.jp", "a.kr", "a.ru"]))
@settings(max_examples=100)
def test_whois_readers(raw, domain):
    text = decode(raw, domain)
    assert isinstance(classify(text), ReplyKind)
    read_fields(domain, text)


@given(st.sampled_from(["Registrar", "Registrant Organization", "Registrant Street", "Reseller"]), st.text(max_size=80))
@settings(max_examples=100)
def test_no_value_of_a_registration_makes_it_unregistered(key, value):
    """Whoever registers a name chooses some of its record; none of that may hide it."""
    line = f"{key}: {' '.join(value.split())}"
    text = record("army.ml", Registered()).replace("Registrar IANA ID", line + "\nRegistrar IANA ID")
    assert classify(text) is ReplyKind.REGISTERED


@given(st.sampled_from([NOT_FOUND.format(name="ARMY.ML"), "Domain not found.\n" + TERMS]), st.integers(0, 200))
def test_a_reply_cut_anywhere_is_never_registered(text, cut):
    assert classify(text[:cut]) is not ReplyKind.REGISTERED


@given(st.text(max_size=400))
def test_clean_text_is_one_bounded_line(text):
    cleaned = clean(text)
    assert cleaned is None or (len(cleaned) <= MOST_TEXT and cleaned.isprintable() and cleaned == cleaned.strip())
