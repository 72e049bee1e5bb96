"""The drawn ground is the simulated one."""

import base64

import numpy as np
import pytest

from wmp_sim.depth.scene import DepthScene
from wmp_sim.terrain import TERRAINS, seeded_terrain
from wmp_sim.world import build_world
from wmp_viewer.terrain_shapes import terrain_shapes


@pytest.mark.parametrize("name", TERRAINS)
def test_boxes_and_floor_are_those_of_the_compiled_world(name):
    shapes = terrain_shapes(name, 0.5, 3)
    scene = DepthScene.from_model(build_world(seeded_terrain(name, 0.5, 3)))
    assert shapes["floor"] == pytest.approx(scene.floor)
    assert len(shapes["boxes"]) == len(scene.centre)
    for box, centre, half in zip(shapes["boxes"], scene.centre, scene.half_size, strict=True):
        lower, upper = np.maximum(centre - half, -40), np.minimum(centre + half, 40)
        if max(abs(lower).max(), abs(upper).max()) < 40:
            assert box["centre"] == pytest.approx(centre, abs=1e-4)
            assert box["half"] == pytest.approx(half, abs=1e-4)


def test_a_height_field_arrives_in_millimetres():
    field = terrain_shapes("rough", 0.5, 3)["field"]
    scene = DepthScene.from_model(build_world(seeded_terrain("rough", 0.5, 3)))
    heights = np.frombuffer(base64.b64decode(field["heights_mm"]), "<i2").reshape(
        field["rows"], field["columns"]
    )
    assert heights / 1e3 == pytest.approx(scene.field, abs=6e-4)


def test_an_unknown_terrain_is_refused():
    with pytest.raises(ValueError, match="terrain is 'moon'"):
        terrain_shapes("moon", 0.5, 3)
