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


def resize(seed, width, height, box, size, mode=InterpolationMode.BILINEAR):
    """Float path of F.resized_crop with antialias, limited to 0..1, and Pillow's own on bytes."""
    image = generated(seed, width, height)
    x, y, w, h = box
    tensor = torch.from_numpy(image).float() / 255
    floats = F.resize(F.crop(tensor, y, x, h, w), [size, size], mode, antialias=True).clamp(0, 1)
    pil = F.resized_crop(Image.fromarray(image.transpose(1, 2, 0)), y, x, h, w, [size, size], mode)
    return {
        "image": [seed, width, height],
        "box": box,
        "size": size,
        "interpolation": mode.value,
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


def blur(seed, side, kernel, sigma, threshold=None):
    """GaussianBlur, then solarize where a threshold is given."""
    tensor = F.gaussian_blur(torch.from_numpy(generated(seed, side, side)).float() / 255, [kernel, kernel], [sigma, sigma])
    if threshold is not None:
        tensor = F.solarize(tensor, threshold)
    return {"image": [seed, side, side], "kernel": kernel, "sigma": sigma, "threshold": threshold, "tensor": values(tensor)}


def crop(width, height, scale, ratio, uniforms):
    """RandomResizedCrop.get_params with torch's generator replaced by a list of uniform numbers."""
    numbers = iter(uniforms)
    uniform, randint = torch.Tensor.uniform_, torch.randint
    torch.Tensor.uniform_ = lambda self, low, high: self.fill_(low + (high - low) * next(numbers))
    torch.randint = lambda low, high, size: torch.tensor([0])
    try:
        _, _, h, w = torchvision.transforms.RandomResizedCrop.get_params(torch.zeros(3, height, width), scale, ratio)
    finally:
        torch.Tensor.uniform_, torch.randint = uniform, randint
    used = len(uniforms) - len(list(numbers))
    return {"image": [width, height], "scale": scale, "ratio": ratio, "uniforms": uniforms[:20], "used": used, "size": [w, h]}


def crops():
    """Usual crops, long images where some tries fail, and some where all ten do."""
    draw = np.random.RandomState(5)
    cases = []
    for width, height in [(32, 32), (224, 160), (97, 61), (300, 40), (40, 300), (1000, 10), (10, 1000)]:
        for scale in [[0.08, 1.0], [0.2, 0.2], [0.9, 1.0]]:
            for ratio in [[3 / 4, 4 / 3], [0.5, 3.0]]:
                uniforms = [round(float(u), 6) for u in draw.random_sample(20)]
                cases.append(crop(width, height, scale, ratio, uniforms))
    return cases


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
            "bicubic": [
                resize(1, 20, 16, [3, 2, 8, 8], 12, InterpolationMode.BICUBIC),
                resize(6, 24, 20, [0, 0, 20, 20], 9, InterpolationMode.BICUBIC),
                resize(4, 12, 12, [5, 1, 7, 9], 8, InterpolationMode.BICUBIC),
            ],
            "blur": [
                blur(31, 9, 3, 0.1),
                blur(32, 9, 5, 0.7),
                blur(33, 10, 13, 2.0),
                blur(34, 8, 15, 1.3),
                blur(35, 9, 3, 0.4, 128 / 255),
                blur(36, 8, 7, 1.0, 0.3),
            ],
            "crops": crops(),
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
