"""The bill of materials of an installer, as CycloneDX 1.6 in JSON, the same bytes every time.

``python packaging/release/sbom.py SITE_PACKAGES OUTPUT --name spaceport-linux``
"""

from __future__ import annotations

import argparse
import sys
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bundle import viewer

from release.failure import ReleaseError
from release.stamp import ROOT
from spaceport_app import __version__, licences


def write(
    site: Path, output: Path, name: str, moment: int, hashes: Mapping[str, str] | None = None
) -> None:
    """Write the bill of what lies in a folder of packages.

    Parameters
    ----------
    site : Path
        The folder.
    output : Path
        The JSON file.
    name : str
        Of the product.
    moment : int
        Time of the release in seconds since 1970.
    hashes : mapping of str to str, optional
        SHA-256 of the wheel of each package, by its name in normal form.

    Raises
    ------
    ReleaseError
        If the folder holds no packages, or the bill does not keep to the format.
    """
    from cyclonedx.model import HashAlgorithm, HashType
    from cyclonedx.model.bom import Bom
    from cyclonedx.model.component import Component, ComponentType
    from cyclonedx.model.license import DisjunctiveLicense
    from cyclonedx.output.json import JsonV1Dot6
    from packageurl import PackageURL

    found = [
        text
        for text in licences.collect(metadata.distributions(path=[str(site)]))
        if text.name.lower() != "spaceport"
    ]
    if not found:
        raise ReleaseError(f"There are no packages in {site}.")
    bom = Bom()
    names = ",".join(f"{text.name}=={text.version}" for text in found)
    bom.serial_number = uuid.uuid5(uuid.NAMESPACE_URL, f"spaceport:{name}:{__version__}:{names}")
    bom.metadata.timestamp = datetime.fromtimestamp(moment, UTC)
    bom.metadata.component = Component(
        name=name,
        version=__version__,
        type=ComponentType.APPLICATION,
        bom_ref=name,
        licenses=[DisjunctiveLicense(id="Apache-2.0")],
    )
    parts = []
    for text in found:
        normal = text.name.lower().replace("_", "-").replace(".", "-")
        known = (hashes or {}).get(normal)
        part = Component(
            name=text.name,
            version=text.version,
            type=ComponentType.LIBRARY,
            bom_ref=f"{normal}=={text.version}",
            purl=PackageURL("pypi", name=normal, version=text.version),
            licenses=[DisjunctiveLicense(name=text.stated)] if text.stated else [],
            hashes=[HashType(alg=HashAlgorithm.SHA_256, content=known)] if known else [],
        )
        bom.components.add(part)
        parts.append(part)
    folder = site / "spaceport_app" / "resources" / "viewer"
    if folder.is_dir():
        shipped = viewer.record(folder)
        files = [
            Component(
                name=file,
                type=ComponentType.FILE,
                bom_ref=f"viewer/{file}",
                hashes=[HashType(alg=HashAlgorithm.SHA_256, content=sha256)],
            )
            for file, sha256 in shipped.files.items()
        ]
        part = Component(
            name=shipped.name,
            version=shipped.version,
            type=ComponentType.LIBRARY,
            bom_ref=shipped.package,
            purl=PackageURL.from_string(shipped.package),
            licenses=[DisjunctiveLicense(id=shipped.licence)],
            components=files,
        )
        bom.components.add(part)
        parts.append(part)
    bom.register_dependency(bom.metadata.component, parts)
    written = JsonV1Dot6(bom).output_as_string(indent=1)
    check(written)
    output.write_text(written + "\n", encoding="utf-8", newline="\n")


def check(written: str) -> None:
    """Raise a ReleaseError if a text is no bill of CycloneDX 1.6."""
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    wrong = JsonStrictValidator(SchemaVersion.V1_6).validate_str(written)
    if wrong is not None:
        raise ReleaseError(f"The bill of materials is not valid: {wrong}")


def main(arguments: list[str]) -> int:
    """Write a bill and return the exit code."""
    parser = argparse.ArgumentParser(description=f"Bill of materials of Spaceport in {ROOT.name}.")
    parser.add_argument("site", type=Path, help="folder of packages")
    parser.add_argument("output", type=Path)
    parser.add_argument("--name", default="spaceport")
    parser.add_argument("--epoch", type=int, default=0, help="seconds since 1970")
    given = parser.parse_args(arguments)
    write(given.site, given.output, given.name, given.epoch)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except ReleaseError as error:
        sys.exit(str(error))
