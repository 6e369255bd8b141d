"""`edge-sort demo`: the whole way in one go."""

import pytest
from click.testing import CliRunner

from edge.bundle import open_bundle
from edge.cli import cli


def demo(*arguments):
    """Run the command in this process."""
    return CliRunner().invoke(cli, ["demo", *map(str, arguments)])


def test_a_folder_in_use_is_refused_before_anything_is_made(tmp_path, monkeypatch):
    """An earlier demo is not mixed with a new one; said before TensorFlow is loaded."""
    monkeypatch.setattr("training.tensorflow_setup.load_tensorflow", lambda _purpose: pytest.fail("was loaded"))
    (tmp_path / "mine.txt").write_text("mine")

    result = demo("--out", tmp_path)

    assert result.exit_code == 1
    assert f"{tmp_path}: expected a new or empty folder" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning")
def test_every_step_leaves_what_it_says(tmp_path, monkeypatch):
    """Parts, run, bundle and record are where the text says. Small: the network learns nothing and all is allowed."""
    pytest.importorskip("tensorflow", reason="TensorFlow comes with the desktop install")
    from quantize import demo as module

    monkeypatch.setattr(module, "PICTURES_PER_CLASS", 12)
    monkeypatch.setattr(module, "EPOCHS", 1)
    monkeypatch.setattr(module, "PARTS_FED", 5)
    monkeypatch.setattr(module, "LIMITS", module.Limits(max_drop=1, purity=0))
    out = tmp_path / "out"

    result = demo("--out", out)

    assert result.exit_code == 0, result.output
    made = {path.name for path in out.iterdir()}
    assert made - {"journal-pictures"} == {
        "bundle",
        "journal.sqlite",
        "parts",
        "run",
    }  # pictures: of doubtful parts, if any
    assert all(str(out / name) in result.stdout for name in ("parts", "run", "bundle", "journal.sqlite"))
    assert "fed                    5" in result.stdout
    assert len(open_bundle(out / "bundle").labels) == 7
