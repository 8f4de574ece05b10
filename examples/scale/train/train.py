"""mpirun -n RANKS python train.py STEP PHOTOS [--steps N]: trains on many machines with what `bagssl export --what gradient,update` wrote."""
import argparse
import json
from pathlib import Path

import numpy as np
from mpi4py import MPI
from PIL import Image, ImageFile, UnidentifiedImageError
from split_step import SplitStep


ImageFile.LOAD_TRUNCATED_IMAGES = True  # what a JPEG that is cut short lacks is grey


def is_picture(file):
    try:
        with Image.open(file):
            return True
    except UnidentifiedImageError:
        return False


class Patches:
    """Random crops of photos, flipped half the time. A row depends on the seed, the step and its place alone, so ranks draw their own."""

    def __init__(self, folder, batch):
        self.files = sorted(file for file in Path(folder).rglob('*.jpg') if is_picture(file))
        self.images, self.views, self.recipe, self.seed = batch['images'], batch['views'], batch['recipe'], batch['seed']
        if len(self.files) < self.images:
            raise SystemExit(f'{folder} holds {len(self.files)} JPEGs; a batch takes {self.images}.')
        self.mean, self.std = (np.asarray(self.recipe[name], np.float32)[:, None, None] for name in ('mean', 'std'))

    def rows(self, step, first, end):
        """Rows `first` to `end` of a step's batch. Row view · images + image is a view of an image."""
        per_epoch = len(self.files) // self.images
        order = np.random.default_rng([self.seed, step // per_epoch]).permutation(len(self.files))
        start = step % per_epoch * self.images
        return np.stack([self.patch(self.files[order[start + row % self.images]], step, row) for row in range(first, end)])

    def patch(self, file, step, row):
        draw = np.random.default_rng([self.seed, step, row])
        size = self.recipe['size']
        with Image.open(file) as image:
            image = image.convert('RGB')
        side = max(1, round(np.sqrt(draw.uniform(*self.recipe['scale'])) * min(image.size)))
        x, y = (int(draw.integers(0, length - side + 1)) for length in image.size)
        pixels = np.asarray(image.resize((size, size), Image.Resampling.BILINEAR, (x, y, x + side, y + side)), np.float32)
        if draw.random() < 0.5:
            pixels = pixels[:, ::-1]
        return (pixels.transpose(2, 0, 1) / 255 - self.mean) / self.std


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('step')
    parser.add_argument('photos')
    parser.add_argument('--steps', type=int, default=20)
    options = parser.parse_args()
    comm = MPI.COMM_WORLD
    step = SplitStep(options.step, comm)
    patches = Patches(options.photos, step.manifest['batch'])
    each = step.manifest['patches'][0]
    first, end = step.slices[0] * each, (step.slices[-1] + 1) * each
    budget = step.step + options.steps
    while step.step < budget:
        report = step.take(patches.rows(step.step, first, end), budget)
        if comm.rank == 0:
            print(json.dumps({'step': step.step, **report}), flush=True)
    if comm.rank == 0:
        step.save()


if __name__ == '__main__':
    main()
