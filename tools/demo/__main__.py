"""`python -m tools.demo [--once]`: start the lab world and the service, tell the story, leave the service up."""

import sys


def main() -> int:
    """The exit status; Ctrl-C ends the demo at any moment, also while it is being imported."""
    try:
        from tools.demo.run import start  # noqa: PLC0415 (Ctrl-C while importing must not end in a traceback)

        return start()
    except KeyboardInterrupt:
        print()
        return 0


if __name__ == "__main__":
    sys.exit(main())
