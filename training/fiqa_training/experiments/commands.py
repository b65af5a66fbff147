"""The commands that run several trainings, or look into what one has learned."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fiqa_training.output import say, say_json

if TYPE_CHECKING:
    from fiqa_training.experiments.runs import Variant
    from fiqa_training.loop.recipe import ImageRecipe
    from fiqa_training.pictures.training import RunFolders

# Imports of torch and the like happen in the commands that need them.


def add_experiments(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add every command of this module."""
    made = commands.add_parser("degraded-set", help="write degraded faces as a labelled set")
    made.add_argument("--faces", type=Path, required=True, help="folder with manifest.csv")
    made.add_argument("--out", type=Path, required=True, help="a new folder")
    made.add_argument("--train", type=int, default=100, help="faces to train on (default 100)")
    made.add_argument("--held-out", type=int, default=30, help="faces of each other part")
    made.add_argument("--seed", type=int, default=0)
    made.add_argument(
        "--sweep",
        type=int,
        default=0,
        metavar="N",
        help="test faces in every kind at N severities (for leave-out)",
    )
    made.add_argument(
        "--by-region",
        type=int,
        default=0,
        metavar="N",
        help="N degradations of each face, each in seven places; labels count features most "
        "(for confidence-share)",
    )
    made.set_defaults(run=_degraded_set)

    for name, text in (
        ("tsne", "figure 4: degradations as the encoders see them"),
        ("retrieval", "table 4: mAP of dual-set learning against patches"),
    ):
        looked = commands.add_parser(name, help=text)
        add_training_places(looked)
        looked.add_argument("--faces", type=Path, required=True, help="folder with manifest.csv")
        looked.add_argument("--count", type=int, default=60, help="held-out people (default 60)")
        if name == "retrieval":
            looked.add_argument("--seeds", type=int, default=1, help="trainings of each encoder")
        looked.set_defaults(run=_representation, look=name)

    shares = commands.add_parser("confidence-share", help="figure 5: where the networks look")
    shares.add_argument(
        "--data", type=Path, required=True, help="labelled CSV set, landmarks named"
    )
    shares.add_argument("--out", type=Path, required=True, help="folder for what it makes")
    for name, text in (
        ("without", "networks trained without landmarks"),
        ("with", "and with them"),
    ):
        shares.add_argument(
            f"--{name}",
            dest=f"{name}_guide",
            type=Path,
            nargs="+",
            required=True,
            metavar="CHECKPOINT",
            help=text,
        )
    shares.add_argument("--count", type=int, default=40, help="people of the test part")
    shares.add_argument("--shown", type=int, default=6, help="of them in the picture")
    shares.add_argument("--device", default="", help="cpu, cuda, mps")
    shares.set_defaults(run=_confidence_share)

    rows = commands.add_parser("ablations", help="the nine rows of table 3 from one recipe")
    sizes = commands.add_parser("size-curve", help="quality against the number of pictures")
    left = commands.add_parser("leave-out", help="each kind of degradation left out once")
    left.add_argument("--kinds", nargs="*", default=[], help="only these")
    rows.add_argument("--rows", nargs="*", default=[], metavar="ROW", help="only these: 6-dsl 8-pe")
    for name, parser in (("ablations", rows), ("size-curve", sizes), ("leave-out", left)):
        add_training_places(parser)
        parser.set_defaults(run=_experiment, experiment=name)


def add_training_places(parser: argparse.ArgumentParser) -> None:
    """The arguments that every training on pictures takes."""
    parser.add_argument("--recipe", type=Path, required=True, help="TOML file, or a shipped name")
    parser.add_argument("--data", type=Path, required=True, help="folder of the labelled set")
    parser.add_argument("--out", type=Path, required=True, help="folder for what it makes")
    parser.add_argument("--backbone", type=Path, help="ImageNet safetensors of the token grid")
    parser.add_argument("--device", default="", help="cpu, cuda, mps")
    parser.add_argument("--seed", type=int, help="other than the recipe's")
    parser.add_argument("--steps", type=int, help="other than the recipe's")
    parser.add_argument("--encoder-steps", type=int, help="other than the recipe's")


def recipe_of(options: argparse.Namespace) -> ImageRecipe:
    """The recipe that the options name, with the seed and steps they change."""
    from msgspec.structs import replace  # noqa: PLC0415

    from fiqa_training.loop.recipe import read_image_recipe  # noqa: PLC0415

    recipe = read_image_recipe(options.recipe)
    if options.seed is not None:
        recipe = replace(recipe, seed=options.seed)
    if options.steps is not None:
        recipe = replace(recipe, training=replace(recipe.training, steps=options.steps))
    if options.encoder_steps is not None:
        recipe = replace(recipe, encoder=replace(recipe.encoder, steps=options.encoder_steps))
    return recipe


