"""What notebook 04 found, in words."""

import numpy as np
import pandas as pd

from fer_utils.data.cleaning import shown_by_one
from fer_utils.drawing.error_charts import subject_range, worst_confusion
from fer_utils.evaluation.significance import FALSE_DISCOVERIES


def summary(study, reference) -> str:
    """Why the models fail, each cause with its evidence, as Markdown.

    Args:
        study, reference: `errors.ErrorStudy` of the model looked at and of the one beside it.
    """
    recall = pd.Series(np.diag(study.confusion) / study.confusion.sum(axis=1), index=study.classes).sort_values()
    near = study.nearest_training_images(count=len(study.right))
    followed = float(np.mean(near["predicted"] == near["nearest_label"])) if len(near) else float("nan")
    wrong_sure = float(np.mean(study.confidence[~study.right] > 0.8)) if (~study.right).any() else 0.0
    share, area = reference.face_share
    worst, people = (
        worst_confusion(study.confusion, study.classes, study.worst),
        subject_range(study.subject_accuracy, study.person_effect, model=study.model),
    )
    differ = (
        "These people are read differently well."
        if study.person_effect.p_value <= FALSE_DISCOVERIES
        else "Nothing shows that people differ; what differs is expressions."
    )
    lone = shown_by_one(study.by_subject.count())
    lines = [
        f"1. **Which expressions?** {worst} Recall is lowest for {recall.index[0]} "
        f"({recall.iloc[0]:.0%}) and {recall.index[1]} ({recall.iloc[1]:.0%}), highest for {recall.index[-1]} "
        f"({recall.iloc[-1]:.0%}).{f' {lone}' if lone else ''}",
        f"2. **Which people?** {people} {differ}",
        f"3. **Resemblance?** In {followed:.0%} of its mistakes the nearest training image, of another "
        f"person, carries the label that was predicted ({len(near)} mistakes of the first seed).",
        f"4. **Looking elsewhere?** `{reference.model}`: {share:.0%} of the Grad-CAM heat lies in "
        f"the face's box, which takes {area:.0%} of its picture; what falls outside is hair, clothes and wall. "
        f"`{study.model}` is right in {study.right.mean():.0%} of the predictions, `{reference.model}` in "
        f"{reference.right.mean():.0%}.",
        f"5. **Overconfidence?** Expected calibration error {study.calibration_error:.2f}; "
        f"{wrong_sure:.0%} of its mistakes were made with more than 80 % confidence.",
        "6. **Too few people?** Each network has learned the expressions from "
        f"{study.predictions['subject'].nunique() - 1} persons; the next person is the one it has never seen.",
    ]
    return "\n".join(lines)
