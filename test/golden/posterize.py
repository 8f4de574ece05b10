"""Writes posterize.json: what Pillow makes of every byte with 1 to 8 bits, for test/patches/posterize.test.ts.

    python3 test/golden/posterize.py > test/golden/posterize.json        (Pillow 9.4 or newer)
"""
import json

from PIL import Image, ImageOps

ramp = Image.frombytes("L", (16, 16), bytes(range(256)))
print(json.dumps({bits: list(ImageOps.posterize(ramp, bits).tobytes()) for bits in range(1, 9)}, separators=(",", ":")))
