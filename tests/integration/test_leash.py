"""The leash: a child that comes too late is not started at all."""

import subprocess

import pytest

from resources.leash import find_leash


@pytest.fixture
def leash() -> tuple[str, ...]:
    leash = find_leash("KILL")
    if not leash:
        pytest.skip("this machine offers no parent-death signal")
    return leash


def test_a_child_of_ours_becomes_its_command(leash: tuple[str, ...]) -> None:
    assert subprocess.check_output([*leash, "echo", "a  b", "$c"]) == b"a  b $c\n"


def test_the_child_of_one_who_died_before_the_leash_was_on_does_nothing(leash: tuple[str, ...]) -> None:
    """It sees another parent than the one that began it."""
    between = subprocess.run(["sh", "-c", '"$@"; exit $?', "sh", *leash, "echo", "late"], capture_output=True)
    assert (between.returncode, between.stdout) == (1, b"")
