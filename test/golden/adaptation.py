"""Writes adaptation.json: the map that brings neighbours closer, in float64, for test/adaptation/adaptation.test.ts.

    python3 test/golden/adaptation.py > test/golden/adaptation.json        (numpy)
"""
import json
import sys

import numpy as np

ROWS, WIDTH = 40, 6
rng = np.random.default_rng(3)
centres = rng.normal(size=(5, WIDTH))
x = np.round(64 * (centres[np.arange(ROWS) % 5] + 0.6 * rng.normal(size=(ROWS, WIDTH))) * np.linspace(2, 0.5, WIDTH))
copies = np.round(0.9 * x + 20 * rng.normal(size=x.shape))


def unit(v):
    return v / np.linalg.norm(v, axis=1, keepdims=True)


def power(a, p, ridge):
    values, vectors = np.linalg.eigh(a)
    return vectors * (values + ridge * np.trace(a) / len(a)) ** p @ vectors.T


def neighbour_map(v, copies):
    z = v - v.mean(0)
    c = z.T @ z / len(z)
    y = unit(z @ power(c, 0.25, 1))
    q = y @ y.T
    np.fill_diagonal(q, -2)
    nearest = np.argsort(-q, axis=1, kind="stable")[:, :5]
    a = np.zeros_like(q)
    np.put_along_axis(a, nearest, np.maximum(np.take_along_axis(q, nearest, 1), 0) ** 3, 1)
    a = np.minimum(a, a.T)
    u = unit(z)
    within = u.T @ (np.diag(a.sum(1)) - a) @ u / (a.sum() / 2)
    change = unit(copies - v.mean(0)) - u
    between = change.T @ change
    closer = power(within / np.trace(within) + 0.2 * between / np.trace(between), -0.25, 1)
    return closer @ power(closer @ c @ closer, 0.25, 1)


json.dump({"width": WIDTH, "vectors": x.astype(int).ravel().tolist(), "copies": copies.astype(int).ravel().tolist(), "map": neighbour_map(x, copies).ravel().tolist()}, sys.stdout, separators=(",", ":"))
