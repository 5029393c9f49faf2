"""Curves of a trial as the API shows them."""

from pydantic import BaseModel, ConfigDict, Field


class Curve(BaseModel):
    """One metric over the epochs; the four lists are of one length, in the order of the steps."""

    steps: list[int] = Field(description="Epochs completed.")
    values: list[float]
    image_passes: list[int] = Field(description="Augmented images passed through the encoder up to each step.")
    device_seconds: list[float] = Field(description="Device-seconds spent to reach each step.")
    measured: int = Field(description="How often it was measured; more than the list's length when down-sampled.")


class TrialCurves(BaseModel):
    """The curves of one trial by metric."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "number": 6,
                    "curves": {
                        "val_top1": {
                            "steps": [1, 2, 15],
                            "values": [0.61, 0.83, 0.9674],
                            "image_passes": [2444, 4888, 36660],
                            "device_seconds": [2.7, 5.4, 41.2],
                            "measured": 15,
                        }
                    },
                }
            ]
        }
    )

    number: int
    curves: dict[str, Curve] = Field(description="By name; a name that was asked for and never measured is empty.")
