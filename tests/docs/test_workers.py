"""The worker that the documentation shows is a whole one: it runs a sweep to its end."""

import os
import re
import subprocess
import sys
from pathlib import Path

from fakes.running_service import running_service

from search_spaces.outcomes import Outcome
from search_spaces.presets import digits_smoke
from service.client.client import SupsweepClient

PAGE = Path(__file__).parents[2] / "docs" / "workers.md"


def test_shown_worker_completes_every_trial(tmp_path: Path) -> None:
    (program,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)
    with running_service(tmp_path) as service, SupsweepClient(service.url, service.api_key) as client:
        sweep_id = client.create_sweep(digits_smoke()).id
        surroundings = {"SUPSWEEP_URL": service.url, "SUPSWEEP_API_KEY": service.api_key, "SWEEP": sweep_id}
        subprocess.run([sys.executable, "-c", program], env=os.environ | surroundings, check=True, timeout=60)
        trials = list(client.list_trials(sweep_id))
    assert [trial.outcome for trial in trials] == [Outcome.COMPLETED] * 4
    assert {trial.score for trial in trials} == {0.5}
