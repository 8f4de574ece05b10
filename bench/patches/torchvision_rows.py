"""Patches a second of torchvision on one thread, tensor and Pillow path, as one line of JSON for bench/patches.ts."""
import json
import time

import numpy as np
import torch
from PIL import Image
from torchvision import transforms as T

torch.set_num_threads(1)
HALF = [0.5, 0.5, 0.5]


def rate(run, seconds=1.0):
    run()
    count, started = 0, time.perf_counter()
    while time.perf_counter() - started < seconds:
        run()
        count += 1
    return round(count / (time.perf_counter() - started))


def pipeline(size, everything, pillow):
    steps = [T.RandomResizedCrop(size, (0.25, 0.25), (1, 1)), T.RandomHorizontalFlip()]
    if everything:
        threshold = 128 if pillow else 128 / 255
        steps += [
            T.RandomApply([T.ColorJitter(0.4, 0.4, 0.4, 0.2)], 0.8),
            T.RandomGrayscale(0.2),
            T.RandomApply([T.GaussianBlur(13, (0.1, 2))], 0.1),
            T.RandomSolarize(threshold, 0.1),
        ]
    return T.Compose(steps + ([T.ToTensor()] if pillow else []) + [T.Normalize(HALF, HALF)])


rows = []
for name, side, size, everything in [
    ("plain", 32, 32, False),
    ("empSsl", 32, 32, True),
    ("photo", 224, 96, False),
    ("photoEmpSsl", 224, 96, True),
]:
    ramp = np.linspace(0, 200, side)[:, None, None] + np.linspace(0, 50, side)[None, :, None] + np.zeros(3)
    noisy = (ramp + np.random.RandomState(0).randint(0, 6, (side, side, 3))).astype(np.uint8)
    tensor, image = torch.from_numpy(noisy.transpose(2, 0, 1).copy()).float() / 255, Image.fromarray(noisy)
    for engine, source, pillow in [("torchvision, Pillow", image, True), ("torchvision, tensor", tensor, False)]:
        transform = pipeline(size, everything, pillow)
        rows.append(
            {"engine": engine, "case": name, "threads": 1, "patches_per_second": rate(lambda: transform(source))}
        )
print(json.dumps(rows))
