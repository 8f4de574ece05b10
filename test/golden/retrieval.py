"""Writes retrieval.json: hand-made vectors and measures of retrieval in float64, for test/evaluation/retrieval.test.ts.

    python3 test/golden/retrieval.py > test/golden/retrieval.json        (numpy, scikit-image 0.19 or newer)
"""
import colorsys
import json

import numpy as np
from skimage.feature import hog

rng = np.random.default_rng(1)


def unit(v):
    return v / np.linalg.norm(v, axis=1, keepdims=True)


def measures(queries, labels, bank, of, own):
    """Means and standard errors of precision at 1, at 5, and average precision."""
    s = unit(queries) @ unit(bank).T
    rows = []
    for q in range(len(queries)):
        order = [i for i in np.argsort(-s[q], kind="stable") if not (own and i == q)]
        hit = np.array([of[i] == labels[q] for i in order], float)
        if hit.sum() == 0:
            continue
        precision = hit.cumsum() / np.arange(1, len(hit) + 1)
        rows.append([hit[0], hit[:5].mean(), (precision * hit).sum() / hit.sum()])
    rows = np.array(rows)
    return {
        "queries": len(rows),
        "means": rows.mean(0).tolist(),
        "errors": (rows.std(0, ddof=1) / np.sqrt(len(rows))).tolist(),
        "averages": rows[:, 2].tolist(),
    }


def whitened(bank, others):
    """By the eigenvectors of the covariance, with a ridge of 0.01 of the mean variance."""
    mean = bank.mean(0)
    x = bank - mean
    c = x.T @ x / len(x)
    values, vectors = np.linalg.eigh(c + 0.01 * np.trace(c) / len(c) * np.eye(len(c)))
    root = vectors / np.sqrt(values) @ vectors.T
    return [(v - mean) @ root for v in (bank, *others)]


def vectors(count, width, labels, noise=1.5):
    centres = np.random.default_rng(2).normal(size=(8, width))
    return np.round((centres[labels] + noise * rng.normal(size=(count, width))) * 64)


def case(rows, width):
    labels = np.arange(rows) % 5
    labels[-1] = 6  # the only one of its class
    bank = vectors(rows, width, labels)
    asked = np.arange(12) % 7
    queries = vectors(12, width, asked)
    copies = bank + np.round(120 * rng.normal(size=bank.shape))
    white, white_queries, white_copies = whitened(bank, [queries, copies])

    def found(b, q, c):
        s = unit(c) @ unit(b).T
        return {
            "own": measures(b, labels, b, labels, True),
            "queries": measures(q, asked, b, labels, False),
            "first": (s.argmax(1) == np.arange(rows)).tolist(),
        }

    return {
        "width": width,
        "labels": labels.tolist(),
        "asked": asked.tolist(),
        "bank": bank.astype(int).ravel().tolist(),
        "queries": queries.astype(int).ravel().tolist(),
        "copies": copies.astype(int).ravel().tolist(),
        "plain": found(bank, queries, copies),
        "whitened": found(white, white_queries, white_copies),
    }


side, cell = 32, 8
tile = rng.integers(0, 256, (3, side, side))
tile = (tile + np.roll(tile, 1, 2) + np.roll(tile, 1, 1)) // 3
gradients = hog(tile / 255, orientations=9, pixels_per_cell=(cell, cell), cells_per_block=(2, 2), block_norm="L2-Hys", channel_axis=0)

counts = np.zeros((8, 4, 4))
for r, g, b in tile.reshape(3, -1).T / 255:
    h, s, v = colorsys.rgb_to_hsv(r, g, b)
    counts[min(7, int(h * 8)), min(3, int(s * 4)), min(3, int(v * 4))] += 1

json.dump(
    {
        "side": side,
        "cell": cell,
        "tile": tile.ravel().tolist(),
        "hog": np.round(gradients, 7).tolist(),
        "colour": np.round(np.sqrt(counts / counts.sum()), 7).ravel().tolist(),
        "cases": [case(40, 6), case(20, 48)],
    },
    __import__("sys").stdout,
    separators=(",", ":"),
)
