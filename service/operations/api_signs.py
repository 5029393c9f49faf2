"""Signs of the API: whoever serves it says so in the database again and again.

A runner is heard by the API alone. Where all of that is away, nobody else may take a runner's silence for its death.
"""

import logging
from collections.abc import Callable
from datetime import datetime

from service.db import instance
from service.db.database import Database
from service.errors import SweepServiceError
from service.loops import Loop

log = logging.getLogger(__name__)


async def keep_signing(database: Database, clock: Callable[[], datetime], every_seconds: float, loop: Loop) -> None:
    """Leaves a sign again and again, until the process stops."""
    while loop.turns():
        try:
            async with database.write() as session:
                await instance.sign_api(session, clock())
        except SweepServiceError as error:
            log.warning("no sign of the API left", extra={"reason": error.detail})
            loop.waits_for(error.detail)
        except Exception:  # whatever it is, the next sign may succeed
            log.exception("no sign of the API left")
        await loop.pause(every_seconds)
