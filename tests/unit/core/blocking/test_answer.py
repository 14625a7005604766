"""Answers: who is refused, asked, marked, and who always passes; what the sentence says and what it keeps to itself."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.core.blocking.answer import PASS, Action, PolicyRules, action_for, answer
from watcher.core.blocking.confirming import Confirmations
from watcher.core.blocking.friends import Friends, ListedName
from watcher.core.blocking.recipient import Recipient, recipients
from watcher.core.blocking.standing import Silenced, StandingEntry, Standings
from watcher.core.events import Grade, Resemblance
from watcher.core.names.names import Fqdn
from watcher.core.telling.alerts import SilenceScope
from watcher.data import load_tables

TABLES = load_tables()
EXPLANATION = "us.army.mil with the last i left out"


_PROTECTED = (ListedName("us.army.mil"),)


def standings(entries=None, *, listed=_PROTECTED, **options):
    return Standings(Friends(listed, TABLES, ["popular.com"]), entries=entries, **options)


def entry(
    triage="new",
    *,
    able=True,
    grade=Grade.BLOCK,
    protected="us.army.mil",
    explanation=EXPLANATION,
    techniques=("suffix_edit",),
):
    return StandingEntry(triage, able, grade, protected, techniques, explanation)


def said(entries, domain="us.army.ml", *, rules=PolicyRules(), found=(), local="bob", **options):  # noqa: B008 (frozen)
    standing = standings(entries, **options).find(Fqdn(domain), found)
    action = action_for(standing, rules)
    return PASS if standing is None else answer(action, Recipient(local, Fqdn(domain)), standing, rules)


def test_blocked_is_refused_with_the_address_that_was_meant():
    answered = said({"us.army.ml": entry("blocked")})
    assert answered.reply == "550 5.1.2 us.army.ml is a lookalike of us.army.mil. Did you mean bob@us.army.mil?"
    assert answered.intended == "bob@us.army.mil"


@pytest.mark.parametrize(
    ("mode", "reply"),
    [
        ("warn", "WARN us.army.ml is a lookalike of us.army.mil"),
        ("hold", "HOLD us.army.ml is a lookalike of us.army.mil"),
        ("defer", "DEFER_IF_PERMIT 4.1.2 us.army.ml is a lookalike of us.army.mil. Did you mean bob@us.army.mil?"),
        ("reject", "550 5.1.2 us.army.ml is a lookalike of us.army.mil. Did you mean bob@us.army.mil?"),
    ],
)
@pytest.mark.parametrize("triage", ["new", "investigating", "takedown"])
def test_able_and_of_grade_block_goes_by_the_mode(mode, reply, triage):
    assert said({"us.army.ml": entry(triage)}, rules=PolicyRules(mode=Action(mode))).reply == reply


@pytest.mark.parametrize("case", [entry(able=False), entry(grade=Grade.WARN), entry("owned"), entry("ignored")])
def test_everything_else_passes_unless_asked(case):
    assert said({"us.army.ml": case}, rules=PolicyRules(mode=Action.REJECT)) is PASS


def test_a_host_under_a_lookalike_is_judged_with_it():
    answered = said({"army.ml": entry("blocked", protected="army.mil")}, "mail.us.army.ml")
    assert answered.sentence == "mail.us.army.ml is a lookalike of mail.us.army.mil. Did you mean bob@mail.us.army.mil?"


def test_a_protected_suffix_names_the_name_below_it():
    case = entry("blocked", protected="mil", explanation="army.mil with the last i left out")
    answered = said({"army.ml": case}, "us.army.ml", listed=(ListedName("mil"),), suffixes={"mil"})
    assert answered.intended == "bob@us.army.mil"
    unclear = said(
        {"army.ml": case._replace(explanation="")}, "us.army.ml", listed=(ListedName("mil"),), suffixes={"mil"}
    )
    assert unclear.sentence == "us.army.ml is a lookalike of .mil. Did you mean an address under .mil?"


@pytest.mark.parametrize("triage", ["new", "blocked", "investigating"])
@pytest.mark.parametrize("rules", [PolicyRules(mode=Action.REJECT, ask=True), PolicyRules(ask=True)])
def test_own_and_protected_names_always_pass(triage, rules):
    for name in ("us.army.mil", "mail.us.army.mil", "our.example", "a.our.example"):
        listed = (ListedName("us.army.mil"), ListedName("our.example", own=True))
        assert said({name: entry(triage), "our.example": entry(triage)}, name, rules=rules, listed=listed) is PASS


def test_popular_names_pass_unless_somebody_blocked_that_very_name():
    rules = PolicyRules(mode=Action.REJECT, ask=True)
    assert said({"popular.com": entry()}, "popular.com", rules=rules) is PASS
    assert said({"popular.com": entry("blocked")}, "popular.com", rules=rules).action is Action.REJECT
    assert (
        said(
            {},
            "popular.com",
            rules=rules,
            found=[Resemblance("us.army.mil", ("omission",), 0.1, "", grade=Grade.BLOCK)],
        )
        is PASS
    )


@pytest.mark.parametrize(
    "silence",
    [(SilenceScope.NAME, "us.army.ml"), (SilenceScope.NAME, "army.ml"), (SilenceScope.SUFFIX, "ml"), (SilenceScope.TECHNIQUE, "suffix_edit"), (SilenceScope.PROTECTED, "us.army.mil")],
)  # fmt: skip
def test_silenced_names_pass_unless_blocked(silence):
    rules = PolicyRules(mode=Action.REJECT, ask=True)
    assert said({"us.army.ml": entry()}, rules=rules, silences=[Silenced(*silence)]) is PASS
    assert said({"us.army.ml": entry("blocked")}, rules=rules, silences=[Silenced(*silence)]).action is Action.REJECT


@pytest.mark.parametrize(
    ("grade", "action"), [(Grade.BLOCK, Action.ASK), (Grade.WARN, Action.ASK), (Grade.NOTE, Action.PASS)]
)
def test_ask_refuses_what_resembles_whether_the_watch_holds_it_or_not(grade, action):
    rules = PolicyRules(ask=True)
    found = [Resemblance("us.army.mil", ("suffix_edit",), 0.1, EXPLANATION, grade=grade)]
    assert said({}, rules=rules, found=found).action is action
    assert said({"us.army.ml": entry(able=False, grade=grade)}, rules=rules).action is action
    if action is Action.ASK:
        assert said({}, rules=rules, found=found).reply == (
            "550 5.1.2 us.army.ml looks like us.army.mil. Did you mean bob@us.army.mil? "
            "If us.army.ml is right, send the message again within 30 minutes."
        )


def test_a_stronger_mode_comes_before_asking_and_blocked_is_never_asked():
    assert said({"us.army.ml": entry()}, rules=PolicyRules(mode=Action.REJECT, ask=True)).action is Action.REJECT
    assert said({"us.army.ml": entry("blocked")}, rules=PolicyRules(ask=True)).action is Action.REJECT


def test_often_written_to_passes_but_never_what_is_blocked():
    found = standings({"us.army.ml": entry()})
    rules = PolicyRules(mode=Action.REJECT, ask=True)
    assert action_for(found.find(Fqdn("us.army.ml")), rules, known=True) is Action.PASS
    found.entries["us.army.ml"] = entry("blocked")
    assert action_for(found.find(Fqdn("us.army.ml")), rules, known=True) is Action.REJECT


@given(st.text(max_size=1200), st.sampled_from(list(Action)))
def test_a_reply_is_one_short_line_whatever_the_local_part(local, action):
    standing = standings({"us.army.ml": entry("blocked")}).find(Fqdn("us.army.ml"))
    reply = answer(action, Recipient(local, Fqdn("us.army.ml")), standing, PolicyRules()).reply
    assert reply.isprintable()
    assert reply.isascii()
    assert len(reply) < 480
    assert not reply.upper().startswith(("OK", "PERMIT"))


@pytest.mark.parametrize("action", [Action.WARN, Action.HOLD, Action.CONFIRMED])
def test_what_goes_to_a_log_holds_no_local_part(action):
    standing = standings({"us.army.ml": entry()}).find(Fqdn("us.army.ml"))
    assert "secret" not in answer(action, Recipient("secret", Fqdn("us.army.ml")), standing, PolicyRules()).reply


def test_every_action_has_a_reply():
    standing = standings({"us.army.ml": entry()}).find(Fqdn("us.army.ml"))
    for action, local in product(Action, ("bob", 'a b"', "ü")):
        assert answer(action, Recipient(local, Fqdn("us.army.ml")), standing, PolicyRules()).reply


def test_a_sender_confirms_by_another_message_in_time():
    asked = Confirmations(1800)
    assert not asked.confirm(1, "a.1", 0)
    assert not asked.confirm(1, "a.1", 1), "a second recipient of the same message"
    assert not asked.confirm(2, "b.1", 1), "another sender"
    assert asked.confirm(1, "a.2", 60)
    assert asked.confirm(1, "a.3", 61)
    assert not asked.confirm(1, "a.4", 1860 + 1), "the time is over"


def test_confirmations_are_bounded():
    asked = Confirmations(1800, most=3)
    for key in range(10):
        asked.confirm(key, "", 0)
    assert len(asked) == 3
    assert asked.confirm(9, "", 1)
    assert not asked.confirm(0, "", 1)


def test_the_worst_of_several_domains_counts():
    rules = PolicyRules()
    found = standings({"us.army.ml": entry("blocked")})
    worst = [action_for(found.find(one.domain), rules) for one in recipients("bob%us.army.ml@relay.example")]
    assert worst == [Action.PASS, Action.REJECT]
