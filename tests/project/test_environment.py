from __future__ import annotations

import base64
import hashlib
import json
import os
from pathlib import Path

from project_files import write

from djguide_analyzers.project.environment import Environment, find_environment
from djguide_analyzers.project.files import DiskFiles

SITE = "lib/python3.12/site-packages"


def venv(folder: str, config: str = "version = 3.12.4\n", **files: str) -> dict[str, str]:
    """Files of an environment at `folder`; `files` are put into its site-packages."""
    packages = {f"{folder}/{SITE}/{name}": text for name, text in {"django/__init__.py": "", **files}.items()}
    return {f"{folder}/pyvenv.cfg": config, **packages}


def find(project: str, **options: object) -> Environment:
    defaults: dict[str, object] = {"variables": {}, "home": f"{project}/no-home"}
    return find_environment(DiskFiles(), project, **{**defaults, **options})  # type: ignore[arg-type]


def test_a_venv_beside_the_project(tmp_path: Path) -> None:
    root = write(tmp_path, venv(".venv"))
    found = find(root)
    assert found.root == f"{root}/.venv"
    assert found.packages == found.site_packages == (f"{root}/.venv/{SITE}",)
    assert found.python == "3.12.4"
    assert found.reason == f".venv in {root}"


def test_the_usual_names_come_before_others_and_near_before_far(tmp_path: Path) -> None:
    root = write(tmp_path, {**venv("aaa"), **venv("web/zzz"), **venv("web/venv"), "web/env/readme": ""})
    assert find(f"{root}/web", workspace=root).root == f"{root}/web/venv"
    assert find(root).root == f"{root}/aaa"


def test_the_environment_of_the_workspace_above(tmp_path: Path) -> None:
    root = write(tmp_path, {**venv(".venv"), "services/a/manage.py": ""})
    assert find(f"{root}/services/a", workspace=root).root == f"{root}/.venv"
    assert find(f"{root}/services/a").root is None


def test_windows_layout_and_version_of_virtualenv(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        {
            "venv/pyvenv.cfg": "home = C:\\Python\nversion_info = 3.11.2.final.0\n",
            "venv/Lib/site-packages/django/__init__.py": "",
        },
    )
    found = find(root)
    assert found.packages == (f"{root}/venv/Lib/site-packages",)
    assert found.python == "3.11.2"


def test_python_version_by_the_name_of_its_folder(tmp_path: Path) -> None:
    root = write(tmp_path, venv(".venv", config="home = /usr/bin\n"))
    assert find(root).python == "3.12"


def test_lib64_that_is_a_link_counts_once(tmp_path: Path) -> None:
    root = write(tmp_path, venv(".venv"))
    os.symlink("lib", tmp_path / ".venv" / "lib64")  # noqa: PTH211
    assert find(root).packages == (f"{root}/.venv/{SITE}",)


def test_system_packages_when_the_environment_includes_them(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        {
            **venv("p/.venv", config="home = HOME/bin\ninclude-system-site-packages = true\n"),
            "usr/lib/python3/dist-packages/yaml/__init__.py": "",
        },
    )
    (tmp_path / "p/.venv/pyvenv.cfg").write_text(
        f"home = {root}/usr/bin\ninclude-system-site-packages = true\n"
    )
    assert find(f"{root}/p").packages == (f"{root}/p/.venv/{SITE}", f"{root}/usr/lib/python3/dist-packages")


def test_a_venv_without_packages_is_passed_over(tmp_path: Path) -> None:
    root = write(tmp_path, {".venv/pyvenv.cfg": "", **venv("venv")})
    assert find(root).root == f"{root}/venv"


def test_the_setting_may_name_an_environment_a_python_or_packages(tmp_path: Path) -> None:
    root = write(
        tmp_path, {**venv(".venv"), **venv("other"), "other/bin/python": "", "x/y.dist-info/METADATA": ""}
    )
    for configured in ("other", "other/bin/python", f"{root}/other"):
        found = find(root, configured=configured)
        assert found.root == f"{root}/other"
        assert found.problem is None
    assert find(root, configured=f"other/{SITE}").packages == (f"{root}/other/{SITE}",)
    assert find(root, configured="x").packages == (f"{root}/x",)


def test_a_setting_that_names_no_environment_is_a_problem_and_the_search_goes_on(tmp_path: Path) -> None:
    root = write(tmp_path, venv(".venv"))
    found = find(root, configured="nowhere")
    assert found.root == f"{root}/.venv"
    assert found.problem == f"`environment`: {root}/nowhere holds no Python environment"


def test_uv_environment_variable_counts_beside_its_lock_file(tmp_path: Path) -> None:
    root = write(tmp_path, {**venv("build-env"), **venv(".venv"), "uv.lock": "", "pkg/a.py": ""})
    variables = {"UV_PROJECT_ENVIRONMENT": "build-env"}
    assert find(f"{root}/pkg", workspace=root, variables=variables).root == f"{root}/build-env"


def test_poetry_by_its_cache_folder(tmp_path: Path) -> None:
    root = write(tmp_path, {"app/pyproject.toml": '[tool.poetry]\nname = "My Shop"\n'})
    place = os.path.normcase(os.path.realpath(f"{root}/app"))
    digest = base64.urlsafe_b64encode(hashlib.sha256(place.encode()).digest()).decode()[:8]
    store = "home/.cache/pypoetry/virtualenvs"
    write(tmp_path, {**venv(f"{store}/my_shop-{digest}-py3.9"), **venv(f"{store}/my_shop-{digest}-py3.12")})
    found = find(f"{root}/app", home=f"{root}/home")
    assert found.root == f"{root}/{store}/my_shop-{digest}-py3.12"
    write(tmp_path, {f"{store}/envs.toml": f'["my_shop-{digest}"]\nminor = "3.9"\n'})
    assert find(f"{root}/app", home=f"{root}/home").root == f"{root}/{store}/my_shop-{digest}-py3.9"
    write(
        tmp_path,
        {"app/poetry.toml": '[virtualenvs]\npath = "envs"\n', **venv(f"app/envs/my_shop-{digest}-py3.12")},
    )
    assert find(f"{root}/app", home=f"{root}/home").root == f"{root}/app/envs/my_shop-{digest}-py3.12"


