"""Names that are never candidates of a protected name: itself, the names above it, the owner's other names."""

from collections.abc import Collection


class Excluded:
    """The names that are left out of an enumeration, each with all below it."""

    def __init__(self, name: str, excluded: Collection[str]) -> None:
        self._trees = frozenset(excluded) | {name}
        parts = name.split(".")
        self._above = frozenset(".".join(parts[index:]) for index in range(1, len(parts)))

    def holds(self, text: str, registrable: str | None) -> bool:
        """Return whether `text`, of that registrable domain (None for a suffix), is left out."""
        trees = self._trees
        if text in trees or text in self._above or registrable in trees:
            return True
        rest = text
        while rest != registrable and (cut := rest.find(".")) >= 0:
            rest = rest[cut + 1 :]
            if rest in trees:
                return True
        if registrable is not None:  # a suffix excludes all below
            while (cut := rest.find(".")) >= 0:
                rest = rest[cut + 1 :]
                if rest in trees:
                    return True
        return False
