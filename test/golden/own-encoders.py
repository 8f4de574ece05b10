"""Networks written by PyTorch's own exporter, and what PyTorch computes with them in float64: outputs, a loss, every
parameter's gradient, the running statistics and the losses of three steps of SGD. Needs Debian's python3-torch,
python3-torchvision and python3-onnx. Writes own-encoders/*.onnx and own-encoders.json, beside this program:

    python3 own-encoders.py

The files are as the exporter left them, but for their floating initialisers: where `weights` says so these keep name, type
and shape and lose their data, which the test restores from a rule (see `start`), so that the folder stays small.
"""
import io
import json
import os
import warnings

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval
from torch.onnx import TrainingMode
from torchvision.models import mobilenet_v2
from torchvision.models.resnet import BasicBlock, ResNet

warnings.filterwarnings('ignore')
torch.set_num_threads(1)
HERE = os.path.dirname(os.path.abspath(__file__))


def rule(k, shape):
    """The i-th element of the k-th tensor: frac(sin(12.9898·(i + 1) + 78.233·k)·43758.5453)·2 − 1, in [−1, 1)."""
    i = np.arange(1, int(np.prod(shape)) + 1, dtype=np.float64)
    s = np.sin(12.9898 * i + 78.233 * k) * 43758.5453
    return torch.from_numpy(((s - np.floor(s)) * 2 - 1).reshape(tuple(shape)))


def start(name, k, shape):
    """Weights ±√(6/fan_in) as PyTorch shapes them ([out, in, …]), factors and variances about 1, offsets about 0."""
    r = rule(k, shape)
    if name.endswith('running_var'):
        return 1 + 0.3 * r
    if len(shape) == 1:
        return 1 + 0.2 * r if name.endswith('weight') else 0.2 * r
    return r * np.sqrt(6 / np.prod(shape[1:]))


class Plain(nn.Module):
    """Padding, clipping, splitting, slicing, reductions and softmax: the operators whose form changed between opsets."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 3, 2, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(8)
        self.conv2 = nn.Conv2d(4, 8, 3, 1, 0, groups=2)
        self.bn2 = nn.BatchNorm2d(8)
        self.pool = nn.MaxPool2d(2)
        self.fc = nn.Linear(8 * 4 * 4, 12)

    def forward(self, x):
        x = torch.clamp(self.bn1(self.conv1(x)), -1, 2)
        a, b = torch.split(x, 4, 1)
        x = self.conv2(nn.functional.pad(a * torch.sigmoid(b), (1, 1, 1, 1), value=0.5))
        x = self.bn2(x) + x[:, :, :, :1]
        x = torch.softmax(self.pool(x).unsqueeze(2).squeeze(2), 1)
        x = x - x.sum((2, 3)).unsqueeze(-1).unsqueeze(-1) / 16
        return self.fc(nn.functional.dropout(torch.flatten(x, 1), 0.5, self.training))


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def forward(self, x):
        n, t, w = x.shape
        q, k, v = self.qkv(x).reshape(n, t, 3, self.heads, w // self.heads).permute(2, 0, 3, 1, 4)
        a = (q @ k.transpose(-2, -1) / (w // self.heads) ** 0.5).softmax(-1)
        return self.out((a @ v).transpose(1, 2).reshape(n, t, w))


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = Attention(width, heads)
        self.mlp = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class Vit(nn.Module):
    def __init__(self, width=32, heads=4, patch=4, size=16):
        super().__init__()
        self.embed = nn.Conv2d(3, width, patch, patch)
        self.token = nn.Parameter(torch.zeros(1, 1, width))
        self.places = nn.Parameter(torch.zeros(1, (size // patch) ** 2 + 1, width))
        self.blocks = nn.Sequential(Block(width, heads), Block(width, heads))
        self.norm = nn.LayerNorm(width)

    def forward(self, x):
        x = self.embed(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1) + self.places
        return self.norm(self.blocks(x))[:, 0]


def narrow_resnet():
    net = ResNet(BasicBlock, [2, 2, 2, 2], num_classes=10)
    net.inplanes = 8
    net.conv1, net.bn1 = nn.Conv2d(3, 8, 7, 2, 3, bias=False), nn.BatchNorm2d(8)
    for stage in range(4):
        setattr(net, f'layer{stage + 1}', net._make_layer(BasicBlock, 8 * 2**stage, 2, stride=1 if stage == 0 else 2))
    net.fc = nn.Linear(64, 10)
    return net


def exported(net, size, opset, fused, batch):
    """The exporter joins convolutions and batch norms in EVAL; PRESERVE keeps them apart, still in inference form."""
    buffer = io.BytesIO()
    dynamic = {'x': {0: 'batch'}} if batch is None else None
    torch.onnx.export(
        net.eval(), torch.zeros(batch or 2, 3, size, size), buffer, opset_version=opset, input_names=['x'],
        output_names=['y'], training=TrainingMode.EVAL if fused else TrainingMode.PRESERVE, dynamic_axes=dynamic,
    )
    return onnx.load_from_string(buffer.getvalue())


def tensors_of(model):
    """The floating tensors a file holds, by name: the exporter keeps equal ones once, and copies them by Identity."""
    tensors = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer if t.data_type == onnx.TensorProto.FLOAT}
    for node in model.graph.node:
        if node.op_type == 'Identity' and node.input[0] in tensors:
            tensors[node.output[0]] = tensors[node.input[0]]
    return tensors


def matched(model, state):
    """Which tensor of the file is which of PyTorch's, by value; where several are equal, by name."""
    found = {}
    for tensor, data in tensors_of(model).items():
        for name, (k, value) in state.items():
            plain = value.float().numpy()
            same = lambda other: other.shape == data.shape and np.allclose(other, data, rtol=1e-6, atol=1e-6)
            if same(plain) and (tensor not in found or name == tensor):
                found[tensor] = {'name': name, 'k': k, 'transposed': False}
            elif tensor not in found and plain.ndim == 2 and same(plain.T):
                found[tensor] = {'name': name, 'k': k, 'transposed': True}
        if tensor not in found:
            print(f'  unknown: {tensor} {data.shape}')
    assert len({one['name'] for one in found.values()}) == len(state), sorted(state)
    return found


