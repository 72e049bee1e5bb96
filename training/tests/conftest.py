"""Tests run torch on one thread, because two wait for each other on a busy machine."""

import pytest
import torch

from wmp_training.a1_contract import a1_contract
from wmp_training.learner import Networks
from wmp_training.presets import preset


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)
    torch.manual_seed(0)


@pytest.fixture
def tiny():
    return preset("tiny")


@pytest.fixture
def contract(tiny):
    return a1_contract(tiny.world_model)


@pytest.fixture
def networks(contract, tiny):
    torch.manual_seed(0)
    return Networks(contract, tiny)
