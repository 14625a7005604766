"""Names that exist and break IDNA 2008: what they look like is read, in one look-up and in a stream alike."""

import pytest

from watcher.core.names.names import parse_existing
from watcher.core.names.protected import Kind
from watcher.core.slips.bare import bare_text
from watcher.core.slips.resemblance_index import Index
from watcher.core.slips.sieve import sieved
from watcher.data import load_tables
from watcher.techniques import ALL


@pytest.fixture(scope="module")
def index():
    made = Index(load_tables(), ALL)
    made.add(parse_existing("wetter.com"), Kind.DOMAIN)
    made.add(parse_existing("us.army.mil"), Kind.HOST)
    return made


LIKE_WETTER = [
    "w℮tter.com",
    "w€tt€r.com",
    "wetter😀.com",
    "☀️wetter.com",
    "wet❤ter.com",
    "wet_ter.com",
    "wetter_.com",
    "_wetter.com",
    "wetter-.com",
    "-wetter.com",
    "wetter™.com",
    "w℮tter.ru",
    "w℮ttr.com",
]


@pytest.mark.parametrize("text", LIKE_WETTER)
def test_what_a_name_outside_idna_looks_like_is_found(index, text):
    name = parse_existing(text)
    assert "wetter.com" in {found.protected for found in index.resembling(name)}


def test_a_stream_finds_the_same(index):
    names = [parse_existing(text) for text in LIKE_WETTER]
    unlike = [parse_existing(f"unlike-{number}.com") for number in range(300)]
    streamed = dict(sieved(index, [*unlike, *names]))
    assert streamed == {name: index.resembling(name) for name in names}


@pytest.mark.parametrize(
    "text", ["😀.com", "_dmarc.example.org", "foo_bar.ml", "xn--zzzzzz-zzzz.com", "-.com", "__.com"]
)
def test_what_looks_like_nothing_is_left_alone(index, text):
    assert index.resembling(parse_existing(text)) == ()


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("w℮tter.com", "wetter.com"),
        ("I❤army.mil", "Iarmy.mil"),
        ("a_b.c_d", "a-b.c-d"),
        ("-a-.-b-", "a.b"),
        ("straße", "straße"),
        ("é", "e"),
    ],
)
def test_bare_readings(text, read):
    assert bare_text(text) == read
