"""Folders of faces as people have them: formats, litter, odd names, links, layouts that are not read."""

import os
import shutil
from pathlib import Path

import pytest
from PIL import Image

from fer_utils.common import paths
from fer_utils.common.errors import DatasetError, ParameterError
from fer_utils.data import cleaning, datasets
from fer_utils.data.folders import listing

WORDS = {"happy": "joy", "sad": "sorrow"}


def put(path: Path, person: int = 1, condition: str = "happy", **options) -> None:
    """A face of the sample as a file of another format."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.open(paths.SAMPLE / f"subject{person:02}.{condition}").convert("L").save(path, **options)


@pytest.fixture
def faces(tmp_path) -> Path:
    """Two people in two class folders."""
    for condition, word in WORDS.items():
        for person in (1, 2):
            put(tmp_path / "faces" / word / f"subject{person:02}.png", person, condition)
    return tmp_path / "faces"


@pytest.mark.parametrize("suffix", ["avif", "jfif", "jp2", "j2k", "jpe", "mpo", "tga", "ppm", "AVIF"])
def test_every_format_that_can_be_decoded_is_read(faces, suffix):
    kinds = {"jfif": "JPEG", "jpe": "JPEG"}
    put(faces / "joy" / f"subject03.{suffix}", 3, format=kinds.get(suffix))
    data = datasets.load(faces)
    assert f"joy/subject03.{suffix}" in data.file_names
    assert not data.left_out


def test_an_image_without_a_suffix_is_read_too(faces):
    put(faces / "joy" / "subject03", 3, format="PNG")
    assert "joy/subject03" in datasets.load(faces).file_names


@pytest.mark.parametrize("name", ["subject03.heic", "subject03.CR2", "subject03.svg"])
def test_pictures_that_cannot_be_decoded_are_refused_by_name_or_left_out(faces, name):
    (faces / "joy" / name).write_bytes(b"\0\0\0\x18ftypheic" + bytes(100))
    with pytest.raises(DatasetError, match=f"joy/{name}: not a readable image") as caught:
        datasets.load(faces)
    assert "\n" not in str(caught.value)
    left = datasets.load(faces, unreadable="skip").left_out[f"joy/{name}"]
    assert (left.subject, left.condition) == ("subject03", "joy")
    assert left.reason.startswith("not a readable image")


def test_texts_videos_and_what_lies_beside_are_left_out_and_named(faces):
    for name in ("joy/labels.csv", "joy/clip.mp4", "joy/README", "about.txt"):
        (faces / name).write_bytes(b"no image")
    put(faces / "subject03.png", 3)
    put(faces / "joy" / "more" / "subject03.png", 3)
    if hasattr(os, "mkfifo"):
        os.mkfifo(faces / "joy" / "subject04.png")  # would wait for ever if it were opened
    data = datasets.load(faces)
    reasons = {name: each.reason for name, each in data.left_out.items()}
    assert reasons.pop("joy/subject04.png", "not an image (.png)") == "not an image (.png)"
    assert reasons == {
        "joy/labels.csv": "not an image (.csv)",
        "joy/clip.mp4": "not an image (.mp4)",
        "joy/README": "not an image",
        "about.txt": "not an image (.txt)",
        "subject03.png": "beside the class folders",
    }
    assert data.conditions[data.position("joy/more/subject03.png")] == "joy"  # deeper ones are of their class


def test_litter_is_left_out_without_a_word(faces):
    names = (".DS_Store", "Thumbs.db", "desktop.ini", "._subject01.png", "Icon\r")
    for name in names:
        (faces / "joy" / name).write_bytes(b"litter")
        (faces / name).write_bytes(b"litter")
    for folder in ("__MACOSX", ".git", "@eaDir", "joy/@eaDir"):
        (faces / folder).mkdir()
        shutil.copy(faces / "joy" / "subject01.png", faces / folder / "._subject01.png")
    data = datasets.load(faces)
    assert data.class_names == ("joy", "sorrow")
    assert not data.left_out


def test_flat_folders_name_what_they_leave_out(three_people):
    for name in ("Readme.txt", "subjects.csv", "subject01.happy.txt", "subject01.happy.mp4"):
        (three_people / name).write_text("text")
    put(three_people / "KA.HA1.4.tiff")
    put(three_people / "subject.sad.png")
    (three_people / "subject03.wink.heic").write_bytes(b"heic")
    (three_people / "subject03.wink").unlink()
    data = datasets.load(three_people, unreadable="skip")
    assert len(data) == 17
    assert {name: each.reason.split(" (")[0] for name, each in data.left_out.items()} == {
        "KA.HA1.4.tiff": "its name is not of the form subjectNN.expression",
        "Readme.txt": "not an image",
        "subject.sad.png": "its name is not of the form subjectNN.expression",
        "subject01.happy.mp4": "not an image",
        "subject01.happy.txt": "not an image",
        "subject03.wink.heic": "not a readable image",
        "subjects.csv": "not an image",
    }


def test_empty_class_folders_are_left_out_and_named(faces):
    (faces / "fear").mkdir()
    (faces / "anger").mkdir()
    (faces / "anger" / "subject01.png").write_bytes(b"broken")
    data = datasets.load(faces, unreadable="skip")
    assert data.class_names == ("joy", "sorrow")
    assert data.left_out["fear/"].reason == "this class folder contains no images"
    _, table = cleaning.load_clean(str(faces), unreadable="skip")
    files, classes = cleaning.notices(table)
    assert "`fear/` (this class folder contains no images)" in files
    assert classes.endswith("`anger` (not a readable image), `fear` (this class folder contains no images).")


def test_too_few_classes_say_what_became_of_the_others(faces):
    shutil.rmtree(faces / "sorrow")
    (faces / "sorrow").mkdir()
    with pytest.raises(
        DatasetError, match=r"two classes are needed, found joy; .* 'sorrow' \(this class folder contains no"
    ):
        datasets.load(faces)


def test_folders_and_files_that_are_links_are_followed_and_dead_ones_named(faces, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    shutil.move(faces / "joy", tmp_path / "elsewhere" / "joy")
    (faces / "joy").symlink_to(tmp_path / "elsewhere" / "joy")
    (tmp_path / "link").symlink_to(faces)
    data = datasets.load(tmp_path / "link")
    assert (data.name, len(data)) == ("link", 4)
    (faces / "joy" / "subject03.png").symlink_to("nowhere.png")
    (faces / "joy" / "subject04.png").symlink_to("subject04.png")
    with pytest.raises(DatasetError, match=r"joy/subject03\.png: cannot be read \(No such file") as caught:
        datasets.load(faces)
    assert "1 more: joy/subject04.png" in str(caught.value)
    assert set(datasets.load(faces, unreadable="skip").left_out) == {"joy/subject03.png", "joy/subject04.png"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read anything")
def test_files_and_folders_without_rights_are_named(faces):
    (faces / "joy" / "subject01.png").chmod(0)
    with pytest.raises(DatasetError, match=r"joy/subject01\.png: cannot be read \(Permission denied\)"):
        datasets.load(faces)
    (faces / "joy").chmod(0)
    try:
        with pytest.raises(DatasetError, match="joy: this folder cannot be read"):
            datasets.load(faces)
    finally:
        (faces / "joy").chmod(0o700)


@pytest.mark.parametrize(
    "name",
    [
        "very happy",
        "$happy$",
        "100%",
        "{joy}",
        "a_b",
        "_joy",
        "怒り",
        "سعيد",
        "שמחה",
        "😀",
        "é",
        "new\nline",
        "<b>",
        "a'b\"c",
    ],
)
def test_class_folders_of_any_name(faces, name):
    (faces / "joy").rename(faces / name)
    data, table = cleaning.load_clean(str(faces))
    shown = name.replace("\n", r"\n")
    assert set(data.class_names) == {shown, "sorrow"}
    assert set(table["label"]) == {shown, "sorrow"}
    assert table["kept"].all()


@pytest.mark.skipif(os.name != "posix", reason="names are bytes there")
def test_names_that_are_no_text_become_escapes(tmp_path):
    for condition, word in WORDS.items():
        for person in (1, 2):
            put(tmp_path / "faces" / word / "one.png", person, condition)
            os.rename(
                tmp_path / "faces" / word / "one.png",
                os.fsencode(tmp_path / "faces" / word) + b"/subject%02d_\xfc.png" % person,
            )
    os.rename(tmp_path / "faces" / "joy", os.fsencode(tmp_path / "faces") + b"/fr\xf6hlich")
    os.rename(tmp_path / "faces", os.fsencode(tmp_path) + b"/\xe4")
    folder = os.fsdecode(os.fsencode(tmp_path) + b"/\xe4")
    data, table = cleaning.load_clean(folder)
    assert data.file_names[0] == r"fr\xf6hlich/subject01_\xfc.png"
    assert data.class_names == (r"fr\xf6hlich", "sorrow")
    assert data.title == r"\xe4"
    assert table["kept"].all()
    (Path(folder) / "sorrow" / os.fsdecode(b"subject01_\xfc.png")).write_bytes(b"broken")
    with pytest.raises(DatasetError, match="sorrow/subject01") as caught:
        datasets.load(folder)
    str(caught.value).encode()


def test_folders_that_are_people_are_refused(tmp_path):
    for person in (1, 2, 3):
        for condition in WORDS:
            put(tmp_path / "people" / f"AF0{person}" / f"AF0{person}_{WORDS[condition][0]}.JPG", person, condition)
    with pytest.raises(DatasetError, match=r"no subject in the file name .* Folders are taken for expressions: AF01/"):
        datasets.load(tmp_path / "people")
    with pytest.raises(DatasetError, match="Folders must be expressions"):
        datasets.load(tmp_path / "people", subject_pattern=r"(A[FM]\d\d)")
    put(tmp_path / "people" / "AF01" / "AF02_j.JPG", 2)  # one that went astray changes nothing
    with pytest.raises(DatasetError, match="Folders must be expressions"):
        datasets.load(tmp_path / "people", subject_pattern=r"(A[FM]\d\d)")


def test_two_sessions_of_a_person_are_one_person(tmp_path):
    for session in ("AF01", "BF01", "AF02", "BF02"):
        put(tmp_path / "kdef" / session / f"{session}HAS.JPG", int(session[-1]))
    with pytest.raises(DatasetError, match="Folders must be expressions"):
        datasets.load(tmp_path / "kdef", subject_pattern=r"[AB]([FM]\d\d)", layout="class-folders")


def test_files_that_each_show_another_person_are_refused(tmp_path):
    put(tmp_path / "flat" / "subject01.happy.png")
    put(tmp_path / "flat" / "subject02.sad.png", 2)
    with pytest.raises(DatasetError, match="Add images of other people"):
        datasets.load(tmp_path / "flat")


@pytest.mark.parametrize(
    ("names", "seen"),
    [
        (
            ["a/1.txt", "b/c/1.txt"],
            "b/ contains folders of its own (c/); a/ contains no images; 2 files such as a/1.txt",
        ),
        (["1.txt"], "1 file such as 1.txt"),
        ([], "nothing"),
    ],
    ids=["folders", "flat", "empty"],
)
def test_other_layouts_are_told_what_is_expected_and_what_was_seen(tmp_path, names, seen):
    (tmp_path / "set").mkdir()
    for name in names:
        (tmp_path / "set" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "set" / name).write_text("text")
    with pytest.raises(DatasetError) as caught:
        datasets.load(tmp_path / "set")
    message = str(caught.value)
    assert "Expected is a table faces.csv" in message
    assert message.endswith(f"Seen: {seen}.")
    assert "\n" not in message


def test_a_file_in_place_of_a_folder(tmp_path):
    (tmp_path / "fer2013.csv").write_text("emotion,pixels\n")
    with pytest.raises(ParameterError, match=r"fer2013\.csv: this is a file, and a data set is a folder"):
        datasets.load(tmp_path / "fer2013.csv")


def test_files_without_a_subject_can_be_left_out_but_not_all(faces):
    put(faces / "joy" / "unknown.png", 3)
    with pytest.raises(DatasetError, match=r"joy/unknown\.png: no subject in the file name \(1 such files\)"):
        datasets.load(faces)
    assert datasets.load(faces, unreadable="skip").left_out["joy/unknown.png"].reason == "no subject in the file name"
    with pytest.raises(DatasetError, match="no subject in the file name"):
        datasets.load(faces, subject_pattern="(nobody)", unreadable="skip")


def test_readable_names_keep_all_that_is_text():
    assert listing.readable("怒り ‌é 😀") == "怒り ‌é 😀"
    assert listing.readable("a\tb\u2028c") == r"a\tb\u2028c"


@pytest.mark.parametrize("blank", ["", " ", "\u00a0", "\u200b", " \u3000"])
def test_a_person_without_a_name_is_left_out(three_people, faces, blank):
    put(three_people / f"subject{blank}.happy.png")
    data = datasets.load(three_people)
    assert data.left_out[f"subject{blank}.happy.png"].reason == "its name is not of the form subjectNN.expression"
    assert set(data.subjects) == {"01", "02", "03"}
    put(faces / "joy" / f"who{blank}_1.png")
    pattern = r"^(?:who)?(.*?)(?:_\d+)?\.png$"
    with pytest.raises(DatasetError, match="no subject in the file name"):
        datasets.load(faces, subject_pattern=pattern)
    data = datasets.load(faces, subject_pattern=pattern, unreadable="skip")
    assert data.left_out[f"joy/who{blank}_1.png"].reason == "no subject in the file name"
    assert all(name.strip() for name in data.subjects)


def test_people_who_look_the_same_are_the_same(three_people, faces):
    """Nobody is trained on and tested because of a blank, or of a letter that is spelled in two ways."""
    (three_people / "subject01.happy").rename(three_people / "subject01 .happy")
    assert set(datasets.load(three_people).subjects) == {"01", "02", "03"}
    for label in ("joy", "sorrow"):
        for number, name in enumerate(("Ren\u00e9", "Rene\u0301", "Rene\u0301 ", "\u200bRen\u00e9")):
            put(faces / label / f"{name}_{number}.png")
    data = datasets.load(faces, subject_pattern=r"^(.+?)(?=_\d|[.]png)")
    people = set(data.subjects)
    assert {name for name in people if "Ren" in name} == {"Ren\u00e9"}


def test_a_class_without_a_name_is_left_out(faces):
    shutil.copytree(faces / "joy", faces / "  ")
    data = datasets.load(faces)
    assert data.class_names == ("joy", "sorrow")
    assert data.left_out["  /subject01.png"].reason.startswith("the name of its expression cannot be seen")


def test_a_persons_folder_without_a_name_is_left_out(tmp_path):
    for person, name in ((1, "anna"), (2, "bo"), (3, " ")):
        for condition, word in WORDS.items():
            put(tmp_path / "faces" / name / word / "1.png", person, condition)
    data = datasets.load(tmp_path / "faces", layout="person-folders")
    assert set(data.subjects) == {"anna", "bo"}
    assert data.left_out[" /joy/1.png"].reason.startswith("the name of its person cannot be seen")


def test_a_cell_of_blanks_is_an_empty_one(faces):
    rows = [f"{word}/subject0{person}.png,{person},{word}" for word in WORDS.values() for person in (1, 2)]
    (faces / "faces.csv").write_text("\n".join(["file,subject,expression", *rows[:-1], rows[-1].replace(",2,", ", ,")]))
    with pytest.raises(DatasetError, match=r"row 5 of faces.csv has no subject"):
        datasets.load(faces)
    assert "sorrow/subject02.png" in datasets.load(faces, unreadable="skip").left_out
