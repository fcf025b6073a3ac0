"""What is true of every name, table, image and file, tried on such as nobody would think of."""

import contextlib
import io

import hypothesis.extra.numpy as arrays
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from fer_utils.common import arrays as npz
from fer_utils.common import files, parameters, paths
from fer_utils.common.errors import DatasetError, FerError, OutputError, ParameterError
from fer_utils.data import images
from fer_utils.engine.record import Record
from fer_utils.experiments import store, tables
from fer_utils.publishing import report_markup

settings.register_profile(
    "bounded",
    max_examples=30,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
settings.load_profile("bounded")

# No halves of surrogate pairs: no file system and no UTF-8 file holds them. What looks like numbers is wanted often.
WORDS = st.one_of(
    st.sampled_from(
        ["NA", "nan", "None", "null", "", "0", "01", "1e5", "True", "-", "#N/A", "1,5", '"', "'", " a ", "=1+1"]
    ),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\x00"), max_size=20),
)


@given(st.text(max_size=60))
def test_a_data_set_name_is_one_safe_folder(name):
    folder = paths.dataset_name(name)
    assert folder
    assert folder not in (".", "..")
    assert "/" not in folder
    assert "\\" not in folder
    assert paths.outputs(name).parent == paths.outputs("sample").parent
    assert paths.slug(folder) == folder


@given(
    st.one_of(st.text(max_size=60), st.floats().map(str), st.integers().map(str), WORDS),
    st.sampled_from(["bool", "float", "int", "str", "list[str]"]),
)
def test_a_parameter_is_of_its_type_or_refused_by_name(text, kind):
    try:
        value = parameters.from_text("jobs", text, kind)
    except ParameterError as error:
        assert "jobs" in str(error)
        return
    parameters.require("jobs", value, kind)
    assert kind != "str" or value == text


@given(st.lists(st.tuples(WORDS, WORDS, WORDS), min_size=1, max_size=6), st.floats(0, 1))
def test_words_of_a_table_are_read_back_as_they_were(outputs, rows, share):
    table = pd.DataFrame(rows, columns=["subject", "truth", "predicted"])
    table = table.assign(
        model="baseline", protocol="loso", seed=1, fold=table["subject"], image=table["truth"], p_a=share
    )
    tables.write_table("words", "predictions", table, origin={})
    back = tables.read("words", "predictions")
    for name in ("subject", "truth", "predicted", "fold", "image"):
        assert back[name].tolist() == table[name].tolist()
    assert back["p_a"].tolist() == pytest.approx([share] * len(rows), abs=1e-6)


@given(st.binary(max_size=400))
def test_any_bytes_as_a_table_give_a_table_or_a_message(outputs, content):
    files.write(paths.outputs("any") / "predictions.csv", content)
    with pytest.raises(OutputError, match=r"predictions\.csv"):
        tables.read("any", "predictions")


@given(
    arrays.arrays(
        st.sampled_from([np.uint8, np.uint16, np.float32, np.bool_]),
        st.tuples(st.integers(32, 40), st.integers(32, 40)),
        elements={"allow_nan": True},
    ),
    st.sampled_from(["PNG", "TIFF"]),
)
def test_every_kind_of_grey_becomes_greys_of_its_size(values, name):
    if name == "PNG" and values.dtype == np.float32:
        name = "TIFF"
    buffer = io.BytesIO()
    Image.fromarray(values).save(buffer, name)
    grey = images.decode_grey(buffer.getvalue(), name="x")
    assert grey.shape == values.shape
    assert grey.dtype == np.uint8
    if values.dtype == np.uint8:
        assert np.array_equal(grey, values)
    # Brighter stays brighter, whatever the number of bits.
    if values.dtype != np.float32:
        order = np.argsort(values, axis=None, kind="stable")
        assert np.all(np.diff(grey.ravel()[order].astype(int)) >= 0)


@given(st.integers(1, 8), st.integers(32, 48), st.integers(32, 48))
def test_images_are_turned_as_their_flag_says(orientation, width, height):
    upright = np.zeros((height, width), dtype=np.uint8)
    upright[: height // 4, : width // 2] = 255  # one corner tells all eight apart
    undone = {2: "FLIP_LEFT_RIGHT", 3: "ROTATE_180", 4: "FLIP_TOP_BOTTOM", 5: "TRANSPOSE", 6: "ROTATE_90", 7: "TRANSVERSE", 8: "ROTATE_270"}  # fmt: skip
    stored = Image.fromarray(upright)
    if orientation > 1:
        stored = stored.transpose(getattr(Image.Transpose, undone[orientation]))
    exif = Image.Exif()
    exif[0x0112] = orientation
    buffer = io.BytesIO()
    stored.save(buffer, "PNG", exif=exif)
    assert np.array_equal(images.decode_grey(buffer.getvalue(), name="x"), upright)


@given(
    st.binary(max_size=400),
    st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"\xff\xd8\xff", b"II*\x00", b"BM", b"P5 "]),
)
def test_any_bytes_as_an_image_give_one_line(content, start):
    with pytest.raises(DatasetError) as told:
        images.decode_grey(start + content, name="face.png")
    assert str(told.value).startswith("face.png: ")
    assert "\n" not in str(told.value)


@given(
    st.dictionaries(
        st.text(st.characters(codec="ascii", categories=["L"]), min_size=1, max_size=8),
        arrays.arrays(np.float32, (3,)),
        max_size=4,
    )
)
def test_arrays_are_read_back_bit_by_bit(given_arrays):
    content = npz.to_bytes(given_arrays)
    back = npz.read(content)
    assert {name: values.tobytes() for name, values in back.items()} == {
        name: values.tobytes() for name, values in given_arrays.items()
    }
    assert npz.to_bytes(back) == content


@given(st.data())
def test_a_damaged_record_is_never_another_record(data):
    record = Record(np.linspace(0, 1, 6, dtype=np.float32).reshape(2, 3), curves={}, made_by={"seed": 1})
    content = record.to_bytes()
    place = data.draw(st.integers(0, len(content) - 1))
    bit = data.draw(st.integers(0, 7))
    made = content[:place] + bytes([content[place] ^ (1 << bit)]) + content[place + 1 :]
    with contextlib.suppress(FerError):
        assert Record.from_bytes(made).to_bytes() == content


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), WORDS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(WORDS, inner, max_size=3)),
    max_leaves=8,
)


@given(st.dictionaries(WORDS.filter(lambda name: name != "checksum"), JSON, max_size=4), st.data())
def test_checked_json_is_what_was_written_or_an_error(tmp_path, content, data):
    path = tmp_path / "x.json"
    files.write_checked_json(path, content)
    assert files.read_checked_json(path) == content
    whole = path.read_bytes()
    place = data.draw(st.integers(0, len(whole) - 1))
    path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
    try:
        found = files.read_checked_json(path)
    except ValueError:
        return
    # Where the name of the checksum itself was hit, all else is as it was.
    assert {name: value for name, value in found.items() if name in content} == content


@given(WORDS)
def test_names_in_markdown_run_nothing(name):
    html = report_markup.markdown(f"{name} <script>{name}</script> [x](javascript:{name})").lower()
    assert "<script" not in html
    assert 'href="javascript' not in html


@given(
    st.dictionaries(
        st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=10),
        st.binary(max_size=50),
        max_size=5,
    )
)
def test_an_archive_gives_back_its_members(outputs, members):
    files.write(paths.outputs("packed") / store.NAME, npz.packed(members))
    assert store.Archive.read("packed").members == members
