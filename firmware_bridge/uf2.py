"""An image as a UF2 file: what an RP2040 in its boot loader takes when it is copied onto the drive it shows.

Format: https://github.com/microsoft/uf2. Blocks of 512 bytes, each carrying 256 bytes of flash and where they go.
"""

from __future__ import annotations

import struct

FLASH = 0x10000000
RP2040_FAMILY = 0xE48BFF56
PAYLOAD = 256
_HEAD = struct.Struct("<8I")
_FIRST, _SECOND, _LAST = 0x0A324655, 0x9E5D5157, 0x0AB16F30
_FAMILY_PRESENT = 0x2000


def uf2(image: bytes, *, address: int = FLASH, family: int = RP2040_FAMILY) -> bytes:
    """Return the file for an image that begins at `address`."""
    count = -(-len(image) // PAYLOAD)
    return b"".join(
        _block(image[i * PAYLOAD : (i + 1) * PAYLOAD], address + i * PAYLOAD, i, count, family) for i in range(count)
    )


def _block(piece: bytes, address: int, number: int, count: int, family: int) -> bytes:
    head = _HEAD.pack(_FIRST, _SECOND, _FAMILY_PRESENT, address, PAYLOAD, number, count, family)
    return head + piece.ljust(476, b"\0") + struct.pack("<I", _LAST)
