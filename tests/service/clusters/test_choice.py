"""Names and labels in a spec's list of clusters."""

from service.clusters.choice import chosen, described, meaningless

REGISTERED = {
    "east": {"gpu": "h100", "region": "eu"},
    "west": {"gpu": "h100", "region": "us"},
    "local": {},
}


def test_names_keep_their_order_and_labels_bring_names_in_order() -> None:
    assert chosen(["local", "gpu=h100"], REGISTERED) == ["local", "east", "west"]


def test_a_cluster_that_is_meant_twice_comes_once() -> None:
    assert chosen(["west", "gpu=h100", "region=us"], REGISTERED) == ["west", "east"]


def test_a_name_that_is_registered_no_more_is_still_meant() -> None:
    assert chosen(["gone", "region=nowhere"], REGISTERED) == ["gone"]


def test_what_nobody_answers_to_is_told() -> None:
    assert meaningless(["local", "gone", "region=eu", "region=nowhere", "gpu"], REGISTERED) == [
        "gone",
        "region=nowhere",
        "gpu",
    ]


def test_clusters_are_described_with_their_labels() -> None:
    assert described(REGISTERED) == "east (gpu=h100, region=eu), local, west (gpu=h100, region=us)"
    assert described({}) == "none"
