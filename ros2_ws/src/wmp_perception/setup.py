from setuptools import find_packages, setup

package = "wmp_perception"

setup(
    name=package,
    version="0.1.0",
    description="Nodes from the depth camera to the latent: depth_node and world_model_node.",
    license="Apache-2.0",
    python_requires=">=3.8",
    packages=find_packages(include=[package, f"{package}.*"]),
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{package}"]),
        (f"share/{package}", ["package.xml"]),
        (f"lib/{package}", ["scripts/depth_node", "scripts/world_model_node"]),
    ],
    zip_safe=False,
)
