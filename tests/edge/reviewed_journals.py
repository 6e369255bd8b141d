"""Journals with pictures, as a line leaves them, for the tests of what people make of them."""

from __future__ import annotations

from contextlib import closing

import numpy as np

from edge.journal import Journal, RunFacts
from edge.line_journal import pictures_folder
from edge.parts import Decision, Reason
from edge.picture_store import PictureStore
from edge.track import Track

LABELS = ("nut", "screw")


def crop(number):
    """Another picture for each part."""
    return np.random.default_rng(number).integers(0, 256, (24, 24, 3), dtype=np.uint8)


def write_run(path, parts, *, audit_share=0.0, labels=LABELS):
    """Add a run. parts: number -> (label, reason); the line is sure of what it sorts."""
    facts = RunFacts(labels, dict(zip(labels, labels, strict=True)), 0.0, audit_share=audit_share)
    store = PictureStore(pictures_folder(path), 1_000_000)
    journal = Journal(
        path, bundle_sha256="b" * 64, machine_sha256="m" * 64, clock="manual", facts=facts, pictures=store
    )
    with closing(journal):
        for number, (label, reason) in parts.items():
            scores = tuple(0.9 if one == label else 0.1 for one in labels)
            at = 10.0 * number
            track = Track(number, 120.0, 5.0, 20.0, 15.0, at - 1, at, scores=[np.array(scores, dtype=np.float32)])
            track.crop = crop(number)
            bin_name = label if reason is Reason.SORTED else "reject"
            journal.decided(track, Decision(bin_name, reason, label, 0.9, scores), at, None)
        journal.ended("no more frames")
    return path


def doubtful_run(path, numbers=(1, 2, 3)):
    """Add a run of nuts that the line was not sure of."""
    return write_run(path, dict.fromkeys(numbers, ("nut", Reason.BELOW_THRESHOLD)))
