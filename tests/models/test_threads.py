"""How threads wait is settled before torch is loaded, in every process that loads it."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

_ASK = """
import json, os, sys
import {module}
before = "torch" in sys.modules
import torch
print(json.dumps([before, os.environ.get("OMP_WAIT_POLICY"), os.environ.get("GOMP_SPINCOUNT")]))
"""


def ask(module: str, **environment: str) -> list[object]:
    kept = {k: v for k, v in os.environ.items() if k not in {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"}}
    found = subprocess.run(
        [sys.executable, "-c", _ASK.format(module=module)],
        env={**kept, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    answer: list[object] = json.loads(found.stdout)
    return answer


@pytest.mark.parametrize(
    "module", ["fiqa_models", "fiqa_training", "fiqa_studio.engine.worker.supervisor"]
)
def test_threads_wait_passively_wherever_torch_is_loaded(module: str) -> None:
    assert ask(module) == [False, "PASSIVE", None]


def test_the_users_own_word_stands() -> None:
    assert ask("fiqa_models", OMP_WAIT_POLICY="ACTIVE")[1] == "ACTIVE"
    assert ask("fiqa_models", GOMP_SPINCOUNT="10000")[1:] == [None, "10000"]


def test_a_thread_computes_with_as_many_as_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    code = """
import threading, torch
from fiqa_models.threads import use_threads
seen = []
def work(count):
    use_threads(count)
    seen.append(torch.get_num_threads())
for count in (1, 0, 3, 0):
    thread = threading.Thread(target=work, args=(count,))
    thread.start()
    thread.join()
print(seen)
"""
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "[1, 2, 3, 2]\n"
