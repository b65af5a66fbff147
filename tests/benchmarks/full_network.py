"""Evidence for the full network: weights that rank faces, and agreement with the authors' way.

    python -m tests.benchmarks.full_network train --faces ../shared/faces \
        --rated ../shared/rated --out full.safetensors
    python -m tests.benchmarks.full_network agree --faces ../shared/faces --weights full.safetensors

No published weights are at hand, and untrained ones say nothing about faces. ``train`` makes a
network of the full size (251 M parameters) that ranks faces, for as little as it can cost:

* the transformer, the channel attention and the Swin blocks are not trained: they begin so that
  the strength of each spatial frequency reaches the decoder (``ranking_start.py``);
* the degradation encoder learns from dual sets for a few steps;
* the decoder, both heads and the last part of the landmark layer are trained on pseudo-MOS of
  random patches of degraded faces, from cached features (``ranking_training.py``).

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
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from fiqa_models.dsl_scorer import CENTRE
from fiqa_models.networks import DslFiqa
from fiqa_models.weights import load_checkpoint, save_checkpoint
from fiqa_training.data.faces import read_faces, split_faces
from fiqa_training.data.rated import read_rated
from fiqa_training.evaluation.metrics import bootstrap, srcc
from fiqa_training.starter.form import DegradationRecipe
from fiqa_training.starter.preparation import train_degradation_encoder
from tests.benchmarks.quality_faces import SEED, Faces, draw_origin, make_faces
from tests.benchmarks.ranking_start import initial_network
from tests.benchmarks.ranking_training import cached_features, fit
from tests.benchmarks.scoring_processes import ScoringProcesses, View

TRAIN, VALIDATION, TEST = 100, 20, 60
ENCODER = DegradationRecipe(steps=12, synthetic=6, real=6, window=128, rate=1e-3, temperature=0.5)
DRAWS, PATCHES = 5, 20
ON_BLOCKS = (64, 64)
"""(left, top) of the patch in the very middle, which lies on the 8 x 8 blocks of a stored JPEG."""
_ENOUGH = 6


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
        command.add_argument("--processes", type=int, default=1, help="of one thread each")
    options = parser.parse_args()
    torch.set_num_threads(1)
    options.run(options)


# --- weights -----------------------------------------------------------------------------------


def _train(options: argparse.Namespace) -> None:
    started = time.monotonic()
    parts = make_faces(options.faces, train=TRAIN, validation=VALIDATION, test=1)
    network = initial_network(parts.train)
    trainable = split_faces(read_faces(options.faces)).train
    train_degradation_encoder(network, trainable, read_rated(options.rated), ENCODER, SEED)
    network.eval().requires_grad_(requires_grad=False)
    _say(f"ready to look at pictures after {time.monotonic() - started:.0f} s")
    features = [
        cached_features(
            network,
            part,
            options.out.with_name(f"{options.out.stem}-features-{len(part.labels)}.pt"),
            options.processes,
        )
        for part in (parts.train, parts.validation)
    ]
    _say(f"features after {time.monotonic() - started:.0f} s")
    # Modules may be replaced in the copy; its tensors are the network's own.
    history = fit(sharing(network), *features, parts.train.labels, parts.validation.labels)
    agreement = history[-1]["srcc"]
    manifest = save_checkpoint(
        network,
        options.out,
        title="Full network, decoder trained",
        summary="A full-size network with a hand-set transformer; decoder and heads trained here.",
        provenance={"seed": SEED, "pictures": len(parts.train.labels), "epochs": len(history)},
        figures={"validation_srcc": agreement},
    )
    _say(
        f"{manifest.name}: SRCC {agreement:.3f} on {len(parts.validation.labels)} pictures of "
        f"held-out persons, {time.monotonic() - started:.0f} s in all"
    )


def sharing(network: DslFiqa, *, own_convolutions: bool = False) -> DslFiqa:
    """A network of the same tensors, whose modules may be replaced.

    With its own convolutions' kernels, their layout in memory may be changed too.
    """
    shared = [*network.parameters(), *network.buffers()]
    if own_convolutions:
        shared = [tensor for tensor in shared if tensor.dim() != 4]
    return copy.deepcopy(network, {id(tensor): tensor for tensor in shared})


# --- agreement ---------------------------------------------------------------------------------


def _agree(options: argparse.Namespace) -> None:
    faces = make_faces(options.faces, train=TRAIN, validation=1, test=TEST).test
    network, manifest = load_checkpoint(options.weights)
    left, top = CENTRE[0]
    stored = options.weights.with_suffix(f".{manifest.hash}.{left}-{top}.npy")
    blocks = stored.with_suffix(".blocks.npy")
    with ScoringProcesses(network, options.processes) as pool:
        if not blocks.is_file():
            found = pool.scores(_views(faces, lambda _: ON_BLOCKS))
            np.save(blocks, np.array(list(found)))
        rounds = score_rounds(pool, faces, options.patches, stored)
    _say(json.dumps(report(rounds, faces.labels), indent=2))
    _say(f"patch at {ON_BLOCKS}: {json.dumps(_on_blocks(np.load(blocks), rounds))}")


def _views(faces: Faces, origin: Callable[[int], tuple[int, int]]) -> list[View]:
    """One patch of each face, where `origin` says."""
    return [
        View(crop, mesh, origin(face))
        for face, (crop, mesh) in enumerate(zip(faces.crops, faces.landmarks, strict=True))
    ]


def _on_blocks(
    found: npt.NDArray[np.float64], rounds: npt.NDArray[np.float64]
) -> dict[str, object]:
    """How the patch on the blocks agrees, were it the default."""
    mean = rounds[1:, :, 0].mean(0)
    return {
        "srcc": round(srcc(found[:, 0], mean), 4),
        "interval": [round(end, 4) for end in bootstrap(srcc, found[:, 0], mean)],
    }


def score_rounds(
    pool: ScoringProcesses, faces: Faces, patches: int, stored: Path
) -> npt.NDArray[np.float64]:
    """(1 + patches, N, 2) score and spread of each face's patches; the default grid's comes first.

    Patch places are drawn evenly over the crop, as published, by one generator for each face.
    """
    rounds = list(np.load(stored)) if stored.is_file() else []
    for number in range(len(rounds), 1 + patches):
        views = _views(faces, partial(_origin, number))
        rounds.append(np.array(list(pool.scores(views))))
        np.save(stored, np.array(rounds))
        if number:
            _say(f"{number} of {patches}: {json.dumps(report(np.array(rounds), faces.labels))}")
    return np.array(rounds[: 1 + patches])


def _origin(number: int, face: int) -> tuple[int, int]:
    if number == 0:
        return CENTRE[0]
    return draw_origin(np.random.default_rng([SEED, face, number]))


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
        found["interval_of_draws"] = [round(end, 4) for end in bootstrap(srcc, ours, draws.mean(0))]
        found["srcc_between_draws"] = _range(
            [srcc(draws[a], draws[b]) for a in range(DRAWS) for b in range(a)]
        )
    if len(random) >= _ENOUGH:
        found["srcc_of_two_patches"] = round(_median_of_two(ours, random), 4)
        found["srcc_of_spread_inside"] = round(srcc(rounds[0, :, 1], random.std(0)), 4)
    return found


def _others(random: npt.NDArray[np.float64], number: int) -> float:
    """How one random patch of each face agrees with the mean of the others."""
    if len(random) == 1:
        return float("nan")
    return srcc(random[number], np.delete(random, number, 0).mean(0))


def _median_of_two(ours: npt.NDArray[np.float64], random: npt.NDArray[np.float64]) -> float:
    """How the default patch and one random one agree with the mean of the other random ones."""
    return float(
        np.median(
            [
                srcc((ours + random[number]) / 2, np.delete(random, number, 0).mean(0))
                for number in range(len(random))
            ]
        )
    )


def _range(values: list[float]) -> list[float]:
    return [round(min(values), 4), round(max(values), 4)]


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