def brief(tensor, one):
    return {'k': one['k'], **({'name': one['name']} if one['name'] != tensor else {}), **({'transposed': True} if one['transposed'] else {})}


def strip(model, weights):
    for tensor in model.graph.initializer:
        if tensor.name in weights:
            tensor.ClearField('raw_data')
            tensor.ClearField('float_data')


def numbered(net):
    names = sorted(key for key in net.state_dict() if not key.endswith('num_batches_tracked'))
    return {key: (k, net.state_dict()[key].clone()) for k, key in enumerate(names)}


def case(name, net, size, opset, mode, batch=4, rate=0.02, fused=False, fixed=False, fresh=False):
    """mode: whether batch norms train on the batch's statistics or stay as they are. fresh: batch norms as PyTorch starts
    them, all alike. fused: the exporter joins the first convolution and batch norm."""
    net.float().eval()
    start_state = {
        key: start(key, k, value.shape).float()
        for key, (k, value) in numbered(net).items()
        if not (fresh and key.startswith('bn'))
    }
    net.load_state_dict(start_state, strict=False)
    model = exported(net, size, opset, fused, batch if fixed else None)
    if fused:
        net.conv1, net.bn1 = fuse_conv_bn_eval(net.conv1, net.bn1), nn.Identity()
    state = numbered(net)
    weights = matched(model, state)
    kept = fused or fresh
    if fused:
        data = tensors_of(model)
        exact = {one['name']: torch.from_numpy(data[tensor].copy()) for tensor, one in weights.items() if not one['transposed']}
        net.load_state_dict(exact, strict=False)
    if not kept:
        strip(model, weights)
    onnx.save(model, os.path.join(HERE, 'own-encoders', f'{name}.onnx'))
    print(name, sorted({node.op_type for node in model.graph.node}))
    net.double()
    x = rule(1000, (batch, 3, size, size)).float().double()
    with torch.no_grad():
        evaluated = net.eval()(x)
    if mode == 'train':
        for module in net.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.train()
    target = rule(2000, evaluated.shape).float().double()
    losses, gradients, statistics, trained = [], {}, {}, None
    for step in range(4):
        net.zero_grad()
        y = net(x)
        loss = ((y - target) ** 2).mean()
        losses.append(loss.item())
        loss.backward()
        if step == 0:
            trained = y.detach()
            parameters, buffers = dict(net.named_parameters()), dict(net.named_buffers())
            for tensor, one in weights.items():
                if one['name'] in parameters:
                    g = parameters[one['name']].grad
                    g = g.T if one['transposed'] else g
                    along = (g.reshape(-1) * rule(3000 + one['k'], (g.numel(),))).sum().item()
                    gradients[tensor] = [g.norm().item(), along, *g.reshape(-1)[:3].tolist()]
                else:
                    value = buffers[one['name']]
                    statistics[tensor] = [value.norm().item(), value.sum().item()]
        with torch.no_grad():
            for parameter in net.parameters():
                parameter -= rate * parameter.grad
    return {
        'file': name, 'batchNorm': mode, 'size': size, 'batch': batch, 'rate': rate,
        'weights': {} if kept else {tensor: brief(tensor, one) for tensor, one in weights.items()}, 'numbers': {tensor: one['k'] for tensor, one in weights.items()} if kept else {},
        'evaluated': evaluated.reshape(-1).tolist(), 'trained': trained.reshape(-1).tolist(),
        'gradients': gradients, 'statistics': statistics, 'losses': losses,
    }


def rounded(value):
    if isinstance(value, float):
        return float(f'{value:.8g}')
    if isinstance(value, list):
        return [rounded(v) for v in value]
    return {k: rounded(v) for k, v in value.items()} if isinstance(value, dict) else value


os.makedirs(os.path.join(HERE, 'own-encoders'), exist_ok=True)
cases = [
    *(case(f'plain-opset{opset}', Plain(), 16, opset, 'train', rate=0.5) for opset in (9, 11, 13, 17)),
    case('plain-fixed', Plain(), 16, 13, 'frozen', rate=0.5, fixed=True),
    case('plain-fused', Plain(), 16, 11, 'train', rate=0.5, fused=True),
    case('plain-fresh', Plain(), 16, 13, 'train', rate=0.5, fresh=True),
    case('resnet18-width8', narrow_resnet(), 64, 13, 'train'),
    # Larger steps lead where rounding decides: PyTorch's own float32 departs from its float64.
    case('mobilenet-v2', mobilenet_v2(width_mult=0.1, num_classes=10), 64, 11, 'train', rate=1e-5),
    case('mobilenet-v2-frozen', mobilenet_v2(width_mult=0.1, num_classes=10), 64, 17, 'frozen', rate=1e-4),
    case('vit', Vit(), 16, 13, 'train'),
    case('vit-opset17', Vit(), 16, 17, 'train'),
]
with open(os.path.join(HERE, 'own-encoders.json'), 'w') as file:
    file.write('[\n' + ',\n'.join(json.dumps(rounded(one)) for one in cases) + '\n]\n')
