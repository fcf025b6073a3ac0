"""Figures of notebook 08, the measurement: each function draws one from numbers and gives it with its words."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from fer_utils.drawing import charts
from fer_utils.drawing.chart import Chart
from fer_utils.drawing.charts import PALETTE

_QUALITIES = {
    "macro_f1": "macro-F1 (right is better)",
    "calibration_error": "calibration error (left is better)",
    "confidence_gap": "mean confidence minus accuracy",
    "log_loss": "log-loss, nats (left is better)",
    "brier": "Brier score (left is better)",
}


def splits(
    accuracies: Mapping[str, np.ndarray],
    *,
    few: int,
    sizes: Mapping[str, int],
    by_chance: Mapping[str, tuple[float, np.ndarray]],
) -> Chart:
    """How the accuracy depends on which subjects are tested: a histogram for each model, and what chance alone makes of it.

    Args:
        accuracies: model to (splits, seeds) fractions, the original's split in the first row.
        few: how many subjects each split tests.
        sizes: each subject's number of images.
        by_chance: model to the p value that people differ, and to the accuracies where answers are shuffled among people, (N,).
    """
    figure, axes = plt.subplots(
        len(accuracies), 1, figsize=(8, 2.3 * len(accuracies)), sharex=True, sharey=True, squeeze=False
    )
    for ax, (model, values) in zip(axes[:, 0], accuracies.items(), strict=True):
        words = {"few": few, "sizes": sizes, "original": values[0].mean(), "dealt": by_chance[model][1]}
        _distribution({"every split": values.ravel()}, **words, ax=ax)
        ax.set_title(model)
        ax.label_outer()
    figure.legend(*figure.axes[0].get_legend_handles_labels(), fontsize="small", loc="outside upper center", ncols=3)
    ways = len(next(iter(accuracies.values())))
    ends = "; ".join(
        f"{model} {each.min():.0%} to {each.max():.0%} (p {by_chance[model][0]:.2f} that people differ)"
        for model, each in accuracies.items()
    )
    return Chart(
        figure,
        caption=f"Which {few} of {len(sizes)} subjects are tested decides the score. Accuracy over all {ways} ways to choose them, and with "
        f"each expression's answers shuffled among people: {ends}.",
        alt="A histogram for each model with the original's split marked; a line, where people are alike, runs along its bars. "
        f"Lowest to highest: {ends}.",
    )


def leak(table: pd.DataFrame, *, chance: float) -> Chart:
    """Accuracy by subject-wise and by image-wise folds, a pair for each model.

    Args:
        table: a row per model, `model, subject_wise, image_wise, difference, low, high, n, seeds, epochs`; fractions.
        chance: accuracy of always naming the largest class.
    """
    figure, ax = plt.subplots(figsize=(8.5, 2.6))
    for place, row in enumerate(table.itertuples()):
        ax.plot([row.subject_wise, row.image_wise], [place, place], color="0.6", linewidth=2, zorder=1)
        text = f"{100 * row.difference:+.1f} points ({100 * row.low:+.1f} to {100 * row.high:+.1f})"
        middle = (row.subject_wise + row.image_wise) / 2
        ax.annotate(text, (middle, place), textcoords="offset points", xytext=(0, 9), ha="center", fontsize="small")
    charts.chance_line(chance, ax=ax, vertical=True)
    places, leaking = np.arange(len(table)), {"color": PALETTE[3], "marker": "D", "label": "folds by image (leaks)"}
    ax.scatter(table["subject_wise"], places, color=PALETTE[0], s=60, zorder=2, label="folds by subject")
    ax.scatter(table["image_wise"], places, s=50, zorder=2, **leaking)
    ax.set_yticks(places, table["model"])
    ax.set(xlabel="accuracy", xlim=(0, 1), ylim=(len(table) - 0.4, -0.7))
    ax.xaxis.set_major_formatter("{x:.0%}")
    ax.grid(axis="y", visible=False)
    ax.legend(fontsize="small", loc="lower right")
    first = table.iloc[0]
    text = "; ".join(
        f"{row.model} {row.subject_wise:.0%} by subject, {row.image_wise:.0%} by image" for row in table.itertuples()
    )
    return Chart(
        figure,
        caption=f"{text}. The same networks under folds by subject and by image, n = {first['n']} images, {first['seeds']} seed{'s' * int(first['seeds'] != 1)} of "
        f"{first['epochs']} epochs; chance is {chance:.0%}: below it a network is misled by whom it recognises.",
        alt=f"Two marks for each model, joined by a line. {text}.",
    )


def seeds(
    by_seed: np.ndarray,
    by_subject: np.ndarray,
    spreads: pd.DataFrame,
    *,
    few: int,
    dealt: np.ndarray,
    p_value: float,
    unit: str = "subjects",
) -> Chart:
    """What moves a score, the random seed or the people, and how far people who are alike would lie apart.

    Args:
        by_seed: (seeds,) accuracy over all subjects, fractions.
        by_subject: (subjects,) accuracy of each, mean over seeds; of each fold where `unit` says so.
        spreads: `drawn` (what), `tested` (who), `spread` (standard deviation, a fraction; none for a single seed).
        few: how many subjects the original tested.
        dealt: (draws, subjects) accuracies of each where answers are shuffled among people.
        p_value: that people differ.
        unit: what is tested apart, "subjects" or "folds of subjects".
    """
    figure, axes = plt.subplots(1, 2, figsize=(11, 2.8), width_ratios=[1.3, 1])
    charts.strips(
        {f"{len(by_seed)} seeds": by_seed, f"{len(by_subject)} {unit.replace('subjects', 'people')}": by_subject},
        ax=axes[0],
    )
    low, high = np.quantile(np.sort(dealt, axis=1), [0.025, 0.975], axis=0)  # of the worst read, ..., of the best read
    style = {"color": "0.55", "linewidth": 1, "label": "people alike: 95 % of the worst to the best read"}
    axes[0].hlines(np.linspace(1.45, 1.15, len(low)), low, high, **style)
    axes[0].legend(fontsize="x-small", loc="upper left")
    words = {"the original's number of": str(few), "subjects": unit}
    drawn, tested = (spreads[name].replace(words, regex=True) for name in ("drawn", "tested"))
    axes[1].barh(drawn + ",\n" + tested, 100 * np.nan_to_num(spreads["spread"]), color=PALETTE[0])
    axes[1].bar_label(axes[1].containers[0], fmt="%.1f", padding=3)
    axes[1].invert_yaxis()
    axes[1].margins(x=0.15)
    axes[1].set(xlabel="standard deviation of the accuracy (points)")
    text = "; ".join(
        f"{row.drawn}, {row.tested} {100 * row.spread:.1f}"
        for row in spreads.assign(drawn=drawn, tested=tested).itertuples()
    )
    return Chart(
        figure,
        caption=f"Accuracy by seed and by {'person' if unit == 'subjects' else 'fold'}; what moves it, standard deviations: {text}. p {p_value:.2f} that people differ.",
        alt=f"Rows of dots, and bars of standard deviations in points: {text}.",
    )


def best_epoch(
    by_model: Mapping[str, pd.DataFrame],
    *,
    gaps: Mapping[str, str],
    few: int,
    sizes: Mapping[str, int],
    unit: str = "subjects",
) -> Chart:
    """What choosing the epoch on the tested subjects does to their score.

    Args:
        by_model: model to `last, best, elsewhere`, fractions, a row per split.
        gaps: model to how much less the best epoch has elsewhere, in words.
        few, sizes: as for `splits`, of what is tested apart.
        unit: what that is, "subjects" or "folds of subjects".
    """
    words = []
    figure, axes = plt.subplots(1, len(by_model), figsize=(5 * len(by_model), 3), sharey=True, squeeze=False)
    for ax, (model, chosen) in zip(axes[0], by_model.items(), strict=True):
        groups = {"last epoch": chosen["last"], "best epoch, chosen on them": chosen["best"]}
        _distribution(groups, few=few, sizes=sizes, unit=unit, ax=ax)
        ax.set_title(model)
        last, best, elsewhere = chosen[["last", "best", "elsewhere"]].mean()
        words.append(f"{model} {last:.0%} and {best:.0%}, elsewhere {elsewhere:.0%}, {gaps[model]} less")
    figure.legend(*figure.axes[0].get_legend_handles_labels(), fontsize="small", loc="outside upper center", ncols=3)
    text = "; ".join(words)
    return Chart(
        figure,
        caption=f"Mean over splits of the last and of the best epoch, and of that epoch on everybody else: {text}.",
        alt=f"Two histograms for each model; the best epoch's lies to the right. {text}.",
    )


def augmented_validation(jumps: Mapping[str, pd.DataFrame], *, model: str, means: str) -> Chart:
    """How much the validation cross-entropy jumps from epoch to epoch, for each way to validate.

    Args:
        jumps: way to a table with the column `cross_entropy`, in nats, a row for each two epochs.
        means: of the jumps, in words.
    """
    figure, ax = plt.subplots(figsize=(9, 3))
    label = "jump of the validation cross-entropy from one epoch to the next (nats)"
    charts.boxes({name: table["cross_entropy"] for name, table in jumps.items()}, xlabel=label, ax=ax)
    return Chart(
        figure,
        caption=f"Mean jumps of `{model}` in validation: {means}.",
        alt=f"Two horizontal box plots, of the cross-entropy. Mean jumps: {means}.",
    )


def loss(by_fold: pd.DataFrame, *, model: str) -> Chart:
    """Losses of a model's networks on people left out.

    Args:
        by_fold: a row per network, `loss, without_error, seen, unseen` in nats, `n` images.
    """
    groups = {
        "training loss": by_fold["loss"],
        "of it, penalty and floor": by_fold["without_error"],
        "cross-entropy, people trained on": by_fold["seen"],
        "cross-entropy, people left out": by_fold["unseen"],
    }
    figure, ax = plt.subplots(figsize=(9, 3.2))
    charts.boxes(groups, xlabel="nats", ax=ax)
    ax.set_xlim(left=0)
    text = "; ".join(f"{name} {np.average(values, weights=by_fold['n']):.2f}" for name, values in groups.items())
    return Chart(
        figure,
        caption=f"Losses of the {len(by_fold)} networks of `{model}` on people left out, means over images in nats: {text}.",
        alt=f"Four horizontal box plots. Means in nats: {text}.",
    )


def power(curves: pd.DataFrame, *, wanted: float, smallest: str) -> Chart:
    """How often a true difference between two models is seen.

    Args:
        curves: `pair` (the legend), `difference, share, low, high`, fractions.
        wanted: share that is drawn as a dotted line.
        smallest: the differences that are seen so often, in words.
    """
    figure, ax = plt.subplots(figsize=(7.5, 3.6))
    for index, (pair, rows) in enumerate(curves.groupby("pair", sort=False)):
        differences, color = 100 * rows["difference"], PALETTE[index]
        ax.fill_between(differences, rows["low"], rows["high"], color=color, alpha=0.2, linewidth=0)
        ax.plot(differences, rows["share"], marker="o", markersize=4, color=color, label=f"answers of {pair}")
    ax.axhline(wanted, color="0.3", linestyle=":", label=f"found {wanted:.0%} of the time")
    ax.set(xlabel="true difference in accuracy (points)", ylabel="draws that find it", ylim=(0, 1.02))
    ax.yaxis.set_major_formatter("{x:.0%}")
    ax.legend(fontsize="small", loc="lower right")
    return Chart(
        figure,
        caption=f"How often a difference put into recorded answers is found again: {smallest}.",
        alt=f"Rising curves, with bands, of the share of draws that find a difference. {smallest}.",
    )


def quality(scores: pd.DataFrame, *, bins: int) -> Chart:
    """What accuracy leaves out, of each model: macro-F1, calibration error and proper scores, with intervals.

    Args:
        scores: `model, metric, value, low, high`: `macro_f1`, `log_loss` (nats), `brier`, `calibration_error` and
            `confidence_gap`.
        bins: of confidence, that the calibration error is computed with.
    """
    models = list(dict.fromkeys(scores["model"]))
    figure, axes = plt.subplots(2, 3, figsize=(10, 2 * max(2.2, 0.33 * len(models) + 1)), sharey=True)
    for ax, (metric, label) in zip(axes.flat, _QUALITIES.items(), strict=False):
        rows = scores[scores["metric"] == metric].set_index("model").reindex(models)
        errors = np.abs(rows[["low", "high"]].to_numpy().T - rows["value"].to_numpy())
        style = {"fmt": "o", "capsize": 4, "color": PALETTE[0], "markersize": 6}
        ax.errorbar(rows["value"], np.arange(len(models)), xerr=errors, **style)
        ax.axvline(0, color="0.3", linewidth=1)
        ax.set_xlabel(label, fontsize="small")
        ax.grid(axis="y", visible=False)
    axes[0, 0].set_yticks(range(len(models)), models)
    axes[0, 0].set_ylim(len(models) - 0.5, -0.5)
    axes[1, 2].set_axis_off()
    values = scores.groupby("metric", sort=False)
    text = "; ".join(
        f"{name.replace('_', ' ')}: {', '.join(f'{row.model} {row.value:.2f}' for row in values.get_group(name).itertuples())}"
        for name in _QUALITIES
    )
    brier = values.get_group("brier").set_index("model")["value"]
    sizes = f", n = {int(scores['n'].iloc[0])} images" if "n" in scores else ""
    return Chart(
        figure,
        caption=f"By the Brier score `{brier.idxmin()}` has the best probabilities and `{brier.idxmax()}` the worst. What accuracy leaves "
        f"out, on people left out{sizes}; calibration error over {bins} bins; bars are 95 % intervals over people.",
        alt=f"Five panels of dots with bars, a row per model. {text}.",
    )


def _distribution(
    groups: Mapping[str, np.ndarray],
    *,
    few: int,
    sizes: Mapping[str, int],
    unit: str = "subjects",
    original: float | None = None,
    dealt: np.ndarray | None = None,
    ax: Axes,
) -> None:
    """Histograms over splits, one before the other, dotted lines at their means.

    A bar for each accuracy that can be, so that none stands for more of them than its neighbours.

    Args:
        groups: legend to (splits,) accuracies.
        few, sizes: as for `splits`.
        original: the accuracy of the original's split, drawn as a line.
        dealt: (N,) accuracies where people are alike, drawn as an outline.
    """
    step = 1 / (few * max(sizes.values()))  # what one image makes
    edges = step * (np.arange(round(1 / step) + 2) - 0.5)
    for index, (name, values) in enumerate(groups.items()):
        color = PALETTE[index]
        ax.hist(values, bins=edges, color=color, alpha=0.45, label=name, weights=np.full(len(values), 1 / len(values)))
        ax.axvline(float(np.mean(values)), color=color, linewidth=1.2, linestyle=":")
    if dealt is not None:
        words = {"color": "0.25", "linewidth": 1.2, "label": "answers shuffled: people alike"}
        ax.hist(dealt, bins=edges, histtype="step", weights=np.full(len(dealt), 1 / len(dealt)), **words)
    if original is not None:
        ax.axvline(original, color="0.1", linestyle="-", linewidth=1.6, label="the original's split")
    ax.set(xlabel=f"accuracy on {few} {unit}", ylabel="share of the splits", xlim=(-0.03, 1.03))
    ax.xaxis.set_major_formatter("{x:.0%}")
    ax.yaxis.set_major_formatter("{x:.0%}")
