"""Values and gradients of the objectives in PyTorch, float64, by autograd: python3 objectives.py > objectives.json

Written from the papers' equations as plain loops over views and images, with torch's own operators where it has one.
Projections are [views * images, d], row v * images + b view v of image b; all inputs are multiples of 1/256, so that
float32 holds them exactly. Figures keep ten digits.
"""
import itertools
import json
import math

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
torch.manual_seed(2206)


def draw(*shape, spread=1.0):
    return torch.round(torch.randn(*shape) * spread * 256) / 256


def views_of(x, views):
    return list(x.chunk(views))


def ordered_pairs(n):
    return list(itertools.permutations(range(n), 2))


def coding_rate(x, views, epsilon2, similarity):
    """NMCE, EMP-SSL: the rate of each view over the batch; the cosine of each view with the mean view."""
    z = [F.normalize(v) for v in views_of(x, views)]
    m, d = z[0].shape
    rates = [0.5 * torch.logdet(torch.eye(d) + d / (m * epsilon2) * v.T @ v) for v in z]
    mean = sum(z) / views
    alike = sum(F.cosine_similarity(v, mean).mean() for v in z) / views
    return -sum(rates) / views - similarity * alike


def vicreg_pair(a, b, invariance, variance, covariance):
    """VICReg, as in the authors' main_vicreg.py."""
    m, d = a.shape

    def off(z):
        c = torch.cov(z.T)
        return (c.flatten()[:-1].view(d - 1, d + 1)[:, 1:] ** 2).sum() / d

    hinge = sum(F.relu(1 - torch.sqrt(z.var(0) + 1e-4)).mean() / 2 for z in (a, b))
    return invariance * F.mse_loss(a, b) + variance * hinge + covariance * (off(a) + off(b))


def vicreg(x, views, invariance, variance, covariance):
    z = views_of(x, views)
    if views == 2:
        return vicreg_pair(*z, invariance, variance, covariance)
    mean = sum(z) / views
    return sum(vicreg_pair(v, mean, invariance, variance, covariance) for v in z) / views


def spectral(x, views, radius=None):
    """HaoChen et al. 2021: -2 E[z.z'] over views of one image, E[(z.z')^2] over views of two images."""
    z = views_of(x if radius is None else F.normalize(x) * radius, views)
    m = len(z[0])
    pairs = ordered_pairs(views)
    attraction = sum((z[v][b] @ z[w][b]) for v, w in pairs for b in range(m)) / (len(pairs) * m)
    apart = ordered_pairs(m)
    repulsion = sum((z[v][b] @ z[w][c]) ** 2 for v, w in pairs for b, c in apart) / (len(pairs) * len(apart))
    return -2 * attraction + repulsion


def info_nce(x, views, temperature):
    """NT-Xent by its own definition: cross entropy over all other samples, averaged over each sample's positives."""
    s = F.cosine_similarity(x[:, None], x[None], dim=2) / temperature
    m = len(x) // views
    losses = []
    for i in range(len(x)):
        others = torch.tensor([a for a in range(len(x)) if a != i])
        for p in others.tolist():
            if p % m == i % m:
                target = (others == p).nonzero()[0]
                losses.append(F.cross_entropy(s[i, others][None], target))
    return sum(losses) / len(losses)


def barlow_pair(a, b, weight):
    """Barlow Twins, as in the paper's pseudocode, with batch norm's epsilon."""
    norm = lambda z: F.batch_norm(z, None, None, training=True, eps=1e-5)
    c = norm(a).T @ norm(b) / len(a)
    on = torch.diagonal(c)
    return ((on - 1) ** 2).sum() + weight * ((c**2).sum() - (on**2).sum())


def barlow_twins(x, views, weight):
    z = views_of(x, views)
    if views == 2:
        return barlow_pair(z[0], z[1], weight)
    others = [sum(z[:v] + z[v + 1 :]) / (views - 1) for v in range(views)]
    return sum(barlow_pair(a, b, weight) for a, b in zip(z, others)) / views


CASES = [
    ("coding-rate", dict(epsilon2=0.2, similarity=30), coding_rate),
    ("coding-rate", dict(epsilon2=0.5, similarity=200), coding_rate),
    ("vicreg", dict(invariance=25, variance=25, covariance=1), vicreg),
    ("spectral", dict(), spectral),
    ("spectral", dict(radius=1.5), spectral),
    ("info-nce", dict(temperature=0.5), info_nce),
    ("info-nce", dict(temperature=0.07), info_nce),
    ("barlow-twins", {"lambda": 0.0051}, lambda x, n, **o: barlow_twins(x, n, o["lambda"])),
]
SHAPES = [(2, 6, 4), (2, 4, 9), (3, 5, 4), (4, 3, 6)]

