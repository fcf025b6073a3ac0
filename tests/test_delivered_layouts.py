"""The same rendered faces laid out as public data sets are: the same people, images and labels, whichever layout holds them."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fer_utils.common import files, paths
from fer_utils.common.errors import DatasetError, ParameterError
from fer_utils.data import cleaning, datasets, manifests

PEOPLE = (1, 2, 3)
EXPRESSIONS = ("happy", "sad", "surprised")
JAFFE = {"happy": "HA", "sad": "SA", "surprised": "SU"}
NUMBERS = {"happy": 3, "sad": 4, "surprised": 5}  # of FER2013
RAF_DB = {"happy": 4, "sad": 5, "surprised": 1}
AFFECTNET = {"happy": 1, "sad": 2, "surprised": 3}


def grey(person: int, expression: str) -> Image.Image:
    return Image.open(paths.SAMPLE / f"subject{person:02}.{expression}").convert("L")


def put(path: Path, person: int, expression: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    grey(person, expression).save(path, format="PNG")  # whatever the name says


# By name of the test, the layout that must be found, and where a face lies in it.
LAID_OUT: dict[str, tuple[str, Callable[[int, str], str]]] = {
    "classes": ("class-folders", lambda person, word: f"{word}/subject{person:02}.png"),
    "classes, deeper": ("class-folders", lambda person, word: f"images/{word}/a/S{person:03}_1.png"),
    "classes and people": ("class-folders", lambda person, word: f"{word}/p{person}/1.png"),
    "classes of another language": ("class-folders", lambda person, word: f"{JAFFE[word]}-froh/subject{person:02}.png"),
    "train and test": ("class-folders", lambda p, word: f"{'test' if p == 2 else 'train'}/{word}/subject{p:02}.png"),
    "people and classes": ("person-folders", lambda person, word: f"anna{person}/{word}/1.png"),
    "people": ("person-folders", lambda person, word: f"anna{person}/anna{person}_{word}_1.png"),
    "people, many": ("person-folders", lambda person, word: f"anna{person}/{'xyz'[EXPRESSIONS.index(word)]}/1.png"),
    "yale": ("yale", lambda person, word: f"subject{person:02}.{word}"),
    "yale, in a folder": ("yale", lambda person, word: f"yalefaces/subject{person:02}.{word}.png"),
    "jaffe": ("jaffe", lambda person, word: f"K{'ABC'[person - 1]}.{JAFFE[word]}{person}.{person}.tiff"),
    "kdef": ("kdef", lambda person, word: f"AF{person:02}{JAFFE[word]}S.JPG"),
    "kdef, in folders": ("kdef", lambda person, word: f"KDEF/AF{person:02}/AF{person:02}{JAFFE[word]}S.JPG"),
    "kdef, in classes": ("class-folders", lambda person, word: f"{word}/AF{person:02}{JAFFE[word]}S.JPG"),
    "rafd": ("rafd", lambda person, word: f"Rafd090_{person:02}_Caucasian_female_{word}_frontal.jpg"),
}


def lay_out(folder: Path, where: Callable[[int, str], str], people=PEOPLE) -> Path:
    for person in people:
        for expression in EXPRESSIONS:
            put(folder / where(person, expression), person, expression)
    return folder


def content(data: datasets.FaceDataset) -> tuple[list[str], list[int], list[int]]:
    """Images, people and labels, whatever they are called."""
    people = np.unique(data.subjects, return_inverse=True)[1]
    return [files.sha256(image.tobytes()) for image in data.images], people.tolist(), data.labels.tolist()


@pytest.mark.parametrize(("layout", "where"), LAID_OUT.values(), ids=LAID_OUT)
def test_the_same_faces_whichever_layout_holds_them(tmp_path, layout, where):
    people = (1, 2, 3, 4) if where(1, "happy") == "anna1/x/1.png" else PEOPLE  # more people than classes
    data = datasets.load(lay_out(tmp_path / "own", where, people))
    expected = [(person, expression) for person in people for expression in EXPRESSIONS]
    images = [files.sha256(np.asarray(grey(*each)).tobytes()) for each in expected]
    labels = [EXPRESSIONS.index(expression) for _, expression in expected]
    assert content(data) == (images, [person - 1 for person, _ in expected], labels)
    assert data.read_as.startswith(f"own: read as {layout}, because ")
    assert "\n" not in data.read_as
    assert datasets.load(tmp_path / "own", layout=layout).labels.tolist() == labels


def test_words_of_the_data_sets(tmp_path):
    for name in ("jaffe", "kdef", "rafd"):
        lay_out(tmp_path / name, LAID_OUT[name][1])
    assert datasets.load(tmp_path / "jaffe").class_names == ("happiness", "sadness", "surprise")
    assert datasets.load(tmp_path / "kdef").class_names == EXPRESSIONS
    assert set(datasets.load(tmp_path / "kdef").subjects) == {"F01", "F02", "F03"}
    put(tmp_path / "kdef" / "BF01HAHL.JPG", 1, "normal")  # another session is not another person
    assert set(datasets.load(tmp_path / "kdef").subjects) == {"F01", "F02", "F03"}
    put(tmp_path / "kdef" / "AF01XXS.JPG", 1, "wink")
    assert "form of KDEF's" in datasets.load(tmp_path / "kdef").left_out["AF01XXS.JPG"].reason


def test_a_layout_that_does_not_fit_or_is_not_known(tmp_path):
    folder = lay_out(tmp_path / "own", LAID_OUT["classes"][1])
    with pytest.raises(ParameterError, match=r"no layout named 'kdeff': use one of faces\.csv, ck\+"):
        datasets.load(folder, layout="kdeff")
    for layout in ("faces.csv", "ck+", "fer2013", "raf-db", "jaffe", "kdef", "rafd"):
        with pytest.raises(DatasetError) as caught:
            datasets.load(folder, layout=layout)
        assert "\n" not in str(caught.value)
    with pytest.raises(DatasetError, match="no expression in the file name"):
        datasets.load(folder, layout="person-folders")


def test_as_many_people_as_classes_of_unknown_words_must_be_said(tmp_path):
    folder = lay_out(tmp_path / "own", lambda person, word: f"anna{person}/{'xyz'[EXPRESSIONS.index(word)]}/1.png")
    with pytest.raises(DatasetError, match="which folders are the people, anna1, anna2 and anna3 or x, y and z"):
        datasets.load(folder)
    people = datasets.load(folder, layout="person-folders")
    classes = datasets.load(folder, layout="class-folders")
    assert people.class_names == ("x", "y", "z")
    assert classes.class_names == ("anna1", "anna2", "anna3")


# CK+ as delivered: each sequence goes from neutral to its emotion, and some have no emotion.


def ck_plus(folder: Path) -> Path:
    for person in PEOPLE:
        for sequence, (expression, number) in enumerate({"happy": 5, "surprised": 7, "wink": None}.items(), start=1):
            stem = f"S{person:03}_{sequence:03}"
            frames = ("normal", "sleepy", expression)
            for frame, shown in enumerate(frames, start=1):
                put(folder / "cohn-kanade-images" / stem.replace("_", "/") / f"{stem}_{frame:08}.png", person, shown)
            if number is not None:
                text = folder / "Emotion" / stem.replace("_", "/") / f"{stem}_{len(frames):08}_emotion.txt"
                text.parent.mkdir(parents=True)
                text.write_text(f"   {number}.0000000e+00\n")
    return folder


def test_ck_plus_as_it_is_delivered(tmp_path):
    folder = ck_plus(tmp_path / "ck")
    data = datasets.load(folder, last_frames=1)
    assert data.class_names == ("happy", "neutral", "surprise")
    assert len(data) == len(PEOPLE) * 4
    assert set(data.subjects) == {"S001", "S002", "S003"}
    first = data.position("cohn-kanade-images/S002/002/S002_002_00000001.png")
    assert data.conditions[first] == "neutral"
    last = data.position("cohn-kanade-images/S002/002/S002_002_00000003.png")
    assert data.conditions[last] == "surprise"
    assert np.array_equal(data.images[last], np.asarray(grey(2, "surprised")))
    assert "first frame of a sequence as neutral and the last 1 as its emotion" in data.read_as
    reasons = {each.reason for each in data.left_out.values()}
    assert {"3 frames of a sequence without an emotion", "6 frames on the way to an expression"} <= reasons
    assert len(datasets.load(folder, last_frames=2)) == len(PEOPLE) * 6
    assert len(datasets.load(folder, last_frames=9)) == len(PEOPLE) * 6  # the first frame is never both
    with pytest.raises(ParameterError, match="last_frames must be 1 or more"):
        datasets.load(folder, last_frames=0)
    text = folder / "Emotion" / "S001" / "001" / "S001_001_00000003_emotion.txt"
    text.write_text("nine")
    with pytest.raises(DatasetError, match=r"S001_001_00000003_emotion\.txt: not the number of an emotion"):
        datasets.load(folder)
    assert len(datasets.load(folder, last_frames=1, unreadable="skip")) == len(PEOPLE) * 4 - 2


def test_ck_plus_48():
    shared = os.environ.get("FER_DATA_DIR")
    if not shared or not (Path(shared) / "ck48").is_dir():
        pytest.skip("CK+ is not here: set FER_DATA_DIR to the folder that holds ck48/")
    data = datasets.load(Path(shared) / "ck48")
    assert (len(data), len(set(data.subjects)), len(data.class_names)) == (981, 118, 7)
    assert not data.left_out


# A table beats them all.


def table(folder: Path, rows: list[str], header: str = "file,subject,expression") -> Path:
    (folder / "faces.csv").write_text("\n".join([header, *rows]) + "\n")
    return folder


@pytest.fixture
def tabled(tmp_path) -> Path:
    folder = lay_out(tmp_path / "own", lambda person, word: f"pictures/{person}-{word}.png")
    rows = [f"pictures/{p}-{word}.png,NA{p},{word},{p == 1},0{p}" for p in PEOPLE for word in EXPRESSIONS]
    return table(folder, rows, "file,subject,expression,glasses,age")


def test_a_table_tells_people_expressions_and_more(tabled):
    put(tabled / "pictures" / "other.png", 4, "happy")
    data, found = cleaning.load_clean(str(tabled))
    assert (
        data.read_as
        == "own: read as faces.csv, because the table faces.csv lies in it (9 rows; further columns: glasses and age)"
    )
    assert sorted(set(data.subjects)) == ["NA1", "NA2", "NA3"]
    assert data.class_names == EXPRESSIONS
    assert data.further["age"].tolist() == ["01"] * 3 + ["02"] * 3 + ["03"] * 3
    assert data.left_out["pictures/other.png"].reason == "not in faces.csv"
    again = manifests.read(str(tabled)).set_index("image")
    assert again.loc["pictures/2-sad.png", ["subject", "glasses", "age"]].tolist() == ["NA2", "False", "02"]
    assert again.loc["pictures/other.png", "age"] == ""
    assert found["kept"].sum() == 9


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("pictures/9.png,a,happy", r"pictures/9\.png: named in faces\.csv, but not there\. Take the row out"),
        ("pictures/1-happy.png,,happy", r"pictures/1-happy\.png: row 2 of faces\.csv has no subject"),
        ("pictures/1-happy.png,a,", r"row 2 of faces\.csv has no expression"),
        ("../1-happy.png,a,sad", r"row 2: \.\./1-happy\.png is not in the folder"),
        ("pictures/1-happy.png,a,sad\npictures/1-happy.png,b,sad", r"stands in two rows, the second is row 3"),
        ("pictures/1-happy.png,a", r"faces\.csv: row 2 has 2 cells, not 3\. It needs the columns"),
    ],
)
def test_a_bad_row_is_named(tabled, row, message):
    with pytest.raises(DatasetError, match=message):
        datasets.load(table(tabled, row.splitlines()))


def test_a_table_without_its_columns_or_with_semicolons_is_named(tabled):
    with pytest.raises(DatasetError, match=r"faces\.csv: no column subject"):
        datasets.load(table(tabled, ["a,b"], "file,expression"))
    with pytest.raises(DatasetError, match="semicolons between its columns"):
        datasets.load(table(tabled, ["a;b;c"], "file;subject;expression"))
    with pytest.raises(DatasetError, match="the column label has a name that the manifest uses"):
        datasets.load(table(tabled, ["a,b,c,d"], "file,subject,expression,label"))


# Class folders whose names are numbers.


def numbered(folder: Path) -> Path:
    return lay_out(folder, lambda person, word: f"train/{NUMBERS[word]}/subject{person:02}.png")


@pytest.mark.parametrize("text", ["3 happy\n4: sad\n5,surprised\n0 angry\n", "happy\nsad\nsurprised\n"])
def test_numbers_get_names_from_a_file(tmp_path, text):
    folder = numbered(tmp_path / "own")
    assert datasets.load(folder).class_names == ("3", "4", "5")
    (folder / "classes.txt").write_text(text)
    data = datasets.load(folder)
    assert data.class_names == EXPRESSIONS
    assert data.conditions[data.position("train/4/subject02.png")] == "sad"
    (folder / "classes.txt").write_text("3 happy\n")
    with pytest.raises(DatasetError, match=r"classes\.txt: no name for the class folder 4"):
        datasets.load(folder)


def test_affectnets_numbers_on_demand(tmp_path):
    data = datasets.load(numbered(tmp_path / "own"), layout="affectnet")
    assert data.class_names == ("disgust", "fear", "surprise")  # 3, 4 and 5 there


# Data sets that know no people.


def fer2013(folder: Path) -> Path:
    folder.mkdir()
    rows = []
    for person in PEOPLE:
        for expression in EXPRESSIONS:
            greys = np.asarray(grey(person, expression).resize((48, 48)))
            rows.append(f'{NUMBERS[expression]},"{" ".join(map(str, greys.ravel()))}",Training')
    (folder / "fer2013.csv").write_text("emotion,pixels,Usage\n" + "\n".join([*rows, "8,1 2,Training"]) + "\n")
    return folder


def raf_db(folder: Path) -> Path:
    lines = []
    for number, (person, word) in enumerate(((p, word) for p in PEOPLE for word in EXPRESSIONS), start=1):
        put(folder / "Image" / "aligned" / f"train_{number:05}_aligned.jpg", person, word)
        put(folder / "Image" / "original" / f"train_{number:05}.jpg", person, word)
        lines.append(f"train_{number:05}.jpg {RAF_DB[word]}")
    (folder / "EmoLabel").mkdir()
    (folder / "EmoLabel" / "list_patition_label.txt").write_text("\n".join(lines) + "\n")
    return folder


def raf_db_in_folders(folder: Path) -> Path:
    return lay_out(folder, lambda p, word: f"train/{RAF_DB[word]}/train_{p:05}_aligned.jpg")


def affectnet(folder: Path) -> Path:
    for number, (person, word) in enumerate((p, word) for p in PEOPLE for word in EXPRESSIONS):
        put(folder / "train_set" / "images" / f"{number}.jpg", person, word)
        label = folder / "train_set" / "annotations" / f"{number}_exp.npy"
        label.parent.mkdir(exist_ok=True)
        np.save(label, str(AFFECTNET[word]))
    return folder


def affectnet_list(folder: Path) -> Path:
    lay_out(folder, lambda person, word: f"Manually_Annotated_Images/{person}/{word}.jpg")
    rows = [f"{p}/{word}.jpg,0,{AFFECTNET[word]},0.1" for p in PEOPLE for word in EXPRESSIONS]
    (folder / "training.csv").write_text("subDirectory_filePath,face_x,expression,valence\n" + "\n".join(rows) + "\n")
    return folder


UNKNOWN = {
    "fer2013": (fer2013, ("happy", "sad", "surprise"), "fer2013"),
    "raf-db": (raf_db, ("happiness", "sadness", "surprise"), "raf-db"),
    "raf-db in folders": (raf_db_in_folders, ("happiness", "sadness", "surprise"), "class-folders"),
    "affectnet": (affectnet, ("happy", "sad", "surprise"), "affectnet"),
    "affectnet's list": (affectnet_list, ("happy", "sad", "surprise"), "affectnet"),
}


@pytest.mark.parametrize(("make", "classes", "layout"), UNKNOWN.values(), ids=UNKNOWN)
def test_where_nobody_knows_the_people_a_random_split_must_be_asked_for(tmp_path, make, classes, layout):
    folder = make(tmp_path / "own")
    with pytest.raises(DatasetError, match=r"leaving people out is impossible.*random_split True") as caught:
        datasets.load(folder)
    assert "\n" not in str(caught.value)
    data = datasets.load(folder, random_split=True)
    assert data.class_names == classes
    assert f"read as {layout}, " in data.read_as
    assert len(data) == len(set(data.subjects)) == 9
    assert not data.people_known
    assert data.images[0].std() > 10
    assert np.bincount(data.labels).tolist() == [3, 3, 3]


def test_a_row_of_greys_is_the_image(tmp_path):
    data = datasets.load(fer2013(tmp_path / "own"), random_split=True)
    image = data.images[data.position("Training/00005")]
    assert np.array_equal(image, np.asarray(grey(2, "sad").resize((48, 48))))
    assert data.left_out["Training/00010"].reason.startswith("row 11 of fer2013.csv has no emotion")


def test_where_people_are_known_there_is_no_random_split(tmp_path):
    folder = lay_out(tmp_path / "own", LAID_OUT["classes"][1])
    with pytest.raises(ParameterError, match="the people are known here"):
        datasets.load(folder, random_split=True)
