from setuptools import find_packages, setup

package = "wmp_cli"

setup(
    name=package,
    version="0.1.0",
    description="The wmp command: simulate, record, replay, check, measure.",
    license="Apache-2.0",
    python_requires=">=3.10",
    packages=find_packages(include=[package, f"{package}.*"]),
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{package}"]),
        (f"share/{package}", ["package.xml"]),
    ],
    entry_points={"console_scripts": ["wmp = wmp_cli.cli:main"]},
    zip_safe=False,
)
