"""Exim's main log: both lengths of message ids, every mark, refusals, filters."""

import pytest

from tests.unit.mail_logs.reading import counts, entries
from watcher.mail_logs import detected, exim

SHORT, LONG = "1rABCd-000123-4X", "1rABCd-0000000ABCD-1xyz"


def message(
    message_id,
    to,
    *,
    mark="=>",
    at="2026-11-27 09:12:01",
    sender="anna@corp.example",
    rest=' R=dnslookup T=remote_smtp H=mx.army.ml [93.184.215.14] C="250 OK"',
):
    return (
        f"{at} {message_id} <= {sender} H=pc [10.0.0.9] P=esmtp S=512 id=x@corp.example\n"
        f"{at} {message_id} {mark} {to}{rest}\n"
        f"{at} {message_id} Completed\n"
    )


@pytest.mark.parametrize("message_id", [SHORT, LONG])
@pytest.mark.parametrize("at", ["2026-11-27 09:12:01", "2026-11-27 09:12:01.123 +0100", "2026-11-27 09:12:01 [1234]"])
def test_a_delivery(message_id, at):
    text = message(message_id, "bob@us.army.ml", at=at)
    assert detected(text.encode()) is exim
    assert counts(text) == {"us.army.ml": (1, 1, 1, 0, 0, 0, "2026-11-27", "2026-11-27")}


@pytest.mark.parametrize(
    ("mark", "to", "rest", "counted"),
    [
        ("=>", "bob <bob@us.army.ml>", " R=lookup T=remote_smtp H=mx [1.2.3.4]", (1, 1, 1, 0, 0)),
        ("->", "bob@us.army.ml", " R=lookup T=remote_smtp H=mx [1.2.3.4]", (1, 1, 1, 0, 0)),
        (">>", "bob@us.army.ml", " R=lookup T=remote_smtp H=mx [1.2.3.4]", (1, 1, 1, 0, 0)),
        ("**", "bob@us.army.ml", ": Unrouteable address", (1, 1, 0, 1, 0)),
        ("**", "bob@us.army.ml", " F=<anna@corp.example>: retry timeout exceeded", (1, 1, 0, 1, 0)),
        ("==", "bob@us.army.ml", " R=lookup T=remote_smtp defer (-44): host lookup did not complete", (1, 1, 0, 0, 1)),
        ("=>", '"a b"@us.army.ml', " R=lookup T=remote_smtp H=mx [1.2.3.4]", (1, 1, 1, 0, 0)),
    ],
)  # fmt: skip
def test_marks(mark, to, rest, counted):
    assert counts(message(SHORT, to, mark=mark, rest=rest))["us.army.ml"][:5] == counted


def test_refused_at_rcpt_is_no_message_and_temporarily_refused_is_nothing():
    line = "2026-11-27 09:12:01 H=pc [10.0.0.9] F=<anna@corp.example> {}rejected RCPT <bob@us.army.ml>: no\n"
    text = message(SHORT, "x@us.army.mil") + line.format("") + line.format("temporarily ")
    assert counts(text)["us.army.ml"][:6] == (0, 0, 0, 0, 0, 1)


def test_the_next_server_of_the_same_logs_is_counted_once():
    first = message(SHORT, "b@us.army.ml", rest=f' R=smarthost T=remote_smtp H=out [10.0.0.2] C="250 OK id={LONG}"')
    assert counts(first + message(LONG, "b@us.army.ml"))["us.army.ml"][:3] == (1, 1, 1)


def test_what_is_no_log_line_is_counted():
    _, reader = entries(message(SHORT, "b@us.army.ml") + "nonsense\n")
    assert (reader.reading.lines, reader.reading.unread) == (4, 1)
