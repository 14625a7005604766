"""Draw `docs/explanation/rooms.svg`: the layers of the package and the rooms in them, from the code and its contracts.

python tools/draw_rooms.py

Each row is a layer; what stands higher may import what stands lower. A box names a package, its files and its lines.
"""

import tomllib
from pathlib import Path
from xml.sax.saxutils import escape

ROOT = Path(__file__).parent.parent
TARGET = ROOT / "docs" / "explanation" / "rooms.svg"
WIDTH, ROW, GAP, LEFT = 1160, 46, 8, 96
INNER = ("core", "services", "lookups")


def layers(container: str) -> list[list[str]]:
    """Return the rows of the import contract of `container`, highest first."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    rows = next(contract["layers"] for contract in contracts if contract.get("containers") == [container])
    return [[part.strip(" ()") for part in row.split("|")] for row in rows]


def size(folder: Path) -> str:
    """Return how many files and lines a package or module has; empty where it does not exist."""
    files = sorted(folder.rglob("*.py")) if folder.is_dir() else [folder.with_suffix(".py")]
    files = [file for file in files if file.exists()]
    lines = sum(len(file.read_text(encoding="utf-8").splitlines()) for file in files)
    return f"{len(files)} file{'' if len(files) == 1 else 's'}, {lines:,} lines" if files else ""


def boxes(names: list[str], folder: Path, top: int, left: int, width: int) -> list[str]:
    shown = [name for name in names if size(folder / name)]
    each = (width - GAP * (len(shown) - 1)) / max(len(shown), 1)
    drawn = []
    for number, name in enumerate(shown):
        x = left + number * (each + GAP)
        drawn.append(
            f'<rect x="{x:.0f}" y="{top}" width="{each:.0f}" height="{ROW - GAP}" rx="4"/>'
            f'<text x="{x + each / 2:.0f}" y="{top + 16}" class="name">{escape(name)}</text>'
            f'<text x="{x + each / 2:.0f}" y="{top + 30}" class="size">{escape(size(folder / name))}</text>'
        )
    return drawn


def picture() -> str:
    drawn, top = [], 12
    package = ROOT / "watcher"
    for row in layers("watcher"):
        drawn += boxes(row, package, top, LEFT, WIDTH - LEFT - 12)
        top += ROW
    for container in INNER:
        top += 22
        drawn.append(f'<text x="{LEFT}" y="{top}" class="title">The rooms of {container}</text>')
        top += 8
        for row in layers(f"watcher.{container}"):
            drawn += boxes(row, package / container, top, LEFT, WIDTH - LEFT - 12)
            top += ROW
    arrow = f'<path d="M40 24 V{top - 24}" class="arrow" marker-end="url(#head)"/>'
    style = (
        "rect{fill:#f6f4ee;stroke:#8a8577}text{font-family:Georgia,serif;fill:#2b2a27}"
        ".name{font-size:14px;text-anchor:middle}.size{font-size:10px;text-anchor:middle;fill:#6b675c}"
        ".title{font-size:15px;font-style:italic}.arrow{stroke:#8a8577;fill:none}.side{font-size:11px;fill:#6b675c}"
    )
    head = '<marker id="head" markerWidth="8" markerHeight="8" refX="4" refY="4" orient="auto">'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top + 12}" role="img"'
        f' aria-label="The layers of watcher and the rooms in them"><style>{style}</style>'
        f'<defs>{head}<path d="M1 1 L4 7 L7 1" fill="none" stroke="#8a8577"/></marker></defs>'
        f'<rect x="0" y="0" width="{WIDTH}" height="{top + 12}" style="fill:#fffdf8;stroke:none"/>'
        f'{arrow}<text x="50" y="40" class="side">imports</text>{"".join(drawn)}</svg>\n'
    )


if __name__ == "__main__":
    TARGET.write_text(picture(), encoding="utf-8")
    print(TARGET.relative_to(ROOT))
