import pytest
from small_report import small_evidence

from mlfactory.report import page


@pytest.fixture(scope="session")
def evidence(tmp_path_factory):
    """Two horizons, two models, an ensemble, two null replicates; names that try to break out."""
    return small_evidence(tmp_path_factory.mktemp("small") / "results")


@pytest.fixture(scope="session")
def written(evidence, tmp_path_factory):
    """The page of that evidence, as a file."""
    path = tmp_path_factory.mktemp("page") / "report.html"
    page.write(evidence, path)
    return path
