"""The depth camera: exact ray casting of terrains, and the noise of a real sensor."""

from .camera import D435I, POLICY_CAMERA, CameraMount, Pinhole, camera_poses
from .raycast import render
from .scene import DepthScene, SceneStack

__all__ = [
    "D435I",
    "POLICY_CAMERA",
    "CameraMount",
    "DepthScene",
    "Pinhole",
    "SceneStack",
    "camera_poses",
    "render",
]
