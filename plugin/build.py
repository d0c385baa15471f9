"""Build the zips of the Moodle plugins, as "Install plugin from ZIP file" wants them: one folder named like the plugin.

The same files give the same bytes. The plugins' own tests stay behind.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

SOURCES = tuple(Path(__file__).parent / name for name in ("local_kurasync", "block_kurasync"))
"""The plugins: each folder is called as Moodle calls the plugin."""

_SUFFIXES = frozenset({"", ".md", ".mustache", ".php", ".xml"})


def shipped(source: Path) -> Iterator[Path]:
    """The files that belong into the zip, relative to `source`, in order."""
    for path in sorted(source.rglob("*")):
        name = path.relative_to(source)
        if path.is_file() and path.suffix in _SUFFIXES and not _stays(name):
            yield name


def build(target: Path, source: Path) -> Path:
    """Write the zip of `source` to `target`, with its folder; what was there is replaced."""
    target.parent.mkdir(parents=True, exist_ok=True)
    top = source.name.partition("_")[2]
    with ZipFile(target, "w") as archive:
        for name in shipped(source):
            entry = ZipInfo(f"{top}/{name.as_posix()}")
            entry.external_attr = 0o644 << 16
            entry.compress_type = ZIP_DEFLATED
            archive.writestr(entry, (source / name).read_bytes())
    return target


def build_all(folder: Path) -> list[Path]:
    """Write every plugin's zip into `folder`."""
    return [build(folder / f"{source.name}.zip", source) for source in SOURCES]


def _stays(name: Path) -> bool:
    return name.parts[0] == "tests" or any(part.startswith(".") for part in name.parts)


if __name__ == "__main__":
    print(*build_all(Path(sys.argv[1])), sep="\n")
