"""Records about a name's mail besides exchanges: SPF, DMARC, MTA-STS and TLSA (M58, M59)."""

from watcher.core.mail.dns import Answer, Outcome, RRType
from watcher.core.mail.reading import Reading


def published(reading: Reading) -> tuple[Answer, ...]:
    """Return the answers with an SPF, DMARC, MTA-STS or TLSA record; empty where none has one, or none was asked."""
    return tuple(answer for answer in reading.observation.answers if _publishes(answer, reading.name))


def sends_nothing(reading: Reading) -> bool:
    """Return whether SPF says outright that the name sends no mail (`v=spf1 -all`)."""
    answer = reading.answers.of(reading.name, RRType.TXT)
    return answer is not None and any(_text(record).split() == ["v=spf1", "-all"] for record in answer.records)


def shows_an_operator(reading: Reading) -> bool:
    """Return whether MTA-STS, TLSA or an SPF record that names a sender is published (M58)."""
    return any(
        not (answer.question.name == f"_dmarc.{reading.name}" or _names_no_sender(answer, reading.name))
        for answer in published(reading)
    )


def _names_no_sender(answer: Answer, name: str) -> bool:
    """Return whether this is the name's SPF and authorises nobody: `v=spf1 -all`, `v=spf1 ~all`, `v=spf1`."""
    if answer.question.name != name or answer.question.type is not RRType.TXT:
        return False
    records = [_text(record) for record in answer.records]
    terms = [term for text in records if text.startswith("v=spf1") for term in text.split()[1:]]
    return all(term[0] in "-~?" or term.startswith("exp=") for term in terms)


def _publishes(answer: Answer, name: str) -> bool:
    if answer.outcome is not Outcome.ANSWER:
        return False
    if answer.question.type is RRType.TLSA:
        return bool(answer.records)
    if answer.question.type is not RRType.TXT:
        return False
    wanted = {name: "v=spf1", f"_dmarc.{name}": "v=dmarc1", f"_mta-sts.{name}": "v=stsv1"}.get(answer.question.name)
    return wanted is not None and any(_text(record).startswith(wanted) for record in answer.records)


def _text(record: str) -> str:
    """Join the strings of one TXT record, in lower case; the presentation form puts each in quotes."""
    return "".join(record.strip().removeprefix('"').removesuffix('"').split('" "')).lower()
