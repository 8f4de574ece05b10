"""One run of the recipe search: this package's step written in PyTorch, three times as fast on one core, fed with this
package's own patches (feed.mjs). What it found is in docs/recipe.md.

    python3 search.py '{"data": "PATH", "steps": 500, "hidden": [2048, 512]}'

prints one JSON object: accuracies of both features, plain, standardised and whitened. The keys are those of DEFAULTS.
"""
import json
import math
import os
import subprocess
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F

DEFAULTS = dict(
    data="", seed=0, images=50, views=4, steps=500, recipe={}, size=16,
    widths=[32, 64, 64, 128, 128], strides=[1, 2, 1, 2, 1], padding=1, residual=False,
    hidden=[1024, 1024], out=256, similarity=150.0, epsilon2=0.2,
    optimizer="lars", rate=0.3, warmup=30, trust=0.005, bias_rate=0.1, decay=1e-4,
    placement={"kind": "grid", "across": 3}, train=10000, test=5000, threads=1,
)
run = {**DEFAULTS, **json.loads(sys.argv[1])}
torch.manual_seed(run["seed"])
torch.set_num_threads(run["threads"])
torch.set_flush_denormal(True)
HERE = os.path.dirname(os.path.abspath(__file__))

parameters, statistics = {}, {}
fan, side, multiply_adds = 3, run["size"], 0
for k, (width, stride) in enumerate(zip(run["widths"], run["strides"])):
    parameters[f"e{k}.w"] = torch.randn(width, fan, 3, 3) * math.sqrt(2 / (9 * fan))
    parameters[f"e{k}.g"], parameters[f"e{k}.b"] = torch.ones(width), torch.zeros(width)
    side = (side + 2 * run["padding"] - 3) // stride + 1
    multiply_adds += side * side * width * fan * 9
    fan = width
for k, width in enumerate(run["hidden"] + [run["out"]]):
    parameters[f"p{k}.w"] = torch.randn(fan, width) * math.sqrt(2 / fan)
    if k < len(run["hidden"]):
        parameters[f"p{k}.g"], parameters[f"p{k}.b"] = torch.ones(width), torch.zeros(width)
    multiply_adds += fan * width
    fan = width
for p in parameters.values():
    p.requires_grad_(True)
momentum = {name: torch.zeros_like(p) for name, p in parameters.items()}
square = {name: torch.zeros_like(p) for name, p in parameters.items()}
count = run["images"] * run["views"]


def norm_relu(x, name, training):
    gamma, beta = parameters[name + ".g"], parameters[name + ".b"]
    if name not in statistics:
        statistics[name] = [torch.zeros_like(gamma), torch.ones_like(gamma)]
    mean, variance = statistics[name]
    return F.relu(F.batch_norm(x, mean, variance, gamma, beta, training, 0.01, 1e-5))


def forward(x, training=True):
    for k, stride in enumerate(run["strides"]):
        y = norm_relu(F.conv2d(x, parameters[f"e{k}.w"], stride=stride, padding=run["padding"]), f"e{k}", training)
        x = x + y if run["residual"] and x.shape == y.shape else y
    embedding = x = x.mean((2, 3))
    for k in range(len(run["hidden"])):
        x = norm_relu(x @ parameters[f"p{k}.w"], f"p{k}", training)
        if k == 0 and not training:
            return embedding, x
    return x @ parameters[f"p{len(run['hidden'])}.w"]


def loss_of(projection):
    z = F.normalize(projection).reshape(run["views"], run["images"], -1)
    m, d = z.shape[1:]
    a = d / (m * run["epsilon2"])
    gram = torch.eye(m) + a * z @ z.transpose(1, 2) if m <= d else torch.eye(d) + a * z.transpose(1, 2) @ z
    rate = torch.linalg.cholesky(gram).diagonal(dim1=1, dim2=2).log().sum(1).mean()
    return -rate - run["similarity"] * z.mean(0).norm(dim=1).mean()


def fed(asked, each):
    """Blocks of patches [n, 3, size, size], as many as `each` lists."""
    asked = {"data": run["data"], "recipe": {"size": run["size"], **run["recipe"]}, **asked}
    feed = subprocess.Popen(["node", f"{HERE}/feed.mjs", json.dumps(asked)], stdout=subprocess.PIPE, bufsize=1 << 22)
    for patches in each:
        wanted = patches * 3 * run["size"] ** 2
        raw = feed.stdout.read(4 * wanted)
        if len(raw) != 4 * wanted:
            raise SystemExit("feed.mjs gave fewer patches than asked for; its error is above.")
        yield torch.from_numpy(np.frombuffer(raw, np.float32).copy()).reshape(patches, 3, run["size"], run["size"])
    feed.wait()


