"""`make bench`: how fast the training engine is, beside the original's loop and plain PyTorch, in one run on one machine.

Every figure is the median of several repeats, each in a process of its own, with the lowest and the highest. Ratios are
made of measurements of the same run. Writes `benchmarks/bench.csv` and `benchmarks/bench.png`.
"""

import json
import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click

from benchmarks.peak_memory import Peak
from fer_utils.common import files, keras_setup, paths, progress
from fer_utils.engine.precision import has_bfloat16_units
from fer_utils.experiments import store
from fer_utils.transfer.pretraining import PretrainingRecipe

HERE = Path(__file__).resolve().parent
IMAGES = 83  # of one training fold of Yale
EPOCHS = {"baseline": 30, "updated": 6}  # enough for a steady state
LOSO_EPOCHS = {"baseline": 100, "updated": 20}  # fifteen folds, counted with their start and tracing
STEADY_EPOCHS = {"baseline": 100, "updated": 20}  # of two runs side by side, start and tracing not counted
PRETRAINING_BATCHES = 24
PRECISIONS = {"float32": "", "bfloat16": "bf16_"}  # and what the names of their rows begin with
REPEATS = 3
ALL_CORES = {"TF_CPP_MIN_LOG_LEVEL": "3", "GLOG_minloglevel": "3"}


class Table:
    """Measurements by name: values of the repeats, and a unit."""

    def __init__(self) -> None:
        self.rows: dict[str, tuple[list[float], str]] = {}

    def add(self, name: str, values: list[float], unit: str) -> None:
        """Keep a measurement and say it."""
        self.rows[name] = (values, unit)
        progress.say(f"{name:<34}{statistics.median(values):>10.3g} ({min(values):.3g} to {max(values):.3g}) {unit}")

    def ratio(self, name: str, over: list[float], under: list[float]) -> None:
        """Keep the ratio of two measurements; its ends are the worst and the best that the repeats allow."""
        middle = statistics.median(over) / statistics.median(under)
        self.rows[name] = ([min(over) / max(under), middle, max(over) / min(under)], "times")
        progress.say(f"{name:<34}{middle:>10.3g} times")

    def csv(self) -> str:
        """The table as `name, value, low, high, unit`."""
        lines = [
            f"{name},{statistics.median(values):.6g},{min(values):.6g},{max(values):.6g},{unit}"
            for name, (values, unit) in self.rows.items()
        ]
        return "\n".join(["name,value,low,high,unit", *lines]) + "\n"


def measure(
    name: str, *arguments: object, environment: dict[str, str] = ALL_CORES, repeats: int = REPEATS
) -> list[float]:
    """Values of one measurement, each from a fresh process."""
    values = []
    for _ in range(repeats):
        command = [sys.executable, str(HERE / "measure.py"), name, *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, env=os.environ | environment, check=False)
        if done.returncode:
            raise SystemExit(f"{name} {arguments} failed:\n{done.stderr[-2000:]}")
        values.append(json.loads(done.stdout.splitlines()[-1])["value"])
    return values


def rates(seconds: list[float], images: int) -> list[float]:
    """Images per second."""
    return [images / each for each in seconds]


def training_gigaflop(architecture: str) -> float:
    """Floating-point operations, in 10^9, that training one image costs, counted from the layers' multiply-adds.

    The forward pass, the gradient by the weights and the gradient by the inputs cost the same; the first layer needs no
    gradient by its inputs.
    """
    import keras

    from fer_utils.engine import networks

    layers = [
        layer
        for layer in networks.build(architecture).layers
        if isinstance(layer, keras.layers.Conv2D | keras.layers.Dense)
    ]
    forward = []
    for layer in layers:
        places = layer.output.shape[1] * layer.output.shape[2] if len(layer.output.shape) == 4 else 1
        forward.append(2 * places * math.prod(layer.kernel.shape))
    return (3 * sum(forward) - forward[0]) / 1e9


def has_torch() -> bool:
    """Whether PyTorch is installed beside the project's packages."""
    return subprocess.run([sys.executable, "-c", "import torch"], capture_output=True, check=False).returncode == 0


def compare_loops(table: Table, architecture: str) -> None:
    """Images per second of every loop, and how many times faster `loso` is than the original's loop.

    In bfloat16 too (`bf16_`) where the processor has units for it; elsewhere one core alone is measured, which shows that it
    is the slower one there.
    """
    epochs, count = EPOCHS[architecture], LOSO_EPOCHS[architecture]
    images = epochs * IMAGES
    table.add(f"{architecture}_original", rates(measure("original", architecture, epochs), images), "images/s")
    table.add(f"{architecture}_fit_on_arrays", rates(measure("arrays", architecture, epochs), images), "images/s")
    theirs = [15 * each for each in measure("original", architecture, count, repeats=1 if count > 50 else 2)]
    table.add(f"{architecture}_loso_original_s", theirs, "s")
    singles = {}
    for precision, prefix in PRECISIONS.items():
        single = measure("engine", architecture, epochs, precision, environment=keras_setup.worker_environment())
        singles[precision] = rates(single, images)
        table.add(f"{prefix}{architecture}_engine_1_core", singles[precision], "images/s")
    table.ratio(f"{architecture}_bf16_vs_float32", singles["bfloat16"], singles["float32"])
    for precision, prefix in PRECISIONS.items():
        if precision == "float32" or has_bfloat16_units():
            compare_precision(table, architecture, precision, prefix, theirs)


