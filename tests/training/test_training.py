"""Training for real, on tiny pictures: the run is complete, right and repeatable."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image, ImageDraw

from edge.cli import cli
from edge.errors import DataError
from edge.preprocess import InputSpec
from training.dataset import label_indices, load_inputs
from training.run_folder import open_run

pytestmark = [
    pytest.mark.slow,
    # Keras 3 saves and loads its variables through an __array__ without the copy keyword of numpy 2.
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"),
]


def draw(label: str, random: np.random.Generator) -> Image.Image:
    """A dark disc, bar or ring on a light noisy ground: easy to tell apart, in any position."""
    ground = random.integers(190, 230, (48, 48, 3), dtype=np.uint8)
    picture = Image.fromarray(ground)
    pen = ImageDraw.Draw(picture)
    x, y, reach = *random.integers(18, 30, 2), int(random.integers(11, 15))
    box = (x - reach, y - reach, x + reach, y + reach)
    if label == "disc":
        pen.ellipse(box, fill=(60, 60, 60))
    elif label == "ring":
        pen.ellipse(box, outline=(60, 60, 60), width=4)
    else:
        pen.rectangle((x - reach, y - 4, x + reach, y + 4), fill=(60, 60, 60))
    return picture


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    for seed, label in enumerate(("bar", "disc", "ring")):
        (folder / label).mkdir()
        random = np.random.default_rng(seed)
        for number in range(40):
            draw(label, random).save(folder / label / f"{label}_{number:03d}.png")
    (folder / "disc" / "broken.jpg").write_text("not a picture")
    return folder


def train(data: Path, out: Path, *options: str) -> Result:
    settings = ("--size", "32", "--epochs", "30", "--seed", "3", "--json")
    result = CliRunner().invoke(cli, ["train", str(data), "--out", str(out), *settings, *options])
    assert result.exit_code == 0, result.output
    return result


@pytest.fixture(scope="module")
def trained(data, tmp_path_factory) -> tuple[Path, Result]:
    out = tmp_path_factory.mktemp("runs") / "first"
    return out, train(data, out)


def test_separable_classes_are_learned(trained):
    """Shapes that anyone can tell apart are told apart."""
    _, result = trained

    facts = json.loads(result.stdout)
    assert facts["accuracy"] > 0.9
    assert facts["validation_accuracy"] > 0.9
    assert sum(facts["split"].values()) == 120


def test_skipped_files_and_progress_are_told_on_stderr(trained):
    """stdout carries the JSON object and nothing else."""
    _, result = trained

    assert "Warning: skipped" in result.stderr
    assert "broken.jpg" in result.stderr
    assert "120 pictures are numbered" in result.stderr
    assert "epoch 30/30" in result.stderr


def test_run_folder_is_complete(trained):
    """Every file is there, and says what it should."""
    out, result = trained
    answer = json.loads(result.stdout)

    assert sorted(path.name for path in out.iterdir()) == [
        "answers.png", "calibration.png", "confusion_matrix.png", "curves.png", "data_overview.png",
        "doubtful_labels.json", "history.json", "look_alikes.png", "metrics.json", "model.keras",
        "overview.json", "per_class.txt",
        "report.html", "run.json", "samples.png", "split.json",
    ]  # fmt: skip
    history = json.loads((out / "history.json").read_text())
    losses = [epoch["validation_loss"] for epoch in history["epochs"]]
    assert history["best_epoch"] == int(np.argmin(losses)) + 1
    assert json.loads((out / "metrics.json").read_text())["confusion_matrix"] == answer["confusion_matrix"]
    assert json.loads((out / "split.json").read_text())["skipped"][0]["path"] == "disc/broken.jpg"
    for name in ("curves.png", "confusion_matrix.png"):
        with Image.open(out / name) as picture:
            assert picture.width > 400


def test_saved_model_gives_the_reported_accuracy(trained):
    """The model on disk, fed from split.json, is the one that was measured: best epoch, labels in order."""
    out, result = trained
    run = open_run(out)
    model = run.load_model()

    scores = model.predict(load_inputs(run.split["test"], run.spec), verbose=0)

    assert model.input_shape == (None, 32, 32, 3)
    np.testing.assert_allclose(scores.sum(axis=1), 1, atol=1e-5)
    accuracy = np.mean(scores.argmax(axis=1) == label_indices(run.split["test"], run.labels))
    assert accuracy == pytest.approx(json.loads(result.stdout)["accuracy"])


def test_evaluate_repeats_the_figures_of_the_training(trained, tmp_path):
    """`edge-sort evaluate RUN` shows the saved network its own test pictures: the same confusion matrix."""
    out, result = trained

    again = CliRunner().invoke(cli, ["evaluate", str(out), "--json", "--out", str(tmp_path / "page")])

    assert again.exit_code == 0, again.output
    assert json.loads(again.stdout)["confusion_matrix"] == json.loads(result.stdout)["confusion_matrix"]
    assert (tmp_path / "page" / "curves.png").is_file()


def test_evaluate_needs_neither_the_history_nor_the_pictures_where_they_were(data, trained, tmp_path):
    """Copied to another computer without its curves: the same figures, once it is told where the pictures lie."""
    out, result = trained
    shutil.copytree(out, tmp_path / "run")
    shutil.copytree(data, tmp_path / "moved")
    (tmp_path / "run" / "history.json").unlink()
    split = json.loads((tmp_path / "run" / "split.json").read_text())
    (tmp_path / "run" / "split.json").write_text(json.dumps({**split, "data": str(tmp_path / "gone")}))

    lost = CliRunner().invoke(cli, ["evaluate", str(tmp_path / "run")])
    told = CliRunner().invoke(cli, ["evaluate", str(tmp_path / "run"), "--run-data", str(tmp_path / "moved"), "--json"])

    assert lost.exit_code == 1
    assert "--run-data of report and evaluate" in lost.stderr
    assert told.exit_code == 0, told.output
    assert json.loads(told.stdout)["confusion_matrix"] == json.loads(result.stdout)["confusion_matrix"]


def test_evaluate_tells_when_the_pictures_were_trained_on(data, trained):
    """The whole data folder is mostly training pictures."""
    result = CliRunner().invoke(cli, ["evaluate", str(trained[0]), str(data), "--json"])

    assert result.exit_code == 0, result.output
    assert "pictures helped to make this model" in result.stderr
    assert json.loads(result.stdout)["pictures"] == 120


def test_same_seed_gives_the_same_run(data, trained, tmp_path):
    """Same data, settings and seed: same split, same metrics, to the last digit on one machine."""
    out, first = trained

    again = train(data, tmp_path / "again")

    assert {**json.loads(again.stdout), "run": ""} == {**json.loads(first.stdout), "run": ""}
    assert (tmp_path / "again" / "split.json").read_bytes() == (out / "split.json").read_bytes()
    assert losses(tmp_path / "again") == losses(out)


def losses(run: Path) -> list[tuple[float, float]]:
    epochs = json.loads((run / "history.json").read_text())["epochs"]
    return [(epoch["loss"], epoch["validation_loss"]) for epoch in epochs]


def test_grey_without_augmentation(data, tmp_path):
    """The other options reach the network."""
    train(data, tmp_path / "run", "--color", "grey", "--no-augment", "--epochs", "2", "--batch", "16")

    run = open_run(tmp_path / "run")
    assert run.spec == InputSpec(width_px=32, height_px=32, color="grey")
    assert run.load_model().input_shape == (None, 32, 32, 1)


def test_damaged_model_is_named(trained, tmp_path):
    """A model cut short on the way is an error that names the file, not a traceback of Keras."""
    out, _ = trained
    whole = open_run(out)
    (tmp_path / "model.keras").write_bytes((out / "model.keras").read_bytes()[:2000])

    with pytest.raises(DataError, match=r"model\.keras: expected the model that edge-sort train wrote"):
        type(whole)(tmp_path, whole.labels, whole.spec, whole.seed, whole.split).load_model()


def test_ctrl_c_leaves_nothing_behind(data, tmp_path, monkeypatch):
    """Stopped half-way: one line, exit code 1, no run folder and no draft of one."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("training.progress.TrainingProgress.epoch", interrupt)

    result = CliRunner().invoke(cli, ["train", str(data), "--out", str(tmp_path / "run"), "--size", "32"])

    assert result.exit_code == 1
    assert "stopped before the training ended; nothing was written" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_augmentation_keeps_the_part_and_repeats():
    """Varied pictures differ from the original, repeat with the generator's state, and stay uint8 pixels."""
    from training.augment import AugmentSettings, augment

    random = np.random.default_rng(0)
    pixels = np.stack([np.asarray(draw("disc", random)) for _ in range(6)])

    varied, again = (augment(pixels, AugmentSettings(), np.random.default_rng(7)) for _ in range(2))

    assert varied.shape == pixels.shape
    assert varied.dtype == np.uint8
    np.testing.assert_array_equal(varied, again)
    assert not (varied == pixels).all(axis=(1, 2, 3)).any()
    dark_before, dark_after = ((batch < 120).mean(axis=(1, 2, 3)) for batch in (pixels, varied))
    assert (dark_after > 0.3 * dark_before).all()


