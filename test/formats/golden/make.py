"""Writes formats.json: small files as NumPy and the safetensors package write them, in base64.

Run with NumPy 2.4 and safetensors 0.8:  python3 test/formats/golden/make.py
"""

import base64
import io
import json
import pathlib

import numpy as np
from safetensors.numpy import save


def npy(array, version=None):
    out = io.BytesIO()
    np.lib.format.write_array(out, array, version=version)
    return base64.b64encode(out.getvalue()).decode()


def entry(array, version=None):
    return {
        "descr": array.dtype.str,
        "shape": list(array.shape),
        "values": [int(v) if array.dtype.kind in "iub" else float(v) for v in array.ravel()],
        "bytes": npy(array, version),
    }


arrays = [
    entry(np.array([[1.5, -2, 3e-8], [0, 1e30, -0.25]], "<f4")),
    entry(np.arange(5, dtype="<f4")),
    entry(np.array(7, "<f4")),
    entry(np.zeros((0, 4), "<f4")),
    entry(np.arange(24, dtype="<f4").reshape(2, 1, 3, 4)),
    entry(np.array([[0.1], [-1e300]], "<f8")),
    entry(np.array([-1, 2**40], "<i8")),
    entry(np.array([-7, 70000], "<i4")),
    entry(np.array([-7, 300], "<i2")),
    entry(np.array([0, 255], "|u1")),
    entry(np.array([True, False])),
    entry(np.array([[1, 2, 3]], "<f4"), (2, 0)),
]

tensors = {
    "b.weight": np.array([[1.5, -2], [3, 4]], "<f4"),
    "a": np.array([7], "<i8"),
    "flags": np.array([1, 2, 3], "|u1"),
    "half": np.array([1.0, -2.0], "<f2"),
    "a.bias": np.array([0.5], "<f4"),
}

here = pathlib.Path(__file__).parent
(here / "formats.json").write_text(
    json.dumps(
        {
            "npy": arrays,
            "fortran": npy(np.asfortranarray(np.arange(6, dtype="<f4").reshape(2, 3))),
            "bigEndian": npy(np.arange(2, dtype=">f4")),
            "safetensors": base64.b64encode(save(tensors, {"made": "by hand"})).decode(),
        },
        indent=2,
    )
    + "\n"
)
