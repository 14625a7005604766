"""Google Workspace: headings in several languages, several rows of one message, named columns."""

import pytest

from tests.unit.mail_logs.reading import counts
from watcher.core.errors import ConfigurationError
from watcher.mail_logs import detected, google

ENGLISH = "Message ID,Start date,End date,Sender,Message size,Subject,Direction,Attachments,Recipient address,Event target,Event date,Event status\n"
GERMAN = "Nachrichten-ID,Startdatum,Enddatum,Absender,Größe,Betreff,Richtung,Anhänge,Empfängeradresse,Ziel,Ereignisdatum,Ereignisstatus\n"
ROWS = (
    "<1@corp>,2026-11-27 08:00:00 UTC,,anna@corp.example,1,s,Sent,0,bob@us.army.ml,SMTP_IN,2026-11-27 08:00:00 UTC,RECEIVED\n"
    "<1@corp>,2026-11-27 08:00:00 UTC,,anna@corp.example,1,s,Sent,0,bob@us.army.ml,SMTP_OUT,2026-11-27 08:00:02 UTC,DELIVERED\n"
    '<2@corp>,2026-11-28 08:00:00 UTC,,ben@corp.example,1,"s, t",Sent,0,"bob@us.army.ml, x@corp.example",SMTP_OUT,2026-11-28 08:00:02 UTC,BOUNCED\n'
)


@pytest.mark.parametrize(
    "headings", [ENGLISH, GERMAN, ENGLISH.replace("Recipient address", "Destinataire").replace("Sender", "Expéditeur")]
)
def test_headings_in_several_languages(headings):
    text = headings + ROWS
    assert detected(text.encode()) is google
    found = counts(text, domains={"us.army.ml"})["us.army.ml"]
    assert found[:2] == (2, 2)
    assert found[6:] == ("2026-11-27", "2026-11-28")


def test_fates():
    assert counts(ENGLISH + ROWS, domains={"us.army.ml"})["us.army.ml"][:5] == (2, 2, 1, 1, 0)


def test_a_named_column():
    text = "when,who,whom\n27/11/2026,anna@corp.example,bob@us.army.ml\n"
    assert detected(text.encode()) is None
    assert detected(text.encode(), "Whom") is google
    assert counts(text, column="whom")["us.army.ml"][0] == 1


def test_a_column_that_is_not_there():
    with pytest.raises(ConfigurationError, match="there is no column 'whom'"):
        google.reader(b"a,b\n", keyed=hash, reference=None, column="whom")
