"""Detects compression by content: a killed recorder leaves no metadata that would name it."""

from __future__ import annotations

from pathlib import Path

import lz4.frame
import zstandard

#: First bytes of a compressed frame. CDR begins with a zero byte, so no plain message starts like this.
ZSTD, LZ4 = b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18"
#: What decompressors raise for damaged data.
DAMAGED = (zstandard.ZstdError, RuntimeError, EOFError, ValueError)
#: Bytes decompressed at a time.
BLOCK = 1 << 20


def is_compressed(start: bytes) -> bool:
    """Whether data that begins with ``start`` is compressed."""
    return start.startswith((ZSTD, LZ4))


def decompress(data: bytes) -> bytes:
    """``data`` as it was before compression; unchanged if it is not compressed.

    Raises:
        ValueError: it is damaged.
    """
    if not is_compressed(data):
        return data
    return inflate("zstd" if data.startswith(ZSTD) else "lz4", data)


def inflate(compression: str, data: bytes, is_whole: bool = True) -> bytes:
    """Decompress ``data``; without ``is_whole``, only the part before the missing end.

    Args:
        compression: ``zstd``, ``lz4``, or empty for none.

    Raises:
        ValueError: the data are damaged, or the compression is unknown.
    """
    if not compression:
        return data
    if compression not in ("zstd", "lz4"):
        raise ValueError(f"compression {compression!r} is unknown, expected zstd or lz4")
    try:
        if compression == "lz4":
            frame = lz4.frame.LZ4FrameDecompressor()
            plain, ended = frame.decompress(data), frame.eof
        else:
            stream = zstandard.ZstdDecompressor().decompressobj()
            plain, ended = stream.decompress(data), stream.eof
    except DAMAGED as error:
        raise ValueError(f"the {compression} data are damaged") from error
    if is_whole and not ended:
        raise ValueError(f"the {compression} data are incomplete")
    return plain


def decompress_file(file: Path, target: Path) -> bool:
    """Write the plain content of a compressed ``file`` to ``target``; returns whether all of it was read."""
    with file.open("rb") as source, target.open("wb") as plain:
        start = source.read(len(ZSTD))
        source.seek(0)
        frame = (
            zstandard.ZstdDecompressor().decompressobj()
            if start == ZSTD
            else lz4.frame.LZ4FrameDecompressor()
        )
        try:
            while not frame.eof and (block := source.read(BLOCK)):
                plain.write(frame.decompress(block))
        except DAMAGED:
            return False
        return bool(frame.eof)
