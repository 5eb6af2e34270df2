"""The packages of the Lambda functions: `python -m deploy.aws.build [--for here] [FUNCTION …]`.

Everything comes from the lock with its hashes; what a package holds stands in `packages.toml`. A folder and a zip each
under `build/aws/`, or a folder each under `build/here/` (the same for the running interpreter, for the tests). The same
input gives the same bytes.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from fnmatch import fnmatch
from functools import cache
from importlib.metadata import Distribution, distribution, distributions
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from deploy.aws.pins import Target, closure, here, pinned

ROOT = Path(__file__).resolve().parents[2]
PLAN = Path(__file__).with_name("packages.toml")
LOCK = ROOT / "requirements.txt"
CACHE = ROOT / "build" / "cache"
EPOCH = (1980, 1, 1, 0, 0, 0)
AT_WORK = "/var/task"
SAME = {**os.environ, "PYTHONHASHSEED": "0"}
"""Without it the order of names in bytecode is another one each time."""

Plan = Mapping[str, Any]


def plan() -> Plan:
    """What stands in `packages.toml`."""
    return tomllib.loads(PLAN.read_text("utf-8"))


def needed(told: Plan, name: str, target: Target) -> set[str]:
    """The distributions in the package of the function `name`."""
    function = told["functions"][name]
    return closure(function["roots"], function["without"], target)


def installed(told: Plan, names: Iterable[str], target: Target) -> Mapping[str, Distribution]:
    """The distributions as they lie on the disk: those of this environment, or fetched once for the target."""
    if target.here:
        return {name: distribution(name) for name in names}
    pins = pinned(LOCK, names, target)
    mark = hashlib.sha256(repr((target, sorted(pins.items()))).encode()).hexdigest()[:16]
    folder = CACHE / f"fetched-{mark}"
    if not folder.exists():
        _whole(folder, lambda made: _fetch(pins, set(told["target"]["from_source"]), target, made))
    return {canonicalize_name(each.name): each for each in distributions(path=[str(folder)])}


def _fetch(pins: Mapping[str, str], from_source: set[str], target: Target, folder: Path) -> None:
    """pip, held to the hashes."""
    for_target = [f"--platform={each}" for each in target.platforms]
    wheels = ["--only-binary=:all:", *for_target, f"--python-version={target.python}"]
    _pip(folder, [pins[name] for name in sorted(pins.keys() - from_source)], wheels)
    _pip(folder, [pins[name] for name in sorted(pins.keys() & from_source)], ["--no-build-isolation", "--no-compile"])
    for each in distributions(path=[str(folder)]):
        if canonicalize_name(each.name) in from_source and any(file.suffix == ".so" for file in each.files or ()):
            raise SystemExit(f"{each.name} was built for this machine, not for Lambda")


def _pip(folder: Path, lines: list[str], options: list[str]) -> None:
    if not lines:
        return
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as wanted:
        wanted.write("\n".join(lines))
        wanted.flush()
        command = [sys.executable, "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--require-hashes"]
        command += [
            "--no-deps",
            "--ignore-requires-python",
            f"--target={folder}",
            "--upgrade",
            *options,
            "-r",
            wanted.name,
        ]
        subprocess.run(command, check=True)  # noqa: S603 - our own words


def third_party(told: Plan, found: Distribution) -> Iterator[tuple[str, Path]]:
    """The files of a distribution that a package keeps, and where they lie."""
    name = canonicalize_name(found.name)
    pruned = [*told["prune"]["everywhere"], *told["prune"]["of"].get(name, ())]
    for file in found.files or ():
        place = file.as_posix()
        outside = place.startswith(("../", "bin/"))
        if not outside and not any(fnmatch(place, pattern) for pattern in pruned) and _kept(told["keep"], place):
            yield place, Path(str(found.locate_file(file)))


def _kept(keep: Mapping[str, list[str]], place: str) -> bool:
    for folder, patterns in keep.items():
        if place.startswith(f"{folder}/"):
            return any(fnmatch(place.removeprefix(f"{folder}/"), pattern) for pattern in patterns)
    return True


def own(function: Mapping[str, Any]) -> Iterator[tuple[str, Path]]:
    """The service's own files that a package holds."""
    for pattern in function["own"]:
        for path in ROOT.glob(pattern):
            place = path.relative_to(ROOT).as_posix()
            left_out = "__pycache__" in path.parts or any(fnmatch(place, each) for each in function["own_without"])
            if path.is_file() and not left_out:
                yield place, path


