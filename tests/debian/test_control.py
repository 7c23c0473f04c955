"""What the package is built with is what the program depends on."""

import re
import tomllib

from support.pages import TOP


def test_every_dependency_is_a_build_dependency() -> None:
    project = tomllib.loads((TOP / "pyproject.toml").read_text("utf-8"))["project"]
    names = [re.split(r"[<>=]", each)[0].lower() for each in project["dependencies"]]
    wanted = {f"python3-{ {'pyyaml': 'yaml'}.get(name, name) }" for name in names}
    control = (TOP / "examples" / "debian" / "control").read_text("utf-8")
    assert wanted <= set(re.findall(r"^ (\S+?),$", control, re.MULTILINE))
