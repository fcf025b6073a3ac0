"""Commands for those who publish results and weights: check, pretrain, learn-units, archive, readme."""

from pathlib import Path

import click

from fer_utils.commands import options


@click.command()
@options.precision
def pretrain(precision: str) -> None:
    """Train the backbone on FER+ and write weights/, its model card too; some one to two hours on two cores.

    FER+ is read from ferplus/ or ferplus.tar in $FER_DATA_DIR or data/raw (data/README.md tells where it comes from).
    The weights in the repository were made this way: call this only to make them anew. A stopped call goes on from the
    last whole epoch.
    """
    from fer_utils.data import ferplus
    from fer_utils.experiments import recipes
    from fer_utils.transfer import model_card, pretraining

    data, recipe = ferplus.load(), pretraining.PretrainingRecipe(precision=recipes.resolved_precision(precision))
    model, curves = pretraining.run(data, recipe)
    found = model_card.ship(model, curves, recipe=recipe, data=data)["scores"]["accuracy"]
    click.echo(
        f"weights/ written: {found['value']:.1%} of {found['n']} validation faces ({found['low']:.1%} to {found['high']:.1%})"
    )


@click.command("learn-units")
@click.argument("folder", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path))
def learn_units(folder: Path | None) -> None:
    """Learn to read face units from rendered faces and write weights/units.npz; some minutes.

    FOLDER holds the faces.npz that tools/sample_faces renders (python -m tools.sample_faces.unit_faces); without it
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
    """Pack kept runs, without weights, into outputs/<dataset>/records.zip, to be published with the results.

    Whoever has that file draws every figure again in minutes, and trains nothing but what needs weights, and what
    notebook 05 makes of the pretrained network. Records that are packed already stay; those of other training code
    are left out. To pack anew what is kept in runs/ alone, remove the file first.
    """
    from fer_utils.common import paths
    from fer_utils.data import datasets
    from fer_utils.experiments import store as archives

    for dataset in datasets.resolved(chosen_datasets):
        path, count, new = archives.write(dataset)
        name, size = path.relative_to(paths.outputs(dataset).parent), path.stat().st_size / 1e6
        click.echo(f"{name}: {count} records, {new} of them new, {size:.1f} MB")
