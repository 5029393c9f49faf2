"""The written page of settings is the code's."""

from pathlib import Path

from service.cli.settings_page import settings_page
from service.settings import Settings

PAGE = Path(__file__).parents[3] / "docs" / "settings.md"


def test_page_of_settings_is_up_to_date() -> None:
    assert PAGE.read_text() == settings_page(), "run `python -m service.cli.settings_page docs/settings.md`"


def test_every_setting_has_a_description() -> None:
    assert all(field.description for field in Settings.model_fields.values())
