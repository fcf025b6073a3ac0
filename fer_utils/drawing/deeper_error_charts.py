"""Figures of notebook 09: suspect labels, what features hold, what covering, glasses, light, traits and mirrors change."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from fer_utils.drawing import galleries
from fer_utils.drawing.chart import Chart
from fer_utils.drawing.charts import PALETTE, RIGHT, WRONG, in_legend, legend_columns, shortened
from fer_utils.evaluation.significance import detected

_UNKNOWN = "0.45"
_RAISES, _LOWERS = "raises it", "lowers it"
_VERDICTS = {_RAISES: PALETTE[0], _LOWERS: PALETTE[3], "no detectable effect, or one seed": _UNKNOWN}


def suspect_labels(
    suspects: pd.DataFrame,
    faces: Sequence[Sequence[tuple[str, np.ndarray]]],
    *,
    planted: Mapping[str, float],
    model: str,
) -> Chart:
    """Faces whose labels the answers of a model speak against, each framed before the same person's other faces.

    Args:
        suspects: rows `truth, suggested` (str), `probability_of_label, probability_of_suggested` (in [0, 1]).
        faces: of the first of these rows the suspect face and the others: label and (height, width) uint8 each; no more are
            drawn.
        planted: shares in [0, 1]: "found" of the labels made wrong on purpose, "true" of what was named.
        model: whose answers.
    """
    rows = list(suspects.head(len(faces)).itertuples())
    width = max((len(line) for line in faces), default=1)
    pictures = [[picture for _, picture in line] + [None] * (width - len(line)) for line in faces]
    sheet = galleries.Sheet(pictures or [[None]], cell=(1.35, 1.75), below=2)
    for place, (row, line) in enumerate(zip(rows, faces, strict=True)):
        sheet.frame(place, 0, color=WRONG, dashed=True)
        said = f"{row.truth} {row.probability_of_label:.0%}\n{row.suggested} {row.probability_of_suggested:.0%}?"
        for column, text in enumerate([said, *(label for label, _ in line[1:])]):
            sheet.write(place, column, text, below=True)
    named = "; ".join(
        f"{r.truth} {r.probability_of_label:.0%} rather {r.suggested} {r.probability_of_suggested:.0%}?" for r in rows
    )
    return Chart(
        sheet.figure,
        f"{len(rows)} of {len(suspects)} suspect label{'s' * (len(suspects) != 1)} by the answers of `{model}`, the most suspect first, framed; beside it the same "
        f"person's other faces with their labels. Of labels made wrong on purpose {planted['found']:.0%} are found, and "
        f"{planted['true']:.0%} of what is named was.",
        f"Rows of one person's faces, the suspect one first: {named}",
    )


def person_or_expression(read: pd.DataFrame, *, own: Mapping[str, float] | None = None) -> Chart:
    """For each representation, how well expression and person are read from it, with intervals and chance.

    Args:
        read: rows `representation, question` (str), `value, low, high, chance` (in [0, 1]), `n` (images); one or two questions.
        own: representation to the accuracy of the model that it is of, where it is one's.
    """
    figure, ax = plt.subplots(figsize=(8.5, 3.2))
    names = list(dict.fromkeys(read["representation"]))
    for index, (question, rows) in enumerate(read.groupby("question", sort=False)):
        places = np.array([names.index(name) for name in rows["representation"]]) + 0.24 * index - 0.12
        style = {"fmt": "os"[index], "capsize": 3, "color": PALETTE[index], "label": question}
        ax.errorbar(rows["value"], places, xerr=_errors(rows), **style)
        ax.axvline(rows["chance"].iloc[0], color=PALETTE[index], linestyle=":", linewidth=1.3)
    for name, accuracy in (own or {}).items():
        place = names.index(name)
        ax.vlines(accuracy, place - 0.25, place + 0.25, color="0.1", linewidth=1.6, label="its network's own accuracy")
    ax.set_yticks(range(len(names)), names)
    ax.set(xlabel="share read rightly; dotted: chance", xlim=(0, 1.02), ylim=(len(names) - 0.5, -0.5))
    ax.xaxis.set_major_formatter("{x:.0%}")
    ax.grid(axis="y", visible=False)
    ax.legend(fontsize="small", loc="upper left", bbox_to_anchor=(1, 1))
    return Chart(
        figure,
        f"What a linear reader reads from each representation: {_reads(read)}. n = {read['n'].iloc[0]} images.",
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
    """Representations as points of a plane, above marked by expression, below with each person's points joined.

    Args:
        planes: name to (N, 2) float.
        expressions: (N,) int, positions in `classes`.
        people: (N,) str.
        classes: names of the expressions.
        read: as in `person_or_expression`, for the words.
    """
    figure, axes = plt.subplots(2, len(planes), figsize=(3.9 * len(planes), 7.2), squeeze=False)
    for column, (name, points) in zip(axes.T, planes.items(), strict=True):
        _points(points, np.array(classes)[expressions], ax=column[0])
        column[0].set_title(f"{name},\nby expression", fontsize="medium")
        _joined(points, people, ax=column[1])
        column[1].set_title(f"{name},\neach person's faces joined", fontsize="medium")
    shown = axes[0, 0].get_legend_handles_labels()
    figure.legend(*shown, loc="outside upper center", ncols=legend_columns(classes))
    rows = read[read["representation"].isin(list(planes))]
    return Chart(
        figure,
        f"What a linear reader reads from these features: {_reads(rows)}. {', '.join(planes)}, each in its two main directions; above by "
        "expression, below each person's faces joined to their middle.",
        "Scatter plots of the same points, coloured by expression in the upper row, joined person by person in the lower. "
        + _reads(rows),
    )


def conditions(answers: Mapping[str, pd.DataFrame], effects: pd.DataFrame) -> Chart:
    """What each condition does to the probability of the neutral face: people as dots, the mean with its interval.

    Args:
        answers: model to rows `condition` (str), `probability_plain, probability_changed` (in [0, 1]), one a person.
        effects: rows `model, condition` (str), `difference, low, high` (of the probability), `n` (people), `verdict` (str).
    """
    rows = -(-len(answers) // 2)
    figure, axes = plt.subplots(rows, min(2, len(answers)), figsize=(11, 3 * rows + 0.6), sharex=True, squeeze=False)
    for ax in axes.flat[len(answers) :]:
        ax.set_axis_off()
    for ax, (name, rows) in zip(axes.flat, answers.items(), strict=False):
        _paired_changes(rows, effects[effects["model"] == name], ax=ax)
        ax.set_title(name)
    marks = [Line2D([], [], marker="D", linestyle="none", color=color, label=word) for word, color in _VERDICTS.items()]
    figure.legend(handles=marks, loc="outside upper center", ncols=3, fontsize="small")
    found = [
        f"{r.model} {r.verdict} with {r.condition}, {100 * r.difference:+.0f} points ({100 * r.low:+.0f} to {100 * r.high:+.0f})"
        for r in effects.itertuples()
        if r.verdict in (_RAISES, _LOWERS)
    ]
    words = "; ".join(
        f"{name}: " + ", ".join(f"{r.condition} {100 * r.difference:+.0f} ({r.verdict})" for r in rows.itertuples())
        for name, rows in effects.groupby("model", sort=False)
    )
    lead = f"Detected: {'; '.join(found)}" if found else "No condition has a detected effect"
    return Chart(
        figure,
        f"{lead}. Change of the probability of the neutral face, in points: a dot is a person, the diamond the mean with its 95 % interval "
        "over people; of networks one seed's, so no verdict.",
        f"Rows of dots with a mean and its interval around a line at no change, a panel for each model. {words}.",
    )


def turned_answers(turned: pd.DataFrame, pictures: Sequence[Sequence[np.ndarray]], *, model: str, count: int) -> Chart:
    """Neutral faces without and with a condition, of which a model calls one neutral and not the other.

    Args:
        turned: rows `condition, said_plain, said_changed` (str), `neutral` (bool, whether it says so of the changed one).
        pictures: without the condition, and with it: (height, width) uint8 each, one a row; no more are drawn.
        model: that answered.
        count: of all faces that it was asked about.
    """
    shown = turned.head(len(pictures[0]))
    sheet = galleries.Sheet(pictures, rows=["without", "with"], cell=(1.4, 1.75), above=1, below=1)
    for column, row in enumerate(shown.itertuples()):
        sheet.write(0, column, row.condition)
        for line, (said, right) in enumerate(((row.said_plain, not row.neutral), (row.said_changed, row.neutral))):
            sheet.write(line, column, said, below=True)
            sheet.frame(line, column, color=RIGHT if right else WRONG, dashed=not right)
    lines = [f"{r.condition}: {r.said_plain}, then {r.said_changed}" for r in shown.itertuples()]
    towards = int(turned["neutral"].sum())
    return Chart(
        sheet.figure,
        f"`{model}`: of {count} pairs of neutral faces {len(turned)} are read as neutral on one side only, {towards} with the condition, "
        f"{len(turned) - towards} without it{f'; {len(shown)} are shown' if len(shown) < len(turned) else ''}.",
        "Pairs of faces, above without and below with the condition: " + "; ".join(lines),
    )


def people(compared: pd.DataFrame) -> Chart:
    """Difference in accuracy between people with each trait and the others, with its interval; a mark for each model.

    Args:
        compared: rows `model, trait` (str), `difference, low, high, q`, `n_having, n_others` (people); no columns where there is
            no row.
    """
    models, traits = (list(dict.fromkeys(compared[each])) if len(compared) else [] for each in ("model", "trait"))
    figure, ax = plt.subplots(figsize=(8, max(2.2, 0.75 * len(traits) + 1.2)))
    for number, model in enumerate(models):
        rows = compared[compared["model"] == model]
        places = [traits.index(trait) + 0.7 * (number + 0.5) / len(models) - 0.35 for trait in rows["trait"]]
        errors = 100 * np.abs(rows[["low", "high"]].to_numpy().T - rows["difference"].to_numpy())
        style = {"fmt": "osD^v"[number % 5], "capsize": 3, "color": PALETTE[number % len(PALETTE)], "label": model}
        ax.errorbar(100 * rows["difference"], places, xerr=errors, **style)
    sizes = {r.trait: (r.n_having, r.n_others) for r in compared.itertuples()}
    ax.set_yticks(range(len(traits)), [f"{each}\n({sizes[each][0]} and {sizes[each][1]})" for each in traits])
    ax.axvline(0, color="0.2", linewidth=1)
    ax.set(xlabel="accuracy with the trait minus without it (points)", xlim=(-105, 105))
    ax.set_ylim(max(len(traits), 1) - 0.5, -0.5)
    ax.grid(axis="y", visible=False)
    if models:
        ax.legend(fontsize="small", loc="upper left", bbox_to_anchor=(1, 1))
    words = "; ".join(
        f"{r.model}, {r.trait}: {100 * r.difference:+.0f} ({100 * r.low:+.0f} to {100 * r.high:+.0f})"
        for r in compared.itertuples()
    )
    found = [r for r in compared.itertuples() if detected(r.low, r.high, r.q)]
    lead = f"{len(found)} of {len(compared)} differences between people with a trait and the others are detected"
    words = words or "none, since no trait divides these people"
    return Chart(
        figure,
        f"{lead}. Points with 95 % intervals, numbers of people in brackets: {words}.",
        f"Marks with bars around a line at no difference, a row for each trait and a mark for each model. In points: {words}.",
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


def _joined(points: np.ndarray, people: np.ndarray, *, ax: Axes) -> None:
    """Points of a plane, those of each person joined to their middle, where the person's name stands.

    Args:
        points: (N, 2).
        people: (N,) str.
    """
    for person in np.unique(people):
        own = points[people == person]
        middle = own.mean(axis=0)
        for point in own:
            ax.plot(*np.stack([middle, point]).T, color="0.7", linewidth=0.7, zorder=1)
        ax.scatter(*own.T, s=14, color=PALETTE[0], zorder=2)
        ax.text(*middle, shortened(str(person)), fontsize=8, ha="center", va="center", zorder=3)
    ax.set(xticks=[], yticks=[])


def _paired_changes(answers: pd.DataFrame, effects: pd.DataFrame, *, ax: Axes) -> None:
    """`conditions` of one model."""
    effects = effects.sort_values("control", kind="stable") if "control" in effects else effects
    for place, row in enumerate(effects.itertuples()):
        own = answers[answers["condition"] == row.condition]
        change = 100 * (own["probability_changed"] - own["probability_plain"]).to_numpy()
        level = place - 0.12 - 0.04 * (np.arange(len(change)) % 5)
        ax.scatter(change, level, color="0.6", s=16, alpha=0.8, linewidth=0)
        errors = 100 * np.abs(np.array([[row.low], [row.high]]) - row.difference)
        color = _VERDICTS.get(row.verdict, _UNKNOWN)
        ax.errorbar(100 * row.difference, place + 0.15, xerr=errors, fmt="D", capsize=4, color=color, markersize=6)
    ax.axvline(0, color="0.2", linewidth=1)
    ax.set_yticks(range(len(effects)), [f"{row.condition} (n = {row.n})" for row in effects.itertuples()])
    ax.set(xlabel="change of its probability (points)", xlim=(-105, 105))
    ax.set_ylim(len(effects) - 0.5, -0.5)
    ax.grid(axis="y", visible=False)
