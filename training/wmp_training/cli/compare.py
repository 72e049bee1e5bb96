"""``wmp compare``: evaluations of several policies in one table."""

from __future__ import annotations

import argparse
from pathlib import Path

from wmp_core.output_paths import check_file
from wmp_training.cli.mistakes import MISTAKES
from wmp_training.cli.options import add_overwrite, check_evaluations

HELP = "show evaluations of several policies in one table"
DESCRIPTION = """
Prints success rates in %: a row per terrain, a column per file that `wmp eval --json` wrote, one figure per
difficulty. All evaluations must follow the same protocol, except for --blind.
"""
EXAMPLES = """examples:
  wmp compare eval.json blinded.json
  wmp compare teacher.json eval.json --names teacher,wmp --out table.md --plot table.png
"""


class CompareCommand:
    """Plug-in of the ``wmp`` command."""

    help = HELP
    mistakes = MISTAKES

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.description, parser.epilog = DESCRIPTION, EXAMPLES
        parser.add_argument("files", type=Path, nargs="+", help="evaluations by wmp eval --json")
        parser.add_argument("--names", help="comma-separated column names (default: those in the files)")
        parser.add_argument("--out", type=Path, metavar="FILE", help="also write the table here (Markdown)")
        parser.add_argument(
            "--plot", type=Path, metavar="FILE", help="also plot success against difficulty here (PNG)"
        )
        add_overwrite(parser)

    def run(self, args: argparse.Namespace) -> int:
        check_evaluations(args.files)
        outputs = [file for file in (args.out, args.plot) if file]
        for file in outputs:
            check_file(file, args.overwrite)

        # Imported here: what could be refused has been, and `wmp --help` needs no torch.
        from wmp_training.evaluation.compare import comparison_table, load_reports
        from wmp_training.evaluation.files import written_whole
        from wmp_training.evaluation.success_plot import plot_success

        reports = load_reports(args.files, args.names)
        table = comparison_table(reports)
        print(table)
        if args.out:
            with written_whole(args.out) as fresh:
                fresh.write_text(table + "\n")
        if args.plot:
            plot_success({name: report.cells for name, report in reports.items()}, args.plot)
        for file in outputs:
            print(f"wrote {file}")
        return 0


command = CompareCommand()
