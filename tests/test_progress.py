from fer_utils.common import progress


def test_a_bar_says_times_and_runs_without_a_stray_comma(capsys):
    bar = progress.share("training", total=10)
    bar.set_postfix_str("12 of 465 runs", refresh=False)
    bar.update(5)
    bar.refresh()
    bar.close()
    last = capsys.readouterr().err.replace("\r", "\n").strip().splitlines()[-1]
    assert last.startswith("training:  50%|")
    assert ", , " not in last
    assert last.endswith("left, 12 of 465 runs")
