"""What notebook 06 found, in words."""

from collections import Counter
from collections.abc import Sequence

from fer_utils.photos import expressions
from fer_utils.photos.command import counted

UNDECIDED = 0.5  # a face whose surest expression gets less than this may as well show another


def summary(predictions: Sequence[expressions.Prediction]) -> str:
    """What notebook 06 found, as Markdown.

    Args:
        predictions: of each photo.
    """
    faces = [each for prediction in predictions for each in prediction.found]
    without = sum(not prediction.found for prediction in predictions)
    lines = [f"- {counted(len(faces), 'face')} in {counted(len(predictions), 'photo')}; {without} without a face."]
    if faces:
        shares = [each.probabilities[each.expression] for each in faces]
        surest, least = faces[shares.index(max(shares))], faces[shares.index(min(shares))]
        words = Counter(each.expression for each in faces)
        undecided = sum(share < UNDECIDED for share in shares)
        lines += [
            "- Named most often: " + ", ".join(f"**{word}** ({count})" for word, count in words.most_common(3)) + ".",
            f"- The surest face is {surest.expression} with {max(shares):.0%}, the least sure {least.expression} with "
            f"{min(shares):.0%}; their mean is {sum(shares) / len(shares):.0%}.",
            f"- {undecided} of {len(faces)} get under {UNDECIDED:.0%} for every expression: read those as undecided.",
        ]
    return "\n".join(lines)
