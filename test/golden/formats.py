"""Writes the files of formats.json that sharp cannot write, for formats.mjs. It is given a picture (PNG) and a folder.

    pip install pillow==13.0.0 pillow-heif==1.8.1
"""
import struct
import sys

import numpy
import pillow_heif
from PIL import Image

pillow_heif.register_heif_opener()
picture = Image.open(sys.argv[1]).convert("RGB")
folder = sys.argv[2]
pixels = numpy.asarray(picture).astype("float64")


def save(name, image, **options):
    image.save(f"{folder}/{name}", **options)


def curve(gamma):
    """curv with one number, in 1/256."""
    return b"curv" + bytes(4) + struct.pack(">IHH", 1, round(gamma * 256), 0)


def xyz(*values):
    return b"XYZ " + bytes(4) + struct.pack(">3i", *(round(v * 65536) for v in values))


def profile(device, space, pcs, tags):
    """An ICC profile of version 2.1."""
    white = ("wtpt", xyz(0.9642, 1, 0.8249))
    text = "made for a test"
    desc = ("desc", b"desc" + bytes(4) + struct.pack(">I", len(text) + 1) + text.encode() + bytes(80))
    tags = [desc, ("cprt", b"text" + bytes(4) + text.encode() + b"\0"), white, *tags]
    at = 132 + 12 * len(tags)
    table, body = struct.pack(">I", len(tags)), b""
    for name, data in tags:
        table += struct.pack(">4sII", name.encode(), at + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    head = struct.pack(">I4sI4s4s4s", at + len(body), b"", 0x02100000, device, space, pcs)
    head += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + bytes(28)
    return head + struct.pack(">3i", 63190, 65536, 54061) + bytes(48) + table + body


def rgb(gamma, *columns):
    tags = [(f"{c}XYZ", xyz(*column)) for c, column in zip("rgb", columns)]
    return profile(b"mntr", b"RGB ", b"XYZ ", [*tags, *((f"{c}TRC", curve(gamma)) for c in "rgb")])


P3 = rgb(2.2, (0.51512, 0.2412, -0.00105), (0.29198, 0.69225, 0.04189), (0.1571, 0.06657, 0.78407))
ADOBE = rgb(2.19921875, (0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))
GREY = profile(b"mntr", b"GRAY", b"XYZ ", [("kTRC", curve(1.6))])


def inks():
    """A table of 3 points an ink (mft1): the light they leave, a little darker and warmer than it is without a profile."""
    cells = b""
    for n in range(81):
        c, m, y, k = (n // 27 % 3 / 2, n // 9 % 3 / 2, n // 3 % 3 / 2, n % 3 / 2)
        light = numpy.array([(1 - c), (1 - m) * 0.95, (1 - y) * 0.85]) * (1 - k) ** 1.2
        linear = light**2.2
        r = numpy.array([[0.4361, 0.3851, 0.1431], [0.2225, 0.7169, 0.0606], [0.0139, 0.0971, 0.7141]]) @ linear
        f = [v ** (1 / 3) if v > 0.008856 else v * 7.787 + 16 / 116 for v in r / numpy.array([0.9642, 1, 0.8249])]
        lab = (116 * f[1] - 16) * 2.55, 500 * (f[0] - f[1]) + 128, 200 * (f[1] - f[2]) + 128
        cells += bytes(min(255, max(0, round(v))) for v in lab)
    ramp = bytes(range(256))
    head = b"mft1" + bytes(4) + bytes([4, 3, 3, 0]) + struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    return profile(b"prtr", b"CMYK", b"Lab ", [("A2B0", head + ramp * 4 + cells + ramp * 3)])


EXIF = lambda turn: b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0" + bytes([turn]) + bytes(6)

save("p3.jpg", picture, quality=92, icc_profile=P3)
save("adobe-rgb.jpg", picture, quality=92, icc_profile=ADOBE)
save("grey-profile.jpg", picture.convert("L"), quality=92, icc_profile=GREY)
save("p3.png", picture, icc_profile=P3)
save("p3.webp", picture, quality=92, icc_profile=P3)
save("p3.tiff", picture, compression="tiff_lzw", icc_profile=P3)

# Inks as a printer's program makes them: black takes what the three colours have in common.
black = 255 - pixels.max(2)
colours = 255 - pixels - black[..., None]
colours = 255 * colours / numpy.maximum(1, 255 - black[..., None])
cmyk = numpy.dstack([colours, black]).round().clip(0, 255).astype("uint8")
save("cmyk.jpg", Image.fromarray(cmyk, "CMYK"), quality=92)
save("cmyk-profile.jpg", Image.fromarray(cmyk, "CMYK"), quality=92, icc_profile=inks())
save("cmyk.tiff", Image.fromarray(cmyk, "CMYK"), compression="tiff_lzw")
# YCCK: the same inks by the colour transform of JPEG, which Adobe's marker says. Pillow inverts all four.
ycc = numpy.asarray(Image.fromarray(cmyk[..., :3], "RGB").convert("YCbCr"))
save("ycck.jpg", Image.fromarray(numpy.dstack([255 - ycc, cmyk[..., 3]]), "CMYK"), quality=92)
path = f"{folder}/ycck.jpg"
data = bytearray(open(path, "rb").read())
data[data.index(b"Adobe") + 11] = 2
open(path, "wb").write(data)

for turn in range(2, 9):
    save(f"turn{turn}.jpg", picture, quality=92, exif=EXIF(turn))
save("turn6.png", picture, exif=EXIF(6)[6:])
save("turn3.webp", picture, quality=92, exif=EXIF(3)[6:])
save("turn6.webp", picture, quality=92, exif=EXIF(6)[6:])
save("turn5.avif", picture, quality=80, subsampling="4:4:4", exif=EXIF(5)[6:])
save("turn6.avif", picture, quality=80, subsampling="4:4:4", exif=EXIF(6)[6:])
save("turn6.tiff", picture, compression="tiff_lzw", tiffinfo={274: 6})

shifted = Image.fromarray(numpy.roll(numpy.asarray(picture), 20, 1))
frames = {"save_all": True, "append_images": [shifted], "duration": 100, "loop": 0}
save("animated.webp", picture, quality=92, **frames)
save("animated.png", picture, **frames)
save("animated.avif", picture, quality=80, subsampling="4:4:4", **frames)
save("animated.gif", picture.convert("P", palette=Image.Palette.ADAPTIVE), **frames)

save("24.bmp", picture)
save("8.bmp", picture.convert("P", palette=Image.Palette.ADAPTIVE))
save("1.bmp", picture.convert("1"))

save("photo.heic", picture, quality=85)
save("p3.heic", picture, quality=85, icc_profile=P3)
save("turn6.heic", picture, quality=85, exif=EXIF(6))
