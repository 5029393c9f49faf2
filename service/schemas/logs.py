"""Logs as a stream of events tells them."""

from pydantic import BaseModel, Field

PIECE_KIND = "log"
END_KIND = "end"
"""Kind of the last event: nothing more can come. A stream that ends without it is asked for again."""


class LogPiece(BaseModel):
    """Whole lines, as they are to be shown."""

    text: str = Field(description="With the line that says which runner speaks, where it is another one.")
