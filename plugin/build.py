"""Build the Moodle plugin's zip, as Moodle's "Install plugin from ZIP file" wants it: one folder named like the plugin.

The same files give the same bytes. The plugin's own tests stay behind.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

SOURCE = Path(__file__).parent / "local_kurasync"
_SUFFIXES = frozenset({"", ".md", ".php", ".xml"})
_TOP = "kurasync"


def shipped(source: Path = SOURCE) -> Iterator[Path]:
    """The files that belong into the zip, relative to `source`, in order."""
    for path in sorted(source.rglob("*")):
        name = path.relative_to(source)
        if path.is_file() and path.suffix in _SUFFIXES and not _stays(name):
            yield name


def build(target: Path, source: Path = SOURCE) -> Path:
    """Write the zip to `target`, with its folder; what was there is replaced."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with ZipFile(target, "w") as archive:
        for name in shipped(source):
            entry = ZipInfo(f"{_TOP}/{name.as_posix()}")
            entry.external_attr = 0o644 << 16
            entry.compress_type = ZIP_DEFLATED
            archive.writestr(entry, (source / name).read_bytes())
    return target


def _stays(name: Path) -> bool:
    return name.parts[0] == "tests" or any(part.startswith(".") for part in name.parts)


if __name__ == "__main__":
    print(build(Path(sys.argv[1])))
