"""JSON: the only place where it is made from our dataclasses, and read back.

Every `*_json` returns plain dicts, lists, strings and numbers; every `*_from_json` is its exact inverse.
"""

from watcher.core.shapes.events import event_from_json, event_json, resemblance_from_json, resemblance_json
from watcher.core.shapes.mail import (
    answer_from_json,
    answer_json,
    exchange_json,
    mail_brief_json,
    mail_json,
    mail_side_json,
    probed_json,
    verdict_from_json,
)
from watcher.core.shapes.registration import registration_from_json, registration_json
from watcher.core.shapes.times import JSON, time_from_json, time_json

__all__ = [
    "JSON",
    "answer_from_json",
    "answer_json",
    "event_from_json",
    "event_json",
    "exchange_json",
    "mail_brief_json",
    "mail_json",
    "mail_side_json",
    "probed_json",
    "registration_from_json",
    "registration_json",
    "resemblance_from_json",
    "resemblance_json",
    "time_from_json",
    "time_json",
    "verdict_from_json",
]
