"""Names from a file or standard input, for the `import` commands."""

import sys
from pathlib import Path

from watcher.core.errors import ConfigurationError
from watcher.core.names.lines import bounded_lines


def read_names(file: Path) -> list[str]:
    """The names in `file` (`-`: standard input), one a line, `#` begins a comment. Every one has been checked.

    Raises ConfigurationError that names the file and line.
    """
    from watcher.data import load_suffixes
    from watcher.services.names.protect import check_lines, names_in

    shown = "standard input" if str(file) == "-" else str(file)
    try:
        if str(file) == "-":
            found = names_in(bounded_lines(sys.stdin.readline), shown)
        else:
            with file.open(encoding="utf-8") as lines:
                found = names_in(bounded_lines(lines.readline), shown)
    except OSError as error:
        raise ConfigurationError(shown, f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(shown, "is not UTF-8 text; write one name a line") from error
    if not found:
        raise ConfigurationError(shown, "holds no names; write one name a line")
    check_lines(found, shown, load_suffixes())
    return [text for _, text in found]
