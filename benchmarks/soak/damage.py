"""Bytes damaged as disks, transfers and editors do it."""

import random
from collections.abc import Sequence


def damaged(content: bytes, chance: random.Random, *, others: Sequence[bytes] = ()) -> tuple[bytes, str]:
    """The bytes with one kind of damage, never the same bytes, and the kind in a word.

    Args:
        content: at least one byte.
        chance: decides.
        others: files whose beginnings may replace this one's.
    """
    kinds = [_bits, _truncated, _zeros, _noise, _doubled, _without_a_piece]
    kinds += [lambda content, chance: _other_header(content, chance, others)] * bool(others)
    names = ["bits", "truncated", "zeros", "noise", "doubled", "a piece missing", "another header"]
    while True:
        number = chance.randrange(len(kinds))
        made = kinds[number](content, chance)
        if made != content:
            return made, names[number]


def _bits(content: bytes, chance: random.Random) -> bytes:
    made = bytearray(content)
    # Headers decide most, and are a small part of a file.
    within = len(made) if chance.random() < 0.5 else min(len(made), 256)
    for _ in range(chance.choice((1, 1, 2, 8, 64))):
        made[chance.randrange(within)] ^= 1 << chance.randrange(8)
    return bytes(made)


def _truncated(content: bytes, chance: random.Random) -> bytes:
    return content[: chance.randrange(len(content))]


def _piece(content: bytes, chance: random.Random) -> tuple[int, int]:
    start = chance.randrange(len(content))
    return start, min(len(content), start + chance.choice((1, 4, 16, 512, 4096)))


def _zeros(content: bytes, chance: random.Random) -> bytes:
    start, end = _piece(content, chance)
    return content[:start] + bytes(end - start) + content[end:]


def _noise(content: bytes, chance: random.Random) -> bytes:
    start, end = _piece(content, chance)
    return content[:start] + chance.randbytes(end - start) + content[end:]


def _doubled(content: bytes, chance: random.Random) -> bytes:
    start, end = _piece(content, chance)
    return content[:end] + content[start:]


def _without_a_piece(content: bytes, chance: random.Random) -> bytes:
    start, end = _piece(content, chance)
    return content[:start] + content[end:]


def _other_header(content: bytes, chance: random.Random, others: Sequence[bytes]) -> bytes:
    size = chance.choice((4, 8, 16, 64))
    return chance.choice(others)[:size] + content[size:]
