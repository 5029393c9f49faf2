"""One comparison of two sweeps as /v1/compare answers it, for the OpenAPI document."""

from typing import Any

_OUTCOMES = ("completed", "pruned", "diverged", "collapsed", "infeasible", "timed_out", "failed", "cancelled")


def _estimate(value: float, low: float, high: float, method: str) -> dict[str, Any]:
    return {"value": value, "low": low, "high": high, "method": method, "reason": None}


def _contrast(a: float, b: float, low: float, high: float) -> dict[str, Any]:
    method = "paired bootstrap, percentile"
    return {
        "a": _estimate(a, a - 0.1, a + 0.1, method),
        "b": _estimate(b, b - 0.1, b + 0.1, method),
        "difference": _estimate(a - b, low, high, method),
    }


def _arm(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "planned": 16,
        "outcomes": {outcome: 16 if outcome == "completed" else 0 for outcome in _OUTCOMES},
        "without_outcome": 0,
        "best": None,
        "cost": {
            "device_seconds": 391.0,
            "image_passes": 586560,
            "median_device_seconds": 24.4,
            "median_image_passes": 36660.0,
        },
    }


def _side(sweep_id: str, dataset: str) -> dict[str, Any]:
    return {
        "sweep": {
            "sweep_id": sweep_id,
            "name": f"{dataset}-stability",
            "dataset": dataset,
            "metric": "val_top1",
            "goal": "maximize",
            "chance_level": 0.1,
            "arms": ["supcon", "cross_entropy"],
            "design": "paired",
            "match": "image_passes",
            "note": None,
        },
        "alerts": [],
        "arms": [_arm("supcon"), _arm("cross_entropy")],
        "why_no_comparison": None,
        "comparisons": [
            {
                "arms": ["supcon", "cross_entropy"],
                "pairs": 16,
                "reason": None,
                "area_from_own_best": _contrast(0.62, 0.41, 0.05, 0.36),
                "area_from_common_best": _contrast(0.6, 0.35, 0.08, 0.41),
                "log_sd_ratio": _estimate(-0.53, -1.02, -0.07, "paired bootstrap, BCa"),
                "failure_rate": _contrast(0.0, 0.06, -0.28, 0.15),
                "probability": _estimate(0.75, 0.5, 0.91, "paired bootstrap, BCa"),
                "verdicts": [
                    {
                        "question": "Which arm scatters less?",
                        "answer": "supcon",
                        "sentence": "supcon scatters less: SD 0.0210 for supcon, 0.0357 for cross_entropy, "
                        "ratio 0.59 [0.36, 0.93]; 16 pairs.",
                    }
                ],
            }
        ],
    }


COMPARISON: dict[str, Any] = {
    "schema_version": 1,
    "cautions": ["The sweeps are on different datasets: digits, fashion_mnist. Their figures do not measure the same."],
    "sweeps": [_side("4f1d8a20c9be", "digits"), _side("b07c5512e3aa", "fashion_mnist")],
}
