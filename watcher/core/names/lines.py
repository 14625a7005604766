"""Lines of a stream from outside, none longer than anybody needs: one that never ends must not fill the memory."""

from collections.abc import Callable, Iterator

LONGEST = 4096
"""Characters: a name has 253, and few lines of a zone file that matter here are longer."""


def bounded_lines(readline: Callable[[int], str], longest: int = LONGEST) -> Iterator[str]:
    """What `readline` of an open text gives, line by line; of a longer line the beginning, the rest is left out."""
    while line := readline(longest):
        yield line
        while line and not line.endswith("\n"):
            line = readline(longest)
