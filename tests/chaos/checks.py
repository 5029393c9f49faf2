"""Checks what a small world looks like after a fault."""

from collections.abc import Iterable

from chaos.evidence import Evidence, gather
from chaos.file_tracking import read_runs
from chaos.table import TABLE
from chaos.world import World


def check_world(world: World, sweep_ids: Iterable[str], fault: str) -> list[Evidence]:
    """Checks every invariant of the sweeps that went through the fault. What was looked at."""
    shown, client = read_runs(world.tracking_file), world.client()
    found = []
    for sweep_id in sweep_ids:
        evidence = gather(
            world.database_url, client.audit_sweep(sweep_id), shown.values(), world.running_jobs(sweep_id)
        )
        TABLE.check(fault, evidence)
        found.append(evidence)
    assert not world.complaints(), f"{world.complaints()}; see {world.log}"
    return found
