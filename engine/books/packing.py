"""Zip files whose bytes depend on nothing but what is in them: no clock, no platform, always the same order."""

import zipfile
from collections.abc import Iterable
from io import BytesIO

_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the first moment a zip file can name


def packed(files: Iterable[tuple[str, bytes]], stored: str = "") -> bytes:
    """The files in the order given, squeezed, all but the one that is to be `stored` as it is."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in files:
            entry = zipfile.ZipInfo(name, _LONG_AGO)
            entry.create_system = 3
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_STORED if name == stored else zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    return out.getvalue()


def repacked(data: bytes) -> bytes:
    """The same files without the moment at which somebody else's library packed them."""
    with zipfile.ZipFile(BytesIO(data)) as archive:
        return packed([(name, archive.read(name)) for name in archive.namelist()])
