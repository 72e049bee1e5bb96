from setuptools import find_packages, setup

package = "wmp_sim"

setup(
    name=package,
    version="0.1.0",
    description="A simulated A1 that speaks the robot's own UDP protocol: physics, terrains, depth camera.",
    license="Apache-2.0",
    python_requires=">=3.10",
    packages=find_packages(include=[package, f"{package}.*"]),
    package_data={package: ["assets/*.json"]},
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{package}"]),
        (f"share/{package}", ["package.xml"]),
        (f"lib/{package}", ["scripts/a1_sim"]),
    ],
    zip_safe=False,
)
