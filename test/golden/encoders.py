"""What PyTorch and torchvision compute, in float64, with narrow versions of the encoders: embeddings, a loss, every
parameter's gradient and the running statistics. Writes encoders.json:

    python3 encoders.py > encoders.json

Nothing is stored but results: tensor k is given by a rule (see `rule`) that the test repeats. Tensors are numbered in the
order of their names here, and shaped as this package shapes them: the matrix of a linear layer is [in, out].
"""
import json
from functools import partial

import numpy as np
import torch
from torch import nn
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet
from torchvision.models.vision_transformer import EncoderBlock

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)


def rule(k, shape):
    """The i-th element of the k-th tensor: frac(sin(12.9898·(i + 1) + 78.233·k)·43758.5453)·2 − 1, in [−1, 1)."""
    i = np.arange(1, int(np.prod(shape)) + 1, dtype=np.float64)
    s = np.sin(12.9898 * i + 78.233 * k) * 43758.5453
    return torch.from_numpy(((s - np.floor(s)) * 2 - 1).reshape(shape))


def start(name, k, shape):
    """Weights ±√(6/fan_in) (of linear layers [in, out]: fan_in is the first extent), factors about 1, offsets about 0.
    The factors that end a bottleneck are about 0.2: at 1, fifty layers on a small batch are so ill-conditioned that
    PyTorch's own float32 gradients are 3 % off its float64 ones; at 0.2 they are 1e-5 off."""
    r = rule(k, shape)
    if name.endswith('bn3.weight'):
        return 0.2 + 0.04 * r
    if name.endswith('running_var'):
        return 1 + 0.3 * r
    if len(shape) == 1:
        return 1 + 0.2 * r if name.endswith('weight') else 0.2 * r
    fan_in = shape[0] if len(shape) == 2 else np.prod(shape[1:])
    return r * np.sqrt(6 / fan_in)


# Each of these gives a network and, for each of our names, PyTorch's name and whether its matrix is [out, in].


def narrow_resnet(block, layers, width, stem):
    net = ResNet(block, layers)
    net.inplanes = width
    if stem == 'cifar':
        net.conv1 = nn.Conv2d(3, width, 3, 1, 1, bias=False)
        net.maxpool = nn.Identity()
    else:
        net.conv1 = nn.Conv2d(3, width, 7, 2, 3, bias=False)
    net.bn1 = nn.BatchNorm2d(width)
    net.layer1 = net._make_layer(block, width, layers[0])
    for stage in (1, 2, 3):
        setattr(net, f'layer{stage + 1}', net._make_layer(block, width * 2**stage, layers[stage], stride=2))
    net.fc = nn.Identity()
    return net, {name: (name, False) for name in net.state_dict()}


class Chain(nn.Module):
    def __init__(self, widths, strides, residual, padding):
        super().__init__()
        self.residual, self.border = residual, 0 if padding == 1 else 1
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.Conv2d(a, b, 3, s, padding, bias=False), nn.BatchNorm2d(b), nn.ReLU())
            for a, b, s in zip([3] + widths, widths, strides)
        )

    def forward(self, x):
        for block in self.blocks:
            y = block(x)
            if self.border and block[0].stride == (1, 1):
                x = x[:, :, 1:-1, 1:-1]
            x = x + y if self.residual and x.shape == y.shape else y
        return x.mean((2, 3))


def chain(*args):
    net = Chain(*args)
    ours = {0: 'conv', 1: 'bn'}
    names = (n.split('.') for n in net.state_dict())
    return net, {f'{k}.{ours[int(place)]}.{rest}': (f'blocks.{k}.{place}.{rest}', False) for _, k, place, rest in names}


