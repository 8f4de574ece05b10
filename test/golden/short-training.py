"""The run of ../support/short-training.ts in PyTorch, float64: losses written to short-training.json.

Network, loss, LARS and schedule are written here from the equations, with autograd for the gradients.
Usage: python3 short-training.py FILE.safetensors (from short-training-inputs.ts) > short-training.json
"""
import json
import math
import struct
import sys

import numpy as np
import torch
import torch.nn.functional as F

raw = open(sys.argv[1], "rb").read()
(length,) = struct.unpack("<Q", raw[:8])
header = json.loads(raw[8 : 8 + length])


def tensor(name, *shape):
    a, b = header[name]["data_offsets"]
    data = np.frombuffer(raw[8 + length + a : 8 + length + b], "<f4").astype(np.float64)
    return torch.tensor(data).reshape(shape or header[name]["shape"])


views, images, weight, epsilon2 = 3, 12, 20.0, 0.2
widths, strides = [8, 16, 16], [1, 2, 1]
hidden, out = [32, 32], 16
peak, warmup, steps = 0.03, 5, 20

params, fan = {}, 3
for k, w in enumerate(widths):
    params[f"encoder.{k}.conv.weight"] = tensor(f"encoder.{k}.conv.weight", w, fan, 3, 3)
    params[f"encoder.{k}.bn.weight"] = tensor(f"encoder.{k}.bn.weight")
    params[f"encoder.{k}.bn.bias"] = tensor(f"encoder.{k}.bn.bias")
    fan = w
for k, w in enumerate(hidden + [out]):
    params[f"projector.{k}.linear.weight"] = tensor(f"projector.{k}.linear.weight", fan, w)
    if k < len(hidden):
        params[f"projector.{k}.bn.weight"] = tensor(f"projector.{k}.bn.weight")
        params[f"projector.{k}.bn.bias"] = tensor(f"projector.{k}.bn.bias")
    fan = w
for p in params.values():
    p.requires_grad_(True)
velocity = {name: torch.zeros_like(p) for name, p in params.items()}


def norm_relu(x, name):
    return F.relu(F.batch_norm(x, None, None, params[f"{name}.weight"], params[f"{name}.bias"], True, 0.1, 1e-5))


def forward(x):
    for k, s in enumerate(strides):
        y = norm_relu(F.conv2d(x, params[f"encoder.{k}.conv.weight"], stride=s, padding=1), f"encoder.{k}.bn")
        x = x + y if x.shape == y.shape else y
    x = x.mean((2, 3))
    for k in range(len(hidden)):
        x = norm_relu(x @ params[f"projector.{k}.linear.weight"], f"projector.{k}.bn")
    return x @ params[f"projector.{len(hidden)}.linear.weight"]


def loss_of(projection):
    z = F.normalize(projection).reshape(views, images, -1)
    d = z.shape[2]
    rate = sum(
        0.5 * torch.logdet(torch.eye(d, dtype=z.dtype) + d / (images * epsilon2) * z[i].T @ z[i]) for i in range(views)
    )
    mean = z.mean(0, keepdim=True)
    return -rate / views - weight * F.cosine_similarity(z, mean.expand_as(z), dim=2).mean()


losses = []
for step in range(steps):
    loss = loss_of(forward(tensor(f"batch.{step}")))
    losses.append(loss.item())
    grads = torch.autograd.grad(loss, list(params.values()))
    lr = peak * min(1, (step + 1) / warmup) * 0.5 * (1 + math.cos(math.pi * step / steps))
    with torch.no_grad():
        for (name, p), g in zip(params.items(), grads):
            if p.dim() > 1:
                ratio = 0.005 * p.norm() / (g.norm() + 1e-4 * p.norm() + 1e-8)
                g = (g + 1e-4 * p) * min(ratio.item() / lr, 1)
            velocity[name] = 0.9 * velocity[name] + g
            p -= lr * (g + 0.9 * velocity[name])
print(json.dumps({"made by": "short-training.py, PyTorch " + torch.__version__ + ", float64", "losses": losses}, indent=1))
