"""The depth camera: exact ray casting of terrains, and the noise of a real sensor."""

from .camera import D435I, POLICY_CAMERA, CameraMount, camera_poses, pixel_slopes, square_camera
from .d435i import SimulatedD435i
from .noise import StereoNoise
from .raycast import render
from .scene import DepthScene, SceneStack

__all__ = [
    "D435I",
    "POLICY_CAMERA",
    "CameraMount",
    "DepthScene",
    "SceneStack",
    "SimulatedD435i",
    "StereoNoise",
    "camera_poses",
    "pixel_slopes",
    "render",
    "square_camera",
]