class Shelf:
    """All distributions together, pruned and compiled once; packages are linked from it."""

    def __init__(self, told: Plan, found: Mapping[str, Distribution], target: Target) -> None:
        self.places = {name: dict(third_party(told, each)) for name, each in found.items()}
        files = {place: path for places in self.places.values() for place, path in places.items()}
        seen = [(place, path.stat().st_size, path.stat().st_mtime_ns) for place, path in sorted(files.items())]
        made_of = repr((seen, target, compiler(target), Path(__file__).read_bytes()))
        self.folder = CACHE / f"shelf-{hashlib.sha256(made_of.encode()).hexdigest()[:16]}"
        self._tag = f"cpython-{target.python.replace('.', '')}"
        if not self.folder.exists():
            _whole(self.folder, lambda made: (_copy(files, made), compiled(made, target)))

    def put(self, name: str, into: Path) -> None:
        """Link one distribution's files into a package."""
        for place in self.places[name]:
            path = Path(place)
            code = path.parent / "__pycache__" / f"{path.stem}.{self._tag}.pyc"
            for each in (path, code) if path.suffix == ".py" else (path,):
                if (self.folder / each).exists():
                    (into / each).parent.mkdir(parents=True, exist_ok=True)
                    _link(self.folder / each, into / each)


def build(told: Plan, name: str, target: Target, shelf: Shelf, into: Path) -> Path:
    """One package as a folder, `into/NAME`, which appears whole."""
    folder = into / name
    with tempfile.TemporaryDirectory(dir=into) as made:
        fresh = Path(made) / "fresh"
        _copy(dict(own(told["functions"][name])), fresh)
        compiled(fresh, target)
        for each in sorted(needed(told, name, target)):
            shelf.put(each, fresh)
        with suppress(FileNotFoundError):
            folder.rename(Path(made) / "old")
        _settle(fresh, folder)
    return folder


def _link(source: Path, place: Path) -> None:
    """The same file, or a copy where that is another disk."""
    try:
        place.hardlink_to(source)
    except OSError:
        shutil.copyfile(source, place)


def _copy(files: Mapping[str, Path], into: Path) -> None:
    for place, path in files.items():
        (into / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, into / place)


def _whole(folder: Path, make: Callable[[Path], object]) -> None:
    """A folder that is there as a whole or not at all, even when two make it at once."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as made:
        make(Path(made) / "it")
        _settle(Path(made) / "it", folder)


def _settle(made: Path, folder: Path) -> None:
    """Put a folder where it belongs; what somebody else has put there meanwhile is as good."""
    try:
        made.rename(folder)
    except OSError:
        if not folder.exists():
            raise


def compiled(folder: Path, target: Target) -> None:
    """Bytecode made now, for Lambda cannot keep what it makes at a start; it needs the target's own interpreter."""
    python = compiler(target)
    if python:
        command = [python, "-m", "compileall", "-q", "-s", str(folder), "-p", AT_WORK]
        command += ["--invalidation-mode", "unchecked-hash", str(folder)]
        subprocess.run(command, check=True, env=SAME)  # noqa: S603 - our own words


@cache
def compiler(target: Target) -> str | None:
    """An interpreter of the target's version, if there is one on this machine."""
    if target.python == here().python:
        return sys.executable
    found = shutil.which(f"python{target.python}")
    if found and subprocess.run([found, "-c", ""], check=False, capture_output=True).returncode == 0:  # noqa: S603
        return found
    print(f"without bytecode: no python{target.python} here, so each cold start compiles what it imports")
    return None


def zipped(folder: Path) -> Path:
    """The package as a zip beside its folder: sorted, one time, one mode; the same files are the same bytes."""
    into = folder.with_suffix(".zip")
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as packed:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), EPOCH)
            entry.external_attr = 0o100644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(entry, path.read_bytes())
    return into


def size(folder: Path) -> int:
    """Bytes of everything in a folder, which is what Lambda counts to 250 MB."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def packages(names: Iterable[str], target: Target, into: Path) -> Mapping[str, Path]:
    """The folders of these functions' packages, made now."""
    told, names = plan(), list(names)
    into.mkdir(parents=True, exist_ok=True)
    everything = {each for name in names for each in needed(told, name, target)}
    shelf = Shelf(told, installed(told, everything, target), target)
    return {name: build(told, name, target, shelf, into) for name in names}


def main() -> None:
    """See the module."""
    told = plan()
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("functions", nargs="*", metavar="FUNCTION", help="all when none is named")
    asked.add_argument("--for", dest="place", choices=("aws", "here"), default="aws")
    given = asked.parse_args()
    target = here() if given.place == "here" else Target(told["target"]["python"], tuple(told["target"]["platforms"]))
    made = packages(given.functions or list(told["functions"]), target, ROOT / "build" / given.place)
    for name, folder in made.items():
        packed = "" if target.here else f", zip {zipped(folder).stat().st_size / 1e6:5.1f} MB"
        print(f"{name:8} {size(folder) / 1e6:6.1f} MB{packed}")


if __name__ == "__main__":
    main()