class Depthwise(nn.Module):
    def __init__(self, widths, strides, residual):
        super().__init__()
        self.residual = residual
        conv = lambda a, b, k, s, g: nn.Conv2d(a, b, k, s, k // 2, groups=g, bias=False)
        self.stem = nn.Sequential(conv(3, widths[0], 3, strides[0], 1), nn.BatchNorm2d(widths[0]), nn.ReLU())
        self.blocks = nn.ModuleList(
            nn.Sequential(conv(a, a, 3, s, a), nn.BatchNorm2d(a), nn.ReLU(), conv(a, b, 1, 1, 1), nn.BatchNorm2d(b))
            for a, b, s in zip(widths, widths[1:], strides[1:])
        )

    def forward(self, x):
        x = self.stem(x)
        for block in self.blocks:
            y = block(x)
            x = torch.relu(x + y if self.residual and x.shape == y.shape else y)
        return x.mean((2, 3))


def depthwise(widths, strides, residual):
    net = Depthwise(widths, strides, residual)
    ours = {'stem.0': '0.conv', 'stem.1': '0.bn'}
    for k in range(len(widths) - 1):
        for place, name in ((0, 'depthwise'), (1, 'bn1'), (3, 'pointwise'), (4, 'bn2')):
            ours[f'blocks.{k}.{place}'] = f'{k + 1}.{name}'
    return net, {f'{ours[n.rpartition(".")[0]]}.{n.rpartition(".")[2]}': (n, False) for n in net.state_dict()}


class VisionTransformer(nn.Module):
    """torchvision's encoder blocks, without a class token."""

    def __init__(self, size, patch, width, depth, heads, ratio):
        super().__init__()
        norm = partial(nn.LayerNorm, eps=1e-6)
        self.conv_proj = nn.Conv2d(3, width, patch, patch)
        self.pos = nn.Parameter(torch.zeros((size // patch) ** 2, width))
        self.blocks = nn.ModuleList(EncoderBlock(heads, width, ratio * width, 0.0, 0.0, norm) for _ in range(depth))
        self.ln = norm(width)

    def forward(self, x):
        x = self.conv_proj(x).flatten(2).transpose(1, 2) + self.pos
        for block in self.blocks:
            x = block(x)
        return self.ln(x).mean(1)


def vit(*args):
    net = VisionTransformer(*args)
    parts = {
        'ln_1.': ('norm1.', False),
        'self_attention.in_proj_': ('attn.qkv.', True),
        'self_attention.out_proj.': ('attn.proj.', True),
        'ln_2.': ('norm2.', False),
        'mlp.0.': ('mlp.fc1.', True),
        'mlp.3.': ('mlp.fc2.', True),
    }
    names = {}
    for n, tensor in net.state_dict().items():
        if n == 'pos':
            names['pos_embed'] = (n, False)
        elif n.startswith('blocks'):
            _, k, rest = n.split('.', 2)
            theirs, (ours, linear) = next(item for item in parts.items() if rest.startswith(item[0]))
            names[f'blocks.{k}.{ours}{rest[len(theirs):]}'] = (n, linear and tensor.dim() == 2)
        else:
            names[n.replace('conv_proj', 'patch_embed.proj').replace('ln.', 'norm.')] = (n, False)
    return net, names


def case(config, size, batch, made):
    net, names = made
    names = {f'encoder.{ours}': theirs for ours, theirs in sorted(names.items()) if 'num_batches' not in ours}
    state = dict(net.named_parameters()) | dict(net.named_buffers())
    turned = lambda tensor, turn: tensor.T if turn else tensor
    with torch.no_grad():
        for k, (ours, (theirs, turn)) in enumerate(names.items()):
            shape = tuple(turned(state[theirs], turn).shape)
            state[theirs].copy_(turned(start(ours, k, shape), turn))
    patches = rule(1000, (batch, 3, size, size))
    with torch.no_grad():
        evaluated = net.eval()(patches)
    embedding = net.train()(patches)
    loss = (embedding * rule(2000, embedding.shape)).sum()
    loss.backward()
    gradients, statistics = {}, {}
    for k, (ours, (theirs, turn)) in enumerate(names.items()):
        tensor = state[theirs]
        if tensor.grad is None:
            statistics[ours] = tensor
            continue
        g = turned(tensor.grad, turn)
        # Length, and the component along a direction that tells every element from every other.
        gradients[ours] = [g.norm().item(), (g * rule(3000 + k, tuple(g.shape))).sum().item()]
    digits = lambda v: float(f'{v:.8g}')
    listed = lambda tensor: [digits(v) for v in tensor.flatten().tolist()]
    return {
        'config': config,
        'size': size,
        'batch': batch,
        'evaluated': listed(evaluated),
        'trained': listed(embedding),
        'loss': digits(loss.item()),
        'gradients': {name: [digits(v) for v in values] for name, values in gradients.items()},
        'statistics': {name: [digits(v) for v in (s.norm().item(), s.sum().item())] for name, s in statistics.items()},
    }


layers = {18: [2, 2, 2, 2], 34: [3, 4, 6, 3], 50: [3, 4, 6, 3]}
cases = []
for depth, stem, width, size, batch in ((18, 'cifar', 8, 16, 4), (18, 'imagenet', 8, 40, 4), (34, 'cifar', 4, 16, 6), (50, 'imagenet', 4, 64, 6)):
    config = {'kind': 'resnet', 'depth': depth, 'stem': stem, 'width': width}
    block = Bottleneck if depth == 50 else BasicBlock
    cases.append(case(config, size, batch, narrow_resnet(block, layers[depth], width, stem)))
for widths, strides, residual in (([6, 8, 8, 12], [1, 2, 1, 2], True), ([6, 10, 10], [2, 1, 1], False)):
    config = {'kind': 'depthwise', 'widths': widths, 'strides': strides, 'residual': residual}
    cases.append(case(config, 12, 4, depthwise(widths, strides, residual)))
for padding, residual in (('same', True), ('valid', True), ('valid', False)):
    widths, strides = [6, 6, 8, 8], [1, 1, 2, 1]
    config = {'kind': 'conv', 'widths': widths, 'strides': strides, 'residual': residual, 'padding': padding}
    cases.append(case(config, 13, 4, chain(widths, strides, residual, int(padding == 'same'))))
config = {'kind': 'vit', 'patch': 4, 'width': 16, 'depth': 2, 'heads': 2, 'mlpRatio': 4}
cases.append(case(config, 12, 3, vit(12, 4, 16, 2, 2, 4)))
print('[\n' + ',\n'.join(json.dumps(c, separators=(',', ':')) for c in cases) + '\n]')
