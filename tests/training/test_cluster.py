"""TF_CONFIG is checked before TensorFlow sees it: it would wait for ever, or end in a traceback."""

from __future__ import annotations

import json
import sys

import pytest
from click.testing import CliRunner

from edge.cli import cli
from training.cluster import ClusterError, Place, read_place

TWO = ["10.0.0.5:2222", "10.0.0.6:2222"]


def config(cluster: object, task: object, **more: object) -> dict[str, str]:
    return {"TF_CONFIG": json.dumps({"cluster": cluster, "task": task, **more})}


def test_first_worker_is_the_chief():
    """Without a chief of its own the cluster is led by worker 0, as in TensorFlow."""
    first, second = (read_place(config({"worker": TWO}, {"type": "worker", "index": index})) for index in (0, 1))

    assert first == Place(tuple(TWO), 0)
    assert (first.is_chief, second.is_chief) == (True, False)
    assert second.port == 2222


def test_chief_comes_before_the_workers():
    """With a chief in the cluster no worker leads; what job schedulers add is passed over."""
    cluster = {"chief": ["a:1"], "worker": ["b:2", "[fe80::1]:3"]}

    chief = read_place(config(cluster, {"type": "chief", "index": 0}, environment="cloud"))
    last = read_place(config(cluster, {"type": "worker", "index": "1"}))

    assert (chief.number, chief.is_chief) == (0, True)
    assert (last.number, last.is_chief, last.port) == (2, False, 3)
    assert last.addresses == ("a:1", "b:2", "[fe80::1]:3")


WORKER = {"type": "worker", "index": 0}


@pytest.mark.parametrize(
    ("environment", "found"),
    [
        ({}, "expected the environment variable TF_CONFIG to say who takes part, found none"),
        ({"TF_CONFIG": "{worker"}, "TF_CONFIG: expected JSON, found: key must be a string"),
        ({"TF_CONFIG": "[]"}, "TF_CONFIG: expected a JSON object, found []"),
        ({"TF_CONFIG": "{}"}, "TF_CONFIG: expected a key 'cluster', found none; add it"),
        (config({"worker": TWO}, {"type": "worker"}), "expected a key 'task.index', found none"),
        (config({"worker": TWO}, {"type": "ps", "index": 0}), "input should be 'chief' or 'worker', found 'ps'"),
        (config({"worker": TWO}, {"type": "worker", "index": 2}), "one of the 2 addresses in cluster.worker"),
        (config({"worker": TWO}, {"type": "worker", "index": -1}), "task.index: input should be greater than or equal"),
        (config({"worker": TWO}, {"type": "chief", "index": 0}), "one of the 0 addresses in cluster.chief"),
        (config({"worker": TWO, "ps": ["a:1"]}, WORKER), "expected only chief and worker in cluster, found 'ps'"),
        (config({"chief": TWO}, {"type": "chief", "index": 0}), "expected one address in cluster.chief"),
        (config({}, WORKER), "expected addresses in cluster.worker, found none"),
        (config({"worker": ["10.0.0.5"]}, WORKER), "expected addresses such as 10.0.0.5:2222, found '10.0.0.5'"),
        (config({"worker": ["a:70000"]}, WORKER), "expected addresses such as 10.0.0.5:2222, found 'a:70000'"),
        (config({"worker": ["a:1", "a:1"]}, WORKER), "an address of its own for each worker, found a:1 more than once"),
    ],
)  # fmt: skip
def test_wrong_tf_config_is_one_sentence(environment, found):
    """Each names the variable, what was expected and what was found."""
    with pytest.raises(ClusterError, match="TF_CONFIG") as error:
        read_place(environment)

    assert found in str(error.value)


def test_command_refuses_before_tensorflow_is_loaded(tmp_path, monkeypatch):
    """One line and exit code 1, although this installation has no TensorFlow."""
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    monkeypatch.delenv("TF_CONFIG", raising=False)

    result = CliRunner().invoke(cli, ["train", str(tmp_path), "--out", "run", "--distribute", "multiworker"])

    assert result.exit_code == 1
    assert "expected the environment variable TF_CONFIG" in " ".join(result.output.split())