def update(name, p, g, rate, step):
    with torch.no_grad():
        if run["optimizer"] == "lars":
            if p.dim() > 1:
                size = run["trust"] * p.norm() / (g.norm() + run["decay"] * p.norm() + 1e-8)
                g = min(size.item() / rate, 1) * (g + run["decay"] * p)
            else:
                g = run["bias_rate"] * g
            momentum[name].mul_(0.9).add_(g)
            p.sub_(rate * (g + 0.9 * momentum[name]))
        else:
            momentum[name].mul_(0.9).add_(g, alpha=0.1)
            square[name].mul_(0.999).addcmul_(g, g, value=0.001)
            direction = momentum[name] / (1 - 0.9**step) / ((square[name] / (1 - 0.999**step)).sqrt() + 1e-8)
            p.sub_(rate * (direction + (run["decay"] * p if p.dim() > 1 else 0)))


def train():
    asked = dict(images=run["images"], views=run["views"], steps=run["steps"], seed=run["seed"] + 1)
    for step, x in enumerate(fed(asked, [count] * run["steps"])):
        loss = loss_of(forward(x))
        slopes = torch.autograd.grad(loss, list(parameters.values()))
        share = step / run["steps"]
        rate = run["rate"] * min(1, (step + 1) / run["warmup"]) * 0.5 * (1 + math.cos(math.pi * share))
        for (name, p), g in zip(parameters.items(), slopes):
            update(name, p, g, rate, step + 1)
        if step % 200 == 0:
            print(f"step {step} of {run['steps']}, loss {loss.item():.2f}", file=sys.stderr, flush=True)


@torch.no_grad()
def bags(part, images):
    """Means of both features, [images, width] each."""
    across = run["placement"]["across"] ** 2 * len(run["placement"].get("scales", [0]))
    lots = [min(50, images - first) for first in range(0, images, 50)]
    asked = dict(placement=run["placement"], count=images, part=part)
    found = [
        [v.reshape(-1, across, v.shape[1]).mean(1) for v in forward(x, training=False)]
        for x in fed(asked, [lot * across for lot in lots])
    ]
    return [torch.cat(vectors) for vectors in zip(*found)]


def neighbours(bank, labels, queries, truth, k, temperature):
    s, index = (F.normalize(queries) @ F.normalize(bank).T).topk(k)
    votes = torch.zeros(len(queries), 10).scatter_add_(1, labels[index], (s / temperature).exp())
    return round((votes.argmax(1) == truth).float().mean().item(), 4)


def probe(x, labels, test, truth, epochs=30):
    w, b = torch.zeros(x.shape[1], 10), torch.zeros(10)
    vw, vb = torch.zeros_like(w), torch.zeros_like(b)
    steps = epochs * (len(x) // 100)
    for step in range(steps):
        index = torch.randint(len(x), (100,))
        g = (torch.softmax(x[index] @ w + b, 1) - F.one_hot(labels[index], 10)) / 100
        rate = 0.003 * 0.5 * (1 + math.cos(math.pi * step / steps))
        vw.mul_(0.9).add_(x[index].T @ g + 5e-5 * w)
        vb.mul_(0.9).add_(g.sum(0))
        w -= rate * vw
        b -= rate * vb
    return round(((test @ w + b).argmax(1) == truth).float().mean().item(), 4)


def whitener(x, ridge=0.01):
    mean = x.mean(0)
    covariance = (x - mean).T @ (x - mean) / len(x)
    values, vectors = torch.linalg.eigh(covariance + ridge * covariance.trace() / len(covariance) * torch.eye(len(covariance)))
    return lambda v: (v - mean) @ (vectors * values.rsqrt())


def labels_of(part, images):
    files = ["test_batch.bin"] if part == "test" else [f"data_batch_{k}.bin" for k in range(1, 6)]
    rows = [np.fromfile(f"{run['data']}/{name}", np.uint8).reshape(-1, 3073)[:, 0] for name in files]
    return torch.from_numpy(np.concatenate(rows).astype(np.int64))[:images]


started = time.time()
train()
trained = time.time() - started
labels, truth = labels_of("train", run["train"]), labels_of("test", run["test"])
result = dict(steps=run["steps"], patches=run["steps"] * count, mflop=round(2e-6 * multiply_adds, 1), seconds=round(trained))
for name, bank, queries in zip(("embedding", "preFeature"), bags("train", run["train"]), bags("test", run["test"])):
    mean, deviation, white = bank.mean(0), bank.std(0) + 1e-6, whitener(bank)
    x, t = (bank - mean) / deviation, (queries - mean) / deviation
    result[name] = dict(
        knn_k200=neighbours(bank, labels, queries, truth, 200, 0.1),
        knn_k20=neighbours(bank, labels, queries, truth, 20, 0.07),
        whitened_k200=neighbours(white(bank), labels, white(queries), truth, 200, 0.1),
        whitened_k20=neighbours(white(bank), labels, white(queries), truth, 20, 0.07),
        linear=probe(x, labels, t, truth),
    )
print(json.dumps(result))
