"""Quantities of Kubernetes in MiB."""

import hypothesis
import hypothesis.strategies as st
import pytest

from lib.kubernetes import mebibytes


@pytest.mark.parametrize(
    ("quantity", "expected"), [("512Mi", 512), ("2Gi", 2048), ("1Ti", 1048576), ("2048Ki", 2), ("1500Ki", 1)]
)
def test_a_quantity_is_counted_in_mebibytes(quantity: str, expected: int) -> None:
    assert mebibytes(quantity) == expected, "binary units, rounded down"


@hypothesis.given(st.integers(min_value=1, max_value=10**6))
def test_each_unit_is_1024_of_the_one_below(number: int) -> None:
    assert mebibytes(f"{number}Ti") == mebibytes(f"{number * 1024}Gi"), "Ti and Gi"
    assert mebibytes(f"{number}Gi") == mebibytes(f"{number * 1024}Mi"), "Gi and Mi"
    assert mebibytes(f"{number}Mi") == mebibytes(f"{number * 1024}Ki"), "Mi and Ki"


@pytest.mark.parametrize("quantity", ["10G", "10", "10GB", ""])
def test_another_unit_is_refused_with_the_way_to_write_it(quantity: str) -> None:
    with pytest.raises(ValueError, match="write it as 512Mi or 2Gi"):
        mebibytes(quantity)
