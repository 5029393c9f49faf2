"""deploy/docker/ray-node: what it hands to Ray, and what it refuses in one line."""

import os
import subprocess
from pathlib import Path

import pytest
from deploy.compose_file import ROOT

TOKEN = "t" * 64


def run(folder: Path, *arguments: str, programs: dict[str, str] | None = None, **environment: str) -> tuple[int, str]:
    """Exit code and what is said, with scripts in the place of programs; `ray` only says what it is told."""
    for name, script in ({"ray": 'echo "ray $*"', "wget": "", "nvidia-smi": ""} | (programs or {})).items():
        program = folder / name
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
    ran = subprocess.run(
        ["sh", ROOT / "deploy/docker/ray-node", *arguments],
        env={"PATH": f"{folder}:{os.environ['PATH']}"} | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=10,
    )
    return ran.returncode, (ran.stdout + ran.stderr).strip()


def test_a_head_takes_no_trials(tmp_path: Path) -> None:
    code, said = run(tmp_path, "head", RAY_AUTH_TOKEN=TOKEN)
    assert code == 0
    assert said.startswith("ray start --block ")
    assert "--head --num-cpus=0 --dashboard-host=0.0.0.0" in said


def test_a_worker_joins_its_head_with_what_it_has(tmp_path: Path) -> None:
    environment = {"RAY_AUTH_TOKEN": TOKEN, "RAY_NODE_CPUS": "3", "RAY_NODE_GPUS": "1"}
    code, said = run(tmp_path, "worker", "ray-head", programs={"nvidia-smi": "echo GPU 0: one"}, **environment)
    assert code == 0
    assert "--num-gpus=1 --address=ray-head:6379 --num-cpus=3" in said


@pytest.mark.parametrize("role", [["head"], ["worker", "ray-head"]])
def test_a_node_without_a_token_is_refused(role: list[str], tmp_path: Path) -> None:
    code, said = run(tmp_path, *role)
    assert code == 1
    assert said.startswith("ray-node: RAY_AUTH_TOKEN is not set")


def test_gpus_that_are_not_there_are_missed(tmp_path: Path) -> None:
    code, said = run(tmp_path, "worker", "ray-head", RAY_AUTH_TOKEN=TOKEN, RAY_NODE_GPUS="2")
    assert code == 1
    assert said.startswith("ray-node: GPUs asked for: 2, found: 0; install")


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden"])
def test_a_wrong_token_is_told_before_ray_stumbles_over_it(status: str, tmp_path: Path) -> None:
    refuse = {"wget": f'echo "  HTTP/1.1 {status}" >&2; exit 6'}
    code, said = run(tmp_path, "worker", "ray-head", programs=refuse, RAY_AUTH_TOKEN=TOKEN)
    assert code == 1
    assert said == "ray-node: the head at ray-head refuses our token: give both the same RAY_AUTH_TOKEN"


def test_a_head_that_is_away_is_left_to_ray(tmp_path: Path) -> None:
    """Which waits for it."""
    code, said = run(tmp_path, "worker", "ray-head", programs={"wget": "exit 4"}, RAY_AUTH_TOKEN=TOKEN)
    assert code == 0
    assert said.startswith("ray start")


@pytest.mark.parametrize(("answer", "code"), [("success", 0), ("", 1)])
def test_a_node_is_well_when_its_agent_says_so(answer: str, code: int, tmp_path: Path) -> None:
    assert run(tmp_path, "health", programs={"wget": f"echo {answer}"}, RAY_AUTH_TOKEN=TOKEN) == (code, "")


def test_an_unknown_command_names_those_that_are_known(tmp_path: Path) -> None:
    assert run(tmp_path, "start") == (1, "ray-node: start is no command; accepted: head, worker HEAD, health")
