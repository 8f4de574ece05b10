"""parts.py MODEL: CPU milliseconds that each part of embedding one photo takes, on one thread, for the estimate in docs/scale-out.md."""
import io
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import photos
from decode import decode, plan_of
from PIL import Image

session = photos.embedder(sys.argv[1], photos.digest_of(sys.argv[1]))
plan = plan_of(session)
draw = np.random.default_rng(1)


def spent(work, times):
    """Of three rounds the least."""
    rounds = []
    for _ in range(3):
        then = time.process_time()
        for _ in range(times):
            work()
        rounds.append((time.process_time() - then) / times * 1000)
    return min(rounds)


folder = Path(tempfile.mkdtemp())
for width, height in ((512, 384), (1600, 1200), (4000, 3000)):
    small = draw.integers(0, 256, (24, 32, 3), np.uint8)
    soft = np.asarray(Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC), np.int16)
    picture = Image.fromarray(np.clip(soft + draw.integers(-6, 7, soft.shape), 0, 255).astype(np.uint8))
    file = folder / f'{width}.jpg'
    picture.save(file, quality=85)
    print(f'decode and resize {width}x{height} ({file.stat().st_size / 1e6:.2f} MB): {spent(lambda: decode(file, plan), 3 if width > 2000 else 20):.1f} ms')
images = draw.integers(0, 256, (64, plan['rows'], plan['columns'], 3), np.uint8)
type = np.uint8 if 'uint8' in session.get_inputs()[0].type else np.float32
print(f"embed {plan['rows']}x{plan['columns']}, batch of 64: {spent(lambda: session.run(['bag'], {'images': images.astype(type)}), 2) / 64:.2f} ms")
width = session.run(['bag'], {'images': images[:1].astype(type)})[0].shape[1]
rows = draw.standard_normal((4096, width)).astype(np.float32)
job = photos.Job('job', (), '', '', photos.digest_of(sys.argv[1]), str(folder), 64)
ids = [f'{k // 1000:06}/{k:09}.jpg' for k in range(len(rows))]
shard = folder / 'job.parquet'
print(f'write a shard of 4096: {spent(lambda: photos.write(shard, job, ids, [rows], [], {}), 5) / len(rows):.4f} ms a row, {shard.stat().st_size / len(rows):.0f} bytes')
