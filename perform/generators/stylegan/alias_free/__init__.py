"""StyleGAN3: alias-free synthesis ([K21] Karras et al., Alias-Free Generative Adversarial Networks, arXiv 2106.12423).

Written from the paper, in plain torch. StyleGAN-XL (arXiv 2202.00273) is this synthesis with more layers, and classes.
"""

from __future__ import annotations

from .network import Generator3
from .shape import Architecture3, InputShape, LayerShape

__all__ = ["Architecture3", "Generator3", "InputShape", "LayerShape"]
