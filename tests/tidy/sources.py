"""Which files belong to the project. Shared by the checks of this folder."""

import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]


def tracked():
    """Paths relative to the root, sorted: what git tracks, or every file of an unpacked archive."""
    git = subprocess.run(["git", "-C", str(ROOT), "-c", f"safe.directory={ROOT}", "ls-files", "-z"],
                         capture_output=True)
    if git.returncode == 0 and git.stdout:
        names = [name for name in git.stdout.decode().split("\0") if name]
        return sorted(name for name in names if (ROOT / name).is_file())
    return sorted(str(path.relative_to(ROOT)) for path in ROOT.rglob("*")
                  if path.is_file() and not {"build", ".git", ".cache"} & set(path.relative_to(ROOT).parts[:1]))


def cxx():
    return [name for name in tracked() if name.endswith((".cpp", ".h"))]
