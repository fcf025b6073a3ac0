"""Blocks of `docs/other-sets.md`: what the studies of `benchmarks/` found on other data sets and tasks, from their tables."""

import pandas as pd

from fer_utils.common import csv_files, files, paths
from fer_utils.common.errors import OutputError
from fer_utils.findings import wording

BENCHMARKS = paths.PROJECT / "benchmarks"
_TEXT = {
    "across_sets": ("recipe", "date", "model", "learned_on", "tested_on", "protocol", "people", "metric", "truth", "predicted"),
    "peers": ("network", "crops", "images", "expressions", "answers", "quantity"),
    "priors": ("images", "weights", "prior", "quantity"),
    "neutral_photo": ("images", "given", "quantity"),
}  # fmt: skip
_NUMBERS = ("value", "low", "high", "n")


def across_sets() -> str:
    """Accuracy and macro-F1 of every recipe that was run, and the charts of the newest."""
    table = _read("across_sets")
    wanted = table[table["metric"].isin(["accuracy", "macro_f1"])]
    keys = ["date", "recipe", "model", "learned_on", "tested_on", "protocol", "people"]
    rows = []
    for (date, recipe, model, learned, tested, protocol, people), group in wanted.groupby(keys, sort=False):
        by_metric = group.set_index("metric")
        accuracy, macro = by_metric.loc["accuracy"], by_metric.loc["macro_f1"]
        rows.append(
            {
                "model": model,
                "learned from": learned if learned != tested else f"{learned}, {protocol}",
                "asked about": tested if people == "all" else f"{tested}, people {people}",
                "accuracy": wording.interval(accuracy),
                "macro-F1": f"{macro.value:.3f} ({macro.low:.3f} to {macro.high:.3f})",
                "images": f"{accuracy.n:.0f}",
                "recipe": f"`{recipe[:12]}`, {date}",
            }
        )
    pictures = [_picture("across_sets", name) for name in _charts("across_sets")]
    return "\n\n".join([wording.as_table(pd.DataFrame(rows).set_index("model")), *pictures])


def peers() -> str:
    """Accuracy of the pretrained network and of the package `fer` as it comes, by the surest of the expressions in question."""
    table = _read("peers")
    chosen = table[(table["answers"] == "among these") & (table["network"] != "fer, full")]
    keys = ["images", "expressions", "network", "crops"]
    rows = []
    for (images, expressions, network, crops), group in chosen.groupby(keys, sort=False):
        by_quantity = group.set_index("quantity")
        accuracy = by_quantity.loc["accuracy"]
        gain = "pretrained minus this"
        rows.append(
            {
                "images": f"{images}, {accuracy.n:.0f}",
                "expressions": expressions,
                "network": network,
                "crops": crops,
                "accuracy": wording.interval(accuracy),
                "pretrained minus this": _points(by_quantity, gain, f"{gain}, p") if gain in by_quantity.index else "",
            }
        )
    return f"{wording.as_table(pd.DataFrame(rows).set_index('images'))}\n\n{_picture('peers')}"


def priors() -> str:
    """Accuracy and log-loss under either prior."""
    table = _read("priors")
    rows = []
    for (images, weights), group in table.groupby(["images", "weights"], sort=False):
        row = {"images": f"{images}, {weights}"}
        for prior in ("training", "uniform"):
            own = group[group["prior"] == prior].set_index("quantity")
            row[f"accuracy, {prior}"] = wording.interval(own.loc["accuracy"])
            row[f"log-loss, {prior}"] = f"{own.loc['log_loss'].value:.3f}"
        rows.append(row)
    return f"{wording.as_table(pd.DataFrame(rows).set_index('images'))}\n\n{_picture('priors')}"


def neutral_photo() -> str:
    """Log-loss and accuracy with a neutral photo, and what the difference is worth."""
    table = _read("neutral_photo")
    rows = []
    for (images, given), group in table.groupby(["images", "given"], sort=False):
        own = group.set_index("quantity")
        if " minus " in given:
            loss = own.loc["log_loss"]
            rows.append(
                {
                    "images": images,
                    "given": given,
                    "log-loss (nats)": f"{loss.value:+.3f}{wording.ends(loss, '{:+.3f}', 1)}, p {_p(own, 'log_loss_p')}",
                    "accuracy": _points(own, "accuracy", "accuracy_p"),
                }
            )
        elif "log_loss" in own.index:
            loss = own.loc["log_loss"]
            words = {"log-loss (nats)": f"{loss.value:.3f}{wording.ends(loss, '{:.3f}', 1)}"}
            rows.append(
                {"images": images, "given": given} | words | {"accuracy": wording.interval(own.loc["accuracy"])}
            )
    return wording.as_table(pd.DataFrame(rows).set_index("images"))


def _points(rows: pd.DataFrame, quantity: str, p: str) -> str:
    return f"{wording.points(rows.loc[quantity])}, p {_p(rows, p)}"


def _p(rows: pd.DataFrame, name: str) -> str:
    return wording.p_value(float(rows.loc[name, "value"]))


def _read(name: str) -> pd.DataFrame:
    path = BENCHMARKS / f"{name}.csv"
    try:
        return csv_files.read(path, csv_files.schema((*_TEXT[name], *_NUMBERS), text=_TEXT[name]))
    except (OSError, csv_files.DamagedError) as error:
        raise OutputError(f"{path} is missing or damaged ({error}): measure it again.") from error


def _charts(name: str) -> dict:
    """Chart to its words, as noted beside a table."""
    path = BENCHMARKS / f"{name}.json"
    try:
        about = files.read_checked_json(path)
        return about["charts"] if "charts" in about else {f"{name}.png": about["chart"]}
    except (OSError, ValueError, KeyError) as error:
        raise OutputError(f"{path} is missing or damaged ({error}): measure it again.") from error


def _picture(name: str, chart: str = "") -> str:
    chart = chart or f"{name}.png"
    words = _charts(name)[chart]
    alt = " ".join(words["alt"].split()).replace("[", "(").replace("]", ")")
    return f"![{alt}](../benchmarks/{chart})"
