#!/usr/bin/env python3
"""Runs every query of docs/sql.md over the recordings in fixtures/recordings.

Each has to give rows. DuckDB is installed into target/sql with pip, if it is not there.
"""

import pathlib
import re
import subprocess
import sys
import venv

ROOT = pathlib.Path(__file__).resolve().parent.parent
RECORDINGS = ROOT / "fixtures/recordings"
HOME = ROOT / "target/sql"
# The fixture has no user who logged in.
MAY_BE_EMPTY = ("login_uid",)


def duckdb_python():
    """A Python that has DuckDB; None if it cannot be had."""
    python = HOME / "bin/python"
    if not python.exists():
        try:
            venv.create(HOME, with_pip=True, clear=True)
        except (OSError, subprocess.CalledProcessError) as error:
            return say(f"no virtual environment can be made: {error}")
    if run([python, "-c", "import duckdb"]).returncode != 0:
        installed = run([python, "-m", "pip", "install", "--quiet", "duckdb"])
        if installed.returncode != 0:
            return say(f"duckdb cannot be installed: {installed.stderr.strip()[-300:]}")
    return python


def say(reason):
    print(f"check_sql: SKIPPED, the queries of docs/sql.md were not run: {reason}", file=sys.stderr)


def run(command, **options):
    command = [str(word) for word in command]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


def blocks(language):
    text = (ROOT / "docs/sql.md").read_text(encoding="utf-8")
    text = text.replace("/var/lib/execsnoop", str(RECORDINGS))
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


RUNNER = """
import sys, duckdb
connection = duckdb.connect()
statements = [part for part in sys.stdin.read().split(";") if part.strip()]
for statement in statements:
    rows = connection.execute(statement).fetchall()
    print(len(rows), flush=True)
"""


def check_sql(python):
    views, *queries = blocks("sql")
    if len(queries) != 10:
        sys.exit(f"check_sql: docs/sql.md has {len(queries)} queries, and promises ten")
    for query in queries:
        done = run([python, "-c", RUNNER], input=views + query)
        if done.returncode != 0:
            sys.exit(f"check_sql: a query of docs/sql.md fails:\n{query}\n{done.stderr}")
        is_empty = done.stdout.split()[-1] == "0"
        if is_empty and not any(word in query for word in MAY_BE_EMPTY):
            sys.exit(f"check_sql: a query of docs/sql.md finds nothing:\n{query}")


def check_jq():
    for script in blocks("sh"):
        done = run(["sh", "-c", script])
        if done.returncode != 0 or not done.stdout:
            sys.exit(f"check_sql: a command of docs/sql.md fails:\n{script}\n{done.stderr}")


def main():
    check_jq()
    python = duckdb_python()
    if python:
        check_sql(python)


main()
