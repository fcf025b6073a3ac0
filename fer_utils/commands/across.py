"""`fer across`: learn one data set, and ask about another."""

from collections.abc import Sequence
from pathlib import Path

import click
import pandas as pd

from fer_utils.commands import options
from fer_utils.common.errors import printable


@click.command()
@click.argument("source", metavar="LEARNED")
@click.argument("target", metavar="ASKED")
@click.option(
    "--model",
    default="transfer",
    show_default=True,
    type=click.Choice(["transfer", "classical"]),
    help="What learns: heads on the pretrained network's features, or on HOG and LBP without any pretraining.",
)
@click.option(
    "--same",
    nargs=2,
    multiple=True,
    metavar="WORD WORD",
    help="Two words for one expression, such as tired sleepy; usual ones, such as happy and happiness, are known.",
)
@click.option(
    "--csv", "out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write every answer."
)
@options.jobs
def across(source: str, target: str, model: str, same: Sequence[tuple[str, str]], out: Path | None, jobs: int) -> None:
    """Learn the faces of LEARNED and say how well those of ASKED are read: other people, another camera, other posing.

    Both are sample, yale, or the path of a folder of faces (fer inspect shows how one is read). Only the expressions that both
    show are learned and asked about. Everything is fitted on LEARNED, on people left out in turn; of ASKED nothing but the answers
    is scored. Faces and features that are found on the way are kept in outputs/<dataset>/, as by the notebooks, and every answer is
    written where --csv says.

    \b
    Examples:
      fer across yale path/to/my/faces
      fer across path/to/my/faces yale --model classical --csv answers.csv
      fer across path/to/my/faces sample --same tired sleepy
    """  # noqa: D301  (see cli.main)
    from fer_utils.common import csv_files, files
    from fer_utils.data import cleaning, datasets, own_folders
    from fer_utils.experiments import tables
    from fer_utils.tasks import across as task
    from fer_utils.transfer import classical

    learners = {
        "transfer": task.TRANSFER,
        "classical": task.Learner(
            classical.MODEL,
            lambda faces, positions, jobs: classical.seen(faces.dataset, positions, jobs),
            classical.PLACES,
        ),
    }
    learned, asked = datasets.resolved([source, target])
    for name in (learned, asked):
        datasets.folder_of(name)  # what is not there is said before anything is written
        if name not in datasets.NAMED:
            own_folders.claim(name)
    sides = [task.Faces(*cleaning.load_clean(name)) for name in (learned, asked)]
    found = task.shared(*(each.dataset.class_names for each in sides), same=dict(same))
    for number, (word, each) in enumerate(zip(("learned from", "asked about"), sides, strict=True)):
        own = ", ".join(" and ".join(names[number]) for names in found.values())
        left = sorted(set(each.dataset.class_names) - {name for names in found.values() for name in names[number]})
        rest = f"; not in the other set: {', '.join(left)}" if left else ""
        click.echo(printable(f"{word} {each.dataset.name}: {own}{rest}"))
    answers = task.run(*sides, learner=learners[model], same=dict(same), jobs=jobs)
    click.echo(printable(in_words(answers)))
    if out is not None:
        files.write(out, csv_files.text(answers, tables.SCHEMAS["predictions"], decimals=6))
        click.echo(printable(f"every answer: {out}"))


def in_words(answers: pd.DataFrame) -> str:
    """Scores of answers, and what each expression is called, as lines of text.

    Args:
        answers: of `tasks.across.run`.
    """
    from fer_utils.evaluation import scores as scoring

    scores = scoring.scores(answers).set_index("metric")
    accuracy, macro = scores.loc["accuracy"], scores.loc["macro_f1"]
    lines = [
        f"accuracy {accuracy.value:.1%} ({accuracy.low:.1%} to {accuracy.high:.1%}, 95 % interval over people) of "
        f"{accuracy.n} images of {answers['subject'].nunique()} people; macro-F1 {macro.value:.2f} ({macro.low:.2f} to "
        f"{macro.high:.2f}); always naming the commonest: {scores.loc['chance'].value:.1%}"
    ]
    for name, group in answers.groupby("truth"):
        called = group["predicted"].value_counts()
        lines.append(f"  {name} ({len(group)}): " + ", ".join(f"{word} {count}" for word, count in called.items()))
    return "\n".join(lines)
