"""Renders depth images in torch, for GPUs, with the arithmetic of ``wmp_sim.depth.raycast``.

Rays have a forward component of one, so the ray parameter at a hit is the planar depth. Differences to the
camera position are computed in float64, pixels in float32.
"""

from __future__ import annotations

import torch
from torch import Tensor

from wmp_core.depth.geometry import CameraIntrinsics
from wmp_sim.depth import SceneStack, pixel_slopes
from wmp_training.sim.torch_height_field import HeightFields

_TINY = 1e-9


class TorchRayCaster:
    """Renders the scenes of ``stack`` through ``pinhole`` on ``device``, up to ``far`` m."""

    def __init__(
        self, stack: SceneStack, pinhole: CameraIntrinsics, far: float, device: torch.device
    ) -> None:
        self.far = far
        self._right, self._down = (torch.from_numpy(slopes).to(device) for slopes in pixel_slopes(pinhole))
        self._down = self._down[:, None]
        self._floor, self._box_count, self._centre, self._half_size, self._axes = (
            torch.from_numpy(array).to(device)
            for array in (stack.floor, stack.box_count, stack.centre, stack.half_size, stack.axes)
        )
        self._fields = HeightFields(stack, device)

    def render(self, scene: Tensor, position: Tensor, axes: Tensor) -> Tensor:
        """Planar depth of M cameras, each in its own scene.

        Args:
            scene: index of each camera's scene [M].
            position: [M, 3] m in the world frame, float64.
            axes: [M, 3, 3], rows right, down, forward in the world frame, float64.

        Returns:
            [M, H, W] float32 m along the optical axis; 0 where nothing is hit up to ``far``.
        """
        image = self._draw_floor(scene, position, axes)
        shaped = torch.nonzero(self._fields.present[scene]).squeeze(-1)
        if len(shaped):
            rays = self._rays(axes[shaped])
            reach = image[shaped].clamp(max=self.far)
            depth = self._fields.intersect(scene[shaped], position[shaped], rays, reach.double())
            image[shaped] = torch.where(depth < reach, depth.float(), image[shaped])
        for box in range(int(self._box_count[scene].max()) if len(scene) else 0):
            self._draw_box(box, scene, position, axes, image)
        return torch.where(image <= self.far, image, 0.0)

    def _rays(self, axes: Tensor) -> Tensor:
        """World direction [M, H, W, 3] of every pixel's ray."""
        across, downwards, forward = (axes[:, None, None, i] for i in range(3))
        return forward + self._right[:, None] * across + self._down[..., None] * downwards

    def _draw_floor(self, scene: Tensor, position: Tensor, axes: Tensor) -> Tensor:
        height = (position[:, 2] - self._floor[scene]).float()[:, None, None]
        right_z, down_z, forward_z = axes[:, :, 2].float()[:, :, None, None].unbind(1)
        fall = -(forward_z + self._down * down_z + self._right * right_z)
        depth = height / fall
        return torch.where((fall > _TINY) & (depth > 0.0), depth, torch.inf)

    def _draw_box(self, box: int, scene: Tensor, position: Tensor, axes: Tensor, image: Tensor) -> None:
        """Draw the box with index ``box`` of every scene that has one into ``image``.

        In its own frame a box is the intersection of three slabs ``|x_k| <= half_size_k``.
        """
        box_axes = self._axes[scene, box]
        origin = (box_axes @ (position - self._centre[scene, box])[..., None]).squeeze(-1).float()
        direction = (box_axes @ axes.transpose(1, 2)).float()[..., None, None]
        size = self._half_size[scene, box].float()
        enter = leave = torch.empty(0)
        for slab in range(3):
            right, down, forward = direction[:, slab].unbind(1)
            ray = forward + self._down * down + self._right * right
            inverse = 1.0 / torch.where(ray.abs() > _TINY, ray, _TINY)
            a = (-size - origin)[:, slab, None, None] * inverse
            b = (size - origin)[:, slab, None, None] * inverse
            near, far = torch.minimum(a, b), torch.maximum(a, b)
            enter = near if slab == 0 else torch.maximum(enter, near)
            leave = far if slab == 0 else torch.minimum(leave, far)
        depth = torch.where(enter > 0.0, enter, leave)
        hit = (enter <= leave) & (leave > 0.0) & (depth < image)
        hit &= (box < self._box_count[scene])[:, None, None]
        image.copy_(torch.where(hit, depth, image))
