"""The facts of each kind of event, for the reference: when it is recorded, and what its `from` and `to` hold."""

from dataclasses import dataclass

from watcher.core.events import EventKind


@dataclass(frozen=True, slots=True)
class KindFacts:
    """`when` an event of the kind is recorded; what `from` (`before`) and `to` (`after`) hold, in Markdown."""

    when: str
    before: str
    after: str


_MAIL = "`ability`, `basis`, `flags`, `exchanges`"
_FACTS = "the registration"
_NONE = "nothing"
_WHY = "`since`, `conditions` (what holds), `reason` (the same in words), `errors`"

KIND_FACTS: dict[EventKind, KindFacts] = {
    EventKind.LOOKALIKE_FOUND: KindFacts(
        "A lookalike is seen to exist for the first time, able or not. What a first sweep finds is baseline (M67).",
        f"{_MAIL} of what stood; nothing at a baseline",
        f"{_MAIL}; `baseline` where it is no news",
    ),
    EventKind.MAIL_FOUND_ABLE: KindFacts(
        "A lookalike is able at the first settled look at its candidate (M67, M68): baseline, in one digest for each "
        "protected name. Likewise a suffix that answers for any name when it is first seen.",
        _NONE,
        f"{_MAIL}, `baseline`",
    ),
    EventKind.MAIL_BECAME_ABLE: KindFacts(
        "A lookalike that was unable, absent or not settled is able, by two looks (M38, M67b, M74, M75). "
        "One that was able "
        "by an address only has exchanges (M70), or one that was the owner's is so no more (M35).",
        _MAIL,
        f"{_MAIL}; `returned`, `flapping`, `damped` (M72), `joined` (M73); `unsettled_since` and "
        "`unsettled_outcome` (M75)",
    ),
    EventKind.MAIL_BECAME_UNABLE: KindFacts(
        "A lookalike that was able is unable, by `confirm.losses` looks apart (M64).",
        _MAIL,
        f"{_MAIL}; `flapping`, `damped` (M72)",
    ),
    EventKind.EXCHANGES_CHANGED: KindFacts(
        "An able name has another set of exchanges, by two looks (M66); it went back to an address only (M71), or its "
        "exchanges came back within `confirm.return` (M70).",
        _MAIL,
        f"{_MAIL}; `returned`, `flapping`, `damped` (M72)",
    ),
    EventKind.REGISTERED: KindFacts(
        "A name that we hold a row for was unregistered, and is registered now; where no registry says "
        "anything, a name "
        "that was gone from the DNS by three looks and is back.",
        _FACTS,
        _FACTS,
    ),
    EventKind.LAPSED: KindFacts("A registered name is not registered any more.", _FACTS, _FACTS),
    EventKind.EXPIRING: KindFacts(
        "A registration ends within 30 days. Once for each date of expiry.", f"{_FACTS}; nothing at first", _FACTS
    ),
    EventKind.REGISTRATION_CHANGED: KindFacts(
        "The holder, the registrar or a telling status of a registered name changed, or it was registered anew.",
        _FACTS,
        _FACTS,
    ),
    EventKind.NAMESERVERS_CHANGED: KindFacts(
        "The delegation names other nameservers: by the registry, or by two looks at a name of ours or at a suffix.",
        f"{_FACTS}, or `nameservers`",
        f"{_FACTS}, or `nameservers`",
    ),
    EventKind.SUFFIX_WILDCARD_CHANGED: KindFacts(
        "A public suffix begins to answer for names that nobody registered, or leads elsewhere, by two "
        "looks; or it ends, "
        "by three (M54, M55).",
        f"{_MAIL} of the wildcard; nothing where there was none",
        f"{_MAIL} of the wildcard; nothing where there is none",
    ),
    EventKind.OWN_MAIL_AT_RISK: KindFacts(
        "An exchange or nameserver of an own or protected name is dead, unregistered or one change from "
        "it, by two looks.",
        f"{_MAIL}, or `nameservers`",
        f"{_MAIL}, or `nameservers` and `troubled`; `relation`",
    ),
    EventKind.WATCH_STALE: KindFacts(
        "The watch does not see what it should. It is blind, and the event high, where nothing settles "
        "(`nothing_settles`), the canary is not seen (`canary_missing`) or passes over candidates see nothing "
        "(`passes_blind`); other conditions are lateness "
        "and troubles of "
        "the machine, medium.",
        _NONE,
        _WHY,
    ),
    EventKind.WATCH_RECOVERED: KindFacts("Every condition that was told has ended.", _NONE, "`since`, `blind_seconds`"),
    EventKind.CHANNEL_FAILING: KindFacts(
        "A channel accepted nothing for five minutes of trying, or refused a message for good. Told "
        "through the others.",
        _NONE,
        "`channel`, `reason`, `since`",
    ),
    EventKind.CHANNEL_RECOVERED: KindFacts(
        "A channel that was told of accepted an alert again.", _NONE, "`channel`, `reason`"
    ),
    EventKind.RESOLVER_REFUSED: KindFacts(
        "A resolver rewrites answers, filters, or knows our own block list: it is not used (M56).",
        _NONE,
        "`resolver`, `why`",
    ),
    EventKind.DATA_AGED: KindFacts("Lists that came with watcher are older than 90 days.", _NONE, "`reason`"),
    EventKind.MAIL_REFUSED: KindFacts(
        "Our policy service stopped mail to a lookalike: the first of an hour at once, the rest when it is over.",
        _NONE,
        "`action`, `count`, `hour`",
    ),
}
