from fer_utils import syntax


def test_code_hash_sees_what_code_does_and_not_how_it_is_told(tmp_path):
    source = tmp_path / "module.py"
    source.write_text('"""Doc."""\n\n\ndef double(x):\n    """Twice."""\n    return 2 * x\n')
    first = syntax.code_hash([source])
    source.write_text("# other words\ndef double(x):\n    return 2*x  # twice\n")
    assert syntax.code_hash([source]) == first
    source.write_text("def double(x):\n    return 3 * x\n")
    assert syntax.code_hash([source]) != first
