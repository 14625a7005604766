"""The answer to a mail server that asks about a recipient: let it pass, mark, hold, defer, refuse, or ask the sender.

A lookalike that somebody set to `blocked` is treated by `blocked`, always. One that is able to receive mail and of
grade `block` is treated by `mode`. With `ask` any of grade `warn` or stronger is refused once, with the address that
was probably meant, and passes when the same sender sends again. Everything else passes to the server's other rules.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from watcher.core.blocking.recipient import Recipient
from watcher.core.blocking.standing import BlockStanding
from watcher.core.events import Grade

_LONGEST = 420
"""Characters of a sentence: a reply line has 512."""
_LONGEST_LOCAL = 128


class Action(StrEnum):
    """The action taken on mail to one recipient."""

    PASS = "pass"  # noqa: S105 (no password)
    WARN = "warn"
    """Pass, and leave a line in the mail log."""
    HOLD = "hold"
    DEFER = "defer"
    REJECT = "reject"
    ASK = "ask"
    """Refuse once; the sender confirms by sending again."""
    CONFIRMED = "confirmed"
    """Pass, because the sender sent again."""


STOPPING = frozenset({Action.HOLD, Action.DEFER, Action.REJECT, Action.ASK})
"""Actions by which mail does not leave at once."""


@dataclass(frozen=True, slots=True)
class PolicyRules:
    """The settings `policy.*`."""

    mode: Action = Action.WARN
    blocked: Action = Action.REJECT
    ask: bool = False
    confirm_within: timedelta = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class PolicyAnswer:
    """The action, the sentence for the sender or the log, and the address that was probably meant."""

    action: Action
    sentence: str = ""
    intended: str | None = None

    @property
    def reply(self) -> str:
        """Return the action of a Postfix policy service. Never OK: that would open a relay."""
        match self.action:
            case Action.PASS:
                return "DUNNO"
            case Action.CONFIRMED:
                return f"INFO {self.sentence}"
            case Action.WARN:
                return f"WARN {self.sentence}"
            case Action.HOLD:
                return f"HOLD {self.sentence}"
            case Action.DEFER:
                return f"DEFER_IF_PERMIT 4.1.2 {self.sentence}"
            case Action.REJECT | Action.ASK:
                return f"550 5.1.2 {self.sentence}"


PASS = PolicyAnswer(Action.PASS)


def action_for(standing: BlockStanding | None, rules: PolicyRules, *, known: bool = False) -> Action:
    """Return the action for a standing. `known`: the organisation often writes there, so only `blocked` counts."""
    if standing is None:
        return Action.PASS
    if standing.blocked:
        return rules.blocked
    if known:
        return Action.PASS
    able = standing.listed and standing.able and standing.grade is Grade.BLOCK
    if able and rules.mode is not Action.WARN:
        return rules.mode
    if rules.ask and standing.grade.at_least(Grade.WARN):
        return Action.ASK
    return rules.mode if able else Action.PASS


def answer(action: Action, recipient: Recipient, standing: BlockStanding, rules: PolicyRules) -> PolicyAnswer:
    """Return the answer with its sentence. Only what the sender alone reads holds the local part."""
    domain = recipient.domain
    like = standing.intended or f".{standing.protected}"
    if action is Action.PASS:
        return PASS
    if action is Action.CONFIRMED:
        return PolicyAnswer(action, f"{domain} resembles {like}, and its sender confirmed it")
    if not standing.protected:
        return PolicyAnswer(action, f"mail to {domain} is blocked here")
    meant = _address(recipient.local, standing.intended)
    if action in {Action.WARN, Action.HOLD}:
        return PolicyAnswer(action, f"{domain} is a lookalike of {like}", meant)
    question = f"Did you mean {meant}?" if meant else f"Did you mean an address under {like}?"
    if action is Action.ASK:
        minutes = max(1, round(rules.confirm_within.total_seconds() / 60))
        again = f"If {domain} is right, send the message again within {minutes} minutes."
        return PolicyAnswer(action, _short(f"{domain} looks like {like}.", question, again), meant)
    return PolicyAnswer(action, _short(f"{domain} is a lookalike of {like}.", question), meant)


def _address(local: str, domain: str | None) -> str | None:
    """Return the address that was probably meant; without its local part where that cannot be shown in a reply."""
    if domain is None:
        return None
    plain = local.isascii() and local.isprintable() and 0 < len(local) <= _LONGEST_LOCAL
    return f"{local}@{domain}" if plain and not set(local) & set(' <>()\\"@') else domain


def _short(*parts: str) -> str:
    text = " ".join(parts)
    return text if len(text) <= _LONGEST else parts[0][:_LONGEST]
