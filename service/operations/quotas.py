"""Quotas: how much an owner may use."""

from datetime import datetime, timedelta

from service.db import spent, trials
from service.db.database import Session
from service.errors import QuotaExceeded
from service.settings import Settings

QUOTA_DAYS = 30
"""Over how long device-hours are added up."""


async def check_quota(session: Session, settings: Settings, owner: str, now: datetime) -> None:
    """Raises QuotaExceeded when the owner has used up the device-hours of these days."""
    most = settings.quota_of(owner).device_hours
    if most is None:
        return
    since = now - timedelta(days=QUOTA_DAYS)
    seconds = await trials.device_seconds_of_owner(session, owner, since=since)
    used = (seconds + await spent.device_seconds_of_owner(session, owner, since=since)) / 3600
    if used >= most:
        raise QuotaExceeded(
            f"{owner} has used {used:.2f} device-hours in {QUOTA_DAYS} days and the quota is {most:g}: "
            "wait until older ones are out of that time, or ask for a larger quota"
        )
