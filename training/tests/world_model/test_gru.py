import math

import torch

from wmp_training.world_model.gru import GRUCell


def sigmoid(x):
    return 1.0 / (1.0 + math.exp(-x))


def test_one_unit_cell_follows_the_formula_by_hand():
    cell = GRUCell(1, 1)
    # Pre-activations (reset, candidate, update) = (x, h, 0) = (1, -1, 0); their layer norm has mean 0.
    cell.linear.weight.data = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]])
    deviation = math.sqrt(2.0 / 3.0 + 1e-3)
    reset, candidate, update = 1.0 / deviation, -1.0 / deviation, 0.0
    c = math.tanh(sigmoid(reset) * candidate)
    u = sigmoid(update - 1.0)
    expected = u * c + (1.0 - u) * -1.0
    found = cell(torch.tensor([[1.0]]), torch.tensor([[-1.0]]))
    torch.testing.assert_close(found, torch.tensor([[expected]]), atol=1e-6, rtol=0)


def test_a_closed_update_gate_keeps_the_state():
    cell = GRUCell(2, 3)
    cell.norm.weight.data[:] = 0.0
    cell.norm.bias.data[:] = torch.tensor([0.0] * 6 + [-50.0] * 3)
    h = torch.tensor([[0.3, -0.7, 0.1]])
    torch.testing.assert_close(cell(torch.randn(1, 2), h), h)
