"""One world and one set of written documents for all tests of the sample provider (about ten seconds)."""

import pytest

from lightwell.sample import catalogue, findings, simulation, world


@pytest.fixture(scope="session")
def sample_world():
    return world.make_world()


@pytest.fixture(scope="session")
def sample_findings(sample_world):
    return findings.find_all(sample_world)


@pytest.fixture(scope="session")
def written(tmp_path_factory):
    return catalogue.write_documents(tmp_path_factory.mktemp("larkfield"))


@pytest.fixture(scope="session")
def two_blocks():
    return simulation.simulate(7, 2 * simulation.BLOCK)
