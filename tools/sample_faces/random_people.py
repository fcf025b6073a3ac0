"""People drawn at random, as many as wanted, for faces that teach the face units."""

from dataclasses import replace

import numpy as np

from .people import PEOPLE, Hair, Person

_FIRST_NUMBER = 1000  # under it are the fifteen of data/sample; a person's number seeds what its modules draw
_SHAPES = ("oval", "round", "square", "rectangular", "diamond", "invertedtriangular", "triangular")
_BEARDS = ("none", "stubble", "moustache", "goatee", "full")
_BEARD_SHARES = (0.45, 0.2, 0.12, 0.1, 0.13)
_STRAND_SHARE = 4  # every fourth strand is grown: images are a third as large as those of data/sample


def person(seed: int, index: int) -> Person:
    """Return the person of an index; the same arguments give the same person.

    Args:
        seed: of the whole set, 0 to 999.
        index: 0 to 99,999.
    """
    random = np.random.default_rng([seed, index, 505])
    male = float(random.random() < 0.5)
    age = random.uniform(0.5, 0.85)
    tone = float(np.exp(random.uniform(np.log(0.02), np.log(0.3 if age < 0.65 else 0.55))))
    return Person(
        number=_FIRST_NUMBER + 100_000 * seed + index,
        male=male,
        age=age,
        muscle=random.uniform(0.4, 0.7),
        weight=random.uniform(0.38, 0.72),
        ancestry=dict(zip(("african", "asian", "caucasian"), random.dirichlet([0.5, 0.5, 0.5]).tolist(), strict=True)),
        head_shape={str(random.choice(_SHAPES)): random.uniform(0.2, 0.7)},
        skin=random.uniform(0.16, 0.66),
        hair_tone=tone,
        hair=_hair(random),
        brow_weight=random.uniform(0.5, 1.25),
        beard=str(random.choice(_BEARDS, p=_BEARD_SHARES)) if male else "none",
        iris=random.uniform(0.04, 0.26),
        shirt=random.uniform(0.1, 0.7),
        glasses=str(random.choice(["round", "oval"])),
        always_glasses=bool(random.random() < 0.2),
        lip_tone=random.uniform(0.6, 0.8),
    )


def _hair(random: np.random.Generator) -> Hair:
    """One of the fifteen's haircuts, varied."""
    hair = PEOPLE[random.integers(len(PEOPLE))].hair
    length = random.uniform(0.8, 1.2)
    return replace(
        hair,
        length=hair.length * length,
        top_length=hair.top_length * length,
        recession=hair.recession if hair.bald_top else random.uniform(0.0, 0.6),
        parting=hair.parting * random.choice([-1.0, 1.0]),
        strands=hair.strands // _STRAND_SHARE,
    )
