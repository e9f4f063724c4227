"""The rules: the same picture for the same latent, smooth between, and varied."""

from __future__ import annotations

import torch

from perform.train import rules
from perform.train.data import Pool
from perform.train.losses import difference, pyramid


def latents(count: int, seed: int = 1) -> torch.Tensor:
    return torch.randn(count, rules.PARAMS, generator=torch.Generator().manual_seed(seed))


def test_pictures_are_pictures() -> None:
    drawn = rules.draw(latents(12), 32)
    assert drawn.shape == (12, 3, 32, 32)
    assert torch.isfinite(drawn).all()
    assert drawn.min() >= -1
    assert drawn.max() <= 1
    assert (drawn.flatten(1).std(1) > 0.05).all()  # none is flat


def test_same_latent_same_picture_whatever_the_batch() -> None:
    z = latents(6)
    together = rules.draw(z, 24)
    assert torch.equal(together, rules.draw(z, 24))
    assert torch.allclose(together[4:5], rules.draw(z[4:5], 24), atol=1e-4)


def test_length_of_z_does_not_count() -> None:
    z = latents(2)
    assert torch.allclose(rules.draw(z, 16), rules.draw(z * 3, 16), atol=1e-3)


def test_every_family_is_drawn_and_none_rules_alone() -> None:
    for among, least in ((rules.FAMILIES[:5], 40), (rules.FAMILIES, 28)):
        share = rules.shares(rules.parameters(latents(400)), among)
        assert (share.argmax(1).bincount(minlength=len(among)) > least).all()
        assert ((share > 0).sum(1) > 1).float().mean() > 0.4


def test_fewer_families_are_all_that_is_drawn() -> None:
    share = rules.shares(rules.parameters(latents(400)), ("nave", "silk"))
    assert share.shape == (400, 2) and (share.sum(1) > 0.4).all()
    z = latents(2)
    assert not torch.allclose(rules.draw(z, 16, among=rules.FAMILIES[:5]), rules.draw(z, 16), atol=0.05)


def test_a_small_step_in_z_is_a_small_step_in_the_picture() -> None:
    a, b = latents(2)
    way = torch.linspace(0, 1, 65)[:, None]
    walk = rules.draw(a.lerp(b, way), 24)
    steps = (walk[1:] - walk[:-1]).flatten(1).norm(dim=1)
    assert steps.max() < 4 * steps.median()


def test_pyramid_sums_to_the_picture_and_zero_is_the_best() -> None:
    from perform.generators.stylegan.layers import upsample

    picture = rules.draw(latents(2), 32)
    *bands, rest = pyramid(picture)
    for band in reversed(bands):
        rest = upsample(rest) + band
    assert torch.allclose(rest, picture, atol=1e-5)
    assert difference(picture, picture) < difference(picture, picture + 0.05)


def test_pool_pairs_latents_with_their_pictures() -> None:
    z, pictures = Pool(16, rules.PARAMS, seed=4).batch(5)
    assert torch.allclose(rules.draw(z, 16), pictures, atol=0.01)


def test_a_family_that_is_hard_is_drawn_more_often() -> None:
    def parts(often: dict[str, float]) -> list[float]:
        z = Pool(16, rules.PARAMS, seed=2, often=often)._latents(1200)
        return (rules.shares(rules.parameters(z)).argmax(1).bincount(minlength=7) / 1200).tolist()

    usual, more, none = (dict(zip(rules.FAMILIES, parts(o), strict=True)) for o in ({}, {"nave": 3}, {"nave": 0}))
    assert more["nave"] > 1.8 * usual["nave"] and none["nave"] < 0.01
    assert more["silk"] > 0.5 * usual["silk"]
