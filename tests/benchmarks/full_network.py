"""Evidence for the full network: weights that rank faces, and agreement with the authors' way.

    python -m tests.benchmarks.full_network train --faces ../shared/faces \
        --rated ../shared/rated --out full.safetensors
    python -m tests.benchmarks.full_network agree --faces ../shared/faces --weights full.safetensors

No published weights are at hand, and untrained ones say nothing about faces. ``train`` makes a
network of the full size (251 M parameters) that ranks faces, for as little as it can cost:

* the transformer is not trained. Its patch embedding is a discrete cosine transform of luma and
  chroma, each coefficient divided by its spread over faces; its blocks, the channel attention and
  the Swin blocks keep random initial weights, and the 1 x 1 projections after them begin as
  selections of channels, so that the coefficients arrive at the decoder;
* the degradation encoder learns from dual sets for a few steps;
* the decoder and both heads are trained on pseudo-MOS of degraded faces, from cached features.

It is no reproduction of the paper's figures, which need its data and days on a GPU.

``agree`` scores test persons, one picture each, from clean to ruined: by the default grid, and by
random patches drawn as the authors draw them. All patches run through the fast arrangement, whose
scores are those of the plain network to 1e-4 (tested). It goes on where it was stopped, one more
patch of every face in each round.
"""

from __future__ import annotations

import argparse
import copy
import json
import sys
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from scipy.fft import dct
from torch import Tensor, nn

from fiqa_models.dsl_scorer import CENTRE, prepare_for_cpu, spread_inside
from fiqa_models.networks import (
    CROP_SIDE,
    PATCH_SIDE,
    DslFiqa,
    build_network,
    identifiers_inside,
    normalise,
)
from fiqa_models.weights import load_checkpoint, save_checkpoint
from fiqa_training.data.faces import read_faces, split_faces
from fiqa_training.data.rated import read_rated
from fiqa_training.metrics import bootstrap, srcc
from fiqa_training.preparation import train_degradation_encoder
from fiqa_training.recipe import DegradationRecipe
from tests.benchmarks.quality_faces import SEED, Faces, make_faces

TRAIN, VALIDATION, TEST = 12, 8, 60
EPOCHS, BATCH, RATE = 8, 7, 1e-3
ENCODER = DegradationRecipe(steps=12, synthetic=6, real=6, window=128, rate=1e-3, temperature=0.5)
DRAWS, PATCHES = 5, 20
_ENOUGH = 6
_TOKEN = 16
_COLOURS = ((0.299, 0.587, 0.114), (-0.169, -0.331, 0.5), (0.5, -0.419, -0.081))
"""RGB to luma and two chromas (JPEG)."""

Features = dict[str, Tensor]


