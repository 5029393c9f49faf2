"""`supsweep serve`: one process of the service, for deployments; `supsweep up` starts it too."""

from typing import Annotated, Literal

import typer

Host = Annotated[str, typer.Option(help="Address to listen on; this machine alone unless told otherwise.")]
Port = Annotated[int, typer.Option(min=1, max=65535)]
Role = Annotated[
    Literal["all", "api", "worker"] | None,
    typer.Option(help="The API, the background loops, or all of it; none takes SUPSWEEP_ROLE."),
]


def serve(host: Host = "127.0.0.1", port: Port = 8000, role: Role = None) -> None:
    """Run one process of the service until SIGTERM; SUPSWEEP_… variables say how (docs/operations.md)."""
    # Inside: the other commands need nothing of the service itself, neither installed nor loaded.
    from service import serve as process  # noqa: PLC0415

    raise typer.Exit(process.serve(host, port, **({} if role is None else {"role": role})))
