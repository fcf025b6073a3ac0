import numpy as np
import pandas as pd

from fer_utils.evaluation import scores as scoring
from fer_utils.findings import comparison, transfer
from fer_utils.transfer import face_units

ABOUT = {
    "scores": {"accuracy": {"value": 0.8, "low": 0.75, "high": 0.84, "n": 321}},
    "scores_without_copies": {"accuracy": {"value": 0.78, "low": 0.73, "high": 0.82, "n": 300}},
}
READ = {
    "scores": {
        "mouthSmile": {"value": 0.4, "low": 0.3, "high": 0.5},
        "jaw_open": {"value": 0.9, "low": 0.8, "high": 0.95},
    }
}


def scores() -> pd.DataFrame:
    rows = [
        ("classical", "loso", "accuracy", 0.6, 0.5, 0.7, 90, 1),
        ("transfer", "loso", "accuracy", 0.7, 0.6, 0.8, 90, 1),
        ("transfer", "loso", "macro_f1", 0.65, 0.55, 0.75, 90, 1),
        ("transfer", "loso", "recall_wide_open", 0.5, 0.2, 0.8, 15, 1),
        ("transfer", "original-split", "recall_sad", 0.9, 0.2, 1, 3, 1),
        ("transfer-tuned", "loso", "accuracy", 0.72, 0.62, 0.81, 90, 3),
        ("transfer-tuned", "loso", "seed_spread", 0.72, 0.71, 0.74, 90, 3),
    ]
    return pd.DataFrame(rows, columns=list(scoring.SCORE_COLUMNS))


def table() -> pd.DataFrame:
    rows = [
        ("three crops", 0.1, 0.6, 0.75, 5, 0.7),
        ("three crops", 1.0, 0.6, 0.65, 10, 0.7),
        ("face", 0.1, 0.6, 0.5, 15, 0.5),
        ("units", 0.1, 0.7, 0.72, 15, 0.72),
    ]
    columns = ["variant", "strength", "inner_accuracy", "outer_accuracy", "chosen", "accuracy"]
    return pd.DataFrame(rows, columns=columns)


def predictions() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "model": ["transfer", "transfer", "transfer-tuned"],
            "truth": ["sad", "wide_open", "sad"],
            "predicted": ["sad", "sad", "sad"],
            "p_sad": [0.9, 0.7, 1.0],
            "p_wide_open": [0.1, 0.3, 0.0],
        }
    )


def summary() -> list[str]:
    comparisons = pd.DataFrame(
        [
            ("classical", "baseline-face", 0.2, 0.1, 0.3),
            ("transfer", "baseline-face", 0.3, 0.2, 0.412),
            ("transfer", "classical", 0.1, 0.05, 0.15),
            ("updated", "baseline", 0.1, 0.0, 0.2),
        ],
        columns=["model", "reference", "difference", "low", "high"],
    ).assign(holm_p=0.01, verdict="higher", within_5_points="no", n=89)
    curve = pd.DataFrame({"subjects": [2, 14], "value": [0.4, 0.7], "low": [0.3, 0.6], "high": [0.5, 0.85]})
    return transfer.summary(ABOUT, READ, table(), scores(), comparisons, curve, predictions(), None).split("\n")


def test_the_summary_words_every_result():
    lines = summary()
    assert all(line.startswith("- ") for line in lines)
    text = "\n".join(lines)
    for words in (
        "names 80.0% (75.0% to 84.0%) of 321 FER+ validation faces",
        "did, 78.0% (73.0% to 82.0%) of those 300 that no training face is a copy of.",
        "Nobody has looked yet for this set's images",
        "`classical` recognises 60.0% (50.0% to 70.0%): +20.0 points (+10.0 to +30.0) against `baseline-face`",
        "pretraining adds +10.0 points (+5.0 to +15.0), `transfer` minus `classical`",
        "1 of 2 face units are read with an R² above one half, jaw_open best (0.90), mouth corners up (mouthSmile) worst (0.40)",
        "`transfer`: accuracy **70.0% (60.0% to 80.0%)**, macro-F1 0.65 (0.55 to 0.75), on 90 images",
        "Leaving one subject out, `transfer`",
        "Of the 3 variants `transfer` is the first. The others recognise 50.0% (face) to 72.0% (units)",
        "`transfer` is 80.0% sure of its answers on average, and right in 50.0% of them.",
        "accuracy **72.0% (62.0% to 81.0%)**, lowest and highest of 3 seeds 71.0% and 74.0%",
        "recognises of each expression: wide_open 50% of 15.",
        "`transfer` against `baseline-face`: +30.0 points (+20.0 to +41.2), p = 0.01 after Holm: `transfer` is better (one pretraining of `transfer`",
        "With 2 subjects to learn from, the same head recognises 40% (30% to 50%), with 14 70% (60% to 85%).",
    ):
        assert words in text
    assert "`updated`" not in text


def test_a_variant_is_shown_with_what_one_strength_throughout_would_give():
    shown = transfer.variants(table())
    assert shown.loc["three crops"].tolist() == ["70.0%", "65.0% to 75.0%", "0.1 to 1"]
    assert shown.index.tolist() == ["three crops", "face", "units"]


def test_units_are_placed_by_both_sides_and_their_difference():
    names = face_units.PAIRS
    values = np.zeros((1, 2 * len(names) + len(face_units.SINGLES)), dtype=np.float32)
    values[0, [names.index("eyeBlink"), len(names) + names.index("eyeBlink")]] = 0.8, 0.3
    values[0, [names.index("mouthSmile"), names.index("mouthFrown")]] = 0.5, 0.1
    places = transfer.unit_places(values)
    assert list(places) == [name for pair in transfer.UNIT_AXES for name in pair]
    np.testing.assert_allclose(places.to_numpy(), [[0.8, 0.3, 0.5, 0.1]], rtol=1e-6)


def test_whoever_was_seen_in_pretraining_is_left_out_of_the_score():
    rows = [
        (
            "transfer",
            "loso",
            1,
            person,
            person,
            f"{person}.{number}",
            "sad",
            "sad" if number or person == "b" else "happy",
        )
        for person in "abc"
        for number in range(2)
    ]
    predicted = pd.DataFrame(
        rows, columns=["model", "protocol", "seed", "fold", "subject", "image", "truth", "predicted"]
    )
    seen = pd.DataFrame({"subject": ["a"], "image": ["a.1"], "ferplus_image": ["fer9.png"], "correlation": [0.991]})
    text = comparison.without_seen(predicted, seen)
    assert "1 image of this set (`a.1` is `fer9.png`; correlation at least 0.99)" in text
    assert "`transfer` recognises **75.0% (" in text and "of 4 images" in text
    assert "Nobody remains" in comparison.without_seen(predicted[predicted["subject"] == "a"], seen)
    assert "No image of this set was found" in comparison.without_seen(predicted, seen[:0])
    assert "fer overlap" in comparison.without_seen(predicted, None)
