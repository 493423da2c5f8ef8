"""What all tests share: hypothesis profiles and the paths of things outside the test folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

REPOSITORY = Path(__file__).resolve().parent.parent
TAKEHOME_VARIABLE = "VLIWC_TAKEHOME"

# Wall-clock deadlines would make tests depend on how busy the computer is. In CI the examples are
# derived from the test's text, so that a failure there is one everybody can repeat.
settings.register_profile("dev", deadline=None, max_examples=50, print_blob=True)
settings.register_profile(
    "ci",
    parent=settings.get_profile("dev"),
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("thorough", parent=settings.get_profile("dev"), max_examples=2000)
# What was compiled before must not answer for what is tested now, and nothing goes into the folder
# of who runs the tests.
os.environ["VLIWC_CACHE"] = "0"
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the working copy."""
    return REPOSITORY


@pytest.fixture(scope="session")
def kernels() -> Path:
    """The folder of kernels that come with the compiler."""
    return REPOSITORY / "kernels"


@pytest.fixture(scope="session")
def takehome() -> Path:
    """A checkout of the original take-home, named by the environment variable VLIWC_TAKEHOME.

    Tests that need it are skipped where the variable is not set; a variable that names something
    else is an error, because a run that silently compares with nothing would look like a success.
    """
    name = os.environ.get(TAKEHOME_VARIABLE)
    if not name:
        pytest.skip(f"{TAKEHOME_VARIABLE} does not name a checkout of the original take-home")
    checkout = Path(name).resolve()
    if not (checkout / "tests" / "frozen_problem.py").is_file():
        pytest.fail(f"{TAKEHOME_VARIABLE}={name}: there is no tests/frozen_problem.py")
    return checkout
