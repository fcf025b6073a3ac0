"""Training on Keras' other backends, where they are installed; TensorFlow is what the project needs."""

import importlib.util
import json
import os
import subprocess
import sys

import pytest

SCRIPT = """
import json
import sys

import numpy as np

from fer_utils.data import cleaning
from fer_utils.experiments import recipes
from fer_utils.experiments.experiment import Experiment

if __name__ == "__main__":
    for epochs in recipes.EPOCHS.values():
        epochs |= {"baseline": 12, "updated": 2}
    experiment = Experiment(*cleaning.load_clean(sys.argv[1]), budget="quick", jobs=1)
    runs = [run for model in ("baseline-face", "updated-face") for run in experiment.plan("loso", [model])[:1]]
    records = experiment.records(runs)
    again = experiment.records(runs)
    print(json.dumps([
        {
            "sums": record.probabilities.sum(axis=1).tolist(),
            "loss": record.curves["loss"].tolist(),
            "parts": float(np.abs(record.curves["loss"] - record.curves["smoothed_cross_entropy"] - record.curves["penalty"]).max()),
            "made_by": record.made_by,
            "kept": bool(np.array_equal(record.probabilities, kept.probabilities)),
        }
        for record, kept in zip(records, again, strict=True)
    ]))
"""


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_networks_train_on_other_backends(backend, three_people, tmp_path):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    script = tmp_path / "train.py"
    script.write_text(SCRIPT)
    environment = os.environ | {"KERAS_BACKEND": backend, "CUDA_VISIBLE_DEVICES": "-1"}
    command = [sys.executable, str(script), str(three_people)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    for each in found:
        assert each["sums"] == pytest.approx([1] * len(each["sums"]), abs=1e-4)
        assert each["parts"] == pytest.approx(0, abs=1e-4)
        assert each["made_by"]["backend"] == backend
        assert each["made_by"]["device"] == "cpu"
        assert backend in each["made_by"]["versions"]
        assert each["kept"]
    baseline = found[0]["loss"]
    assert baseline[-1] < baseline[0]
