from setuptools import find_packages, setup

package = "wmp_recording"

setup(
    name=package,
    version="0.1.0",
    description="Recorder, flight recorder and player of bags, and the format of the bags.",
    license="Apache-2.0",
    python_requires=">=3.10",
    packages=find_packages(include=[package, f"{package}.*"]),
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{package}"]),
        (f"share/{package}", ["package.xml"]),
        (f"lib/{package}", ["scripts/recorder", "scripts/flight_recorder"]),
    ],
    zip_safe=False,
)
