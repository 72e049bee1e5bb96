"""``wmp compare``: evaluations of several policies in one table."""

from __future__ import annotations

import argparse
from pathlib import Path

from wmp_training.cli.mistakes import MISTAKES

HELP = "show evaluations of several policies in one table"
DESCRIPTION = """
Success per terrain and difficulty, a column per file that `wmp eval --json` wrote.

example:
  wmp compare teacher.json eval.json blind.json --names teacher,wmp,blind --out table.md --plot table.png
"""


class CompareCommand:
    """Plug-in of the ``wmp`` command."""

    help = HELP
    mistakes = MISTAKES

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.description = DESCRIPTION
        parser.add_argument("files", type=Path, nargs="+", help="evaluations, written by wmp eval --json")
        parser.add_argument("--names", help="of the columns, like teacher,wmp (default: those in the files)")
        parser.add_argument("--out", type=Path, help="write the table to this file as well")
        parser.add_argument("--plot", type=Path, help="draw success against difficulty into this file")

    def run(self, args: argparse.Namespace) -> int:
        # Imported here so that `wmp --help` stays quick.
        from wmp_training.evaluation.compare import comparison_table, load_reports
        from wmp_training.evaluation.success_plot import plot_success

        series = load_reports(args.files, args.names)
        table = comparison_table(series)
        print(table)
        if args.out:
            args.out.parent.mkdir(parents=True, exist_ok=True)
            args.out.write_text(table + "\n")
        if args.plot:
            plot_success({name: report.cells for name, report in series.items()}, args.plot)
        return 0


command = CompareCommand()
