from setuptools import find_packages, setup

package = "wmp_viewer"

setup(
    name=package,
    version="0.1.0",
    description="The cockpit: a page that shows and drives a robot, live or from a bag.",
    license="Apache-2.0",
    python_requires=">=3.10",
    packages=find_packages(include=[package, f"{package}.*"]),
    package_data={package: ["web/*", "web/vendor/*"]},
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{package}"]),
        (f"share/{package}", ["package.xml"]),
        (f"lib/{package}", ["scripts/viewer"]),
    ],
    zip_safe=False,
)
