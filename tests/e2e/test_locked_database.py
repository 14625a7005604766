"""Another program holds the database: the service says so in a few lines, goes on by itself, and tells everything."""

import contextlib
import json
import sqlite3
from pathlib import Path

from tests.e2e.background import Background
from tests.e2e.outside import mentions
from tests.e2e.service import Service, eventually
from tests.fakes.dns_server import DnsServer
from tests.fakes.slack_receiver import SlackReceiver

SOA = "@ 1 SOA ns1.hosting.net. hostmaster.hosting.net. 1 3600 600 86400 1\n@ 1 NS ns1.hosting.net.\n"
ZONES = dict.fromkeys(("com", "il", "mil", "ml", "net"), SOA) | {"hosting.net": SOA + "mx 1 A 185.199.108.25\n"}
ABLE = SOA + "@ 1 MX 10 mx.hosting.net.\n"
MEANWHILE = "army.ml"


def test_a_locked_database_is_said_and_waited_for(tmp_path: Path) -> None:
    dns, slack = DnsServer(ZONES), SlackReceiver()
    dns.logging = False

    def said() -> list[str]:
        return [line for line in service.tail(100_000).splitlines() if "locked" in line]

    with Background(dns, slack):
        service = Service(
            tmp_path,
            {
                "WATCHER_DNS__RESOLVERS": json.dumps([dns.address]),
                "WATCHER_DNS__MAX_RATE": "2000",
                "WATCHER_SWEEP__TIERS": '[[100, "1s"]]',
                "WATCHER_CONFIRM__DELAY": "1s",
                "WATCHER_ALERTS__GROUP_WAIT": "1s",
                "WATCHER_ALERTS__DIGEST": "never",
                "WATCHER_ALERTS__SLACK__WEBHOOK_URL": slack.webhook_url,
                "WATCHER_REGISTRATION__ENABLED": "false",
            },
        )
        service.run("protect", "add", "army.mil")
        with service:
            eventually(
                lambda: service.get("/api/v1/protected/army.mil")["baseline"]["done"],
                "the first sweep",
                log=service.tail,
            )
            with contextlib.closing(sqlite3.connect(tmp_path / "watcher.db", isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                eventually(said, "it says so", log=service.tail)
                dns.load(MEANWHILE, ABLE)
                other.execute("ROLLBACK")
            eventually(
                lambda: any(mentions(message.text, MEANWHILE) for message in list(slack.accepted)),
                "it tells what it could not write",
                log=service.tail,
            )
            assert "Traceback" not in service.tail(100_000)
            assert len(said()) < 10, said()
            assert slack.problems == []
