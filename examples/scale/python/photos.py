"""
What the programs of all engines share: a folder of photos as jobs, a job as one Parquet shard.

A shard is named after its job, and appears whole or not at all. So it does not matter how often an engine runs a job, or where:
a job that has its shard is done, and a program that is started again runs the jobs that have none.
"""
import argparse
import functools
import hashlib
import json
import os
import socket
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pyarrow as pa
import pyarrow.parquet as pq
from decode import Isolated, Unreadable, decode, plan_of

SUFFIXES = {'.jpg', '.jpeg', '.png', '.webp', '.gif', '.bmp', '.tif', '.tiff', '.avif'}
# A job that was begun this often and has no shard: a photo of it may be what ends its workers.
SUSPECT = 2


@dataclass(frozen=True)
class Job:
    name: str
    ids: tuple  # paths of photos, relative to `photos`
    photos: str
    model: str
    digest: str  # SHA-256 of the model
    out: str
    batch: int

    def to_json(self):
        return json.dumps(asdict(self))

    @staticmethod
    def from_json(text):
        return Job(**json.loads(text))


def arguments(description):
    """The command line of every engine's program."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument('photos', help='a folder of photos, at any depth')
    parser.add_argument('model', help='what `bagssl export --what embedder` wrote')
    parser.add_argument('out', help='a folder for the shards; given again, the program resumes')
    parser.add_argument('--workers', type=int, default=os.cpu_count(), help='processes of one thread; default: one a core')
    parser.add_argument('--job', type=int, default=256, help='photos in a job; default 256')
    parser.add_argument('--batch', type=int, default=64, help='photos in one run of the model; default 64')
    return parser.parse_args()


def digest_of(file):
    return hashlib.sha256(Path(file).read_bytes()).hexdigest()


def jobs_to_do(options):
    """The jobs without a shard. The same photos, model and size of a job make the same jobs."""
    folder, out = Path(options.photos).resolve(), Path(options.out).resolve()
    files = (file for file in folder.rglob('*') if file.suffix.lower() in SUFFIXES and file.is_file())
    ids = sorted((file.relative_to(folder).as_posix() for file in files), key=os.fsencode)
    if not ids:
        raise SystemExit(f'{folder} holds no photos ({" ".join(sorted(SUFFIXES))}).')
    digest = digest_of(options.model)
    model, batch = str(Path(options.model).resolve()), options.batch
    jobs = []
    for number, start in enumerate(range(0, len(ids), options.job)):
        part = ids[start : start + options.job]
        key = hashlib.sha256(b'\0'.join([digest.encode(), str(batch).encode(), *map(os.fsencode, part)])).hexdigest()[:16]
        jobs.append(Job(f'{number:06}-{key}', tuple(part), str(folder), model, digest, str(out), batch))
    (out / 'begun').mkdir(parents=True, exist_ok=True)
    done = {shard.stem for shard in out.glob('*.parquet')}
    others = done - {job.name for job in jobs}
    if others:
        raise SystemExit(
            f'{out} holds {len(others)} shards of other jobs, such as {min(others)}: of another model, of other photos, or of jobs '
            'of another size. Give an empty folder; readers take several.'
        )
    return [job for job in jobs if job.name not in done]


@functools.lru_cache(1)
def embedder(model, digest):
    """The session of this process. One thread: a machine runs as many workers as it has cores."""
    if digest_of(model) != digest:
        raise RuntimeError(f'{model} is not the model that the jobs were made for ({digest}).')
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return ort.InferenceSession(model, options, providers=['CPUExecutionProvider'])


def run(job):
    """Embeds the photos of a job and writes its shard. Returns what `report` adds up."""
    shard = Path(job.out) / f'{job.name}.parquet'
    begun = Path(job.out) / 'begun' / job.name
    if shard.exists():
        return 0
    with begun.open('a') as file:
        file.write(f'{os.getpid()} {socket.gethostname()}\n')
    careful = len(begun.read_text().splitlines()) > SUSPECT
    clock = {'load': time.perf_counter()}
    session = embedder(job.model, job.digest)
    plan, isolated = plan_of(session), Isolated() if careful else None
    pixels = np.uint8 if 'uint8' in session.get_inputs()[0].type else np.float32
    clock = {'load': time.perf_counter() - clock['load'], 'decode': 0.0, 'embed': 0.0}
    ids, vectors, skipped = [], [], []
    for start in range(0, len(job.ids), job.batch):
        then, images = time.perf_counter(), []
        for id in job.ids[start : start + job.batch]:
            try:
                images.append((isolated.decode if isolated else decode)(Path(job.photos, id), plan))
                ids.append(id)
            except Unreadable as error:
                skipped.append({'id': id, 'reason': str(error)})
        between = time.perf_counter()
        if images:
            vectors.append(session.run(['bag'], {'images': np.stack(images).astype(pixels)})[0])
        clock['decode'] += between - then
        clock['embed'] += time.perf_counter() - between
    if isolated:
        isolated.close()
    write(shard, job, ids, vectors, skipped, clock)
    begun.unlink(missing_ok=True)
    return len(ids)


def write(shard, job, ids, vectors, skipped, clock):
    """Writes a shard under another name, and renames it when it is on the disk."""
    rows = np.concatenate(vectors).astype(np.float32) if vectors else np.empty((0, 1), np.float32)
    table = pa.table(
        {
            'id': pa.array(ids, pa.string()),
            'vector': pa.ListArray.from_arrays(np.arange(0, rows.size + 1, rows.shape[1], np.int32), rows.ravel()),
            'model': pa.array([job.digest] * len(ids), pa.string()).dictionary_encode(),
        },
        metadata={'skipped': json.dumps(skipped), 'seconds': json.dumps(clock)},
    )
    part = shard.with_name(f'.{shard.stem}.{socket.gethostname()}.{os.getpid()}')
    try:
        with part.open('wb') as file:
            # The floats of a network do not compress.
            pq.write_table(table, file, compression='none', use_dictionary=['model'])
            file.flush()
            os.fsync(file.fileno())
        part.rename(shard)
    finally:
        part.unlink(missing_ok=True)


def report(options, started):
    """Prints what the shards hold, as JSON, and names the photos without a vector."""
    photos, seconds, skipped = 0, {'load': 0.0, 'decode': 0.0, 'embed': 0.0}, []
    for shard in sorted(Path(options.out).glob('*.parquet')):
        found = pq.read_metadata(shard)
        photos += found.num_rows
        skipped += json.loads(found.metadata[b'skipped'])
        for part, more in json.loads(found.metadata[b'seconds']).items():
            seconds[part] += more
    (Path(options.out) / 'skipped.json').write_text(json.dumps(skipped, indent=1, ensure_ascii=False))
    wall = time.perf_counter() - started
    print(json.dumps({'photos': photos, 'skipped': len(skipped), 'wall': round(wall, 2), **{k: round(v, 2) for k, v in seconds.items()}}))
