"""/v1/sweeps/{id}/export: the trial rows as CSV or Parquet, from which every number of the report can be made again."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from service.api.accepts import Accept, preferred
from service.api.dependencies import OwnedSweep, WiredParts
from service.operations.exports import ExportForm, ExportTable, export_sweep

MEDIA_TYPES: Mapping[ExportForm, str] = {
    ExportForm.CSV: "text/csv",
    ExportForm.PARQUET: "application/vnd.apache.parquet",
}
_FORMS = {media_type: form for form, media_type in MEDIA_TYPES.items()}
EXAMPLE = (
    "sweep_id,sweep_name,…,number,arm,point,replicate,seed,outcome,reason,score,…\r\n"
    "4f1d8a20c9be,digits-demo,…,6,supcon,3,0,1183279054,completed,,0.9674,…\r\n"
)

router = APIRouter(prefix="/v1/sweeps/{sweep_id}/export", tags=["reports"])


@router.get(
    "",
    operation_id="exportSweep",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "The table, streamed. Its columns are described in docs/export.md.",
            "content": {
                MEDIA_TYPES[ExportForm.CSV]: {"schema": {"type": "string"}, "example": EXAMPLE},
                MEDIA_TYPES[ExportForm.PARQUET]: {"schema": {"type": "string", "format": "binary"}},
            },
        }
    },
)
async def export(
    parts: WiredParts,
    sweep: OwnedSweep,
    table: Annotated[ExportTable, Query(description="Trials, or every measurement of their curves.")] = (
        ExportTable.TRIALS
    ),
    form: Annotated[
        ExportForm | None, Query(alias="format", description="Goes before Accept; none of both gives CSV.")
    ] = None,
    accept: Accept = MEDIA_TYPES[ExportForm.CSV],
) -> StreamingResponse:
    """The sweep's trials, or their curves, as a file. While it runs, each row is as it stood when it was read."""
    chosen = form or _FORMS[preferred(accept, *_FORMS)]
    name = f"{sweep.id}-{table.value}.{chosen.value}"
    return StreamingResponse(
        export_sweep(parts.database, sweep, table, chosen),
        media_type=MEDIA_TYPES[chosen],
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
