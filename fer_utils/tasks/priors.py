"""What the pretrained network's probabilities assume, and how they follow from other assumptions.

A network learns how frequent each expression is in what it learns from: FER+ hardly shows disgust or fear, so it calls few faces
so. Dividing its probabilities by these shares (logit adjustment, Menon et al. 2021, arXiv:2007.07314) gives those for faces among which
every expression is as frequent as any other. The temperature of these is fitted on FER+'s validation faces with every expression
weighted alike.

Some people look sad, or angry, at rest. A neutral photo of a person says how: what the network makes of it, less what it makes of neutral
faces in general, is taken off its log-probabilities for that person's other photos, by a fixed part, `STRENGTH`.

`weights/priors.json` holds what is needed, beside the weights that it was fitted for.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np

from fer_utils.common import files, paths
from fer_utils.common.errors import WeightsError
from fer_utils.data import ferplus
from fer_utils.data.ferplus import VoteDataset
from fer_utils.transfer import pretrained
from fer_utils.transfer.pretrained import Pretrained

TRAINING, UNIFORM = "training", "uniform"  # priors, by name
# Of what a person's neutral face differs in: settled on the rendered faces, see benchmarks/neutral_photo.py.
STRENGTH = 0.7
_FILE = "priors.json"
_AGAIN = "Restore it with git checkout -- weights, or make it again with python -m benchmarks.priors."


@dataclass(frozen=True, eq=False)
class Priors:
    """What is known of the pretraining, in the order of the network's outputs.

    Attributes:
        shares: (classes,) float64, of each expression among what was learned, adding up to 1.
        temperature: of the probabilities for expressions that are all as frequent.
        neutral: (classes,) float64, the mean calibrated log-probabilities of FER+'s neutral validation faces, less their mean.
    """

    shares: np.ndarray
    temperature: float
    neutral: np.ndarray


def fit(data: VoteDataset, network: Pretrained, *, without: Collection[str] = ()) -> Priors:
    """Shares of what was learned, and what follows from the validation part.

    Args:
        data: FER+.
        network: without a shift.
        without: images that were left out of the pretraining.
    """
    learned = ferplus.to_learn(data, without=without)
    shares = ferplus.distributions(data.votes[learned])[0].mean(axis=0, dtype=np.float64)
    part = data.part("validation")
    truth = ferplus.majority(part.votes)
    logarithms = pretrained.log_probabilities(network.model, part.images[truth >= 0]).astype(np.float64)
    truth = truth[truth >= 0]
    weight = 1 / np.bincount(truth, minlength=len(shares))[truth]
    targets = np.eye(len(shares))[truth] * (weight / weight.mean())[:, None]
    temperature = pretrained.fit_temperature(logarithms, targets, shift=-np.log(shares))
    at_rest = _centred(logarithms[truth == ferplus.EXPRESSIONS.index("neutral")] / network.temperature).mean(axis=0)
    return Priors(shares, temperature, at_rest)


def uniform(network: Pretrained, known: Priors) -> Pretrained:
    """The network with probabilities for expressions that are all as frequent."""
    return replace(network, temperature=known.temperature, shift=-np.log(known.shares))


def of_person(network: Pretrained, known: Priors, neutral: np.ndarray, *, strength: float = STRENGTH) -> Pretrained:
    """The network for one person's photos.

    Args:
        network: without a shift.
        neutral: (48, 48) uint8, the person's neutral face.
        strength: from 0, nothing, to 1, all that the neutral face differs in.
    """
    logarithms = pretrained.log_probabilities(network.model, neutral[np.newaxis])[0].astype(np.float64)
    own = _centred(logarithms / network.temperature)
    return replace(network, shift=-strength * (own - known.neutral))


def write(known: Priors) -> None:
    """Keep what `fit` found, for the weights that lie here now.

    Raises:
        OutputError: the folder cannot be written.
    """
    about = {
        "weights": pretrained.metadata()["sha256"],
        "classes": list(ferplus.EXPRESSIONS),
        "shares": known.shares.round(6).tolist(),
        "temperature": round(known.temperature, 4),
        "neutral": known.neutral.round(4).tolist(),
    }
    files.write_checked_json(paths.weights() / _FILE, about)


def read() -> Priors:
    """What is kept for the weights that lie here.

    Raises:
        WeightsError: it is missing, damaged, or was fitted for other weights.
    """
    path = paths.weights() / _FILE
    try:
        about = files.read_checked_json(path)
        fits = about["weights"] == pretrained.metadata()["sha256"]
        known = Priors(np.array(about["shares"]), float(about["temperature"]), np.array(about["neutral"]))
        whole = len(known.shares) == len(known.neutral) == len(about["classes"]) and (known.shares > 0).all()
    except FileNotFoundError as error:
        raise WeightsError(f"{path}: missing. {_AGAIN}") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WeightsError(f"{path}: damaged ({error!r}). {_AGAIN}") from error
    if not fits or not whole:
        raise WeightsError(f"{path}: of other weights than {pretrained.NAME}.keras. {_AGAIN}")
    return known


def _centred(logarithms: np.ndarray) -> np.ndarray:
    return logarithms - logarithms.mean(axis=-1, keepdims=True)
