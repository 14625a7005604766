"""Refresh `watcher/web/static/htmx.js` from the package htmx.org of the npm registry, by version and checksum.

npm pack htmx.org@4.0.1 && python tools/refresh_htmx.py htmx.org-4.0.1.tgz
"""

import hashlib
import sys
import tarfile
from pathlib import Path

TARGET = Path(__file__).parent.parent / "watcher" / "web" / "static" / "htmx.js"
MEMBER = "package/dist/htmx.min.js"
SHA256 = "a0abb04f2f45a1f89d1d4844023245537e5e6014c87b144553e0607b4cc32130"
"""Of the file at the version in NOTICE. A new version changes both."""


def main(archive: str) -> int:
    with tarfile.open(archive) as opened:
        member = opened.extractfile(MEMBER)
        body = b"" if member is None else member.read()
    found = hashlib.sha256(body).hexdigest()
    if len(body) < 10_000:
        print(f"{archive} looks cut: {len(body)} bytes in {MEMBER}", file=sys.stderr)
        return 2
    if found != SHA256:
        print(f"its SHA-256 is {found}: put that here and the version into NOTICE if you meant it", file=sys.stderr)
        return 1
    TARGET.write_bytes(body)
    print(TARGET)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
