from setuptools import find_packages, setup

package = "wmp_ros"

setup(
    name=package,
    version="0.1.0",
    description="Shared by all nodes: QoS, settings from parameters, diagnostics, journals, clean shutdown.",
    license="Apache-2.0",
    python_requires=">=3.8",
    packages=find_packages(include=[package, f"{package}.*"]),
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{package}"]),
        (f"share/{package}", ["package.xml"]),
    ],
    zip_safe=False,
)
