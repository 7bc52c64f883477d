"""A small sample of `make bench` and `make soak`, so that they work on the day somebody needs them."""

from tests import bench, soak


def test_the_bench_measures_everything_it_names() -> None:
    figures = bench.run(rounds=3)
    assert all(value > 0 for value in figures.values())
    assert {name.split(":")[0] for name in figures if ":" in name} == {
        "200 characters",
        "4 KB of log",
        "4 KB, 15 problems",
    }


def test_a_few_seconds_of_broken_pastes_are_all_answered() -> None:
    answered, _, _ = soak.soak(5)
    assert answered > 20
