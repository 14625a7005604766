"""Each kind of friend is found, with its reason, and a stranger is none."""

from datetime import UTC, datetime

import pytest

from watcher.core.blocking.friends import FriendReason, Friends, ListedName
from watcher.data import load_tables
from watcher.data.popular import load_popular_names

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
TUESDAY = datetime(2026, 11, 24, tzinfo=UTC)


def friends(*listed: ListedName) -> Friends:
    return Friends(listed, load_tables(), load_popular_names())


HOUSE = friends(ListedName("us.army.mil"), ListedName("gov.uk"), ListedName("mail.ours.example.org", own=True))


@pytest.mark.parametrize(
    ("name", "reason", "of"),
    [
        ("us.army.mil", FriendReason.PROTECTED, "us.army.mil"),
        ("mail.us.army.mil", FriendReason.BELOW_PROTECTED, "us.army.mil"),
        ("army.mil", FriendReason.ABOVE_PROTECTED, "us.army.mil"),
        ("mil", FriendReason.ABOVE_PROTECTED, "us.army.mil"),
        ("eur.army.mil", FriendReason.BESIDE_PROTECTED, "us.army.mil"),
        ("mod.gov.uk", FriendReason.BELOW_PROTECTED, "gov.uk"),
        ("uk", FriendReason.ABOVE_PROTECTED, "gov.uk"),
        ("mail.ours.example.org", FriendReason.OWN, "mail.ours.example.org"),
        ("a.mail.ours.example.org", FriendReason.BELOW_OWN, "mail.ours.example.org"),
        ("example.org", FriendReason.ABOVE_OWN, "mail.ours.example.org"),
        ("theirs.example.org", FriendReason.BESIDE_OWN, "mail.ours.example.org"),
        ("ml", FriendReason.PUBLIC_SUFFIX, "ml"),
        ("co.jp", FriendReason.PUBLIC_SUFFIX, "co.jp"),
        ("anything.ck", FriendReason.PUBLIC_SUFFIX, "anything.ck"),
        ("gmail.com", FriendReason.POPULAR, "gmail.com"),
        ("mail.google.com", FriendReason.POPULAR, "google.com"),
        ("dodea.mil", FriendReason.CLOSED_SUFFIX, "mil"),
        ("a.b.nosuchschool.edu", FriendReason.CLOSED_SUFFIX, "edu"),
        ("defense.gouv.fr", FriendReason.CLOSED_SUFFIX, "gouv.fr"),
        ("thing.arpa", FriendReason.CLOSED_SUFFIX, "arpa"),
    ],
)
def test_a_friend_is_found_with_the_reason(name: str, reason: FriendReason, of: str) -> None:
    friend = HOUSE.find(name)
    assert friend is not None
    assert (friend.reason, friend.of) == (reason, of)
    assert name in friend.sentence or of in friend.sentence


@pytest.mark.parametrize(
    "name", ["army.ml", "us.army.ml", "us-army-mil.co", "gmial.com", "example.net", "mod.govuk.com"]
)
def test_a_stranger_is_no_friend(name: str) -> None:
    assert HOUSE.find(name) is None


def test_a_name_above_a_public_suffix_is_a_friend() -> None:
    tables = load_tables()
    above = next(
        rule.partition(".")[2]
        for rule in sorted(tables.private)
        if "." in rule.partition(".")[2] and not tables.suffixes.is_suffix(rule.partition(".")[2])
    )
    friend = friends().find(above)
    assert friend is not None
    assert friend.reason in {FriendReason.ABOVE_PUBLIC_SUFFIX, FriendReason.POPULAR}


def test_the_newest_listing_counts() -> None:
    early, late = ListedName("a.army.ml", own=True, since=MONDAY), ListedName("b.army.ml", own=True, since=TUESDAY)
    for order in ((early, late), (late, early)):
        friend = friends(*order).find("army.ml")
        assert friend is not None
        assert friend.since == TUESDAY


def test_the_bundled_list_holds_no_suffix() -> None:
    suffixes = load_tables().suffixes
    assert [name for name in load_popular_names() if suffixes.registrable_domain(name) != name] == []
