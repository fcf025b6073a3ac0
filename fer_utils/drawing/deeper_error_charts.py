"""Figures of notebook 09: suspect labels, what features hold, what covering, glasses, light, traits and mirrors change."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from fer_utils.data.alignment import REGIONS
from fer_utils.drawing import galleries
from fer_utils.drawing.chart import Chart
from fer_utils.drawing.charts import MANY, PALETTE, WRONG, in_legend, legend_columns

_UNKNOWN = "0.45"


def suspect_labels(
    suspects: pd.DataFrame, pictures: Sequence[np.ndarray], *, planted: Mapping[str, float], model: str
) -> Chart:
    """Faces whose labels the answers of a model speak against, the first of `suspects`.

    Args:
        suspects: rows `truth, suggested` (str), `probability_of_label, probability_of_suggested` (in [0, 1]).
        pictures: (height, width) uint8 each, of the first rows; no more are drawn.
        planted: shares in [0, 1]: "found" of the labels made wrong on purpose, "true" of what was named.
        model: whose answers.
    """
    lines = [
        f"{r.truth} {r.probability_of_label:.0%}\n{r.suggested} {r.probability_of_suggested:.0%}?"
        for r in suspects.head(len(pictures)).itertuples()
    ]
    return Chart(
        galleries.predictions(pictures, lines, right=[False] * len(lines)),
        f"{len(lines)} of {len(suspects)} suspect label(s) by the answers of `{model}`, the most suspect first. "
        f"Of labels made wrong on purpose {planted['found']:.0%} are found, and {planted['true']:.0%} of what is named was.",
        "Faces with label and suggestion: " + "; ".join(line.replace("\n", " rather ") for line in lines),
    )


def person_or_expression(read: pd.DataFrame) -> Chart:
    """For each representation, how well expression and person are read from it, with intervals and chance.

    Args:
        read: rows `representation, question` (str), `value, low, high, chance` (in [0, 1]), `n` (images); one or two questions.
    """
    figure, ax = plt.subplots(figsize=(8.5, 3.2))
    names = list(dict.fromkeys(read["representation"]))
    for index, (question, rows) in enumerate(read.groupby("question", sort=False)):
        places = np.array([names.index(name) for name in rows["representation"]]) + 0.24 * index - 0.12
        style = {"fmt": "os"[index], "capsize": 3, "color": PALETTE[index], "label": question}
        ax.errorbar(rows["value"], places, xerr=_errors(rows), **style)
        ax.axvline(rows["chance"].iloc[0], color=PALETTE[index], linestyle=":", linewidth=1.3)
    ax.set_yticks(range(len(names)), names)
    ax.set(xlabel="share read rightly; dotted: chance", xlim=(0, 1.02), ylim=(len(names) - 0.5, -0.5))
    ax.xaxis.set_major_formatter("{x:.0%}")
    ax.grid(axis="y", visible=False)
    ax.legend(fontsize="small", loc="upper left", bbox_to_anchor=(1, 1))
    return Chart(
        figure,
        f"What a linear reader tells from three representations, n = {read['n'].iloc[0]} images. {_reads(read)}.",
        f"Two dots with bars for each representation, one for the expression, one for the person. {_reads(read)}.",
    )


def embeddings(
    planes: Mapping[str, np.ndarray],
    expressions: np.ndarray,
    people: np.ndarray,
    *,
    classes: Sequence[str],
    read: pd.DataFrame,
) -> Chart:
    """Representations as points of a plane, above marked by expression, below by person.

    Args:
        planes: name to (N, 2) float.
        expressions: (N,) int, positions in `classes`.
        people: (N,) str.
        classes: names of the expressions.
        read: as in `person_or_expression`, for the alt text.
    """
    figure, axes = plt.subplots(2, len(planes), figsize=(3.3 * len(planes), 6.6), squeeze=False)
    for column, (name, points) in zip(axes.T, planes.items(), strict=True):
        for ax, groups, word in zip(
            column, (np.array(classes)[expressions], people), ("expression", "person"), strict=True
        ):
            _points(points, groups, ax=ax)
            ax.set_title(f"{name},\nby {word}", fontsize="medium")
    shown = axes[0, 0].get_legend_handles_labels()
    figure.legend(*shown, loc="outside upper center", ncols=legend_columns(classes))
    return Chart(
        figure,
        f"{', '.join(planes)}, each in its two main directions; above coloured by expression, below by person.",
        "Scatter plots of the same points, coloured by expression in the upper row and by person in the lower. "
        + _reads(read),
    )


def occlusion(
    faces: Mapping[str, np.ndarray], heat: Mapping[str, np.ndarray], shares: pd.DataFrame, *, model: str
) -> Chart:
    """Where covering a face takes most from the probability of its expression, with frames around the regions.

    Args:
        faces: expression to a mean face, (side, side) uint8.
        heat: the same expressions to the mean fall of the probability, (side, side) float; what is below 0 is not drawn.
        shares: rows `expression, region` (str), `value` (fall in the region over the mean fall).
        model: that was covered.
    """
    columns = min(len(heat), MANY - 1)
    names = list(heat)
    lines = [names[start : start + columns] for start in range(0, len(names), columns)]
    sheet = galleries.Sheet([[faces[name] for name in line] for line in lines], cell=(2.1, 2.3), above=1)
    for number, (expression, falls) in enumerate(heat.items()):
        place = divmod(number, columns)
        sheet.overlay(*place, np.maximum(falls, 0) / max(falls.max(), 1e-9))
        sheet.write(*place, str(expression), size=9)
        side = len(falls)
        for left, top, right, bottom in REGIONS.values():
            corner, size = (side * left, side * top), (side * (right - left), side * (bottom - top))
            sheet.mark_box(*place, corner, size, color="white")
    words = "; ".join(
        f"{expression}: " + ", ".join(f"{r.region} {r.value:.1f}" for r in rows.itertuples())
        for expression, rows in shares.groupby("expression", sort=False)
    )
    return Chart(
        sheet.figure,
        f"`{model}`: what covering takes from the true expression, each panel to its own maximum; regions against the mean. "
        f"{words}.",
        f"A mean face under a heat map for each expression, with four framed regions. {words}.",
    )


def conditions(answers: Mapping[str, pd.DataFrame], effects: pd.DataFrame) -> Chart:
    """What each condition does to the probability of the neutral face: people as dots, the mean with its interval.

    Args:
        answers: model to rows `condition` (str), `probability_plain, probability_changed` (in [0, 1]), one a person.
        effects: rows `model, condition` (str), `difference, low, high` (of the probability), `n` (people), `verdict` (str).
    """
    figure, axes = plt.subplots(len(answers), 1, figsize=(8, 3 * len(answers)), sharex=True, squeeze=False)
    for ax, (name, rows) in zip(axes.flat, answers.items(), strict=True):
        _paired_changes(rows, effects[effects["model"] == name], ax=ax)
        ax.set_title(name)
        ax.label_outer()
    words = "; ".join(
        f"{name}: " + ", ".join(f"{r.condition} {100 * r.difference:+.0f} ({r.verdict})" for r in rows.itertuples())
        for name, rows in effects.groupby("model", sort=False)
    )
    return Chart(
        figure,
        f"Change of the probability of the neutral face by condition, in points, networks of the first seed. {words}.",
        f"Rows of dots with a mean and its interval around a line at no change, a panel for each model. {words}.",
    )


def turned_answers(turned: pd.DataFrame, pictures: Sequence[np.ndarray], *, model: str, count: int) -> Chart:
    """Neutral faces that a condition makes a model call neutral, or no longer call so.

    Args:
        turned: rows `condition, said_plain, said_changed` (str), `neutral` (bool, whether it says so of the changed one).
        pictures: (height, width) uint8 each, one a row.
        model: that answered.
        count: of all faces that it was asked about.
    """
    lines = [f"{r.condition}\n{r.said_plain} → {r.said_changed}" for r in turned.itertuples()]
    return Chart(
        galleries.predictions(pictures, lines, right=list(turned["neutral"])),
        f"`{model}`: the {len(lines)} of {count} neutral faces that are read as such only without, or only with the condition.",
        "Faces with condition and answers: " + "; ".join(line.replace("\n", ", ") for line in lines),
    )


def people(accuracies: Mapping[str, pd.Series], have: pd.DataFrame, compared: pd.DataFrame) -> Chart:
    """Accuracy on people with each trait and on the others: people as marks, means as lines.

    Args:
        accuracies: model to accuracy in [0, 1], by subject.
        have: a bool column for each trait, by subject.
        compared: rows `model, trait` (str), `having, others` (mean accuracies), `difference, low, high`, `n_having, n_others`
            (people); no columns where there is no row.
    """
    figure, axes = plt.subplots(len(accuracies), 1, figsize=(8, 2.9 * len(accuracies)), sharex=True, squeeze=False)
    for ax, (name, accuracy) in zip(axes.flat, accuracies.items(), strict=True):
        _with_and_without(accuracy, have, compared[compared["model"] == name] if len(compared) else compared, ax=ax)
        ax.set_title(name)
        ax.label_outer()
    if len(compared):
        axes[0, 0].legend(fontsize="small", loc="upper left")
    words = "; ".join(
        f"{r.model}, {r.trait}: {100 * r.difference:+.0f} ({100 * r.low:+.0f} to {100 * r.high:+.0f})"
        for r in compared.itertuples()
    )
    words = words or "none, since no trait divides these people"
    return Chart(
        figure,
        f"Accuracy of people with a trait and of the others (numbers of people in brackets); differences in points: {words}.",
        f"Two rows of marks for each trait, a panel for each model. Differences in points: {words}.",
    )


def mirrored(rows: pd.DataFrame, *, model: str) -> Chart:
    """Share of answers that the mirror image changes, a bar for all images and one for each expression.

    Args:
        rows: `part` (str, "all" or an expression), `quantity` (str), `value, low, high` (in [0, 1]); drawn are those whose
            quantity is "changed".
        model: that answered.
    """
    changed = rows[rows["quantity"] == "changed"]
    figure, ax = plt.subplots(figsize=(7.5, max(3.2, 0.3 * len(changed))))
    style = {"color": PALETTE[0], "error_kw": {"capsize": 3, "ecolor": "0.2"}}
    ax.barh(changed["part"], changed["value"], xerr=_errors(changed), **style)
    ax.invert_yaxis()
    ax.set(xlabel="share of answers that the mirror image changes", xlim=(0, 1))
    ax.xaxis.set_major_formatter("{x:.0%}")
    words = "; ".join(f"{r.part} {r.value:.0%}" for r in changed.itertuples())
    return Chart(
        figure,
        f"`{model}`: answers that change when the face is mirrored, 95 % intervals over subjects. {words}.",
        f"A bar for all images and one for each expression. {words}.",
    )


def _errors(rows: pd.DataFrame) -> np.ndarray:
    """(2, rows): how far an interval reaches to either side of its value."""
    return np.abs(rows[["low", "high"]].to_numpy().T - rows["value"].to_numpy())


def _reads(read: pd.DataFrame) -> str:
    return "; ".join(f"{r.representation}: {r.question} {r.value:.0%}" for r in read.itertuples())


def _points(points: np.ndarray, groups: np.ndarray, *, ax: Axes) -> None:
    """Points of a plane, a colour and a shape for each group.

    Args:
        points: (N, 2).
        groups: (N,) str.
    """
    for index, group in enumerate(np.unique(groups)):
        color, marker = PALETTE[index % len(PALETTE)], "osD^vP"[(index + index // len(PALETTE)) % 6]
        chosen = points[groups == group]
        ax.scatter(*chosen.T, s=22, color=color, marker=marker, label=in_legend(str(group)), alpha=0.85)
    ax.set(xticks=[], yticks=[])


def _paired_changes(answers: pd.DataFrame, effects: pd.DataFrame, *, ax: Axes) -> None:
    """`conditions` of one model."""
    for place, row in enumerate(effects.itertuples()):
        own = answers[answers["condition"] == row.condition]
        change = 100 * (own["probability_changed"] - own["probability_plain"]).to_numpy()
        level = place - 0.12 - 0.04 * (np.arange(len(change)) % 5)
        ax.scatter(change, level, color="0.6", s=16, alpha=0.8, linewidth=0)
        errors = 100 * np.abs(np.array([[row.low], [row.high]]) - row.difference)
        color = _UNKNOWN if row.verdict == "no detectable effect" else WRONG
        ax.errorbar(100 * row.difference, place + 0.15, xerr=errors, fmt="D", capsize=4, color=color, markersize=6)
    ax.axvline(0, color="0.2", linewidth=1)
    ax.set_yticks(range(len(effects)), [f"{row.condition} (n = {row.n})" for row in effects.itertuples()])
    ax.set(xlabel="change of the probability of the neutral face (points)", xlim=(-105, 105))
    ax.set_ylim(len(effects) - 0.5, -0.5)
    ax.grid(axis="y", visible=False)


def _with_and_without(accuracy: pd.Series, have: pd.DataFrame, compared: pd.DataFrame, *, ax: Axes) -> None:
    """`people` of one model."""
    for place, row in enumerate(compared.itertuples()):
        member = have[row.trait].reindex(accuracy.index).to_numpy(dtype=bool)
        for index, (chosen, mean, word) in enumerate(((member, row.having, "with"), (~member, row.others, "without"))):
            values = accuracy[chosen].sort_values()
            rank = values.round(9).groupby(values.round(9)).cumcount().to_numpy()  # equal ones one above the other
            level = place - 0.12 + 0.48 * index
            style = {"color": PALETTE[1 - index], "marker": "Do"[index], "alpha": 0.8, "s": 28}
            ax.scatter(values, level - 0.03 * rank, label=word if place == 0 else None, **style)
            ax.plot([mean, mean], [level - 0.24, level + 0.1], color="0.2", linewidth=1.8)
    names = [f"{row.trait}\n({row.n_having} and {row.n_others})" for row in compared.itertuples()]
    ax.set_yticks(range(len(names)), names)
    ax.set(xlabel="accuracy by person", xlim=(-0.03, 1.03), ylim=(len(names) - 0.5, -0.6))
    ax.xaxis.set_major_formatter("{x:.0%}")
    ax.grid(axis="y", visible=False)