def _degraded_set(options: argparse.Namespace) -> int:
    from fiqa_training.experiments.degraded_set import write_degraded_set  # noqa: PLC0415

    count = write_degraded_set(
        options.faces,
        options.out,
        train=options.train,
        held_out=options.held_out,
        seed=options.seed,
        sweep=options.sweep,
        by_region=options.by_region,
    )
    say(f"wrote {count} pictures and {options.out / 'labels.csv'}")
    return 0


def _representation(options: argparse.Namespace) -> int:
    from msgspec.structs import replace  # noqa: PLC0415

    from fiqa_training.evaluation.monotonicity import held_out_faces  # noqa: PLC0415
    from fiqa_training.experiments import representation as look  # noqa: PLC0415
    from fiqa_training.experiments.pictures import write_picture  # noqa: PLC0415
    from fiqa_training.loop.machine import keep_freed_memory  # noqa: PLC0415
    from fiqa_training.loop.parallel import team  # noqa: PLC0415
    from fiqa_training.pictures.training import RunFolders  # noqa: PLC0415

    keep_freed_memory()
    places = RunFolders(options.data, options.out, options.backbone)
    recipe = recipe_of(options)
    retrieves = options.look == "retrieval"
    seeds = range(recipe.seed, recipe.seed + (options.seeds if retrieves else 1))
    with team(options.device) as members:
        trained = {
            seed: look.train_compared(
                places,
                replace(recipe, seed=seed),
                members,
                "encoders" if seed == recipe.seed else f"encoders-{seed}",
            )
            for seed in seeds
        }
        if not members.leads:
            return 0
        faces = held_out_faces(options.faces, options.count)
        views = look.degraded_views([face.path for face in faces])
        embeddings = {seed: look.embed_all(each, views, members) for seed, each in trained.items()}
        target = options.out / f"{options.look}.png"
        first = embeddings[recipe.seed]
        if retrieves:
            for seed, each in embeddings.items():
                start = {"untrained": look.untrained(places, replace(recipe, seed=seed))}
                each.update(look.embed_all(start, views, members))
            report = look.over_seeds(
                {seed: look.retrieval_report(each, views) for seed, each in embeddings.items()}
            )
            shown = {str(name): first[name] for name in look.COMPARED}
            write_picture(look.draw_retrieval(shown, views), target)
        else:
            report = {
                name: {"same_kind_among_nearest": look.neighbour_purity(points, views)}
                for name, points in first.items()
            }
            write_picture(look.draw_tsne(first, views), target)
    _leave({"people": options.count, "picture": target.name, **report}, options)
    return 0


def _leave(report: dict[str, Any], options: argparse.Namespace) -> None:
    """Print a report, and write it beside its picture."""
    options.out.mkdir(parents=True, exist_ok=True)
    target = (options.out / report["picture"]).with_suffix(".json")
    target.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    say_json(report)


def _confidence_share(options: argparse.Namespace) -> int:
    from fiqa_training.data.labelled import read_set  # noqa: PLC0415
    from fiqa_training.experiments import confidence_share as look  # noqa: PLC0415
    from fiqa_training.experiments.pictures import write_picture  # noqa: PLC0415

    images = look.with_landmarks(read_set("csv", options.data).test, options.count)
    regions = [look.regions_of(points) for points in look.landmarks_of(images)]
    maps = {
        name: [look.confidence_maps(each, images, options.device) for each in checkpoints]
        for name, checkpoints in (
            ("without", options.without_guide),
            ("with", options.with_guide),
        )
    }
    found = {
        name: [look.shares(each, regions) for each in several] for name, several in maps.items()
    }
    report = look.share_report(
        found["without"], found["with"], regions, [look.person_of(image) for image in images]
    )
    chosen = look.one_clean_each(images, options.shown)
    columns = {
        f"{name} landmarks": [several[0][index] for index in chosen]
        for name, several in maps.items()
    }
    target = options.out / "confidence-share.jpg"
    write_picture(look.draw_maps([images[index] for index in chosen], columns), target)
    _leave({"picture": target.name, **report}, options)
    return 0


def _variants(
    options: argparse.Namespace, places: RunFolders, recipe: ImageRecipe
) -> Sequence[Variant]:
    from fiqa_training.experiments import runs as experiments  # noqa: PLC0415

    if options.experiment == "ablations":
        return experiments.ablation_variants(places, recipe, options.rows)
    if options.experiment == "size-curve":
        return experiments.size_variants(places, recipe)
    return experiments.leave_out_variants(places, recipe, options.kinds)


def _experiment(options: argparse.Namespace) -> int:
    from fiqa_training.experiments.runs import run_experiment  # noqa: PLC0415
    from fiqa_training.loop.machine import keep_freed_memory  # noqa: PLC0415
    from fiqa_training.loop.parallel import team  # noqa: PLC0415
    from fiqa_training.pictures.training import RunFolders  # noqa: PLC0415

    keep_freed_memory()
    places = RunFolders(options.data, options.out, options.backbone)
    variants = _variants(options, places, recipe_of(options))
    with team(options.device) as members:
        summary = run_experiment(variants, options.out, members)
        if members.leads:
            say_json(summary)
    return 0
