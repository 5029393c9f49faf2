"""The written reference is the code's."""

from pathlib import Path

from search_spaces.reference import reference
from search_spaces.trial_config import TrialConfig

PAGE = Path(__file__).parents[2] / "docs" / "spec.md"


def test_page_of_the_spec_is_up_to_date() -> None:
    assert PAGE.read_text() == reference(), "run `make docs`"


def test_every_field_has_a_description() -> None:
    assert all(field.description for field in TrialConfig.model_fields.values())
