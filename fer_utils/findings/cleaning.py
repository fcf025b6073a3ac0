"""What notebook 01 found, in words."""

from collections.abc import Sequence

import pandas as pd

from fer_utils.data import cleaning
from fer_utils.data.alignment import Face
from fer_utils.data.datasets import FaceDataset


def summary(
    data: FaceDataset,
    manifest: pd.DataFrame,
    *,
    faces: Sequence[Sequence[Face]],
    pairs: Sequence[tuple[str, str]],
    candidates: pd.DataFrame,
) -> str:
    """What notebook 01 found, as Markdown.

    Args:
        data: the images.
        manifest: from `cleaning.manifest`.
        faces: those that the detector found in each image.
        pairs: names of files with the same bytes.
        candidates: further pairs that look alike, a row each.
    """
    kept = manifest[manifest["kept"].astype(bool)]
    classes = kept.groupby("label").size()
    lines = [
        f"- Of {len(manifest)} files, **{len(kept)} images** of {kept['subject'].nunique()} subjects and "
        f"{kept['label'].nunique()} expressions remain; the smallest class is {classes.idxmin()} with {classes.min()}.",
        f"- {len(pairs)} pair{'s' * (len(pairs) != 1)} of files {'has' if len(pairs) == 1 else 'have'} the same bytes."
        + (f" {_pairs_across_labels(data, pairs)}" if pairs else ""),
        f"- {len(candidates)} further pairs look alike to a perceptual hash. They are candidates, not copies.",
        _of_faces(faces, manifest["reason"].tolist()),
    ]
    reasons = manifest.loc[~manifest["kept"].astype(bool), "reason"].value_counts()
    lines += [f"- {count} × {reason}." for reason, count in reasons.items()]
    lines += [f"- {notice}" for notice in cleaning.notices(manifest)]
    return "\n".join(lines)


def _of_faces(faces: Sequence[Sequence[Face]], reasons: Sequence[str]) -> str:
    failed = [reason for each, reason in zip(faces, reasons, strict=True) if len(each) != 1]
    text = f"- Exactly one face was found in {len(faces) - len(failed)} of {len(faces)} images."
    other = sum("face" not in reason for reason in failed)
    if not other:
        return text
    return f"{text} Of the other {len(failed)}, {other} {'is' if other == 1 else 'are'} excluded for another reason anyway."


def _pairs_across_labels(data: FaceDataset, pairs: Sequence[tuple[str, str]]) -> str:
    label = dict(zip(data.file_names, data.labels, strict=True))
    across = [pair for pair in pairs if label[pair[0]] != label[pair[1]] and min(label[pair[0]], label[pair[1]]) >= 0]
    if not across:
        return "None of them carries two different expressions."
    return (
        "Under two different expressions: "
        + "; ".join(" and ".join(f"`{name}`" for name in pair) for pair in across)
        + "."
    )
