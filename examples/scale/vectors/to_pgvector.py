"""python to_pgvector.py SHARDS MODEL: shards into PostgreSQL with pgvector, at DATABASE_URL."""
import os
import sys

import psycopg
from pgvector.psycopg import register_vector
from shards import read_shards


def load(connection, shards, model):
    """A table `photos`, and an index for cosine. The rows are copied first: an index is built faster than it grows."""
    connection.execute('CREATE EXTENSION IF NOT EXISTS vector')
    register_vector(connection)
    connection.execute('DROP TABLE IF EXISTS photos')
    count = 0
    for ids, vectors in read_shards(shards, model):
        if count == 0:
            connection.execute(f'CREATE TABLE photos (id text PRIMARY KEY, vector vector({vectors.shape[1]}) NOT NULL)')
        with connection.cursor().copy('COPY photos (id, vector) FROM STDIN WITH (FORMAT BINARY)') as copy:
            copy.set_types(['text', 'vector'])
            for row in zip(ids, vectors):
                copy.write_row(row)
        count += len(ids)
    connection.execute("SET maintenance_work_mem = '512MB'")
    connection.execute('CREATE INDEX ON photos USING hnsw (vector vector_cosine_ops) WITH (m = 16, ef_construction = 64)')
    connection.commit()
    return count


def nearest(connection, vector, k=10, ef=100):
    """The ids nearest to a vector, and their cosines. A larger `ef` finds more of the true nearest, and takes longer."""
    connection.execute(f'SET hnsw.ef_search = {int(ef)}')
    query = 'SELECT id, 1 - (vector <=> %s) FROM photos ORDER BY vector <=> %s LIMIT %s'
    return connection.execute(query, (vector, vector, k)).fetchall()


if __name__ == '__main__':
    with psycopg.connect(os.environ['DATABASE_URL']) as connection:
        print(load(connection, *sys.argv[1:3]), 'rows')
