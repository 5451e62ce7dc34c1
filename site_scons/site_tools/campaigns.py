"""tests/: what tries this project itself: tests, benchmarks, campaigns."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from SCons.Script import BUILD_TARGETS

if TYPE_CHECKING:
    from site_tools.model_files import Datasets
    from site_tools.places import Places

# Each has PyTorch in its memory: 0.4 GB.
MOST_WORKERS = 8
# Networks of tests/codegen/shapes.py that are measured.
SHAPES = ("IC", "KWS", "VWW", "LeNet-5", "mbv2s")
WITH_MNIST = (("bench-build", "tests.graph.bench"), ("soak", "tests.soak"))


def campaigns(env: Any, places: Places, datasets: Datasets) -> dict[str, Any]:
    """Declare them: name of the target → its nodes."""
    root, made = env["PROJECT_ROOT"], places.made
    # A module's tests run in one process, which makes what they share once. Two for each processor:
    # half of the time they wait, for emulators, ports, clouds and each other's files.
    workers = str(min(2 * (os.cpu_count() or 1), MOST_WORKERS))
    tests = ["-n", workers, "--dist", "loadscope", "--no-loadscope-reorder", "--durations=25"]
    tests += [f"{root}/{path}" for path in env.ChosenTests()]
    targets = {
        "test": env.Always(made("test.run"), "pytest", tests, apart=True),
        "check": env.Always(made("check.run"), "tests.check", [], apart=True),
    }
    words = ["--out", places.out.Dir("site")]
    site = env.Run("", "tests.site", [made("site.run")], words, installed=("mkdocs",), apart=True)
    env.NoCache(site)
    targets["docs"] = env.AlwaysBuild(site)
    words = ["--out", places.out.Dir("release")]
    release = env.Run("", "nn2flash.wheel.release", [made("release.run")], words, apart=True)
    env.NoCache(release)
    targets["release"] = env.AlwaysBuild(release)
    if not env["HOSTED"]:
        fixtures, page = env.Dir(f"{root}/tests/fixtures"), f"{root}/docs/performance"
        # Whoever does not ask for it does not wait until their imports are read.
        asked = "bench" in BUILD_TARGETS
        shapes = _shapes(env, places.out.Dir("shapes")) if asked else []
        targets["bench"] = env.Always(
            made("bench.json"),
            "device bench",
            {
                "--fixtures": fixtures,
                "--shapes": shapes,
                "--data": datasets.folder,
                "--work": places.out.Dir("bench"),
                "--out": f"{page}.md",
                "--chart": f"{page}.svg",
                "--json": made("bench.json"),
            },
            also=[*datasets.of("mnist"), *shapes],
            apart=True,
        )
    for name, module in WITH_MNIST:
        words = ["--data", datasets.folder]
        words += ["--kept", places.out.Dir("soak")] if name == "soak" else []
        run = made(f"{name}.run")
        targets[name] = env.Always(run, module, words, also=datasets.of("mnist"), apart=True)
    words = ["--build", places.out.Dir("examples"), "--variable", f"data_dir={datasets.folder}"]
    run = made("examples.run")
    targets["examples"] = env.Always(run, "tests.examples", words, also=datasets.of(), apart=True)
    models = env.Dir(str(Path(env.GetLaunchDir(), env["models"] or f"{root}/tests/fixtures")))
    words = ["--models", models]
    targets["zoo"] = env.Always(made("zoo.run"), "tests.zoo", words, apart=True)
    return targets


def _shapes(env: Any, folder: Any) -> list[Any]:
    """The files of the networks that are measured."""
    files = [folder.File(f"{name.lower().replace('-', '_')}.onnx") for name in SHAPES]
    return list(env.Run("SHAPES", "tests.codegen.shapes", files, [folder, *SHAPES]))


def generate(env: Any, **kw: Any) -> None:
    """Add `env.Campaigns`."""
    env.AddMethod(campaigns, "Campaigns")


def exists(env: Any) -> bool:
    """Needs nothing."""
    return True
