"""A 3 x 3 convolution with 4 products an output instead of 9 (Winograd's minimal filtering).

Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016: F(2 x 2, 3 x 3).
Exact in real numbers; in float32 it rounds about as a plain convolution does. It pays where the
map is small and the channels are many, so that the products outweigh the transforms.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class WinogradConvolution(nn.Module):
    """A 3 x 3 convolution, stride 1, padding 1, and ReLU; float32 on the CPU, no gradients."""

    def __init__(self, convolution: nn.Conv2d) -> None:
        super().__init__()
        if convolution.kernel_size != (3, 3) or convolution.stride != (1, 1):
            raise ValueError(f"not a 3 x 3 convolution of stride 1: {convolution}")
        kernel = convolution.weight.detach().double()
        half = torch.tensor([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]]).double()
        spread = torch.einsum("ay,bx,oiyx->abio", half, half, kernel).flatten(0, 1)
        self.register_buffer("kernels", spread.float().contiguous(), persistent=False)
        self.bias = convolution.bias
        self.kernels: Tensor

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, H, W), even sides, to (B, D, H, W), channels last, never negative."""
        if x.shape[2] % 2 or x.shape[3] % 2:
            raise ValueError(f"the sides must be even here, not {tuple(x.shape[2:])}")
        rows = [self._one(one) for one in x.permute(0, 2, 3, 1)]
        return torch.stack(rows).permute(0, 3, 1, 2)

    def _one(self, x: Tensor) -> Tensor:
        """One map (H, W, C) to (H, W, D)."""
        height, width, channels = x.shape
        tiles = (height // 2, width // 2)
        padded = functional.pad(x, (0, 0, 1, 1, 1, 1))
        across = x.new_empty(4, tiles[0], width + 2, channels)
        _spread(tuple(padded[i : i + height - 1 : 2] for i in range(4)), across.unbind(0))
        both = x.new_empty(4, 4, *tiles, channels)
        _spread(tuple(across[:, :, i : i + width - 1 : 2] for i in range(4)), both.unbind(1))
        products = torch.bmm(both.view(16, -1, channels), self.kernels).view(4, 4, *tiles, -1)
        out = x.new_empty(tiles[0], 2, tiles[1], 2, products.shape[-1])
        gathered = x.new_empty(2, *products.shape[1:])
        _gather(products.unbind(0), gathered.unbind(0))
        for row in range(2):
            _gather(gathered[row].unbind(0), out[:, row].unbind(2))
        out = out.view(height, width, -1)
        if self.bias is not None:
            out.add_(self.bias)
        return out.relu_()


def _spread(x: tuple[Tensor, ...], out: tuple[Tensor, ...]) -> None:
    """Four neighbours to the four sums that are multiplied."""
    torch.sub(x[0], x[2], out=out[0])
    torch.add(x[1], x[2], out=out[1])
    torch.sub(x[2], x[1], out=out[2])
    torch.sub(x[1], x[3], out=out[3])


def _gather(x: tuple[Tensor, ...], out: tuple[Tensor, ...]) -> None:
    """Four products to the two outputs."""
    torch.add(x[0], x[1], out=out[0]).add_(x[2])
    torch.sub(x[1], x[2], out=out[1]).sub_(x[3])
