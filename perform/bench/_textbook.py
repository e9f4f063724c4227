"""StyleGAN2's synthesis as the papers write it down, the baseline that the played form is measured against.

[K20] Karras et al., Analyzing and Improving the Image Quality of StyleGAN, arXiv 1912.04958: section 2.2, equations 1
and 3 (each picture scales and demodulates weights of its own; one grouped convolution serves the batch), appendix B
([1, 3, 3, 1] low-pass after every doubling, as a pass of its own), figure 7b (colours summed over the sizes). float32,
eager, in the memory order in which tensors are made. Nothing is prepared ahead, and nothing is done in place.
"""

from __future__ import annotations

from typing import Any


def synthesis(network: Any, ws: Any) -> Any:
    """A `SynthesisNetwork` of wiring "skip", ws [n, num_ws, w_dim] -> pictures [n, channels, side, side], the stored
    noise added."""
    count = len(ws)
    x, picture, at = network.get_submodule("b4").const[None].repeat(count, 1, 1, 1), None, 0
    for block in network.blocks():
        for conv in block.convs:
            x = _layer(conv, x, ws[:, at])
            at += 1
        colours = _colours(block.torgb, x, ws[:, at])
        picture = colours if picture is None else _doubled(picture) + colours
    return picture


def _layer(conv: Any, x: Any, w: Any) -> Any:
    import torch.nn.functional as F

    from perform.generators.stylegan.layers import EPS, GAIN, SLOPE

    weight = conv.weight[None] * conv.affine(w)[:, None, :, None, None]
    weight = weight * (weight.square().sum(dim=(2, 3, 4)) + EPS).rsqrt()[:, :, None, None, None]
    x = _grouped(x, weight, conv.up)
    x = x + conv.noise_const * conv.noise_strength
    x = F.leaky_relu(x + conv.bias[None, :, None, None], SLOPE) * GAIN
    return x if conv.clamp is None else x.clamp(-conv.clamp, conv.clamp)


def _grouped(x: Any, weight: Any, up: bool) -> Any:
    """x [n, in, h, w], weight [n, out, in, k, k] -> [n, out, H, W]: a picture's weights for each picture."""
    import torch.nn.functional as F

    count, outputs, inputs, side, _ = weight.shape
    x = x.reshape(1, count * inputs, *x.shape[2:])
    if up:
        weight = weight.transpose(1, 2).reshape(count * inputs, outputs, side, side)
        x = _low_pass(F.conv_transpose2d(x, weight, stride=2, groups=count), pad=1)
    else:
        x = F.conv2d(x, weight.reshape(count * outputs, inputs, side, side), padding=side // 2, groups=count)
    return x.reshape(count, outputs, *x.shape[2:])


def _colours(layer: Any, x: Any, w: Any) -> Any:
    weight = layer.weight[None] * (layer.affine(w) * layer.weight_gain)[:, None, :, None, None]
    y = _grouped(x, weight, up=False) + layer.bias[None, :, None, None]
    return y if layer.clamp is None else y.clamp(-layer.clamp, layer.clamp)


def _doubled(x: Any) -> Any:
    """x [n, c, h, w] -> [n, c, 2h, 2w]: zeros between the samples, then the low-pass."""
    n, c, h, w = x.shape
    spread = x.new_zeros(n, c, 2 * h, 2 * w)
    spread[:, :, ::2, ::2] = x
    import torch.nn.functional as F

    return _low_pass(F.pad(spread, (2, 1, 2, 1)), pad=0)


def _low_pass(x: Any, pad: int) -> Any:
    """[1, 3, 3, 1] both ways, of gain 4."""
    import torch.nn.functional as F

    from perform.generators.stylegan.layers import blur_kernel

    return F.conv2d(x, blur_kernel(x.shape[1], 4.0, x), padding=pad, groups=x.shape[1])
