"""What notebook 06 found, in words."""

from collections import Counter
from collections.abc import Mapping, Sequence

from fer_utils.export.card import Card
from fer_utils.photos import expressions
from fer_utils.photos.command import counted
from fer_utils.photos.sheets import Sheet

UNDECIDED = 0.5  # a face whose surest expression gets less than this may as well show another


def summary(
    predictions: Mapping[str, Sequence[expressions.Prediction]], *, own: Card | None = None, sheet: Sheet | None = None
) -> str:
    """What notebook 06 found, as Markdown.

    Args:
        predictions: by model, of each photo; the models answer for the same faces.
        own: of the model of the data set's own people; None where there is none.
        sheet: whose photo was looked at; None for photos of one's own.
    """
    first = next(iter(predictions.values()))
    count = sum(len(each.found) for each in first)
    without = sum(not each.found for each in first)
    lines = [f"- {counted(count, 'face')} in {counted(len(first), 'photo')}; {without} without a face."]
    if count:
        lines += [_of_model(model, every) for model, every in predictions.items()]
    if own is None:
        lines.append("- The data set has too few people for a model of its own that knows nobody on the sheet.")
    else:
        lines += _of_own(own, predictions[own.name], sheet)
    return "\n".join(lines)


def _of_model(model: str, every: Sequence[expressions.Prediction]) -> str:
    faces = [each for prediction in every for each in prediction.found]
    shares = [each.probabilities[each.expression] for each in faces]
    surest, least = faces[shares.index(max(shares))], faces[shares.index(min(shares))]
    words = Counter(each.expression for each in faces)
    undecided = sum(share < UNDECIDED for share in shares)
    often = ", ".join(f"**{word}** ({count})" for word, count in words.most_common(3) if count > 1)
    named = f"names most often {often}" if often else "names no expression twice"
    return (
        f"- **{model}** {named}. The surest face is {surest.expression} with {max(shares):.0%}, the least sure "
        f"{least.expression} with {min(shares):.0%}; their mean is {sum(shares) / len(shares):.0%}. {_unsure(undecided, len(faces))}"
    )


def _unsure(undecided: int, faces: int) -> str:
    if not undecided:
        return f"None of {faces} stays under {UNDECIDED:.0%}."
    return f"{undecided} of {faces} get under {UNDECIDED:.0%} for every expression: read those as undecided."


def _of_own(own: Card, every: Sequence[expressions.Prediction], sheet: Sheet | None) -> list[str]:
    of_whom = f"{own.people} people" if own.people_known else f"{own.images} images of unknown people"
    if sheet is None:
        known = sum(expressions.LEARNED in each.notes for each in every)
        how = (
            f"{counted(known, 'photo')} of these among them, **whose answers say nothing about new people**"
            if known
            else "none of these photos among them, as far as the files' contents show"
        )
        return [f"- **{own.name}** learned from all {of_whom} of the data set, {how}."]
    labelled = [(face.expression, label) for each in every for face in each.found if (label := sheet.label(face.face))]
    right = sum(expression == label for expression, label in labelled)
    return [
        f"- **{own.name}** learned from {of_whom}; nobody on the sheet is among them.",
        f"- It names the label of {right} of {len(labelled)} faces. So few prove nothing: notebook 05 measures its recipe on "
        "all people, each left out.",
    ]
