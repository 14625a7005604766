"""Compile `watcher/data/operators/{parking,sinkholes}.txt` from the MISP warning lists.

    python tools/refresh_mail_operators.py PARKING.json SINKHOLES.json --date 2026-08-20

The files are `lists/parking-domain/list.json` and `lists/sinkholes/list.json` of https://github.com/MISP/misp-warninglists.
Addresses that a content network shares among its customers are left out: they say nothing about one name. So are
sinkholes at public clouds: such an address soon belongs to somebody else, and calling it a sinkhole hides that one.
The lists of collectors, shared providers and tenant domains beside them are kept by hand.
"""

import argparse
import json
import sys
from ipaddress import IPv4Network, collapse_addresses, ip_network
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from tools.refreshing import replace, take_force  # noqa: E402 (a tool runs from a checkout)

TARGET = Path(__file__).parent.parent / "watcher" / "data" / "operators"
SHARED = tuple(
    IPv4Network(text)
    for text in (
        "104.16.0.0/12",  # Cloudflare
        "172.64.0.0/13",  # Cloudflare
        "13.107.0.0/16",  # Microsoft front doors
        "13.224.0.0/14",  # Amazon CloudFront
        "18.160.0.0/13",  # Amazon CloudFront
        "151.139.128.0/17",  # StackPath
        "151.101.0.0/16",  # Fastly
    )
)
CLOUDS = tuple(
    IPv4Network(text)
    for text in (
        "3.0.0.0/8",  # Amazon
        "18.0.0.0/8",  # Amazon
        "34.0.0.0/8",  # Amazon, Google
        "35.0.0.0/8",  # Amazon, Google
        "52.0.0.0/8",  # Amazon, Microsoft
        "54.0.0.0/8",  # Amazon
        "104.154.0.0/15",  # Google
        "131.253.0.0/16",  # Microsoft
        "168.62.0.0/15",  # Microsoft
    )
)
HEADER = """\
# {what}: networks and addresses.
# Date: {date}
# Source: https://github.com/MISP/misp-warninglists, without addresses that a content network shares among customers
# Licence: CC0-1.0
# Refresh: python tools/refresh_mail_operators.py PARKING.json SINKHOLES.json --date DATE
"""


def networks(path: Path, without: tuple[IPv4Network, ...]) -> list[str]:
    found = [ip_network(text.strip(), strict=False) for text in json.loads(path.read_text(encoding="utf-8"))["list"]]
    kept = [one for one in found if not any(one.version == 4 and one.subnet_of(shared) for shared in without)]
    merged = [
        *collapse_addresses(one for one in kept if one.version == 4),
        *collapse_addresses(one for one in kept if one.version == 6),
    ]
    return [str(one) for one in merged]


def write(name: str, what: str, date: str, lines: list[str]) -> None:
    text = HEADER.format(what=what, date=date) + "".join(f"{line}\n" for line in lines)
    replace(TARGET / name, text, "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("parking", type=Path)
    parser.add_argument("sinkholes", type=Path)
    parser.add_argument("--date", required=True)
    arguments = parser.parse_args()
    write("parking.txt", "Web-parking hosts", arguments.date, networks(arguments.parking, SHARED))
    write("sinkholes.txt", "Sinkholes and block pages", arguments.date, networks(arguments.sinkholes, SHARED + CLOUDS))


if __name__ == "__main__":
    take_force()
    main()
