"""The words for each kind of event and for abilities: headlines, what many of a kind are called, and what to do now."""

from dataclasses import dataclass

from watcher.core.events import EventKind


@dataclass(frozen=True, slots=True)
class KindWords:
    """`one` is the headline of one event ({name}, {reason}, {expires}), `many` what several are called, after a number.

    `again` is the headline for a name that was able before, `back` for one whose mail comes back soon after its loss,
    where these have one of their own. `actions` say what to do now ({name}), in order.
    """

    one: str
    many: str
    actions: tuple[str, ...] = ()
    again: str = ""
    back: str = ""


_BLOCK = "Block outgoing mail to {name} and the hosts under it at your mail gateways."
_LOOK_BACK = "Search your mail logs for mail already sent there; tell those who sent it."
_OWN = "If it is yours: `watcher own add '{name}'`. If it is harmless: `watcher silence add '{name}'`."
_SEE = "See the present state: `watcher check '{name}'`."
_CHECK_OURS = "Find out whether you or your provider made this change; if not, treat it as an attack on your mail."

OURS_ACTIONS = (_CHECK_OURS, _SEE)
"""The actions to take now when the name is ours."""

KIND_WORDS: dict[EventKind, KindWords] = {
    EventKind.LOOKALIKE_FOUND: KindWords("{name} exists now", "new lookalikes", (_SEE,)),
    EventKind.MAIL_FOUND_ABLE: KindWords(
        "{name} can receive mail (seen by the first sweep)",
        "found able to receive mail",
        (_BLOCK, _LOOK_BACK, _OWN),
    ),
    EventKind.MAIL_BECAME_ABLE: KindWords(
        "{name} can receive mail now",
        "lookalikes became able to receive mail",
        (_BLOCK, _LOOK_BACK, _OWN),
        again="{name} prepares for mail: it has mail exchanges now",
        back="{name} can receive mail again",
    ),
    EventKind.MAIL_BECAME_UNABLE: KindWords(
        "{name} can no longer receive mail",
        "lookalikes can no longer receive mail",
        ("Nothing at once. Keep it blocked: what lost mail can gain it again, and you will hear of it.",),
    ),
    EventKind.EXCHANGES_CHANGED: KindWords(
        "Mail for {name} goes elsewhere now",
        "lookalikes changed their mail exchanges",
        ("See who runs the new exchanges: somebody may have bought or taken over the name.", _BLOCK),
    ),
    EventKind.REGISTERED: KindWords("{name} is registered again", "registered again", (_SEE,)),
    EventKind.LAPSED: KindWords(
        "{name} is no longer registered",
        "no longer registered",
        ("Consider registering it before somebody else does.",),
    ),
    EventKind.EXPIRING: KindWords(
        "{name} expires: {expires}",
        "registrations that expire soon",
        ("If it is yours: renew it today. If not: decide whether to register it when it lapses.",),
    ),
    EventKind.REGISTRATION_CHANGED: KindWords(
        "The registration of {name} changed",
        "registrations changed",
        (_CHECK_OURS.replace("you or your provider made this change", "the new holder is known to you"),),
    ),
    EventKind.NAMESERVERS_CHANGED: KindWords(
        "{name} has other nameservers now", "changed their nameservers", (_SEE, _CHECK_OURS)
    ),
    EventKind.SUFFIX_WILDCARD_CHANGED: KindWords(
        "The suffix {name} changed how it answers for names that nobody registered",
        "suffixes changed how they answer for unregistered names",
        ("Mail to any slip under it may now arrive at the registry's host: block the suffix where you can.",),
    ),
    EventKind.OWN_MAIL_AT_RISK: KindWords(
        "Mail for {name}, a name of yours, is at risk",
        "names of yours have their mail at risk",
        ("Mend the exchange or nameserver below, or renew the name it stands under, today.", _CHECK_OURS),
    ),
    EventKind.WATCH_STALE: KindWords(
        "watcher does not see everything: {reason}",
        "times that the watch was stale",
        ("Run `watcher doctor`: until this is mended, silence is no good news.",),
    ),
    EventKind.WATCH_RECOVERED: KindWords("watcher sees everything again", "times that the watch recovered"),
    EventKind.CHANNEL_FAILING: KindWords(
        "Alerts do not get through one channel: {reason}",
        "channels that fail",
        ("Mend its settings or the service behind it, then run `watcher channels test`.",),
    ),
    EventKind.CHANNEL_RECOVERED: KindWords("Alerts get through again: {reason}", "channels recovered"),
    EventKind.RESOLVER_REFUSED: KindWords(
        "A resolver is not honest, so it is not used: {reason}",
        "resolvers refused",
        ("Give watcher an unfiltered resolver in `dns.resolvers`, then run `watcher doctor`.",),
    ),
    EventKind.DATA_AGED: KindWords(
        "Lists that came with watcher have grown old: {reason}",
        "lists grown old",
        ("Install the newest version, when it suits you: names under newer suffixes are missed until then.",),
    ),
    EventKind.MAIL_REFUSED: KindWords(
        "Mail to {name} was stopped at the mail server",
        "lookalikes to which mail was stopped",
        ("Tell the senders, where it happens again: an address book may hold the wrong name.",),
    ),
}

_ABILITIES = {"able": "able to receive mail", "unable": "unable to receive mail", "unknown": "not known"}


def ability_words(ability: str) -> str:
    """Return an ability in words; one we do not know as it is."""
    return _ABILITIES.get(ability, ability)