def test_augmentation_of_nothing_changes_nothing():
    """With every range closed a picture comes back as it was: the geometry is centred on the pixels."""
    from training.augment import AugmentSettings, augment

    still = AugmentSettings(rotation_deg=0, quarter_turns=False, shift=0, size=(1, 1), brightness=0, contrast=0)
    pixels = np.random.default_rng(0).integers(0, 256, (4, 9, 12, 1), dtype=np.uint8)

    np.testing.assert_array_equal(augment(pixels, still, np.random.default_rng(0)), pixels)


def test_brightness_factor_darkens():
    """Paper 2's brightness: a factor, drawn for each picture."""
    from training.augment import AugmentSettings, augment

    still = {"rotation_deg": 0, "quarter_turns": False, "shift": 0, "size": (1, 1), "brightness": 0, "contrast": 0}
    settings = AugmentSettings.model_validate({**still, "brightness_factor": (0.1, 1.0)})
    pixels = np.full((50, 8, 8, 1), 200, np.uint8)

    levels = augment(pixels, settings, np.random.default_rng(0))[:, 0, 0, 0]

    assert 20 <= levels.min() < 60
    assert 160 < levels.max() <= 200


def test_tint_and_saturation_change_colours_and_nothing_else():
    """Another lamp: each channel has a factor of its own. Grey pictures stay as they are."""
    from training.augment import AugmentSettings, augment

    still = {"rotation_deg": 0, "quarter_turns": False, "shift": 0, "size": (1, 1), "brightness": 0, "contrast": 0}
    pixels = np.broadcast_to(np.array([120, 90, 60], np.uint8), (40, 8, 8, 3)).copy()

    def colors(**changes: float):
        varied = augment(pixels, AugmentSettings.model_validate({**still, **changes}), np.random.default_rng(0))
        assert (varied == varied[:, :1, :1]).all()
        return varied[:, 0, 0].astype(float)

    factors = colors(tint=0.2) / pixels[:, 0, 0]
    spread = np.ptp(colors(saturation=0.5), axis=1)
    grey = np.full((2, 4, 4, 1), 90, np.uint8)

    assert factors.min() == pytest.approx(0.8, abs=0.03)
    assert factors.max() == pytest.approx(1.2, abs=0.03)
    assert np.abs(np.corrcoef(factors.T)[0, 1:]).max() < 0.5
    assert (spread.min(), spread.max()) == (pytest.approx(30, abs=5), pytest.approx(90, abs=5))
    np.testing.assert_allclose(colors(saturation=0.5).mean(axis=1), 90, atol=0.5)
    lamps = AugmentSettings.model_validate({**still, "tint": 0.2, "saturation": 0.5})
    np.testing.assert_array_equal(augment(grey, lamps, np.random.default_rng(0)), grey)


