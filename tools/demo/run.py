"""The demo from beginning to end: the lab world, the service, the story."""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from tools.demo.service import DemoError, Service
from tools.demo.story import Narrator, tell
from tools.demo.world import PROTECTED, World


async def demo(once: bool) -> None:
    """The demo from beginning to end; raises DemoError."""
    narrator = Narrator()
    with tempfile.TemporaryDirectory(prefix="watcher-demo-") as name:
        async with World() as world:
            narrator.step("A small world starts on this machine: DNS, RDAP, a Slack receiver, a mail server.")
            service = Service(Path(name), world.settings())
            await service.run("protect", "add", PROTECTED)
            async with service:
                narrator.step(f"`watcher serve` protects {PROTECTED} and looks at its lookalikes; time runs fast here.")
                await tell(world, service, narrator)
                narrator.step(f"Done in {narrator.seconds:.0f} seconds.")
                if once:
                    return
                print(f"\nThe service stays up until Ctrl-C. Look around:\n  {service.url}/")
                print(f"  {service.url}/names/army.ml\n  {service.url}/docs", flush=True)
                await service.wait()


def start() -> int:
    """The exit status: 0 when the story was told."""
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--once", action="store_true", help="end when the story is told")
    try:
        asyncio.run(demo(parser.parse_args().once))
    except DemoError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    return 0
