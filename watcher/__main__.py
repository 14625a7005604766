"""`python -m watcher` and the console script."""

import sys


def main() -> None:
    """Run the command line and leave the process with its exit code."""
    try:
        from watcher.cli.main import run  # noqa: PLC0415 (Ctrl-C while importing must not end in a traceback)

        code = run()
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)


if __name__ == "__main__":
    main()
