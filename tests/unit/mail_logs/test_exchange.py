"""Exchange: message trace, historical search, tracking logs; headings decide, whatever their order."""

import pytest

from tests.unit.mail_logs.reading import counts, entries
from watcher.mail_logs import detected, exchange

TRACE = (
    '"Received","SenderAddress","RecipientAddress","Subject","Status","ToIP","FromIP","Size","MessageId","MessageTraceId"\n'
    '"2026-11-27T08:00:00.0000000Z","anna@corp.example","bob@us.army.ml","see x@us.army.ml,\nthanks","Delivered","","","1","<1@corp>","a"\n'
    '"2026-11-28T08:00:00.0000000Z","ben@corp.example","bob@us.army.ml","s","Failed","","","1","<2@corp>","b"\n'
    '"2026-11-28T08:00:00.0000000Z","ben@corp.example","bob@us.army.ml","s","Pending","","","1","<3@corp>","c"\n'
    '"2026-11-28T08:00:00.0000000Z","ben@corp.example","list@us.army.ml","s","Expanded","","","1","<4@corp>","d"\n'
    '"2026-11-28T08:00:00.0000000Z","ben@corp.example","bob@us.army.mil","s","Delivered","","","1","<5@corp>","e"\n'
)
HISTORICAL = (
    "origin_timestamp_utc,sender_address,recipient_status,message_subject,total_bytes,message_id\n"
    '2026-11-01T08:00:00Z,anna@corp.example,"bob@us.army.ml##Receive, Send;x@corp.example##Receive, Deliver;eve@us.army.ml##Receive, Fail",s,1,<1@corp>\n'
)
TRACKING = (
    "#Software: Microsoft Exchange Server\n#Version: 15.01\n#Log-type: Message Tracking Log\n#Date: 2026-11-27T00:00:00.000Z\n"
    "#Fields: date-time,client-ip,event-id,message-id,recipient-address,recipient-status,sender-address,message-subject\n"
    "2026-11-27T01:00:00.000Z,10.0.0.1,RECEIVE,<1@corp>,a@us.army.ml;b@us.army.ml,,anna@corp.example,s\n"
    "2026-11-27T01:00:01.000Z,10.0.0.1,SEND,<1@corp>,a@us.army.ml;b@us.army.ml,250 ok;250 ok,anna@corp.example,s\n"
    "2026-11-27T01:00:02.000Z,10.0.0.1,FAIL,<2@corp>,a@us.army.ml,550 no,anna@corp.example,s\n"
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "counted"),
    [
        (TRACE, (3, 2, 1, 1, 1, 0, "2026-11-27", "2026-11-28")),
        (HISTORICAL, (2, 1, 1, 1, 0, 0, "2026-11-01", "2026-11-01")),
        (TRACKING, (3, 1, 2, 1, 0, 0, "2026-11-27", "2026-11-27")),
        (TRACE.replace('","', '";"'), (3, 2, 1, 1, 1, 0, "2026-11-27", "2026-11-28")),
        ("#TYPE Selected.System\n" + TRACE, (3, 2, 1, 1, 1, 0, "2026-11-27", "2026-11-28")),
    ],
    ids=["trace", "historical", "tracking", "semicolons", "powershell"],
)
def test_forms(text, counted):
    assert detected(text.encode()) is exchange
    assert counts(text, domains={"us.army.ml"})["us.army.ml"] == counted


def test_a_column_by_name():
    assert counts("a,b\nx,bob@us.army.ml\n", form=exchange, column="B") == {
        "us.army.ml": (1, 0, 0, 0, 0, 0, None, None)
    }


def test_small_blocks_and_quoted_line_breaks():
    assert counts(TRACE * 50, domains={"us.army.ml"}, block=90)["us.army.ml"][0] == 3, (
        "the same rows again are the same messages"
    )


def test_quotes_that_never_close_do_not_swallow_the_log():
    hostile = (
        TRACE
        + '"2026-11-27","open quote, bob@us.army.ml\n'
        + "x" * 300
        + "\n"
        + TRACE.partition("\n")[2].replace("corp>", "2corp>") * 40
    )
    made, reader = entries(hostile, domains={"us.army.ml"}, block=2000)
    assert made
    assert reader.reading.lines == hostile.count("\n")


def test_a_subject_is_never_read_as_a_recipient():
    assert "x@us.army.ml" not in str(counts(TRACE))
    assert counts(TRACE.replace("bob@us.army.ml", "bob@us.army.mil"), domains={"us.army.ml"}) == {}
