"""The preview of a plan as the API shows it: what a sweep would be, cost and tell, before a GPU is touched."""

from pydantic import BaseModel, ConfigDict, Field

from search_spaces.design import DesignKind


class Forecast(BaseModel):
    """An estimate from finished trials; without any like these it has no value, and says so."""

    value: float | None = Field(description="None when it is unknown.")
    low: float | None = Field(default=None, description="Lower end of the 95 % interval.")
    high: float | None = Field(default=None, description="Upper end of the 95 % interval.")
    basis: str = Field(description="Which finished trials it rests on, or why it is unknown.")
    past_trials: int = Field(description="How many they are.")


class ArmPreview(BaseModel):
    """One arm of the plan."""

    arm: str
    trials: int
    epochs: int | None = Field(description="Over all its trials; none where trials train for a time.")
    image_passes: int | None = Field(
        description="Augmented images through the encoder, over all its trials; none where only files or clock tell."
    )
    device_hours: Forecast


class PowerPreview(BaseModel):
    """Which difference in spread the report would find."""

    pairs: int = Field(description="Points that two arms share; the fewest over all pairs of arms.")
    reference_ratio: float
    power_at_reference: float = Field(description="Probability of finding a true SD ratio of `reference_ratio`.")
    detectable_ratio: float | None = Field(description="The true SD ratio that is found with a probability of 80 %.")
    assumptions: str


class PlanPreview(BaseModel):
    """What the spec would make the service do. Nothing was written."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "digits-demo",
                    "design": "paired",
                    "is_exact": True,
                    "trials": 32,
                    "epochs": 720,
                    "image_passes": 1173120,
                    "device_hours": {
                        "value": 0.21,
                        "low": 0.17,
                        "high": 0.26,
                        "basis": "24 finished trials of yours of the same objective, encoder, dataset and devices, "
                        "of any batch size",
                        "past_trials": 24,
                    },
                    "wall_clock_hours": {
                        "value": 0.105,
                        "low": 0.085,
                        "high": 0.13,
                        "basis": "2 trials at once, each on 1 device",
                        "past_trials": 24,
                    },
                    "arms": [
                        {
                            "arm": "supcon",
                            "trials": 16,
                            "epochs": 240,
                            "image_passes": 586560,
                            "device_hours": {
                                "value": None,
                                "low": None,
                                "high": None,
                                "basis": "unknown: you have no finished trial of the same encoder, dataset and device",
                                "past_trials": 0,
                            },
                        }
                    ],
                    "cuts": ["budget.wall_clock of 5 min ends it after about 12 of 16 pairs"],
                    "notes": [],
                    "power": {
                        "pairs": 16,
                        "reference_ratio": 1.5,
                        "power_at_reference": 0.35,
                        "detectable_ratio": 2.68,
                        "assumptions": "simulated with exponential regrets, …",
                    },
                    "why_no_power": None,
                }
            ]
        }
    )

    name: str
    design: DesignKind
    is_exact: bool = Field(
        description="Whether counts come from the plan; a search's are its centres', a time's unknown."
    )
    trials: int
    epochs: int | None
    image_passes: int | None
    device_hours: Forecast
    wall_clock_hours: Forecast
    arms: list[ArmPreview]
    cuts: list[str] = Field(description="Where a budget would cut the sweep, in sentences.")
    notes: list[str] = Field(description="What the numbers do not know, in sentences.")
    power: PowerPreview | None
    why_no_power: str | None = Field(description="Why there is nothing to detect; none when there is.")
