"""The examples of the OpenAPI document are what the service could have answered."""

import pytest
from pydantic import BaseModel

from service.api.compare_example import COMPARISON
from service.robustness.side_by_side import SideBySide
from service.schemas.curves import TrialCurves
from service.schemas.preview import PlanPreview
from service.schemas.trials import TrialDetail, TrialPage


@pytest.mark.parametrize("model", [TrialPage, TrialDetail, TrialCurves, PlanPreview])
def test_example_of_a_schema_is_one_of_it(model: type[BaseModel]) -> None:
    extra = model.model_config["json_schema_extra"]
    assert isinstance(extra, dict)
    examples = extra["examples"]
    assert isinstance(examples, list)
    for example in examples:
        model.model_validate(example)


def test_example_of_a_comparison_is_one() -> None:
    assert SideBySide.model_validate(COMPARISON).sweeps[1].comparisons[0].pairs == 16
