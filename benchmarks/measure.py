"""One measurement in a process of its own: `python benchmarks/measure.py NAME [ARGUMENT]...` prints one JSON line.

Every loop trains the same network on the same number of noise images: what is in a picture does not change how long it takes.
"""

import itertools
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

TRAINING_IMAGES, VALIDATION_IMAGES, CLASSES, BATCH = 83, 6, 6, 32


def images(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Noise, (count, 48, 48, 1) uint8, and labels, (count,) int64."""
    random = np.random.default_rng(0)
    return random.integers(0, 256, size=(count, 48, 48, 1), dtype=np.uint8), np.arange(count) % CLASSES


def original(architecture: str, epochs: int) -> float:
    """Seconds of the original project's loop: JPEG files, ImageDataGenerator, `fit`; Keras' own batch normalization."""
    import keras
    from keras.src.legacy.preprocessing.image import ImageDataGenerator

    changes = {"rotation_range": 15, "width_shift_range": 0.1, "height_shift_range": 0.1, "horizontal_flip": True}
    with tempfile.TemporaryDirectory() as folder:
        generator = ImageDataGenerator(rescale=1 / 255, **(changes if architecture == "updated" else {}))
        flows = []
        for name, count in (("training", TRAINING_IMAGES), ("validation", VALIDATION_IMAGES)):
            _write_jpegs(Path(folder) / name, count)
            words = {"target_size": (48, 48), "color_mode": "grayscale", "batch_size": BATCH}
            flows.append(generator.flow_from_directory(str(Path(folder) / name), class_mode="categorical", **words))
        model = _compiled(architecture, keras.layers.BatchNormalization)
        started = time.perf_counter()
        model.fit(flows[0], validation_data=flows[1], epochs=epochs, verbose=0)
        return time.perf_counter() - started


def arrays(architecture: str, epochs: int) -> float:
    """Seconds of plain `fit` on arrays, augmentation as layers of the model."""
    import keras

    from fer_utils.engine import augmentation

    x, y = images(TRAINING_IMAGES)
    network = _compiled(architecture, keras.layers.BatchNormalization)
    policy = augmentation.pipeline("original" if architecture == "updated" else "none")
    model = keras.Sequential([keras.Input((48, 48, 1)), policy, network])
    model.compile(optimizer=network.optimizer.__class__(0.001), loss=network.loss, metrics=["accuracy"])
    words = {"batch_size": BATCH, "verbose": 0}
    model.fit(x / np.float32(255), np.eye(CLASSES)[y], epochs=1, **words)
    started = time.perf_counter()
    model.fit(x / np.float32(255), np.eye(CLASSES)[y], epochs=epochs, **words)
    return time.perf_counter() - started


def engine(architecture: str, epochs: int, precision: str) -> float:
    """Seconds of this project's loop in one process, tracing done before."""
    from fer_utils.engine import train

    recipe, fold = _recipe(architecture, epochs, precision), _fold()
    train.train(fold, _recipe(architecture, 1, precision), seed=1)
    started = time.perf_counter()
    train.train(fold, recipe, seed=1)
    return time.perf_counter() - started


def leave_one_out(architecture: str, epochs: int, precision: str) -> float:
    """Seconds of fifteen folds on all cores, the start of the processes and tracing included."""
    from fer_utils.experiments import workers

    task = workers.Task(_fold(), _recipe(architecture, epochs, precision), seed=1, keep_weights=False)
    started = time.perf_counter()
    workers.run([task] * 15, jobs=0, on_record=lambda index, record: None)
    return time.perf_counter() - started


def side_by_side(architecture: str, epochs: int, precision: str) -> float:
    """Seconds of `epochs` epochs of two runs on all cores in the steady state: start and tracing are subtracted."""
    from fer_utils.experiments import workers

    seconds = []
    for count in (2, 2 + epochs):
        task = workers.Task(_fold(), _recipe(architecture, count, precision), seed=1, keep_weights=False)
        started = time.perf_counter()
        workers.run([task] * 2, jobs=0, on_record=lambda index, record: None)
        seconds.append(time.perf_counter() - started)
    return seconds[1] - seconds[0]


def pytorch(architecture: str, epochs: int, channels_last: int, precision: str) -> float:
    """Seconds of a plain PyTorch loop with the same layers, on all cores; bfloat16 by its autocast."""
    import torch
    import torch_networks

    x, y = images(TRAINING_IMAGES)
    memory_format = torch.channels_last if channels_last else torch.contiguous_format
    x = torch.from_numpy(x.transpose(0, 3, 1, 2).astype(np.float32) / 255).to(memory_format=memory_format)
    step = torch_networks.step(architecture, memory_format, autocast=precision == "bfloat16")
    target = torch.from_numpy(y)
    times = []
    for count in (1, epochs):
        started = time.perf_counter()
        for _ in range(count):
            order = torch.randperm(len(x))
            for start in range(0, len(x), BATCH):
                chosen = order[start : start + BATCH]
                step(x[chosen], target[chosen])
        times.append(time.perf_counter() - started)
    return times[-1]


def pretraining(batches: int, precision: str) -> float:
    """Seconds of some updates of the backbone on faces at 48 pixels, on all cores, tracing done before."""
    from fer_utils.data import ferplus
    from fer_utils.transfer import pretraining

    recipe = pretraining.PretrainingRecipe(small_epochs=0, full_epochs=2, precision=precision)
    count = batches * recipe.batch_size
    faces, labels = images(count)
    votes = np.zeros((count, len(ferplus.EXPRESSIONS) + 2), dtype=np.int64)  # "unknown", "not a face"
    votes[np.arange(count), labels] = 10
    parts = np.where(np.arange(count) < count - CLASSES, "train", "validation")
    names = np.array([f"{number}.png" for number in range(count)])
    training = pretraining.Pretraining(ferplus.VoteDataset(faces[..., 0], votes, parts, names), recipe)
    training.epoch()
    started = time.perf_counter()
    training.epoch()
    return time.perf_counter() - started


def matrix_product(side: int) -> float:
    """Rate of single-precision matrix products on all cores, GFLOP/s."""
    import tensorflow as tf

    a = tf.random.normal((side, side))
    tf.matmul(a, a)
    started = time.perf_counter()
    for _ in range(5):
        product = tf.matmul(a, a)
    product.numpy()
    return 5 * 2 * side**3 / (time.perf_counter() - started) / 1e9


def memory(runs: int) -> float:
    """Largest memory of a training process over many runs, MiB."""
    import psutil

    from fer_utils.experiments import workers

    task = workers.Task(_fold(), _recipe("baseline", 1), seed=1, keep_weights=False)
    sizes = []

    def watch(index, record) -> None:
        each = [child.memory_info().rss for child in psutil.Process().children(recursive=True)]
        sizes.append(max(each, default=0) / 2**20)

    workers.run([task] * runs, jobs=1, on_record=watch)
    return max(sizes)


def importing() -> float:
    """Seconds that `import fer_utils` takes."""
    started = time.perf_counter()
    import fer_utils  # noqa: F401

    return time.perf_counter() - started


def importing_keras(lean: int) -> float:
    """Seconds that a process that trains takes to import Keras, with or without the packages that it can do without."""
    from fer_utils.common import keras_setup

    started = time.perf_counter()
    if lean:
        keras_setup.import_keras()
    else:
        keras_setup.quiet()
        import keras  # noqa: F401
    return time.perf_counter() - started


def frames_detected(count: int, package: int) -> float:
    """Seconds to find the faces in rendered frames of 320x243 pixels: on all cores, their start included, or by `mtcnn` itself.

    The package's start and its first frame are not counted.
    """
    from fer_utils.data import detection

    frames = [image for _, image in zip(range(count), itertools.cycle(rendered_frames()), strict=False)]
    if package:
        from fer_utils.common import keras_setup

        keras_setup.quiet()
        from mtcnn import MTCNN

        detector = MTCNN(device="CPU:0")
        detector.detect_faces(np.repeat(frames[0][..., np.newaxis], 3, axis=2))
        started = time.perf_counter()
        for frame in frames:
            detector.detect_faces(np.repeat(frame[..., np.newaxis], 3, axis=2))
        return time.perf_counter() - started
    started = time.perf_counter()
    for _ in detection.detect_in(frames):
        pass
    return time.perf_counter() - started


def photos_predicted(count: int) -> float:
    """Faces a second of `fer predict`, its start and the annotated copies included, in photos of four people, 1280x972 pixels."""
    from PIL import Image

    from fer_utils.photos import reading

    frames = rendered_frames()
    with tempfile.TemporaryDirectory() as folder:
        for number in range(count):
            four = [frames[(4 * number + step) % len(frames)] for step in range(4)]
            sheet = reading.contact_sheet(four, columns=2, height=486)
            (Path(folder) / "photos").mkdir(exist_ok=True)
            Image.fromarray(sheet).convert("RGB").save(Path(folder) / "photos" / f"{number:03}.jpg", quality=92)
        command = [
            sys.executable,
            "-m",
            "fer_utils",
            "predict",
            f"{folder}/photos",
            "--out",
            f"{folder}/copies",
            "--json",
        ]
        started = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return done.stdout.count('"face":') / (time.perf_counter() - started)


def rendered_frames() -> list[np.ndarray]:
    """The sample's frames, (243, 320) uint8 each; of one condition after the other, so that neighbours show other people."""
    from PIL import Image

    from fer_utils.common import paths

    named = sorted(paths.SAMPLE.glob("subject*.*"), key=lambda path: (path.suffix, path.stem))
    return [np.asarray(Image.open(path).convert("L")) for path in named]


def notebooks(ahead: int) -> float:
    """Seconds of all notebooks on Yale, each kernel prepared while the notebook before runs, or started in its turn."""
    from fer_utils.common import paths
    from fer_utils.publishing import kernels, run_notebooks

    def in_turn(chosen):
        with tempfile.TemporaryDirectory() as scratch:
            for path in chosen:
                kernel = kernels.Kernel(path, scratch)
                yield kernel
                kernel.end()

    if not ahead:
        kernels.ahead = in_turn
    started = time.perf_counter()
    settings = {"budget": "standard", "jobs": 0}
    run_notebooks.run(paths.notebooks(), dataset="yale", settings=settings, demanded={})
    return time.perf_counter() - started


def _fold():
    from fer_utils.engine.record import Fold

    return Fold(*images(TRAINING_IMAGES), *images(VALIDATION_IMAGES), classes=CLASSES)


def _recipe(architecture: str, epochs: int, precision: str = "float32"):
    from dataclasses import replace

    from fer_utils.experiments.recipes import recipe_for

    return replace(recipe_for(architecture, protocol="loso", budget="standard", precision=precision), epochs=epochs)


def _compiled(architecture: str, normalization):
    import keras

    from fer_utils.engine import networks

    networks.FusedBatchNormalization = normalization
    model = networks.build(architecture)
    smoothing = 0.1 if architecture == "updated" else 0.0
    loss = keras.losses.CategoricalCrossentropy(label_smoothing=smoothing)
    model.compile(optimizer=keras.optimizers.Adam(0.001), loss=loss, metrics=["accuracy"])
    return model


def _write_jpegs(folder: Path, count: int) -> None:
    from PIL import Image

    for index, (image, label) in enumerate(zip(*images(count), strict=True)):
        target = folder / str(label)
        target.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image[..., 0]).save(target / f"{index:03}.jpg")


if __name__ == "__main__":
    name, *arguments = sys.argv[1:]
    values = [int(each) if each.isdigit() else each for each in arguments]
    print(json.dumps({"value": globals()[name](*values)}))