@pytest.mark.parametrize("channels", [1, 3])
def test_blur_softens_each_picture_by_its_own_measure(channels):
    """From as sharp as it was to the given standard deviation: a bright edge rises over more pixels, nothing else."""
    from training.augment import AugmentSettings, augment

    still = {"rotation_deg": 0, "quarter_turns": False, "shift": 0, "size": (1, 1), "brightness": 0, "contrast": 0}
    pixels = np.zeros((60, 24, 24, channels), np.uint8)
    pixels[:, :, 12:] = 200

    blurred = augment(pixels, AugmentSettings.model_validate({**still, "blur_px": 2.0}), np.random.default_rng(0))

    steepest = np.diff(blurred.astype(int), axis=2).max(axis=(1, 2, 3)) / 200
    deviation_px = 1 / (np.sqrt(2 * np.pi) * steepest)  # of the Gaussian with this peak
    assert deviation_px.min() < 0.5
    assert deviation_px.max() == pytest.approx(2, rel=0.15)
    assert np.median(deviation_px) == pytest.approx(1, abs=0.3)
    assert (blurred[:, 12, 0] == 0).all()
    assert (blurred[:, 12, -1] == 200).all()


def test_paper_2s_recipe_from_pictures_to_integers(data, tmp_path):
    """One sigmoid, pictures of the run's own, and a report that says why its figure is what it is."""
    two = tmp_path / "two"
    for label in ("bar", "disc"):
        (two / label).mkdir(parents=True)
        for path in sorted((data / label).glob("*.png"))[:20]:
            (two / label / f"{path.stem[-3:]}a.png").write_bytes(path.read_bytes())

    options = ("--recipe", "paper2", "--epochs", "12", "--size", "32", "--set", "offline.per_original=2")
    command = ["train", str(two), "--out", str(tmp_path / "run"), *options]
    result = CliRunner().invoke(cli, command)

    assert result.exit_code == 0, result.output
    assert "paper2: The paper reports a mean accuracy of 0.980" in result.stdout
    assert "80 varied pictures were added to 40 originals" in " ".join(result.stderr.split())
    run = open_run(tmp_path / "run")
    assert run.load_model().output_shape == (None, 1)
    facts = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert facts["accuracy"] > 0.7
    assert min(sum(row) for row in facts["confusion_matrix"]) > 0
