"""Shards of vectors, as the programs of examples/scale/ write them."""
import hashlib
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pyarrow.dataset as ds


def read_shards(folder, model, rows=4096):
    """Yields ids and vectors [n, width], a few thousand at a time. Shards of another model than the .onnx file are refused."""
    digest = hashlib.sha256(Path(model).read_bytes()).hexdigest()
    files = [str(file) for file in sorted(Path(folder).glob('*.parquet'))]
    for batch in ds.dataset(files, format='parquet').to_batches(columns=['id', 'vector', 'model'], batch_size=rows):
        others = set(batch['model'].to_pylist()) - {digest}
        if others:
            raise SystemExit(f'{folder} has vectors of {min(map(str, others))}, and {model} is {digest}. Vectors of two models cannot be compared.')
        lengths = pc.list_value_length(batch['vector'])
        if batch.num_rows and (lengths.null_count or len(lengths.unique()) > 1 or batch['id'].null_count):
            raise SystemExit(f'{folder} has vectors of lengths {sorted(map(str, lengths.unique().to_pylist()))}, or rows without an id: no whole shards.')
        if batch.num_rows:
            yield batch['id'].to_pylist(), batch['vector'].flatten().to_numpy().reshape(batch.num_rows, -1).astype(np.float32)
