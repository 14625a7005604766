"""`python -m watcher` and the console script."""

import sys


def main() -> None:
    """Run the command line and leave the process with its exit code."""
    from watcher.cli.main import run  # noqa: PLC0415 (an interrupt while importing is caught by the caller's shell)

    sys.exit(run())


if __name__ == "__main__":
    main()
