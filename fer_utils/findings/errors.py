"""What notebook 04 found, in words."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from fer_utils.data.cleaning import shown_by_one
from fer_utils.drawing.error_charts import subject_range, worst_confusion
from fer_utils.evaluation.significance import FALSE_DISCOVERIES, Verdict


def summary(study, reference, others: Sequence = ()) -> str:
    """Why the models fail, each cause with its evidence, as Markdown.

    Args:
        study: `answers.AnswerStudy` of the model looked at; where it has networks, an `errors.ErrorStudy`.
        reference: `errors.ErrorStudy` of the network beside it.
        others: studies of further models.
    """
    lines = [*_of_answers(study), _resemblance(study), _elsewhere(study, reference), _sureness(study), _few(study)]
    lines += [_of_another(each) for each in others]
    return "\n".join(f"{number}. {line}" for number, line in enumerate(filter(None, lines), start=1))


def _of_answers(study) -> list[str]:
    if not study.trained:
        return [f"**Which expressions, which people?** `{study.model}`: {Verdict.UNTRAINED}."]
    recall = _recall(study)
    people = subject_range(study.subject_accuracy, study.person_effect, model=study.model)
    differ = (
        "These people are read differently well."
        if study.person_effect.p_value <= FALSE_DISCOVERIES
        else "Nothing shows that people differ; what differs is expressions."
    )
    lone = shown_by_one(study.by_subject.count())
    return [
        f"**Which expressions?** {worst_confusion(study.confusion, study.classes, study.worst)} Recall is lowest for {recall.index[0]} "
        f"({recall.iloc[0]:.0%}) and {recall.index[1]} ({recall.iloc[1]:.0%}), highest for {recall.index[-1]} "
        f"({recall.iloc[-1]:.0%}).{f' {lone}' if lone else ''}",
        f"**Which people?** {people} {differ}",
    ]


def _resemblance(study) -> str:
    if not study.has_networks:
        return f"**Resemblance?** `{study.model}` has no networks of its own, so neither this was asked nor where it looks."
    if not study.trained:
        return ""
    near = study.nearest_training_images(to_show=False)
    if near.empty:
        return ""
    followed = float(np.mean(near["predicted"] == near["nearest_label"]))
    return (
        f"**Resemblance?** In {followed:.0%} of its mistakes the nearest training image, of another "
        f"person, carries the label that was predicted ({len(near)} mistakes of the first seed)."
    )


def _elsewhere(study, reference) -> str:
    if not reference.trained:
        return f"**Looking elsewhere?** `{reference.model}`: {Verdict.UNTRAINED}."
    share, area = reference.face_share
    return (
        f"**Looking elsewhere?** `{reference.model}`: {share:.0%} of the Grad-CAM heat lies in "
        f"the face's box, which takes {area:.0%} of its picture; what falls outside is hair, clothes and wall. "
        f"`{study.model}` is right in {study.right.mean():.0%} of the predictions, `{reference.model}` in "
        f"{reference.right.mean():.0%}."
    )


def _sureness(study) -> str:
    wrong_sure = float(np.mean(study.confidence[~study.right] > 0.8)) if (~study.right).any() else 0.0
    return (
        f"**Overconfidence?** {_gap(study)}; {wrong_sure:.0%} of its mistakes were made with more than 80 % confidence."
    )


def _few(study) -> str:
    table = study.predictions
    everybody = table["subject"].nunique()
    learned = everybody - table.groupby("fold")["subject"].nunique()
    number = f"{learned.min()}" if learned.min() == learned.max() else f"{learned.min()} to {learned.max()}"
    return (
        f"**Too few people?** Each fold has learned the expressions from {number} people; the next person is one whom it "
        "has never seen."
    )


def _of_another(study) -> str:
    recall = _recall(study)
    return (
        f"**`{study.model}`** is right in {study.right.mean():.0%}. {worst_confusion(study.confusion, study.classes, study.worst)} Recall is "
        f"lowest for {recall.index[0]} ({recall.iloc[0]:.0%}). {_gap(study)}."
    )


def _recall(study) -> pd.Series:
    return pd.Series(np.diag(study.confusion) / study.confusion.sum(axis=1), index=study.classes).sort_values()


def _gap(study) -> str:
    gap = study.confidence_gap
    return (
        f"Mean confidence minus accuracy {100 * gap.value:+.0f} points ({100 * gap.low:+.0f} to {100 * gap.high:+.0f}), expected "
        f"calibration error {study.calibration_error:.2f}"
    )
