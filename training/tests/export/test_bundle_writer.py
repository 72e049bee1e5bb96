import pytest

from wmp_core.calibration import Calibration
from wmp_core.inference.world_model import InitialState
from wmp_core.manifest import GRAPHS, BundleError
from wmp_core.verification import load_verified
from wmp_testing.tiny_bundle import tiny_contract, tiny_golden, write_tiny_bundle
from wmp_testing.tiny_networks import TinyNetworks
from wmp_training.export.bundle_writer import write_bundle


def arguments(**changes):
    contract = tiny_contract()
    networks = TinyNetworks(contract)
    values = {
        "contract": contract,
        "graphs": networks.graphs(),
        "initial_state": InitialState(networks.initial_deter, networks.initial_stoch),
        "golden": tiny_golden(contract, networks, steps=10),
        "metadata": {"seed": 1},
    }
    return {**values, **changes}


def test_a_bundle_carries_what_training_measured_of_its_policy(tmp_path):
    calibration = Calibration(surprise=3.5)
    path = write_bundle(tmp_path / "new", **arguments(), calibration=calibration)
    assert load_verified(path).calibration == calibration


def test_graphs_may_be_given_as_files(tmp_path):
    source = write_tiny_bundle(tmp_path / "source")
    graphs = {graph: source / f"{graph}.onnx" for graph in GRAPHS}
    path = write_bundle(tmp_path / "new", **arguments(graphs=graphs), name="walker", model_card="# Walker\n")
    assert load_verified(path).name == "walker"
    assert (path / "README.md").read_text() == "# Walker\n"


def test_a_bundle_replaces_the_one_before_and_leaves_nothing_behind(tmp_path):
    path = write_tiny_bundle(tmp_path / "bundle")
    before = load_verified(path).sha256
    write_bundle(path, **arguments())
    assert load_verified(path).sha256 != before
    assert [entry.name for entry in tmp_path.iterdir()] == ["bundle"]


def test_a_directory_with_something_else_is_not_replaced(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(BundleError, match="exists and is not a bundle"):
        write_bundle(tmp_path, **arguments())
    assert (tmp_path / "thesis.txt").exists()


def test_a_failed_write_keeps_the_bundle_before(tmp_path):
    path = write_tiny_bundle(tmp_path / "bundle")
    graphs = {**arguments()["graphs"], "policy": tmp_path / "absent.onnx"}
    with pytest.raises(FileNotFoundError):
        write_bundle(path, **arguments(graphs=graphs))
    assert load_verified(path).name == "bundle"
    assert [entry.name for entry in tmp_path.iterdir()] == ["bundle"]


def test_a_bundle_without_a_graph_is_not_written(tmp_path):
    graphs = arguments()["graphs"]
    del graphs["decoder"]
    with pytest.raises(BundleError, match="graphs are .*expected .*decoder"):
        write_bundle(tmp_path / "bundle", **arguments(graphs=graphs))
    assert not (tmp_path / "bundle").exists()


def test_a_golden_trajectory_of_another_size_is_not_written(tmp_path):
    data = tiny_contract().to_dict()
    data["world_model"]["deter"] = 24
    with pytest.raises(ValueError, match="deter has shape"):
        write_bundle(tmp_path / "bundle", **arguments(contract=type(tiny_contract()).from_dict(data)))
    assert not (tmp_path / "bundle").exists()
