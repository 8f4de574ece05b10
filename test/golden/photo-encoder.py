"""Vectors of models/photos.safetensors by NumPy, PyTorch and Pillow, for generated images:
python3 photo-encoder.py ../../models/photos.safetensors > photo-encoder.json"""
import json, struct, sys
import numpy as np, torch, torch.nn.functional as F
from PIL import Image

SIZES = [(160, 120), (90, 140), (64, 64), (700, 60), (3, 50)]


def tensors(path):
    data = open(path, 'rb').read()
    (length,) = struct.unpack('<Q', data[:8])
    header = json.loads(data[8 : 8 + length])
    meta = json.loads(header.pop('__metadata__')['bagssl'])
    kinds = {'F32': np.float32, 'F16': np.float16, 'I8': np.int8}
    out = {}
    for name, t in header.items():
        a, b = t['data_offsets']
        out[name] = np.frombuffer(data[8 + length + a : 8 + length + b], kinds[t['dtype']]).reshape(t['shape']).astype(np.float32)
    return meta, out


def picture(width, height):
    """Smooth colours, a chequerboard and a disc, in whole numbers, as the test draws it."""
    y, x = np.mgrid[:height, :width]
    board = ((x * 8 // width) ^ (y * 8 // height)) & 1
    disc = ((4 * x - width) ** 2 * height**2 + (4 * y - 2 * height) ** 2 * width**2 < width**2 * height**2).astype(int)
    channels = [x * 255 // width, y * 160 // height + 60 * board, 90 + 40 * board + 120 * disc]
    return np.stack(channels, -1).clip(0, 255).astype(np.uint8)


def size(side, width, height):
    a = round(float(np.clip(np.log2(width / height), -2, 2)) * 4) / 4
    return [max(32, int(np.floor(side * 2**p + 0.5))) for p in (a / 2, -a / 2)]


def unit(v):
    return v / np.maximum(np.linalg.norm(v, axis=-1, keepdims=True), 1e-12)


def cells(n, k):
    low = np.arange(k)[:, None] * n / k
    p = np.arange(n)[None]
    return np.clip(np.minimum(p + 1, low + n / k) - np.maximum(p, low), 0, None) * k / n


def maps(image, side, meta, t):
    # A channel at a time as floats: Pillow rounds whole colours to bytes between and after its two passes.
    to = size(side, image.shape[1], image.shape[0])
    x = np.stack([np.asarray(Image.fromarray(image[..., c].astype(np.float32)).resize(to, Image.BILINEAR)) for c in range(3)])
    y = torch.from_numpy((x / 255 - 0.5) / 0.5)[None]
    for k, stride in enumerate(meta['model']['encoder']['strides']):
        w = {n: torch.from_numpy(t[f'encoder.{k}.{n}']) for n in ('conv.weight', 'bn.running_mean', 'bn.running_var', 'bn.weight', 'bn.bias')}
        y = F.conv2d(y, w['conv.weight'], stride=stride)
        y = F.relu(F.batch_norm(y, w['bn.running_mean'], w['bn.running_var'], w['bn.weight'], w['bn.bias']))
        yield y


def vector(image, meta, t):
    blocks = meta['layout']['blocks']
    all_maps = {side: list(maps(image, side, meta, t)) for side in {b['side'] for b in blocks}}
    parts = []
    for b in blocks:
        name, n = f"layout.{b['side']}.{b['layer']}", b['across']
        m = F.avg_pool2d(all_maps[b['side']][b['layer']], b.get('pool', 1))[0].permute(1, 2, 0).numpy()
        z = unit((m - t[f'{name}.mean']) @ t[f'{name}.matrix'])
        right = cells(m.shape[1], n)
        right = ((right + right[::-1]) / 2)[: (n + 1) // 2]
        p = unit(np.einsum('iy,jx,yxc->ijc', cells(m.shape[0], n), right, z).reshape(-1, m.shape[2]))
        p = unit(np.sign(p) * np.sqrt(np.abs(p)))
        parts.append((b['weight'] * p / np.sqrt(len(p))).reshape(-1))
    return (np.concatenate(parts) - t['layout.mean']) @ t['layout.matrix'] * t['layout.scale']


meta, t = tensors(sys.argv[1])
with torch.no_grad():
    found = [unit(vector(picture(*s), meta, t)) for s in SIZES]
print('[')
print(',\n'.join(json.dumps({'size': s, 'vector': [round(1e4 * float(v)) for v in f]}, separators=(',', ':')) for s, f in zip(SIZES, found)))
print(']')
