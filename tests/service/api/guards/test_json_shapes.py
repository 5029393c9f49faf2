"""The scan sees what a JSON reader sees, whatever stands in texts, and never takes long."""

import contextlib
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.api.guards import json_shapes
from service.api.guards.json_shapes import DEEPEST, check_shape
from service.errors import InvalidRequest

TEXTS = st.text(alphabet=st.sampled_from('"\\[]{},a\n'))
DOCUMENTS = st.recursive(
    TEXTS | st.integers(), lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4)
)


def depth_of(document: object) -> int:
    if isinstance(document, dict):
        return 1 + max(map(depth_of, document.values()), default=0)
    if isinstance(document, list):
        return 1 + max(map(depth_of, document), default=0)
    return 0


@given(DOCUMENTS, st.integers(min_value=0, max_value=6))
def test_depth_is_that_of_the_document(document: object, most: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_shapes, "DEEPEST", most)
        body = json.dumps(document).encode()
        if depth_of(document) <= most:
            check_shape(body)
        else:
            with pytest.raises(InvalidRequest, match="deep"):
                check_shape(body)


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_what_is_nested_too_deep_is_refused(opening: str) -> None:
    check_shape(opening.encode() * DEEPEST)
    with pytest.raises(InvalidRequest, match="64 deep"):
        check_shape(opening.encode() * (DEEPEST + 1))


@pytest.mark.parametrize("part", ["[],", "0,", '"",'])
def test_too_many_parts_are_refused(part: str) -> None:
    check_shape(part.encode() * 50_000)
    with pytest.raises(InvalidRequest, match="200000"):
        check_shape(part.encode() * 250_000)


def test_json_in_another_encoding_is_refused() -> None:
    for encoding in ("utf-16", "utf-32"):
        with pytest.raises(InvalidRequest, match="UTF-8"):
            check_shape('{"a": 1}'.encode(encoding))


@pytest.mark.parametrize("body", [b'"\\"' * 2**20, b'"' + b'\\"' * 2**21, b"[" + b'"' + b"a" * 2**22, b"\\" * 2**22])
def test_a_text_that_never_ends_takes_no_time(body: bytes) -> None:
    began = time.process_time()
    with contextlib.suppress(InvalidRequest):
        check_shape(body)
    assert time.process_time() - began < 2