def main() -> None:
    """One of the two commands."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    commands = parser.add_subparsers(required=True)
    training = commands.add_parser("train")
    training.add_argument("--rated", type=Path, required=True)
    training.add_argument("--out", type=Path, required=True)
    training.set_defaults(run=_train)
    agreeing = commands.add_parser("agree")
    agreeing.add_argument("--weights", type=Path, required=True)
    agreeing.add_argument("--patches", type=int, default=PATCHES, help="random ones a face")
    agreeing.set_defaults(run=_agree)
    for command in (training, agreeing):
        command.add_argument("--faces", type=Path, required=True)
        command.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    options.run(options)


# --- weights -----------------------------------------------------------------------------------


def _train(options: argparse.Namespace) -> None:
    started = time.process_time()
    parts = make_faces(options.faces, train=TRAIN, validation=VALIDATION, test=1)
    network = initial_network(parts.train)
    trainable = split_faces(read_faces(options.faces)).train
    train_degradation_encoder(network, trainable, read_rated(options.rated), ENCODER, SEED)
    network.eval().requires_grad_(requires_grad=False)
    _say(f"encoder learned after {time.process_time() - started:.0f} s of processor time")
    fast = sharing(network)
    prepare_for_cpu(fast, "float32")
    features = [_features(fast, part, options.out) for part in (parts.train, parts.validation)]
    _say(f"features after {time.process_time() - started:.0f} s")
    agreement = _fit(sharing(network), *features, parts.train.labels, parts.validation.labels)
    spent = time.process_time() - started
    manifest = save_checkpoint(
        network,
        options.out,
        title="Full network, heads trained",
        summary="A full-size network with a random transformer whose heads were trained here.",
        provenance={"seed": SEED, "pictures": len(parts.train.labels), "seconds": round(spent)},
        figures={"validation_srcc": agreement},
    )
    _say(f"{manifest.name}: SRCC {agreement:.3f} on held-out persons, {spent:.0f} s")


def sharing(network: DslFiqa, *, own_convolutions: bool = False) -> DslFiqa:
    """A network of the same tensors, whose modules may be replaced.

    With its own convolutions' kernels, their layout in memory may be changed too.
    """
    shared = [*network.parameters(), *network.buffers()]
    if own_convolutions:
        shared = [tensor for tensor in shared if tensor.dim() != 4]
    return copy.deepcopy(network, {id(tensor): tensor for tensor in shared})


def initial_network(faces: Faces) -> DslFiqa:
    """The full network before its training."""
    torch.manual_seed(SEED)
    network = build_network("paper")
    vit = network.tokens.vit
    with torch.no_grad():
        basis = _cosines()
        patches = nn.functional.conv2d(_as_images(faces.crops), basis, stride=_TOKEN)
        clean = [name.split()[1] == "clean" for name in faces.names]
        # Between the spread over good pictures and over all: noise must not drown what is fine.
        spreads = [
            part.square().mean((0, 2, 3)).sqrt().clamp(min=1e-3)
            for part in (patches[torch.tensor(clean)], patches)
        ]
        gain = 2.0 / (spreads[0] * spreads[1]).sqrt()
        gain[0] /= 4.0  # mean brightness is not quality
        vit.patch_embed.proj.weight.copy_(basis * gain[:, None, None, None])
        vit.patch_embed.proj.bias.zero_()
        channels = len(basis)
        kept = [*range(256), *range(256, 320), *range(512, 576)]
        for layer, chosen in (
            (network.stage1.project, range(channels)),
            (network.stage2.project, kept),
            (network.decoder_in, range(256)),
        ):
            layer.weight.zero_()
            layer.bias.zero_()
            for row, column in enumerate(chosen):
                layer.weight[row, column] = 1.0
        network.quality_head[2].bias.fill_(0.5)
    return network


def _cosines() -> Tensor:
    """(768, 3, 16, 16): the cosine transform's pictures, coarse first, for luma and chroma."""
    line = dct(np.eye(_TOKEN), norm="ortho", axis=0)
    order = sorted(range(_TOKEN**2), key=lambda n: (n // _TOKEN + n % _TOKEN, n))
    pictures = np.einsum("ay,bx->abyx", line, line).reshape(-1, _TOKEN, _TOKEN)[order]
    basis = np.einsum("kc,fyx->kfcyx", np.array(_COLOURS), pictures)
    return torch.from_numpy(basis.reshape(-1, 3, _TOKEN, _TOKEN).astype(np.float32))


def _as_images(crops: npt.NDArray[np.uint8]) -> Tensor:
    """A few central windows, enough to measure spreads."""
    middle = slice(128, 384)
    return normalise(torch.from_numpy(np.ascontiguousarray(crops[:, middle, middle])))


@torch.inference_mode()
def _features(network: DslFiqa, faces: Faces, out: Path) -> Features:
    """What the frozen parts make of one random patch of each picture; kept beside the weights."""
    stored = out.with_name(f"{out.stem}-features-{len(faces.labels)}.pt")
    rows: list[Features] = torch.load(stored) if stored.is_file() else []
    rng = np.random.default_rng(SEED)
    for number, (crop, mesh) in enumerate(zip(faces.crops, faces.landmarks, strict=True)):
        origin = _draw(rng)
        if number < len(rows):
            continue
        patch, ids = _patch(crop, mesh, origin)
        field = network.stage2(network.stage1(network.tokens(patch)))
        rows.append(
            {
                "field": field[0].half(),
                "degradation": network.degradation.tokens(patch)[0].half(),
                "guidance": network.guide(ids, field.shape[2], field.shape[3])[0],
            }
        )
        if number % 10 == 9:
            torch.save(rows, stored)
            _say(f"{number + 1} of {len(faces.labels)} pictures")
    return {key: torch.stack([row[key] for row in rows]) for key in rows[0]}


class _Given(nn.Module):
    """Stands for the landmark layer: its answers are known."""

    def forward(self, guidance: Tensor, _height: int, _width: int) -> Tensor:
        return guidance


def _fit(
    network: DslFiqa,
    train: Features,
    held: Features,
    labels: npt.NDArray[np.float64],
    held_labels: npt.NDArray[np.float64],
) -> float:
    """Train decoder and heads, in place; returns the SRCC on held-out persons."""
    network.guide = _Given()
    learned = [parameter for part in _parts(network) for parameter in part.parameters()]
    optimizer = torch.optim.AdamW([p.requires_grad_() for p in learned], lr=RATE, weight_decay=0.05)
    count = len(labels)
    steps = EPOCHS * -(-count // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps)
    targets = torch.from_numpy(labels).float()
    generator = torch.Generator().manual_seed(SEED)
    for epoch in range(EPOCHS):
        losses = []
        for pick in torch.randperm(count, generator=generator).split(BATCH):
            error = _scores(network, train, pick) - targets[pick]
            loss = (error.square() + 1e-6).sqrt().mean()
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(learned, 1.0)
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
        with torch.inference_mode():
            found = torch.cat(
                [_scores(network, held, pick) for pick in torch.arange(len(held_labels)).split(8)]
            )
        agreement = srcc(found.double().numpy(), held_labels)
        _say(f"epoch {epoch + 1}: loss {np.mean(losses):.4f}, held-out SRCC {agreement:.3f}")
    return agreement


def _parts(network: DslFiqa) -> list[nn.Module]:
    return [
        network.decoder_in,
        network.decoder,
        network.quality_head,
        network.confidence_head,
    ]


def _scores(network: DslFiqa, features: Features, pick: Tensor) -> Tensor:
    """Scores of cached patches, through the network's own decoder and heads."""
    field = network.decoder_in(features["field"][pick].float())
    height, width = field.shape[2:]
    x = field.flatten(2).transpose(1, 2)
    for block in network.decoder:
        x = block(x, features["degradation"][pick].float(), height, width)
    decoded = x.transpose(1, 2).reshape(len(pick), -1, height, width)
    quality, confidence = network._heads(decoded, features["guidance"][pick])
    return (quality * confidence).sum((1, 2)) / confidence.sum((1, 2)).clamp(min=1e-12)


# --- agreement ---------------------------------------------------------------------------------


def _agree(options: argparse.Namespace) -> None:
    faces = make_faces(options.faces, train=TRAIN, validation=1, test=TEST).test
    network, manifest = load_checkpoint(options.weights)
    prepare_for_cpu(network.requires_grad_(requires_grad=False), "float32")
    rounds = score_rounds(
        network, faces, options.patches, options.weights.with_suffix(f".{manifest.hash}.npy")
    )
    _say(json.dumps(report(rounds, faces.labels), indent=2))


@torch.inference_mode()
def score_rounds(
    network: DslFiqa, faces: Faces, patches: int, stored: Path
) -> npt.NDArray[np.float64]:
    """(1 + patches, N, 2) score and spread of each face's patches; the default grid's comes first.

    Patch places are drawn evenly over the crop, as published, by one generator for each face.
    """
    rounds = list(np.load(stored)) if stored.is_file() else []
    for number in range(len(rounds), 1 + patches):
        found = []
        for face, (crop, mesh) in enumerate(zip(faces.crops, faces.landmarks, strict=True)):
            origin = (
                CENTRE[0] if number == 0 else _draw(np.random.default_rng([SEED, face, number]))
            )
            patch, ids = _patch(crop, mesh, origin)
            output = network(patch, ids)
            inside = spread_inside(output.quality, output.confidence)
            found.append((float(output.score), float(inside[0])))
        rounds.append(np.array(found))
        np.save(stored, np.array(rounds))
        if number:
            _say(f"{number} of {patches}: {json.dumps(report(np.array(rounds), faces.labels))}")
    return np.array(rounds[: 1 + patches])


def report(rounds: npt.NDArray[np.float64], labels: npt.NDArray[np.float64]) -> dict[str, object]:
    """What the rounds say of the default grid."""
    ours, random = rounds[0, :, 0], rounds[1:, :, 0]
    mean = random.mean(0)
    low, high = bootstrap(srcc, ours, mean)
    found: dict[str, object] = {
        "faces": len(labels),
        "random_patches_a_face": len(random),
        "srcc": round(srcc(ours, mean), 4),
        "interval": [round(low, 4), round(high, 4)],
        "srcc_of_one_random_patch": _range([_others(random, n) for n in range(len(random))]),
        "scores_from_to": [round(float(mean.min()), 3), round(float(mean.max()), 3)],
        "srcc_with_labels": {
            "default": round(srcc(ours, labels), 4),
            "published": round(srcc(mean, labels), 4),
        },
    }
    if len(random) >= PATCHES:
        # Draws of 20 patches, with replacement, out of those that were run: how far one draw of
        # the authors' agrees with another, and ours with the mean of several.
        rng = np.random.default_rng(SEED)
        picks = rng.integers(len(random), size=(DRAWS, PATCHES))
        draws = random[picks].mean(1)
        found["srcc_with_mean_of_draws"] = round(srcc(ours, draws.mean(0)), 4)
        found["srcc_between_draws"] = _range(
            [srcc(draws[a], draws[b]) for a in range(DRAWS) for b in range(a)]
        )
    if len(random) >= _ENOUGH:
        found["srcc_of_spread_inside"] = round(srcc(rounds[0, :, 1], random.std(0)), 4)
    return found


def _others(random: npt.NDArray[np.float64], number: int) -> float:
    """How one random patch of each face agrees with the mean of the others."""
    if len(random) == 1:
        return float("nan")
    return srcc(random[number], np.delete(random, number, 0).mean(0))


def _range(values: list[float]) -> list[float]:
    return [round(min(values), 4), round(max(values), 4)]


def _draw(rng: np.random.Generator) -> tuple[int, int]:
    top, left = rng.integers(0, CROP_SIDE - PATCH_SIDE + 1, 2)
    return int(left), int(top)


def _patch(
    crop: npt.NDArray[np.uint8], mesh: npt.NDArray[np.float32], origin: tuple[int, int]
) -> tuple[Tensor, Tensor]:
    """The patch (1, 3, 384, 384) at (left, top) and its identifiers (1, 500)."""
    left, top = origin
    window = crop[top : top + PATCH_SIDE, left : left + PATCH_SIDE]
    ids = identifiers_inside(mesh, left=left, top=top, side=PATCH_SIDE, landmarks=468)
    image = normalise(torch.from_numpy(np.ascontiguousarray(window))[None])
    return image, torch.from_numpy(ids)[None]


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
