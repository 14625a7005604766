"""Postfix logs: deliveries of every stamp and queue id, filters, refusals, and what is no log line."""

import json
from datetime import UTC, datetime

import pytest

from tests.unit.mail_logs.reading import KEYED, counts, entries
from watcher.mail_logs import detected, postfix

STAMP = "Nov 27 09:12:01 mx1 "


def message(
    queue_id,
    to,
    *,
    stamp=STAMP,
    sender="anna@corp.example",
    status="sent",
    relay="mx.army.ml[93.184.215.14]:25",
    text="250 2.0.0 Ok",
    tag="postfix",
):
    return (
        f"{stamp}{tag}/qmgr[33]: {queue_id}: from=<{sender}>, size=4711, nrcpt=1 (queue active)\n"
        f"{stamp}{tag}/smtp[44]: {queue_id}: to=<{to}>, relay={relay}, delay=0.5, delays=0/0/0.2/0.3, dsn=2.0.0, status={status} ({text})\n"
        f"{stamp}{tag}/qmgr[33]: {queue_id}: removed\n"
    )


def test_messages_senders_and_days_are_counted():
    text = (
        message("4F1A2B3C4D5", "bob@us.army.ml")
        + message("4F1A2B3C4D6", "Bob@US.Army.ML", sender="ben@corp.example", stamp="Nov 28 01:00:00 mx1 ")
        + message("4F1A2B3C4D7", "x@us.army.ml", sender="ANNA@corp.example", status="bounced")
        + message("4F1A2B3C4D8", "x@us.army.ml", sender="", status="deferred")
        + message("4F1A2B3C4D9", "x@us.army.mil")
    )
    assert counts(text, domains={"us.army.ml"}) == {"us.army.ml": (4, 2, 2, 1, 1, 0, "2026-11-27", "2026-11-28")}


@pytest.mark.parametrize(
    "stamp",
    [
        "Nov 27 09:12:01 mx1 ",
        "2026-11-27T09:12:01.123456+01:00 mx1 ",
        "2026-11-27T09:12:01Z mx1 ",
        "<22>Nov 27 09:12:01 mx1 ",
    ],
)
@pytest.mark.parametrize("queue_id", ["4F1A2B3C4D5", "9C1B2", "3Pt2mN2VXxznjll", "4bXyzQ1hV8z2q"])
@pytest.mark.parametrize("tag", ["postfix", "postfix-out", "postfix/submission", "postfix-out/default"])
def test_stamps_queue_ids_and_instances(stamp, queue_id, tag):
    text = message(queue_id, "bob@us.army.ml", stamp=stamp, tag=tag)
    assert detected(text.encode()) is postfix
    assert counts(text) == {"us.army.ml": (1, 1, 1, 0, 0, 0, "2026-11-27", "2026-11-27")}


def test_deferred_and_sent_later_is_one_message_delivered():
    text = message("4F1A2B3C4D5", "b@us.army.ml", status="deferred") + message("4F1A2B3C4D5", "b@us.army.ml")
    assert counts(text)["us.army.ml"][:5] == (1, 1, 1, 0, 0)


def test_several_recipients_of_one_message_are_several():
    text = message("4F1A2B3C4D5", "a@us.army.ml") + message("4F1A2B3C4D5", "b@us.army.ml")
    assert counts(text)["us.army.ml"][0] == 2


@pytest.mark.parametrize(
    "relay", ["127.0.0.1[127.0.0.1]:10024", "localhost[::1]:10024", "amavis", "mx2.corp.example[10.0.0.2]:25"]
)
def test_what_a_filter_or_the_next_server_writes_again_is_counted_once(relay):
    first = message(
        "AAAA1111111",
        "b@us.army.ml",
        relay=relay,
        text="250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as BBBB2222222",
    )
    second = message("BBBB2222222", "b@us.army.ml", status="bounced", text="host mx said: 550 queued as")
    for text in (first + second, second + first):
        assert counts(text)["us.army.ml"][:4] == (1, 1, 0, 1)


def test_a_filter_that_names_no_queue_id_is_counted_once():
    first = message("AAAA1111111", "b@us.army.ml", relay="127.0.0.1[127.0.0.1]:10024", text="250 Ok")
    second = message("BBBB2222222", "b@us.army.ml")
    assert counts(first + second)["us.army.ml"][:3] == (1, 1, 1)
    assert counts(first)["us.army.ml"][0] == 1, "one that is seen nowhere else is not lost"


def test_refusals_are_no_messages():
    text = (
        f"{STAMP}postfix/smtpd[9]: NOQUEUE: reject: RCPT from pc[10.0.0.9]: 550 5.1.2 <bob@us.army.ml>: Recipient address "
        "rejected: us.army.ml is a lookalike; from=<anna@corp.example> to=<bob@us.army.ml> proto=ESMTP helo=<pc>\n"
        f"{STAMP}postfix/smtpd[9]: NOQUEUE: warn: RCPT from pc[10.0.0.9]: x; from=<a@corp.example> to=<bob@us.army.ml> proto=ESMTP helo=<pc>\n"
        f"{STAMP}postfix/cleanup[9]: 4F1A2B3C4D5: milter-reject: END-OF-MESSAGE from pc[10.0.0.9]: 5.7.1 no; from=<a@corp.example> to=<bob@us.army.ml> proto=ESMTP helo=<pc>\n"
    )
    assert counts(text)["us.army.ml"][:6] == (0, 0, 0, 0, 0, 2)


