from setuptools import find_packages, setup

package = "wmp_controller"

setup(
    name=package,
    version="0.1.0",
    description="The real-time control loop and the policy: policy_node, and keyboard teleoperation.",
    license="Apache-2.0",
    python_requires=">=3.8",
    packages=find_packages(include=[package, f"{package}.*"]),
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{package}"]),
        (f"share/{package}", ["package.xml"]),
        (f"lib/{package}", ["scripts/policy_node", "scripts/teleop_keyboard"]),
    ],
    zip_safe=False,
)
