from pathlib import Path

from setuptools import find_packages, setup

package = "wmp_bringup"

setup(
    name=package,
    version="0.1.0",
    description="The node graph, its launch files and parameters.",
    license="Apache-2.0",
    python_requires=">=3.10",
    packages=find_packages(include=[package, f"{package}.*"]),
    package_data={package: ["config/*.yaml"]},
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{package}"]),
        (f"share/{package}", ["package.xml"]),
        (f"share/{package}/launch", [str(path) for path in Path("launch").glob("*.launch.py")]),
    ],
    zip_safe=False,
)
