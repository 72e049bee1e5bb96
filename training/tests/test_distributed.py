import os
import socket

import torch
import torch.multiprocessing as mp

from wmp_training.distributed import ALONE, Ranks


def work(rank, port, folder):
    os.environ |= {"RANK": str(rank), "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    torch.set_num_threads(1)
    ranks = Ranks.from_environment()
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
    torch.save(result, folder / f"{rank}.pt")


def test_two_ranks_share_weights_and_average_gradients(tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    mp.spawn(work, (port, tmp_path), nprocs=2)
    first, second = (torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in (0, 1))
    assert torch.equal(first["weight"], second["weight"])
    for result in (first, second):
        torch.testing.assert_close(result["gradient"], torch.full((2, 3), 1.5))
        assert result["mean"] == 0.5 and result["any"] and not result["none"]


def test_one_process_alone_needs_no_group():
    assert Ranks.from_environment() == ALONE
    assert ALONE.any(True) and not ALONE.any(False)
