"""A database is waited for while it may be starting, migrated, and refused at once where waiting would not help."""

from pathlib import Path

import pytest
from sqlalchemy import text

from service.db.database import Database
from service.db.migrations import downgrade, revisions, upgrade
from service.db.preparation import Preparation, prepare_database
from service.errors import DatabaseRefuses, DatabaseTooNew, DatabaseUnavailable
from service.settings import Settings, SettingsRefused


def settings_of(folder: Path, url: str = "", startup_seconds: float = 0.0) -> Settings:
    """Settings with a home that nothing has made yet."""
    return Settings(home=folder / "home", database_url=url, startup_seconds=startup_seconds)


async def test_empty_database_is_migrated_and_then_found_so(tmp_path: Path, database_url: str) -> None:
    settings = settings_of(tmp_path, database_url)
    assert await prepare_database(settings) == Preparation(found=None, now=revisions()[-1])
    assert await prepare_database(settings) == Preparation(found=revisions()[-1], now=revisions()[-1])
    assert not settings.home.exists(), "another database than the home's needs no home"


async def test_older_schema_is_told_as_found(tmp_path: Path, database_url: str) -> None:
    database = Database(database_url)
    await upgrade(database)
    await downgrade(database, revisions()[0])
    await database.close()
    prepared = await prepare_database(settings_of(tmp_path, database_url))
    assert prepared == Preparation(found=revisions()[0], now=revisions()[-1])


async def test_ledger_under_home_makes_its_folder(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    await prepare_database(settings)
    assert (settings.home / "ledger.db").exists()


async def test_home_that_cannot_be_made_is_a_refused_setting(tmp_path: Path) -> None:
    (tmp_path / "home").touch()
    with pytest.raises(SettingsRefused, match="SUPSWEEP_HOME: its folder cannot be made"):
        await prepare_database(settings_of(tmp_path))


async def test_database_that_comes_in_time_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "mounted later"
    monkeypatch.setattr("service.db.preparation.RETRY_SECONDS", 0.001)
    monkeypatch.setattr("service.db.preparation.log.warning", lambda *_, **__: folder.mkdir(exist_ok=True))
    url = f"sqlite+aiosqlite:///{folder / 'ledger.db'}"
    prepared = await prepare_database(settings_of(tmp_path, url, startup_seconds=60))
    assert prepared == Preparation(found=None, now=revisions()[-1])


async def test_database_that_stays_away_is_given_up_when_the_time_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("service.db.preparation.RETRY_SECONDS", 0.01)
    url = "postgresql+asyncpg://nobody@127.0.0.1:1/nothing"
    with pytest.raises(DatabaseUnavailable, match="does not answer"):
        await prepare_database(settings_of(tmp_path, url, startup_seconds=0.1))
    assert "waiting for the database" in caplog.text


@pytest.mark.parametrize(
    ("user", "name", "words"),
    [("postgres", "nothing", 'database "nothing" does not exist'), ("nobody", "x", 'role "nobody" does not exist')],
)
async def test_wrong_name_is_refused_at_once(
    tmp_path: Path, postgres_folder: Path, user: str, name: str, words: str
) -> None:
    url = f"postgresql+asyncpg://{user}@/{name}?host={postgres_folder}"
    with pytest.raises(DatabaseRefuses, match=f"^the database refuses us: {words}$"):
        await prepare_database(settings_of(tmp_path, url, startup_seconds=600))


async def test_file_that_is_no_database_is_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("This is not a ledger. " * 100)
    with pytest.raises(DatabaseRefuses, match="file is not a database"):
        await prepare_database(settings_of(tmp_path, f"sqlite+aiosqlite:///{tmp_path / 'notes.txt'}", 600))


async def test_database_of_a_newer_release_is_refused_at_once(tmp_path: Path, database_url: str) -> None:
    database = Database(database_url)
    await upgrade(database)
    async with database.write() as session:
        await session.execute(text("UPDATE alembic_version SET version_num = '2099_01_01_future'"))
    await database.close()
    with pytest.raises(DatabaseTooNew, match="newer release"):
        await prepare_database(settings_of(tmp_path, database_url, startup_seconds=600))