def compare_precision(table: Table, architecture: str, precision: str, prefix: str, theirs: list[float]) -> None:
    """All cores in one precision, beside the original's loop and PyTorch.

    Args:
        prefix: of the rows' names.
        theirs: seconds of the original's `loso`.
    """
    epochs, steady = EPOCHS[architecture], STEADY_EPOCHS[architecture]
    ours = measure("leave_one_out", architecture, LOSO_EPOCHS[architecture], precision, repeats=2)
    table.add(f"{prefix}{architecture}_loso_engine_s", ours, "s")
    all_cores = rates(measure("side_by_side", architecture, steady, precision), 2 * steady * IMAGES)
    table.add(f"{prefix}{architecture}_engine_all_cores", all_cores, "images/s")
    table.ratio(f"{prefix}loso_{architecture}_vs_original", theirs, ours)
    if has_torch():
        formats = [rates(measure("pytorch", architecture, epochs, last, precision), epochs * IMAGES) for last in (0, 1)]
        faster = max(formats, key=statistics.median)
        table.add(f"{prefix}{architecture}_torch", faster, "images/s")
        table.ratio(f"{prefix}{architecture}_vs_torch", all_cores, faster)


def pretraining(table: Table) -> None:
    """Images per second of pretraining, and seconds of an epoch of FER+ at full size."""
    count = PRETRAINING_BATCHES * PretrainingRecipe().batch_size
    for precision, prefix in PRECISIONS.items():
        if precision == "float32" or has_bfloat16_units():
            seconds = measure("pretraining", PRETRAINING_BATCHES, precision)
            table.add(f"{prefix}pretraining", rates(seconds, count), "images/s")
            trained = files.read_checked_json(paths.WEIGHTS / "ferplus.json")["training_images"]
            table.add(f"{prefix}pretraining_epoch_s", [each * trained / count for each in seconds], "s")


def faces(table: Table) -> None:
    """Frames a second in which faces are found, beside the package whose networks they are; faces a second of `fer predict`."""
    ours, package = (rates(measure("frames_detected", count, by), count) for count, by in ((660, 0), (60, 1)))
    table.add("detection_frames_per_s", ours, "frames/s")
    table.ratio("detection_vs_package_mtcnn", ours, package)
    table.add("predict_faces_per_s", measure("photos_predicted", 60), "faces/s")


def warm_figures(table: Table) -> None:
    """Seconds of all notebooks on Yale when everything is kept, in all and each; left out where the faces are not here.

    Results go to a folder that is thrown away; the archive of records is copied there, so that the full experiment is
    drawn, and a first run, not counted, makes what the archive does not hold.
    """
    shared = paths.shared_data()
    if shared is None or not (shared / "yalefaces").is_dir():
        progress.say("warm_figures_yale_s is left out: FER_DATA_DIR does not name a folder with yalefaces/")
        return
    packed = paths.outputs("yale") / store.NAME
    if not packed.is_file():
        progress.say(f"warm_figures_yale_s is left out: {packed} is missing")
        return
    command = [sys.executable, "-m", "fer_utils", "run", "--dataset", "yale", "--budget", "standard"]
    whole, parts = [], {}
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "yale").mkdir()
        shutil.copy(packed, Path(folder) / "yale")
        for repeat in range(1 + REPEATS):
            started = time.perf_counter()
            environment = os.environ | {"FER_OUTPUT_DIR": folder}
            done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
            seconds = time.perf_counter() - started
            if done.returncode:
                raise SystemExit(f"the notebooks failed:\n{done.stderr[-2000:]}")
            if repeat:
                whole.append(seconds)
                notes = json.loads((Path(folder) / "yale" / "notebooks" / "executed.json").read_text(encoding="utf-8"))
                for stem, note in notes.items():
                    parts.setdefault(f"warm_{stem}_s", []).append(note["seconds"])
        here = ALL_CORES | {"FER_OUTPUT_DIR": folder}
        turns, ahead = (measure("notebooks", prepared, environment=here) for prepared in (0, 1))
    table.add("warm_figures_yale_s", whole, "s")
    table.ratio("kernels_in_turn_vs_ahead", turns, ahead)
    for name, values in sorted(parts.items()):
        table.add(name, values, "s")


def clone_to_report(table: Table) -> None:
    """Seconds from a clone of the last commit to the report on the sample faces, all by `make figures`, once.

    Packages come from the installers' caches, which a first clone fills, not counted. Left out where git or make is missing,
    or this copy is no clone itself.
    """
    missing = [name for name in ("git", "make") if shutil.which(name) is None]
    if missing or not (paths.PROJECT / ".git").exists():
        why = f"{missing[0]} is missing" if missing else f"{paths.PROJECT} is no git clone"
        progress.say(f"clone_to_report_s is left out: {why}")
        return
    from_clone("setup")
    seconds, memory, disk = from_clone("figures")
    table.add("clone_to_report_s", [seconds], "s")
    table.add("clone_to_report_memory", [memory / 2**30], "GiB")
    table.add("clone_to_report_disk", [disk / 2**30], "GiB")


