"""Writes patches.json: what torchvision makes of generated images, for test/patches/golden.test.ts.

Run with Debian's python3-torchvision (made with torch 1.13.0a0, torchvision 0.14.1a0, Pillow 9.4.0):
    python3 test/golden/patches.py > test/golden/patches.json
Images come from the same few lines in both languages, so only results are stored.
"""
import json

import numpy as np
import torch
import torchvision
from PIL import Image
from torchvision.transforms import InterpolationMode
from torchvision.transforms import functional as F


def generated(seed, width, height):
    """Bytes [3, height, width]: slopes in x and y, plus noise from Knuth's and Lewis's generator."""
    state = seed
    out = np.zeros((3, height, width), np.uint8)
    for c in range(3):
        for y in range(height):
            for x in range(width):
                state = (state * 1664525 + 1013904223) % 2**32
                out[c, y, x] = (60 + 50 * c + 5 * x * (1 - c) + 4 * y * (c - 1) + (state >> 24) // 3) % 256
    return out


def values(tensor, digits=6):
    return [round(v, digits) for v in tensor.double().flatten().tolist()]


def resize(seed, width, height, box, size):
    """Float path of F.resized_crop with antialias, and Pillow's own on bytes."""
    image = generated(seed, width, height)
    x, y, w, h = box
    tensor = torch.from_numpy(image).float() / 255
    floats = F.resize(F.crop(tensor, y, x, h, w), [size, size], InterpolationMode.BILINEAR, antialias=True)
    pil = F.resized_crop(Image.fromarray(image.transpose(1, 2, 0)), y, x, h, w, [size, size])
    return {
        "image": [seed, width, height],
        "box": box,
        "size": size,
        "tensor": values(floats, 5),
        "pillow": np.asarray(pil).transpose(2, 0, 1).flatten().tolist(),
    }


CHANGES = {
    "brightness": F.adjust_brightness,
    "contrast": F.adjust_contrast,
    "saturation": F.adjust_saturation,
    "hue": F.adjust_hue,
}


def colour(seed, side, steps, greyscale=False, flip=False, mean=None, std=None):
    tensor = torch.from_numpy(generated(seed, side, side)).float() / 255
    if flip:
        tensor = F.hflip(tensor)
    for name, amount in steps:
        tensor = CHANGES[name](tensor, amount)
    if greyscale:
        tensor = F.rgb_to_grayscale(tensor, 3)
    if mean:
        tensor = F.normalize(tensor, mean, std)
    return {
        "image": [seed, side, side],
        "steps": steps,
        "greyscale": greyscale,
        "flip": flip,
        "mean": mean or [0, 0, 0],
        "std": std or [1, 1, 1],
        "tensor": values(tensor),
    }


def side(width, height, scale):
    torch.manual_seed(0)
    crop = torchvision.transforms.RandomResizedCrop(8, scale=(scale, scale), ratio=(1, 1))
    _, _, h, w = crop.get_params(torch.zeros(3, height, width), [scale, scale], [1, 1])
    assert h == w
    return {"image": [width, height], "scale": scale, "side": w}


IMAGENET = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}
print(
    json.dumps(
        {
            "made_with": {"torch": torch.__version__, "torchvision": torchvision.__version__},
            "resize": [
                resize(1, 20, 16, [3, 2, 8, 8], 12),
                resize(2, 24, 20, [0, 0, 20, 20], 8),
                resize(3, 16, 18, [2, 4, 13, 13], 9),
                resize(4, 12, 12, [5, 1, 7, 9], 8),
                resize(5, 33, 33, [0, 0, 33, 33], 5),
            ],
            "colour": [
                colour(11, 6, [["brightness", 0.6]]),
                colour(12, 6, [["brightness", 1.4]]),
                colour(13, 6, [["contrast", 0.6]]),
                colour(14, 7, [["contrast", 1.4]]),
                colour(15, 6, [["saturation", 0.6]]),
                colour(16, 6, [["saturation", 1.4]]),
                colour(17, 6, [["hue", 0.1]]),
                colour(18, 6, [["hue", -0.1]]),
                colour(19, 6, [["hue", 0.5]]),
                colour(20, 6, [["hue", -0.37]]),
                colour(21, 6, [], greyscale=True),
                colour(22, 6, [], flip=True, **IMAGENET),
                colour(23, 7, [["hue", 0.08], ["contrast", 0.7], ["brightness", 1.3], ["saturation", 1.2]], flip=True),
                colour(24, 8, [["contrast", 1.3], ["saturation", 0.8], ["hue", -0.2], ["brightness", 0.9]], **IMAGENET),
                colour(25, 8, [["saturation", 1.4], ["brightness", 0.7]], greyscale=True, **IMAGENET),
            ],
            "side": [
                side(w, h, s)
                for w, h in [(32, 32), (224, 224), (97, 61), (13, 29), (5, 5), (10, 10)]
                for s in [0.08, 0.2, 0.25]
            ],
        },
        separators=(",", ":"),
    )
)
