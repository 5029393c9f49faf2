"""Every point that the service's own code has, read from its source: what runs must have visited, all together."""

import ast
from collections.abc import Iterator
from pathlib import Path

from chaos.crash_points import PLUMBING, methods_of

import service
from service.clusters.protocol import ClusterClient
from service.tracking.protocol import TrackingStore

ROOT = Path(service.__file__).parent
OTHER_PROCESSES = ("service.cli.", "service.client.", "service.embedded.", "service.maintenance", "service.serve")
"""What runs beside the process that is killed, or before it begins."""

WRITES = frozenset({"write", "decide"})
CLUSTER_CALLS = frozenset(methods_of(ClusterClient)) - {"aclose"}
"""Letting go of connections changes nothing anywhere."""


def written_points() -> set[str]:
    """Their names, as crash_points has them, without `before` or `after`."""
    points = {f"mlflow.{name}" for name in methods_of(TrackingStore)}
    for file in sorted(ROOT.rglob("*.py")):
        module = ".".join(("service", *file.relative_to(ROOT).with_suffix("").parts))
        if not module.startswith(PLUMBING + OTHER_PROCESSES):
            points.update(_points_of(module.removeprefix("service."), ast.parse(file.read_text())))
    return points


def _points_of(module: str, tree: ast.AST, scope: str = "", first_line: int = 0) -> Iterator[str]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef):
            yield from _points_of(module, node, f"{scope}{node.name}.", first_line)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            begins = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            yield from _points_of(module, node, f"{scope}{node.name}.<locals>.", begins)
        else:
            what = _what_happens(node)
            if what is not None:
                place = f"{module}:{scope.removesuffix('.<locals>.')}+{node.lineno - first_line}"
                yield f"{what} {place}"
            yield from _points_of(module, node, scope, first_line)


def _what_happens(node: ast.AST) -> str | None:
    """What begins with the call that the node is, if anything does."""
    match node:
        case ast.Call(func=ast.Attribute(attr=name), args=[]) if name in WRITES:
            return "the commit of"
        case ast.Call(func=ast.Attribute(attr=name, value=ast.Name("client"))) if name in CLUSTER_CALLS:
            return f"cluster.{name} from"
        case ast.Call(func=ast.Attribute(attr="post", value=ast.Name("postman"))):
            return "webhook.post from"
    return None