@pytest.mark.parametrize(
    "to",
    ['"a > b"@us.army.ml', '"a\\"@x.org>"@us.army.ml', "@relay.example:bob@us.army.ml", "bob%x.org@us.army.ml", "grüße@us.army.ml", "b@us.army.ml."],
)  # fmt: skip
def test_unusual_recipients(to):
    assert counts(message("4F1A2B3C4D5", to))["us.army.ml"][0] == 1


def test_journald_as_json_and_as_export():
    micros = int(datetime(2026, 11, 27, 9, tzinfo=UTC).timestamp() * 1e6)
    lines = [line.partition(": ")[2] for line in message("4F1A2B3C4D5", 'b"b"@us.army.ml').splitlines()]
    text = "".join(
        json.dumps({"__REALTIME_TIMESTAMP": str(micros), "SYSLOG_IDENTIFIER": "postfix/smtp", "MESSAGE": line}) + "\n"
        for line in lines
    )
    assert detected(text.encode()) is postfix
    assert counts(text)["us.army.ml"] == (1, 1, 1, 0, 0, 0, "2026-11-27", "2026-11-27")
    export = "".join(
        f"__REALTIME_TIMESTAMP={micros}\nSYSLOG_IDENTIFIER=postfix/smtp\nMESSAGE={line}\n\n" for line in lines
    )
    assert counts(export)["us.army.ml"] == (1, 1, 1, 0, 0, 0, "2026-11-27", "2026-11-27")
    assert entries(export)[1].reading.unread == 0


def test_years_are_worked_out_backwards_over_new_year():
    def on(stamp, queue_id):
        return message(queue_id, "b@us.army.ml", stamp=f"{stamp} mx1 ")

    text = (
        on("Mar  3 10:00:00", "A1111111111")
        + on("Dec 31 23:59:59", "B1111111111")
        + on("Jan  1 00:00:01", "C1111111111")
    )
    text += (
        on("Dec 31 23:59:58", "D1111111111")
        + on("Jul  2 10:00:00", "E1111111111")
        + on("Jan 12 10:00:00", "F1111111111")
    )
    made, _ = entries(text, reference=datetime(2026, 2, 1, tzinfo=UTC))
    assert [entry.at.date().isoformat() for entry in made] == [
        "2024-03-03", "2024-12-31", "2025-01-01", "2024-12-31", "2025-07-02", "2026-01-12",
    ]  # fmt: skip


def test_a_log_that_is_followed_for_months_and_over_new_year_keeps_its_years():
    def on(stamp, queue_id):
        return message(queue_id, "b@us.army.ml", stamp=f"{stamp} mx1 ").encode()

    reader = postfix.reader(b"", keyed=KEYED, reference=datetime(2026, 6, 1, 12, tzinfo=UTC), column=None)
    made = []
    for day, text in (
        (datetime(2026, 6, 1, 12, tzinfo=UTC), on("Jun  1 11:59:00", "A1111111111")),
        (datetime(2026, 6, 20, 12, tzinfo=UTC), on("Jun 20 11:59:00", "B1111111111")),
        (datetime(2026, 12, 31, 23, tzinfo=UTC), on("Dec 31 22:59:00", "C1111111111")),
        (datetime(2027, 1, 1, 1, tzinfo=UTC), on("Jan  1 00:59:00", "D1111111111")),
        (datetime(2027, 3, 1, 1, tzinfo=UTC), on("Mar  1 00:59:00", "E1111111111")),
    ):
        reader.advance(day)
        made += [*reader.read(text, set), *reader.finish()]
    assert [entry.at.date().isoformat() for entry in made] == [
        "2026-06-01", "2026-06-20", "2026-12-31", "2027-01-01", "2027-03-01",
    ]  # fmt: skip


def test_a_leap_day_is_in_a_leap_year():
    made, _ = entries(
        message("A1111111111", "b@us.army.ml", stamp="Feb 29 10:00:00 mx1 "),
        reference=datetime(2026, 11, 1, tzinfo=UTC),
    )
    assert made[0].at.date().isoformat() == "2024-02-29"


def test_what_is_no_log_line_is_counted_and_shown_without_local_parts():
    text = (
        message("A1111111111", "b@us.army.ml")
        + "garbage secret.person@us.army.ml here\n\0\0\0\n"
        + message("B1111111111", "b@us.army.ml")
    )
    made, reader = entries(text)
    assert len(made) == 2
    assert (reader.reading.lines, reader.reading.unread) == (8, 2)
    assert reader.reading.samples[0] == "garbage …@us.army.ml here"


def test_the_cut_between_blocks_changes_nothing():
    text = "".join(
        message(f"{number:011X}", f"u{number}@us.army.ml", sender=f"s{number % 7}@corp.example")
        for number in range(300)
    )
    assert counts(text, block=700) == counts(text) == {"us.army.ml": (300, 7, 300, 0, 0, 0, "2026-11-27", "2026-11-27")}
