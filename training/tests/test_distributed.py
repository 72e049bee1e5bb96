import json
import os
import socket

import pytest
import torch
import torch.multiprocessing as mp
from safetensors.torch import load_file, save_file

from wmp_training.checkpoint import load_checkpoint, save_checkpoint, section
from wmp_training.checkpoint_facts import CONFIG_FACTS, RUN_FACTS, CheckpointError
from wmp_training.distributed import ALONE, Ranks
from wmp_training.resume import load_of_ranks
from wmp_training.run_config import RunConfig
from wmp_training.runner import Runner


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Folder in which two ranks wrote what they shared and learned."""
    folder = tmp_path_factory.mktemp("ranks")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    mp.spawn(work, (port, folder), nprocs=2)
    return folder


def work(rank, port, folder):
    os.environ |= {"RANK": str(rank), "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    torch.set_num_threads(1)
    with Ranks.joined() as ranks:
        share(rank, ranks, folder)
        learn(ranks, folder)
        resume(rank, ranks, folder)
    assert not torch.distributed.is_initialized()


def share(rank, ranks, folder):
    torch.manual_seed(rank)
    model = torch.nn.Linear(3, 2)
    ranks.copy_from_first([model])
    model(torch.full((1, 3), float(rank + 1))).sum().backward()
    ranks.average_gradients(model.parameters())
    result = {
        "weight": model.weight.detach(),
        "gradient": model.weight.grad,
        "mean": ranks.mean(torch.tensor(float(rank))),
        "any": torch.tensor(ranks.any(rank == 1)),
        "none": torch.tensor(ranks.any(False)),
    }
    save_file(result, folder / f"{rank}.safetensors")


def test_two_ranks_share_weights_and_average_gradients(folder):
    first, second = (load_file(folder / f"{rank}.safetensors") for rank in (0, 1))
    assert torch.equal(first["weight"], second["weight"])
    for result in (first, second):
        torch.testing.assert_close(result["gradient"], torch.full((2, 3), 1.5))
        assert result["mean"] == 0.5 and result["any"] and not result["none"]


def test_a_single_process_needs_no_process_group():
    with Ranks.joined() as ranks:
        assert ranks == ALONE
    assert ALONE.any(True) and not ALONE.any(False)


def learn(ranks, folder):
    runner = Runner(folder, RunConfig("tiny", 8, 3, levels=2), threads=1, ranks=ranks)
    runner.run(time_limit=60, iterations=6, report=lambda line: None)


def resume(rank, ranks, folder):
    """Every rank loads its checkpoint; then rank 1 has one of an earlier iteration, then none."""
    said = []
    tensors = {"env.level": torch.zeros(4)}
    facts = {**dict.fromkeys(RUN_FACTS, 0), "config": dict.fromkeys(CONFIG_FACTS, 0)}
    for iterations in ((7, 7), (7, 6), (7, None)):
        run = folder / f"resumed_{iterations[1]}"
        checkpoint = run / ("checkpoint", "checkpoint_rank1")[rank]
        if iterations[rank] is not None:
            save_checkpoint(checkpoint, tensors, {**facts, "iteration": iterations[rank]})
        ranks.any(False)
        try:
            said.append(str(load_of_ranks(checkpoint, 4, ranks, tensors)[1]["iteration"]))
        except CheckpointError as error:
            said.append(str(error))
    (folder / f"{rank}.json").write_text(json.dumps(said))


def test_ranks_resume_only_together_and_from_the_same_iteration(folder):
    for rank, own in ((0, 7), (1, 6)):
        whole, torn, missing = json.loads((folder / f"{rank}.json").read_text())
        assert whole == "7"
        assert f"is from iteration {own}, those of all ranks from 6.5 on average" in torn
        assert "killed while it saved" in torn and "--begin-with" in torn
        assert "has no checkpoint for each of 2 ranks" in missing


def test_a_run_of_two_ranks_is_not_resumed_by_one(folder):
    with pytest.raises(CheckpointError, match="holds 4 robots, expected 8 for each of 1 ranks"):
        Runner(folder, RunConfig("tiny", 8, 3, levels=2), threads=1, resume=True)


def test_two_ranks_learn_one_policy_and_world_model_from_different_robots(folder):
    (first, facts), (second, _) = (
        load_checkpoint(folder / name) for name in ("checkpoint", "checkpoint_rank1")
    )
    assert facts["env_steps"] == 6 * 8 * 8
    for part in ("actor", "critic", "world_model"):
        ours, theirs = section(part, first), section(part, second)
        assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert first["obs.history"].shape[0] == 4
    assert not torch.equal(first["obs.history"], second["obs.history"])
    last = json.loads((folder / "log.jsonl").read_text().splitlines()[-1])
    assert last["world_model"] > 0
