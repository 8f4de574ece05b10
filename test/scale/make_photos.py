"""make_photos.py FOLDER N: N pictures of many sizes and forms, the same for the same N, and a few that do not decode."""
import os
import sys
from pathlib import Path

import numpy as np
from PIL import Image

folder, count = Path(sys.argv[1]), int(sys.argv[2])
draw = np.random.default_rng(1)


def picture(width, height):
    """Soft blobs of colour under a little noise: a JPEG of it is as large as one of a photo of that size."""
    small = draw.integers(0, 256, (draw.integers(2, 9), draw.integers(2, 9), 3), np.uint8)
    soft = np.asarray(Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC), np.int16)
    return Image.fromarray(np.clip(soft + draw.integers(-12, 13, soft.shape), 0, 255).astype(np.uint8))


for k in range(count):
    width, height = (int(side) for side in draw.integers(64, 257, 2))
    file = folder / f'{k // 1000:03}' / f'{k:06}.jpg'
    file.parent.mkdir(parents=True, exist_ok=True)
    image, form, options = picture(width, height), k % 50, {'quality': 85}
    if form == 7:
        image = image.convert('L')
    elif form == 13:
        options['exif'] = Image.Exif()
        options['exif'][0x0112] = 2 + k // 50 % 7
    elif form == 21:
        file, options = file.with_suffix('.png'), {}
        image.putalpha(Image.fromarray(draw.integers(0, 256, (height, width), np.uint8)))
    elif form == 33:
        file, options = file.with_suffix('.webp'), {'quality': 90}
    elif form == 41:
        image, options['progressive'] = picture(width * 5, height * 5), True
    image.save(file, **options)

# test/scale/crash ends the processes that open it.
picture(100, 80).save(folder / 'crash.jpg')
(folder / 'empty.jpg').write_bytes(b'')
(folder / 'text.jpg').write_text('no picture')
os.truncate(folder / '000/000001.jpg', 1200)  # damaged, and decoded all the same
picture(100, 80).save(folder / 'cut.png')
os.truncate(folder / 'cut.png', 5000)
