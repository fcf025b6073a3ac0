"""CK+ as it is delivered: sequences of frames from neutral to the peak, and a text with the emotion of some of them."""

import re
from collections import defaultdict

from fer_utils.common.errors import DatasetError, ParameterError
from fer_utils.data.folders import words
from fer_utils.data.folders.listing import Entry, File, LeftOut, Listing, Options, Reading

_FRAME = re.compile(r"(?P<subject>S\d+)_(?P<sequence>\d+)_(?P<number>\d+)\.\w+")
_EMOTION = re.compile(r"(?P<subject>S\d+)_(?P<sequence>\d+)_\d+_emotion\.txt")


def seen(listing: Listing) -> str:
    """Why a folder seems to be CK+; empty where it does not."""
    texts = [each for each in listing.files if _EMOTION.fullmatch(each.name)]
    frames = any(_FRAME.fullmatch(each.name) for each in listing.files)
    return f"there are frames and texts of CK+, such as {texts[0].file_name}" if texts and frames else ""


def read(listing: Listing, options: Options) -> Reading:
    """The last frames of each sequence that has an emotion, and its first frame as neutral.

    The numbers are those of the data set's own documents (Lucey et al. 2010, doi:10.1109/CVPRW.2010.5543262).

    Args:
        options: with `last_frames`, how many of each sequence.

    Raises:
        DatasetError: no sequence has an emotion, or with `unreadable` "stop" a text that is no number of an emotion.
        ParameterError: `last_frames` is under 1.
    """
    if options.last_frames < 1:
        raise ParameterError(f"last_frames must be 1 or more, not {options.last_frames}.")
    left_out = {}
    emotions: dict[tuple[str, str], str] = {}
    sequences: dict[tuple[str, str], list[tuple[int, File]]] = defaultdict(list)
    for file in listing.files:
        if found := _EMOTION.fullmatch(file.name):
            if word := _emotion(file):
                emotions[found["subject"], found["sequence"]] = word
                continue
            reason = f"not the number of an emotion, 0 to {len(words.CK_PLUS) - 1}"
            if options.unreadable == "stop":
                raise DatasetError(f"{file.file_name}: {reason}. Fetch this file again, or pass -p unreadable skip.")
            left_out[file.file_name] = LeftOut(reason, found["subject"])
        elif (found := _FRAME.fullmatch(file.name)) and file.is_picture:
            sequences[found["subject"], found["sequence"]].append((int(found["number"]), file))
        elif file.is_picture:
            left_out[file.file_name] = LeftOut("its name is not of the form S005_001_00000001.png")
    entries, between, without = [], 0, 0
    for (subject, sequence), numbered in sorted(sequences.items()):
        frames = [file for _, file in sorted(numbered, key=lambda each: each[0])]
        emotion = emotions.get((subject, sequence), "")
        where = "/".join(frames[0].folders)
        if not emotion:
            left_out[f"{where}/{subject}_{sequence}_*"] = LeftOut(
                f"{len(frames)} frames of a sequence without an emotion", subject
            )
            without += 1
            continue
        first, last = frames[:1], frames[1:][-options.last_frames :] or frames
        if len(frames) > 1:
            entries += [Entry(each.path, each.file_name, subject, "neutral") for each in first]
        entries += [Entry(each.path, each.file_name, subject, emotion) for each in last]
        if rest := len(frames) - len(last) - 1:
            between += max(rest, 0)
    if not entries:
        raise DatasetError(
            f"{listing.title}: no sequence of frames has its emotion ({len(emotions)} texts, {len(sequences)} sequences). "
            "Put both cohn-kanade-images/ and Emotion/ into the folder."
        )
    if between:
        left_out["frames between the first and the last"] = LeftOut(f"{between} frames on the way to an expression")
    because = seen(listing) or "there are frames and texts of CK+"
    taken = f"; taken are the first frame of a sequence as neutral and the last {options.last_frames} as its emotion"
    return Reading(f"{because}{taken}", entries, left_out)


def _emotion(file: File) -> str:
    try:
        number = float(file.path.read_text(encoding="ascii"))
        return words.CK_PLUS[int(number)] if number == int(number) and number >= 0 else ""
    except (OSError, ValueError, IndexError, OverflowError):
        return ""