figures = lambda t: [float(f"{v:.10g}") for v in t.flatten().tolist()]
cases = []
for views, images, d in SHAPES:
    # Views of one image share half of their variance.
    x = (draw(images, d).repeat(views, 1) + draw(views * images, d)) / 2
    for kind, options, loss_of in CASES:
        leaf = x.clone().requires_grad_(True)
        loss = loss_of(leaf, views, **options)
        (gradient,) = torch.autograd.grad(loss, leaf)
        at = dict(views=views, images=images, d=d, projection=figures(x))
        cases.append(dict(objective=dict(kind=kind, **options), **at, loss=figures(loss)[0], gradient=figures(gradient)))



def byol_steps(views=3, images=4, momentum=0.9, rate=0.1, steps=3):
    """BYOL as in the paper's appendix: two networks, SGD with momentum 0.9 on the first and its predictor, then the average.

    The network: 3x3 convolution, batch norm, ReLU, mean over positions, linear, batch norm, ReLU, linear; the predictor:
    linear, batch norm, ReLU, linear. Linear weights are [in, out], without bias; the batch's own statistics throughout.
    The average's momentum rises from its base to 1: 1 - (1 - base) (cos(pi k / K) + 1) / 2 after k of K steps.
    """
    patches = draw(images, 3, 4, 4).repeat(views, 1, 1, 1) + draw(views * images, 3, 4, 4)
    online = {"encoder.0.conv.weight": draw(4, 3, 3, 3, spread=0.3)}
    for name, width in [("encoder.0.bn", 4), ("projector.0.bn", 6), ("predictor.0.bn", 12)]:
        online[f"{name}.weight"], online[f"{name}.bias"] = 1 + draw(width, spread=0.2), draw(width, spread=0.2)
    for name, a, b in [("projector.0", 4, 6), ("projector.1", 6, 4), ("predictor.0", 4, 12), ("predictor.1", 12, 4)]:
        online[f"{name}.linear.weight"] = draw(a, b, spread=0.6)
    start = {name: figures(p) for name, p in online.items()}
    target = {name: p.clone() for name, p in online.items()}
    velocity = {name: torch.zeros_like(p) for name, p in online.items()}
    for p in online.values():
        p.requires_grad_(True)

    def norm_relu(w, x, name):
        return F.relu(F.batch_norm(x, None, None, w[f"{name}.weight"], w[f"{name}.bias"], True, 0.1, 1e-5))

    def project(w):
        x = norm_relu(w, F.conv2d(patches, w["encoder.0.conv.weight"], padding=1), "encoder.0.bn").mean((2, 3))
        x = norm_relu(w, x @ w["projector.0.linear.weight"], "projector.0.bn")
        return x @ w["projector.1.linear.weight"]

    losses = []
    for step in range(steps):
        hidden = norm_relu(online, project(online) @ online["predictor.0.linear.weight"], "predictor.0.bn")
        q = hidden @ online["predictor.1.linear.weight"]
        assert q.norm(dim=1).min() > 0.05, "a prediction of length 0 has no direction"
        q = views_of(F.normalize(q), views)
        with torch.no_grad():
            z = views_of(F.normalize(project(target)), views)
        pairs = list(itertools.combinations(range(views), 2))
        one = lambda v, w: ((q[v] - z[w]) ** 2).sum(1).mean()
        loss = sum(one(v, w) + one(w, v) for v, w in pairs) / len(pairs)
        losses.append(figures(loss)[0])
        used = {name: figures(p) for name, p in target.items()}
        grads = torch.autograd.grad(loss, list(online.values()))
        with torch.no_grad():
            for (name, p), g in zip(online.items(), grads):
                velocity[name] = 0.9 * velocity[name] + g
                p -= rate * velocity[name]
                tau = 1 - (1 - momentum) * (math.cos(math.pi * (step + 1) / steps) + 1) / 2
                target[name] = tau * target[name] + (1 - tau) * p
    end = {name: figures(p) for name, p in online.items()}
    used = {name: p for name, p in used.items() if not name.startswith("predictor")}
    return dict(
        views=views, images=images, momentum=momentum, hidden=12, rate=rate, patches=figures(patches),
        start=start, losses=losses, end=end, target=used,
    )


print('{"made by": "objectives.py, PyTorch %s, float64", "cases": [' % torch.__version__)
print(",\n".join(json.dumps(case) for case in cases))
print('], "byol":', json.dumps(byol_steps()), "}")
