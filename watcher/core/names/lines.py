"""Lines of a stream from outside, none longer than anybody needs: one that never ends must not fill the memory."""

from collections.abc import Callable, Iterator

LONGEST = 4096
"""Characters: a name has 253, and few lines of a zone file that matter here are longer."""


def bounded_lines(readline: Callable[[int], str], longest: int = LONGEST) -> Iterator[str]:
    """Yield the lines that `readline` of an open text gives; of one longer than `longest` only the beginning."""
    while line := readline(longest):
        yield line
        while line and not line.endswith("\n"):
            line = readline(longest)
