"""Write the software bill of materials (CycloneDX 1.6, JSON) from requirements.lock and what is installed.

    make sbom          writes build/sbom.cdx.json

Each locked package stands there with its version, hashes and stated licence, and with what it is needed for:
`required` for the plain install, `optional` for an extra, `excluded` for building and testing alone. What is
locked and not installed here (for another system) has no licence in the list, and that is said.
"""

from __future__ import annotations

import importlib.metadata as installed
import json
import re
import sys
import tomllib
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
LOCK, PROJECT = ROOT / "requirements.lock", ROOT / "pyproject.toml"
OUT = ROOT / "build" / "sbom.cdx.json"
PLAIN, TOOLS = "plain", "dev"
_LINE = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


@dataclass
class Package:
    """One locked package: version, hashes of its files, stated licence, and which installs need it."""

    name: str
    version: str
    hashes: list[str] = field(default_factory=list)
    licence: str = ""
    needed_by: set[str] = field(default_factory=set)
    needs: set[str] = field(default_factory=set)

    @property
    def scope(self) -> str:
        if PLAIN in self.needed_by:
            return "required"
        return "optional" if self.needed_by - {TOOLS} or not self.needed_by else "excluded"


def read_lock(text: str) -> dict[str, Package]:
    """Read the packages of a lock file that pins every hash; `ValueError` for one without a hash."""
    found: dict[str, Package] = {}
    package: Package | None = None
    for line in text.splitlines():
        if match := _LINE.match(line):
            name = canonicalize_name(match[1])
            # Another version for another Python stands beside the one that is installed here or not.
            package = Package(name, match[2])
            found[name if name not in found else f"{name} {match[2]}"] = package
        if package is not None:
            package.hashes += _HASH.findall(line)
    if bare := [name for name, each in found.items() if not each.hashes]:
        raise ValueError(f"without a hash: {', '.join(bare)}")
    return found


def read_licence(meta: Any) -> str:
    """Read the licence that a package states: an SPDX expression, else its classifiers, else its words."""
    if expression := meta.get("License-Expression"):
        return str(expression)
    classified = [
        each.rpartition(" :: ")[2]
        for each in meta.get_all("Classifier") or []
        if each.startswith("License ::")
    ]
    if classified and classified != ["OSI Approved"]:
        return " AND ".join(classified)
    return str(meta.get("License") or "").strip().split("\n")[0][:200]


def list_packages() -> dict[str, Package]:
    """Read the lock, add licences, and follow from each extra which packages it pulls in."""
    packages = read_lock(LOCK.read_text("utf-8"))
    project = tomllib.loads(PROJECT.read_text("utf-8"))["project"]
    for package in packages.values():
        try:
            package.licence = read_licence(installed.metadata(package.name))
        except installed.PackageNotFoundError:
            continue
    groups = {PLAIN: project["dependencies"], **project["optional-dependencies"]}
    for group, lines in groups.items():
        _follow(packages, group, [Requirement(line) for line in lines])
    for package in packages.values():
        package.needed_by, package.needs = packages[package.name].needed_by, packages[package.name].needs
    return packages


def _follow(packages: dict[str, Package], group: str, wanted: list[Requirement]) -> None:
    seen: set[tuple[str, frozenset[str]]] = set()
    while wanted:
        each = wanted.pop()
        name = canonicalize_name(each.name)
        mark = (name, frozenset(each.extras))
        if mark in seen or name not in packages:
            continue
        seen.add(mark)
        packages[name].needed_by.add(group)
        try:
            requires = installed.requires(name) or []
        except installed.PackageNotFoundError:
            continue
        for line in requires:
            deeper = Requirement(line)
            environments: list[dict[str, Any]] = [
                {**default_environment(), "extra": extra} for extra in ("", *each.extras)
            ]
            if deeper.marker is None or any(deeper.marker.evaluate(one) for one in environments):
                packages[name].needs.add(canonicalize_name(deeper.name))
                wanted.append(deeper)


def describe(packages: dict[str, Package]) -> dict[str, Any]:
    """Write the bill; the same lock gives the same bytes, and its number is the lock's own."""
    project = tomllib.loads(PROJECT.read_text("utf-8"))["project"]
    own = f"pkg:pypi/{project['name']}@{project['version']}"
    refs = {key: f"pkg:pypi/{each.name}@{each.version}" for key, each in packages.items()}
    components = [
        {
            "type": "library",
            "bom-ref": refs[name],
            "name": each.name,
            "version": each.version,
            "purl": refs[name],
            "scope": each.scope,
            "hashes": [{"alg": "SHA-256", "content": hashed} for hashed in sorted(set(each.hashes))],
            "licenses": [{"license": {"name": each.licence or "not installed here, so not read"}}],
            "properties": [
                {
                    "name": "lightwell:needed-by",
                    "value": ", ".join(sorted(each.needed_by)) or "another system",
                }
            ],
        }
        for name, each in sorted(packages.items())
    ]
    depends = [{"ref": own, "dependsOn": sorted(refs[n] for n, each in packages.items() if each.needed_by)}]
    depends += [
        {"ref": refs[name], "dependsOn": sorted(refs[each] for each in package.needs if each in refs)}
        for name, package in sorted(packages.items())
    ]
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, LOCK.read_text('utf-8'))}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": own,
                "name": project["name"],
                "version": project["version"],
                "purl": own,
                "licenses": [{"license": {"id": project["license"]}}],
            }
        },
        "components": components,
        "dependencies": depends,
    }


def main() -> int:
    """Write the bill and say what is in it."""
    packages = list_packages()
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(describe(packages), indent=1) + "\n", "utf-8")
    unread = sorted(each.name for each in packages.values() if not each.licence)
    print(f"{OUT.relative_to(ROOT)}: {len(packages)} packages; CycloneDX 1.6")
    if unread:
        print(f"not installed here, so their licences were not read: {', '.join(unread)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
