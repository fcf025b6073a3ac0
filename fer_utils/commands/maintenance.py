"""Commands for those who publish results and weights: pretrain, overlap, learn-units, archive."""

from pathlib import Path

import click

from fer_utils.commands import options
from fer_utils.common.errors import printable


@click.command()
@options.precision
def pretrain(precision: str) -> None:
    """Train the backbone on FER+ and write weights/, its model card too; some one to two hours on two cores.

    FER+ is read from ferplus/ or ferplus.tar in $FER_DATA_DIR or data/raw (data/README.md says where it comes from).
    The weights in the repository were made this way: call this only to make them again. A stopped call resumes from the
    last whole epoch.

    Not learned are copies of validation images, second copies of a training image, and the images that weights/overlap.csv
    says are in a data set to be tested on: call fer overlap for each of these first.
    """
    from fer_utils.data import ferplus
    from fer_utils.experiments import recipes
    from fer_utils.tasks import priors
    from fer_utils.transfer import model_card, overlap, pretrained, pretraining

    data, recipe = ferplus.load(), pretraining.PretrainingRecipe(precision=recipes.resolved_precision(precision))
    searched = overlap.read()
    without = overlap.names(searched)
    click.echo(
        f"{ferplus.to_learn(data, without=without).sum():,} images to learn from; {len(without)} left out as images of: "
        f"{', '.join(sorted(set(searched['dataset']))) or 'no data set (fer overlap has looked for none)'}"
    )
    model, curves = pretraining.run(data, recipe, without=without)
    found = model_card.ship(model, curves, recipe=recipe, data=data, without=without)["scores"]["accuracy"]
    priors.write(priors.fit(data, pretrained.load(), without=without))
    click.echo(
        f"weights/ written: {found['value']:.1%} of {found['n']} validation faces ({found['low']:.1%} to {found['high']:.1%})"
    )


@click.command()
@options.datasets
@options.layout
@click.option("--subject-pattern", default="", metavar="REGEX", help="Finds the person in a file name: one group.")
def overlap(chosen_datasets: tuple[str, ...], layout: str, subject_pattern: str) -> None:
    """Look for the images of a data set in FER+, which the pretrained network has learned; a minute for Yale.

    Compares many crops of every image, mirrored too, with all images of FER+, by their pixels. Who is found was seen in
    pretraining: notebook 05 scores `transfer` without them too, and fer pretrain leaves these images out. What
    was found is kept in weights/overlap.csv and in the model card. That also says how many of FER+'s images are copies
    of others, and how the network scores on validation images that are none.

    
    Examples:
      fer overlap --dataset yale
      fer overlap --dataset path/to/my/faces
    """
    from fer_utils.data import datasets, ferplus
    from fer_utils.transfer import model_card
    from fer_utils.transfer import overlap as searching

    data = ferplus.load()
    for name in datasets.resolved(chosen_datasets):
        raw = datasets.load(name, layout=layout, subject_pattern=subject_pattern, unreadable="skip")
        found = searching.search(raw, data)
        searching.write(found)
        for row in found.itertuples():
            what = "is" if row.same else "is not, though nearest of the rest,"
            click.echo(
                printable(f"{row.image} {what} {row.ferplus_image} of {row.part} (correlation {row.correlation:.2f})")
            )
        count = found.loc[found["same"], "image"].nunique()
        click.echo(printable(f"{raw.name}: {count} of {len(raw)} images are among FER+'s {len(data):,}"))
    about = model_card.score_without_copies(data)
    model_card.write_card()
    if about is None:
        click.echo("The weights were trained on another FER+ than this: copies were not counted.")
        return
    every, clean = (about[name]["accuracy"] for name in ("scores", "scores_without_copies"))
    click.echo(
        f"{model_card.copies_in_words(about)} Validation: {every['value']:.1%}; without copies {clean['value']:.1%}"
    )


@click.command("learn-units")
@click.argument("folder", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path))
def learn_units(folder: Path | None) -> None:
    """Learn to read face units from rendered faces and write weights/units.npz; some minutes.

    FOLDER contains the faces.npz that tools/sample_faces renders (python -m tools.sample_faces.unit_faces); without it
    they are looked for in unitfaces/ in $FER_DATA_DIR or data/raw. To be called again after fer pretrain.
    """
    from fer_utils.transfer import face_unit_training, model_card

    about = face_unit_training.run(face_unit_training.load(folder))
    model_card.write_units(about)
    found = ", ".join(f"{name} {each['value']:.2f}" for name, each in about["scores"].items())
    click.echo(f"weights/units.npz written; R² on {about['held_out_people']} people left out: {found}")


@click.command()
@options.datasets
def archive(chosen_datasets: tuple[str, ...]) -> None:
    """Pack what runs left, to be published with the results in outputs/<dataset>/.

    records.zip has the answers and learning curves of every network, without weights: records that are packed already
    stay, those of other training code are left out. kept.zip has what else takes long: what networks look at, the
    answers of classifiers on features. Whoever has both draws every figure again without training anything. Neither
    contains an image. Run everything once in an empty folder of outputs (FER_OUTPUT_DIR) before, so that nothing that no
    longer serves is packed.
    """
    from fer_utils.common import cache, paths
    from fer_utils.data import datasets
    from fer_utils.experiments import store as archives

    for dataset in datasets.resolved(chosen_datasets):
        path, count, new = archives.write(dataset)
        name, size = path.relative_to(paths.outputs(dataset).parent), path.stat().st_size / 1e6
        click.echo(f"{name}: {count} records, {new} of them new, {size:.1f} MB")
        arrays, size = cache.publish(dataset), 0.0
        if arrays:
            size = (paths.outputs(dataset) / cache.PUBLISHED).stat().st_size / 1e6
        click.echo(f"{name.with_name(cache.PUBLISHED)}: {arrays} arrays, {size:.1f} MB")