def from_clone(target: str) -> tuple[float, int, int]:
    """Seconds that a clone of the last commit and a target of its Makefile take together, the most memory in bytes that the
    processes held together, and the bytes of the folder in the end.
    """
    # Nothing of the user's, nor of the make that called us.
    own = ("FER_DATA_DIR", "FER_OUTPUT_DIR", "MAKEFLAGS", "MAKELEVEL", "MFLAGS", "PYTHONPATH", "VIRTUAL_ENV")
    environment = {name: value for name, value in os.environ.items() if name not in own}
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "clone"
        make = ["make", "--directory", str(clone), target, f"PYTHON={sys.executable}"]
        for command in (["git", "clone", "--quiet", paths.PROJECT.as_uri(), str(clone)], make):
            with (Path(folder) / "log").open("w+", encoding="utf-8") as log:
                run = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
                peak = Peak(run.pid)
                if run.wait():
                    log.seek(0)
                    raise SystemExit(f"{' '.join(command)} failed:\n{log.read()[-2000:]}")
                memory = peak.end()
        if target == "figures" and not (clone / "outputs" / "sample" / "report" / "index.html").is_file():
            raise SystemExit(f"make {target} ended well, but wrote no report")
        seconds = time.perf_counter() - started
        disk = sum(path.lstat().st_blocks * 512 for path in clone.rglob("*"))
        return seconds, memory, disk


def draw(table: Table) -> bytes:
    """A bar for every rate, as PNG."""
    import io

    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    from fer_utils.drawing import charts

    charts.use_style()
    figure, axes = plt.subplots(1, 2, figsize=(11, 3.2))
    for ax, architecture in zip(axes, EPOCHS, strict=True):
        names = [name for name, (_, unit) in table.rows.items() if unit == "images/s" and architecture in name]
        values = [statistics.median(table.rows[name][0]) for name in names]
        ax.barh(
            [name.removeprefix(f"{architecture}_").replace("_", " ") for name in names], values, color=charts.PALETTE[0]
        )
        ax.bar_label(ax.containers[0], fmt="%.0f", padding=3)
        ax.invert_yaxis()
        ax.set(title=architecture, xlabel="training images per second")
        ax.margins(x=0.15)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110, metadata={"Software": None})
    return buffer.getvalue()


def imports(table: Table) -> None:
    """Seconds that importing takes."""
    table.add("import_s", measure("importing"), "s")
    one_thread = keras_setup.worker_environment()
    whole, lean = (measure("importing_keras", sparing, environment=one_thread) for sparing in (0, 1))
    table.ratio("import_keras_whole_vs_lean", whole, lean)


def training(table: Table) -> None:
    """Every loop on both architectures, and what of the machine's matrix products the engine reaches."""
    table.add("sgemm", measure("matrix_product", 3000), "GFLOP/s")
    for architecture in EPOCHS:
        compare_loops(table, architecture)
    flops = [rate * training_gigaflop("baseline") for rate in table.rows["baseline_engine_all_cores"][0]]
    shares = [100 * each / statistics.median(table.rows["sgemm"][0]) for each in flops]
    table.add("baseline_share_of_sgemm", shares, "%")
    files.write(HERE / "bench.png", draw(table))


def memory(table: Table) -> None:
    """What a training process holds after more and more runs."""
    sizes = {runs: measure("memory", runs, repeats=1) for runs in (1, 15, 150)}
    for runs, values in sizes.items():
        table.add(f"memory_{runs}_runs", values, "MiB")
    table.add("memory_growth_15_to_150", [100 * (sizes[150][0] / sizes[15][0] - 1)], "%")


PARTS = {
    "imports": imports,
    "training": training,
    "pretraining": pretraining,
    "faces": faces,
    "memory": memory,
    "warm": warm_figures,
    "clone": clone_to_report,
}


@click.command(help=__doc__)
@click.option(
    "--part",
    "parts",
    multiple=True,
    type=click.Choice(list(PARTS)),
    help="Measure this part alone; repeatable. Rows of the others stay as they were.  [default: all]",
)
def main(parts: tuple[str, ...]) -> None:
    """See the module."""
    table = Table()
    for name in parts or PARTS:
        PARTS[name](table)
        # At once: a later part runs notebooks, which may fail.
        files.write(HERE / "bench.csv", table.csv() if not parts else merged(table.csv(), HERE / "bench.csv"))


def merged(csv: str, path: Path) -> str:
    """A table's rows, and after them those of a file that it does not have."""
    head, *rows = csv.splitlines()
    names = {row.partition(",")[0] for row in rows}
    kept = path.read_text(encoding="utf-8").splitlines()[1:] if path.is_file() else []
    return "\n".join([head, *(row for row in kept if row.partition(",")[0] not in names), *rows]) + "\n"


if __name__ == "__main__":
    main()