def test_pipenv_by_the_project_file_it_leaves(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        {
            "app/Pipfile": "",
            **venv("home/.local/share/virtualenvs/app-abc"),
            **venv("home/.local/share/virtualenvs/app-other"),
        },
    )
    write(
        tmp_path,
        {
            "home/.local/share/virtualenvs/app-abc/.project": f"{root}/app\n",
            "home/.local/share/virtualenvs/app-other/.project": f"{root}/other\n",
        },
    )
    assert find(f"{root}/app", home=f"{root}/home").root == f"{root}/home/.local/share/virtualenvs/app-abc"


def test_a_file_named_venv_points_to_the_environment(tmp_path: Path) -> None:
    root = write(
        tmp_path, {"app/.venv": "../envs/x\n", **venv("envs/x"), **venv("shelf/named"), "b/.venv": "named\n"}
    )
    assert find(f"{root}/app").root == f"{root}/envs/x"
    assert find(f"{root}/b", variables={"WORKON_HOME": f"{root}/shelf"}).root == f"{root}/shelf/named"


def test_pdm_packages_folder_and_python_file(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        {
            "a/__pypackages__/3.9/lib/x.py": "",
            "a/__pypackages__/3.12/lib/django/__init__.py": "",
            "b/.pdm-python": "../envs/b/bin/python\n",
            **venv("envs/b"),
        },
    )
    found = find(f"{root}/a")
    assert (found.packages, found.python) == ((f"{root}/a/__pypackages__/3.12/lib",), "3.12")
    assert find(f"{root}/b").root == f"{root}/envs/b"


def test_variables_of_the_shell_only_when_plausible(tmp_path: Path) -> None:
    root = write(
        tmp_path, {**venv("home/envs/django"), f"home/envs/plain/{SITE}/x.py": "", "app/manage.py": ""}
    )
    envs = f"{root}/home/envs"
    assert find(f"{root}/app", variables={"VIRTUAL_ENV": f"{envs}/django"}).root == f"{envs}/django"
    assert find(f"{root}/app", variables={"VIRTUAL_ENV": f"{envs}/plain"}).root is None
    conda = {"CONDA_PREFIX": f"{envs}/django", "CONDA_DEFAULT_ENV": "web"}
    assert find(f"{root}/app", variables=conda).reason == "active in the shell (CONDA_PREFIX)"
    assert find(f"{root}/app", variables={**conda, "CONDA_DEFAULT_ENV": "base"}).root is None


def test_no_environment_says_so(tmp_path: Path) -> None:
    found = find(write(tmp_path, {"manage.py": ""}))
    assert (found.root, found.packages, found.python) == (None, (), None)
    assert found.reason.startswith("no Python environment was found")


def test_pth_files_add_folders_that_exist(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        venv(
            ".venv",
            **{
                "a.pth": "# comment\n\nimport os; os.system('true')\n../../../../src\nmissing\n",
                "z.pth": "sub\n",
                "sub/x.py": "",
            },
        ),
    )
    write(tmp_path, {"src/lib/__init__.py": ""})
    site = f"{root}/.venv/{SITE}"
    assert find(root).packages == (site, f"{root}/src", f"{site}/sub")
    assert find(root).site_packages == (site,)


def test_editable_finders_of_setuptools_map_packages(tmp_path: Path) -> None:
    root = write(tmp_path, {"src/lib/__init__.py": "", "one.py": ""})
    finder = (
        "from __future__ import annotations\nimport sys\n"
        f"MAPPING: dict[str, str] = {{'lib': '{root}/src/lib', 'one': '{root}/one', 'gone': '{root}/gone'}}\n"
        "NAMESPACES: dict[str, list[str]] = {}\n"
    )
    write(
        tmp_path,
        venv(
            ".venv",
            **{
                "__editable__.lib-1.pth": "import __editable___lib_1_finder; __editable___lib_1_finder.install()\n",
                "__editable___lib_1_finder.py": finder,
            },
        ),
    )
    assert find(root).mapped == {"lib": f"{root}/src/lib", "one": f"{root}/one.py"}


def test_direct_url_tells_where_an_editable_distribution_lies(tmp_path: Path) -> None:
    root = write(tmp_path, {"libs/my lib/src/lib/__init__.py": "", "flat/flat/__init__.py": ""})

    def direct_url(folder: str, editable: bool) -> str:
        url = f"file://{root}/{folder.replace(' ', '%20')}"
        return json.dumps({"url": url, "dir_info": {"editable": editable}})

    write(
        tmp_path,
        venv(
            ".venv",
            **{
                "a-1.dist-info/direct_url.json": direct_url("libs/my lib", True),
                "b-1.dist-info/direct_url.json": direct_url("flat", True),
                "c-1.dist-info/direct_url.json": direct_url("libs", False),
                "d-1.dist-info/direct_url.json": "{broken",
            },
        ),
    )
    site = f"{root}/.venv/{SITE}"
    assert find(root).packages == (site, f"{root}/libs/my lib/src", f"{root}/flat")
