"""A photo as the array that the embedder takes: decoded, upright, on white, in sRGB, shrunk and resized as `bagssl embed` does it."""
import errno
import io
import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, ImageFile, ImageOps, UnidentifiedImageError

MOST_PIXELS = 100_000_000
# Errors that say nothing of the photo: the job fails, and the engine tries it again.
NOT_ITS_FAULT = {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN, errno.EIO, errno.ESTALE}
SRGB = ImageCms.createProfile('sRGB')


class Unreadable(Exception):
    """A photo without a vector, and why."""


def plan_of(session):
    """The size that an embedder takes."""
    _, rows, columns, _ = session.get_inputs()[0].shape
    return {'rows': rows, 'columns': columns}


def decode(file, plan):
    """The pixels [rows, columns, 3], uint8. Raises `Unreadable`."""
    try:
        with Image.open(file) as image:
            if image.width * image.height > MOST_PIXELS:
                raise Unreadable(f'{image.width}×{image.height} pixels; at most {MOST_PIXELS} are decoded')
            full, factor = image.size, max(1, min(image.size) // (2 * max(plan['rows'], plan['columns'])))
            less = tuple(side // factor for side in full)
            # What a JPEG that is cut short lacks is grey. Other files that are cut short are unreadable.
            ImageFile.LOAD_TRUNCATED_IMAGES = image.format == 'JPEG'
            turned = image.getexif().get(0x0112, 1) >= 5
            # As sharp does it, with which bagssl decodes in Node.
            if image.format == 'JPEG' and (scale := reduced(full, less)) > 1:
                draft = tuple(side // scale for side in full)
                image.draft(image.mode, draft)
                small = plain(image.crop((0, 0, *draft)))
            else:
                small = plain(image)
            small = small.resize(less[::-1] if turned else less, Image.Resampling.BICUBIC)
            return np.asarray(fitted(small, plan))
    except Unreadable:
        raise
    except UnidentifiedImageError as error:
        raise Unreadable('no picture' if Path(file).stat().st_size else 'empty') from error
    except Exception as error:  # Pillow's decoders raise errors of many kinds.
        if isinstance(error, MemoryError) or getattr(error, 'errno', None) in NOT_ITS_FAULT:
            raise
        raise Unreadable(f'{type(error).__name__}: {error}') from error


def reduced(full, less):
    """1, 2, 4 or 8: the part of a JPEG's size that sharp has libjpeg decode. Something is left to resample."""
    factor = int(min(full[0] / less[0], full[1] / less[1]))
    return next(scale for scale in (8, 4, 2, 1) if factor > scale or scale == 1)


def plain(image):
    """Upright, 8-bit RGB: transparency on white, colours by the file's profile."""
    profile = image.info.get('icc_profile')
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith('I;16'):
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.has_transparency_data:
        over = image.convert('RGBA')
        image = Image.alpha_composite(Image.new('RGBA', image.size, 'white'), over)
    if image.mode != 'CMYK' or not profile:
        image = image.convert('RGB')
    if profile:
        try:
            image = ImageCms.profileToProfile(image, ImageCms.ImageCmsProfile(io.BytesIO(profile)), SRGB, outputMode='RGB')
        except ImageCms.PyCMSError:
            image = image.convert('RGB')  # a profile of another colour space, or a broken one
    return image


def fitted(image, plan):
    """Resampled so that it just covers the size, and its middle taken."""
    rows, columns = plan['rows'], plan['columns']
    scale = max(rows / image.height, columns / image.width)
    tall = max(rows, math.floor(image.height * scale + 1e-6))
    broad = max(columns, math.floor(image.width * scale + 1e-6))
    left, top = (broad - columns) // 2, (tall - rows) // 2
    return image.resize((broad, tall), Image.Resampling.BILINEAR).crop((left, top, left + columns, top + rows))


class Isolated:
    """`decode` in a process of its own, which a photo may crash."""

    child = None

    def decode(self, file, plan):
        if self.child is None or self.child.poll() is not None:
            command = [sys.executable, __file__]
            self.child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            if self.child.stdout.readline() != b'ready\n':
                raise RuntimeError('the process that decodes photos does not start')
        try:
            self.child.stdin.write(json.dumps([str(file), plan]).encode() + b'\n')
            self.child.stdin.flush()
            answer = self.child.stdout.readline()
        except BrokenPipeError:
            answer = b''
        if not answer:
            raise Unreadable(f'it ends the process that decodes it ({self.child.wait()})')
        reason = json.loads(answer)
        if reason:
            raise Unreadable(reason)
        rows, columns = plan['rows'], plan['columns']
        pixels = self.child.stdout.read(rows * columns * 3)
        return np.frombuffer(pixels, np.uint8).reshape(rows, columns, 3)

    def close(self):
        if self.child:
            self.child.stdin.close()
            self.child.wait()


def serve():
    sys.stdout.buffer.write(b'ready\n')
    sys.stdout.buffer.flush()
    for line in sys.stdin.buffer:
        file, plan = json.loads(line)
        try:
            reason, pixels = '', decode(file, plan).tobytes()
        except Unreadable as error:
            reason, pixels = str(error), b''
        sys.stdout.buffer.write(json.dumps(reason).encode() + b'\n' + pixels)
        sys.stdout.buffer.flush()


if __name__ == '__main__':
    serve()
