"""Where quads of filters stop that are requantized alike: two kinds of integers, then the FPU."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from itertools import product
from pathlib import Path

from device.bench.ours import RUNTIME

STEPS, QUADS, ENDS, FPU = 5, 3, (6, 263), 0
# Words behind those of a quad's steps.
CONSTANTS = 10
PROGRAM = """
#include <stdio.h>
#include "nn_quads.h"

static void show(nn_quads_end end, const ai_u32 *stop, const ai_u32 *words) {
    printf("%u %d ", (unsigned)end, (int)(stop - words));
}

int main(void) {
    static const ai_u32 words[1000];
    for (ai_i32 first = 0; first <= QUADS; first++) {
        for (ai_i32 second = 0; first + second <= QUADS; second++) {
            const nn_quads_ends ends = {{first, second}, {END_0, END_1}};
            const nn_quads_job job = nn_quads_over(words, STEPS, QUADS, &ends, 0);
            show(job.end, job.stop, words);
            show(job.tiers[0].end, job.tiers[0].stop, words);
            show(job.tiers[1].end, job.tiers[1].stop, words);
            show(0, job.last, words);
            putchar('\\n');
        }
    }
}
"""


def expected(counts: Sequence[int]) -> list[int]:
    """End and last word of three tiers, the last word of all."""
    size, tiers, until = 2 * STEPS + CONSTANTS, [], 0
    for count, end in zip(counts, ENDS, strict=True):
        until += count
        tiers += [(end, size * until)] if count else []
    tiers += [(FPU, size * QUADS)] * (3 - len(tiers))
    return [number for tier in (*tiers, (0, size * QUADS)) for number in tier]


def test_tiers_stop_behind_their_quads(tmp_path: Path) -> None:
    """What a compiler leaves as it is begins as a pattern, so that nothing is right by chance."""
    (tmp_path / "main.c").write_text(PROGRAM)
    defines = [f"-D{name}={value}" for name, value in (("STEPS", STEPS), ("QUADS", QUADS))]
    defines += [f"-DEND_{number}={end}" for number, end in enumerate(ENDS)]
    flags = ["-std=c11", "-O1", "-ftrivial-auto-var-init=pattern"]
    includes = [f"-I{path}" for path in (RUNTIME, RUNTIME / "kernels")]
    sources = [str(tmp_path / "main.c"), str(RUNTIME / "kernels" / "nn_quads.c")]
    program = str(tmp_path / "tiers")
    words = ["gcc", *flags, *defines, *includes, *sources, "-lm", "-o", program]
    subprocess.run(words, check=True)
    done = subprocess.run([program], capture_output=True, text=True, check=True)
    found = [[int(word) for word in line.split()] for line in done.stdout.splitlines()]
    every = product(range(QUADS + 1), repeat=2)
    assert found == [expected(counts) for counts in every if sum(counts) <= QUADS]
