"""The command: `python -m tools.sample_faces` from the project, or `python tools/sample_faces` from any folder."""

import argparse
import os
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")  # sums in another order would change bytes
if not __package__:
    sys.path.insert(0, str(PROJECT))

from tqdm import tqdm  # noqa: E402

from tools.sample_faces import output, people, plan, sample, scene  # noqa: E402
from tools.sample_faces.expressions import CONDITIONS  # noqa: E402


def main() -> None:
    """Render the images, write the tables and, for a whole set, the checksums."""
    parser = argparse.ArgumentParser(prog="sample_faces", description=__doc__)
    parser.add_argument("--out", type=Path, default=PROJECT / "data" / "sample", help="folder for images and tables")
    parser.add_argument(
        "--checksums", type=Path, default=PROJECT / "data" / "checksums" / "sample.sha256",
        help="file for the SHA-256 table; written only when all subjects are rendered",
    )  # fmt: skip
    parser.add_argument(
        "--subjects", type=int, nargs="+", default=[person.number for person in people.PEOPLE], metavar="N",
        choices=[person.number for person in people.PEOPLE], help="render only these subjects (1 to 15)",
    )  # fmt: skip
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where --out holds other bytes")
    arguments = parser.parse_args()

    chosen = [person for person in people.PEOPLE if person.number in arguments.subjects]
    if not arguments.check:
        arguments.out.mkdir(parents=True, exist_ok=True)
    pictures, different = {}, []
    with tqdm(total=len(chosen) * len(CONDITIONS), unit="image", disable=None) as progress:
        for person in chosen:
            base = scene.neutral(person)
            # Originals come before their copies.
            for name in sorted(plan.names_of(person), key=lambda item: (item in plan.COPIES, item)):
                progress.set_postfix_str(name)
                picture = sample.picture(base, name, pictures)
                pictures[name] = picture
                content, path = output.gif(picture.grey), arguments.out / name
                if not arguments.check:
                    path.write_bytes(content)
                elif not path.is_file() or path.read_bytes() != content:
                    different.append(name)
                progress.update()
    if arguments.check:
        print(f"{len(pictures) - len(different)} of {len(pictures)} images are the same bytes")
        sys.exit("different: " + ", ".join(different) if different else 0)

    if len(chosen) == len(people.PEOPLE):
        ordered = [pictures[name] for name in sorted(pictures)]
        output.write_eyes(arguments.out / "eyes.csv", ordered)
        output.write_expressions(arguments.out / "expressions.csv", ordered)
        output.write_checksums(arguments.checksums, arguments.out, [*pictures, "eyes.csv", "expressions.csv"])
    print(f"{len(pictures)} images in {arguments.out}")


if __name__ == "__main__":
    main()
