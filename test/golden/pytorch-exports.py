# What PyTorch's default exporter writes of well-known networks with random weights, and what PyTorch computes with each: the
# embedding of two images, and the losses before each of three steps of SGD and after them. ../model/pytorch-exports.test.ts compares.
#   pip install torch torchvision timm onnx onnxscript;  python test/golden/pytorch-exports.py build/pytorch-exports
import json, sys, pathlib, copy
import torch, torchvision, timm
import torch.fx.experimental.optimization as fx

folder = pathlib.Path(sys.argv[1]); folder.mkdir(parents=True, exist_ok=True)

def rule(seed, shape):
    """Numbers that JavaScript draws as well (test/support/golden.ts)."""
    n = 1
    for extent in shape: n *= extent
    i = torch.arange(1, n + 1, dtype=torch.float64)
    x = torch.sin(i * 12.9898 + seed * 78.233) * 43758.5453
    return (2 * (x - torch.floor(x)) - 1).reshape(shape)

def tv(make, **more):
    net = make(weights=None, **more)
    for head in ('fc', 'classifier', 'head'):
        if hasattr(net, head): setattr(net, head, torch.nn.Identity() if make is not torchvision.models.convnext_tiny else torch.nn.Flatten(1))
    return net

NETWORKS = {
    'resnet18': (64, lambda: tv(torchvision.models.resnet18)),
    'mobilenet-v3': (64, lambda: tv(torchvision.models.mobilenet_v3_small)),
    'efficientnet-b0': (64, lambda: tv(torchvision.models.efficientnet_b0)),
    'convnext-t': (64, lambda: tv(torchvision.models.convnext_tiny)),
    'vit-s': (64, lambda: timm.create_model('vit_small_patch16_224', img_size=64, num_classes=0)),
    'swin-t': (56, lambda: timm.create_model('swin_tiny_patch4_window7_224', img_size=56, num_classes=0)),
    'dinov2-s': (56, lambda: timm.create_model('vit_small_patch14_dinov2', img_size=56, num_classes=0)),
}
# As it is exported: without options, for one image; and in a newer opset, with an open batch.
FORMS = {'opset18': dict(opset=None, batch=False), 'opset20': dict(opset=20, batch=True)}

found = []
for name, (size, make) in NETWORKS.items():
    if len(sys.argv) > 2 and name not in sys.argv[2:]: continue
    torch.manual_seed(0)
    net = make().eval()
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.5, 1.5); torch.nn.init.normal_(module.bias, 0, 0.1)
            torch.nn.init.normal_(module.running_mean, 0, 0.1); torch.nn.init.uniform_(module.running_var, 0.5, 1.5)
        for key in ('gamma', 'layer_scale'):
            if isinstance(getattr(module, key, None), torch.nn.Parameter): torch.nn.init.uniform_(getattr(module, key), 0.5, 1.0)
    # The exporter stores equal tensors once, such as all biases that start at 0; then one tensor is learned for several.
    with torch.no_grad():
        for p in net.parameters():
            if p.dim() == 1: p += 0.05 * torch.randn_like(p)
    # The exporter folds a batch norm in evaluation into the convolution before it. So that the same numbers are learned, so do we.
    if any(isinstance(m, torch.nn.BatchNorm2d) for m in net.modules()): net = fx.fuse(net)
    # What a file has as a tensor is learned: masks too.
    for module in net.modules():
        for key, buffer in list(module.named_buffers(recurse=False)):
            if buffer is not None and buffer.is_floating_point():
                delattr(module, key); module.register_parameter(key, torch.nn.Parameter(buffer.clone()))
    images = rule(1000, (2, 3, size, size)).float()
    for form, options in FORMS.items():
        path = folder / f'{name}-{form}.onnx'
        more = {'opset_version': options['opset']} if options['opset'] else {}
        if options['batch']: more['dynamic_shapes'] = ({0: torch.export.Dim('batch')},)
        example = torch.zeros(2 if options['batch'] else 1, 3, size, size)
        torch.onnx.export(net, (example,), str(path), dynamo=True, external_data=True, verbose=False, **more)
    with torch.no_grad(): embedding = net(images)
    twin = copy.deepcopy(net)
    for p in twin.parameters(): p.requires_grad_(True)
    target = rule(2000, embedding.shape).float()
    rate = 0.01
    losses = []
    for step in range(4):
        loss = ((twin(images) - target) ** 2).mean()
        losses.append(loss.item())
        twin.zero_grad(); loss.backward()
        with torch.no_grad():
            for p in twin.parameters():
                if p.grad is not None: p -= rate * p.grad
    parameters = sum(p.numel() for p in net.parameters())
    found.append(dict(name=name, size=size, rate=rate, parameters=parameters, embedding=embedding.flatten()[:64].tolist(), losses=losses))
    print(name, parameters, losses, flush=True)
    (folder / f'{name}.json').write_text(json.dumps(found[-1]))
