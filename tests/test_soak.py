"""The hunt of `make soak`, each quick part in its smallest form; those with notebooks and Dask are left to `make soak`."""

import random
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.soak import __main__ as command
from benchmarks.soak import hunt as hunts
from benchmarks.soak import kills
from benchmarks.soak.damage import damaged
from benchmarks.soak.hunt import Hunt

QUICK = {
    "damaged_images": 60,
    "damaged_results": 12,
    "full_disk": 1,
    "concurrent_runs": 1,
    "hostile_names": 2,
    "kills": 2,
}


@pytest.fixture(scope="module", autouse=True)
def temporary_folder(tmp_path_factory):
    """Undisturbed calls are made once for all parts; what they leave goes with the module."""
    tmp_path_factory.getbasetemp()  # before: other modules use it too
    with command.thrown_away():
        yield


@pytest.mark.parametrize("name", QUICK)
def test_each_part_hunts_and_finds_nothing(name, capsys):
    counts = command.part(name, random_seed=1, most=QUICK[name], seconds=30)
    if name == "hostile_names" and not counts:
        pytest.skip("no Chromium is installed")
    assert counts.pop(name) > 0
    assert counts
    found = [line for line in capsys.readouterr().err.splitlines() if f"{name}_" in line and "trial" in line]
    assert set(counts.values()) == {0}
    assert found == []


def test_damage_is_never_none_and_the_same_for_the_same_random_seed():
    content = bytes(range(256))
    made = [damaged(content, random.Random(number), others=[b"GIF89a" * 20]) for number in range(200)]
    assert all(other != content for other, _ in made)
    assert {kind for _, kind in made} > {"bits", "truncated", "another header"}
    assert made == [damaged(content, random.Random(number), others=[b"GIF89a" * 20]) for number in range(200)]


def test_counts_take_the_place_of_earlier_ones_and_leave_others(tmp_path):
    table = tmp_path / "reliability.csv"
    hunts.keep(table, {"kills": 3, "kills_wrong": 1})
    hunts.keep(table, {"full_disk": 2})
    hunts.keep(table, {"kills": 4, "kills_wrong": 0, "kills_lost_records": 0})
    assert table.read_text().splitlines() == [
        "name,value,unit", "kills,4,trials", "kills_wrong,0,results", "full_disk,2,trials", "kills_lost_records,0,records",
    ]  # fmt: skip


def test_a_stopped_hunt_keeps_what_is_done_and_findings_fail(tmp_path, monkeypatch):
    table = tmp_path / "reliability.csv"
    monkeypatch.setattr(command, "TABLE", table)

    def stopped(hunt: Hunt) -> None:
        for number, _ in enumerate(hunt.trials()):
            hunt.found("wrong", "planted")
            if number == 2:
                raise KeyboardInterrupt

    monkeypatch.setattr(kills, "run", stopped)
    done = CliRunner().invoke(command.main, ["--only", "kills", "--seed", "1"])
    assert done.exit_code == 1
    assert table.read_text().splitlines()[1:] == ["kills,2,trials", "kills_wrong,3,results"]


def test_a_finding_sets_the_exit_status(tmp_path, monkeypatch):
    monkeypatch.setattr(command, "TABLE", tmp_path / "reliability.csv")
    monkeypatch.setattr(command, "part", lambda name, **_: {name: 1, f"{name}_wrong": 1})
    assert CliRunner().invoke(command.main, ["--only", "full_disk"]).exit_code == 1
    monkeypatch.setattr(command, "part", lambda name, **_: {name: 1, f"{name}_wrong": 0})
    assert CliRunner().invoke(command.main, ["--only", "full_disk"]).exit_code == 0
