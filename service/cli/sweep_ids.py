"""Ids of sweeps may be abbreviated to a prefix that only one sweep has."""

from service.cli.failures import CommandFailed
from service.client.client import SupsweepClient
from service.client.failures import ApiError
from service.schemas.sweeps import SweepDetail

SHOWN_CANDIDATES = 5


def find_sweep(client: SupsweepClient, sweep_id: str) -> SweepDetail:
    """The sweep of that id, or the only one whose id begins so. Raises CommandFailed when it is none or several."""
    if not sweep_id:
        raise CommandFailed("the id of a sweep is not empty; `supsweep ls` lists them")
    try:
        return client.get_sweep(sweep_id)
    except ApiError as error:
        if error.problem.status not in (404, 422):
            raise
    candidates = [sweep for sweep in client.list_sweeps() if sweep.id.startswith(sweep_id)]
    if not candidates:
        raise CommandFailed(f"no sweep {sweep_id!r}; `supsweep ls` lists yours")
    if len(candidates) > 1:
        names = ", ".join(f"{sweep.id} ({sweep.name})" for sweep in candidates[:SHOWN_CANDIDATES])
        raise CommandFailed(f"{len(candidates)} sweeps begin with {sweep_id!r}: {names}; write more of the id")
    return client.get_sweep(candidates[0].id)
