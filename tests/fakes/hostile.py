"""What somebody may put into a name or a record to do harm where it is shown, and an event full of it."""

from dataclasses import replace

from tests.fakes.alert_samples import RESEMBLES, event
from watcher.core.events import Event, EventKind

HOSTILE = (
    "<!channel> <@U123> <https://evil.com|army.mil> &lt; & *bold* _it_ ~gone~ `code` ```",
    "</td><script>alert(1)</script><img src=x onerror=alert(1)>{{ 7*7 }}{% raw %}",
    "a\r\nBcc: everybody@army.mil\r\n\r\nbody",
    "\u202egpj.lim.ymra\u202c \u2066x\u2069 \u200b\u200d\ufeff \u061c",
    "\x00\x07\x1b[31mred\x1b[0m\x7f\x9b \u2028line\u2029paragraph \ud800",
    "x" * 100_000,
    "http://evil.com/path?q=army.mil mailto:a@b.com www.evil.com",
)


def hostile_event(kind: EventKind, value: str) -> Event:
    """An event that has `value` wherever text from outside may stand."""
    side = {
        "ability": "able",
        "basis": value,
        "flags": [value] * 30,
        "exchanges": [{"preference": 1, "host": value, "addresses": [value] * 30}] * 300,
        value: value,
        "registrar": value,
        "nameservers": [value] * 300,
        "nested": {value: [value]},
        "expires_at": value,
        "reason": value,
        "channel": value,
        "since": value,
        "errors": [value] * 9,
    }
    row = {"question": value, "type": value, "outcome": value, "records": [value] * 40, "resolver": value, "at": value}
    return event(
        kind,
        name=value,
        registrable_domain=value,
        severity_reasons=(value,) * 50,
        protected=("army.mil", "navy.mil") * 10,
        before={**side, "registrar": "x"},
        after=side,
        evidence=(row,) * 40,
        resembles=(replace(RESEMBLES, explanation=value, techniques=(value,)),) * 9,
    )
