"""python to_lancedb.py SHARDS MODEL FOLDER: shards into a LanceDB database, which is a folder."""
import sys

import lancedb
import pyarrow as pa
from shards import read_shards


def load(folder, shards, model):
    """A table `photos`, and an index for cosine."""
    table = None
    for ids, vectors in read_shards(shards, model):
        fixed = pa.FixedSizeListArray.from_arrays(vectors.ravel(), vectors.shape[1])
        rows = pa.table({'id': ids, 'vector': fixed})
        if table is None:
            table = lancedb.connect(folder).create_table('photos', rows, mode='overwrite')
        else:
            table.add(rows)
    # One partition for every million rows or so; a search looks into `nprobes` of them.
    table.create_index(metric='cosine', index_type='IVF_HNSW_SQ', num_partitions=1 + table.count_rows() // 2**20, m=16, ef_construction=64)
    return table


def nearest(table, vector, k=10, ef=100):
    """The ids nearest to a vector, and their cosines, computed exactly for 2 k candidates; `ef` is at least that many."""
    found = table.search(vector).distance_type('cosine').ef(ef).refine_factor(2).limit(k).select(['id', '_distance']).to_list()
    return [(row['id'], 1 - row['_distance']) for row in found]


if __name__ == '__main__':
    print(load(sys.argv[3], *sys.argv[1:3]).count_rows(), 'rows')
