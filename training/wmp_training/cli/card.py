"""``wmp card``: write the README of a bundle, with what its evaluation found."""

from __future__ import annotations

import argparse
from pathlib import Path

from wmp_training.cli.mistakes import MISTAKES

HELP = "write a bundle's model card from its evaluation"
DESCRIPTION = """
Writes README.md into the bundle: how it was trained, success per terrain and difficulty, what the world model
foresees, limits and known failures, from files that `wmp eval --json` wrote. It shows success.png and
open_loop.png where the bundle's folder has them (`wmp eval --plot`, `--foresight`). Nothing else of the
bundle changes, nor does its hash or signature.

example:
  wmp eval --bundle models/a1_wmp_v1 --seeds 0,1 --json eval.json --plot models/a1_wmp_v1/success.png \\
      --foresight models/a1_wmp_v1/open_loop.png
  wmp eval --bundle models/a1_wmp_v1 --seeds 0,1 --blind --json blinded.json
  wmp card --bundle models/a1_wmp_v1 --evaluation eval.json --blinded blinded.json
"""


class CardCommand:
    """Plug-in of the ``wmp`` command."""

    help = HELP
    mistakes = MISTAKES

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.description = DESCRIPTION
        add = parser.add_argument
        add("--bundle", type=Path, required=True, help="folder of the bundle")
        add("--evaluation", type=Path, help="of the bundle, written by wmp eval --json")
        add("--blinded", type=Path, help="the same with --blind")
        add("--compare", type=Path, nargs="*", default=[], help="evaluations of other policies")
        add("--names", help="of those, like teacher,blind (default: those in the files)")

    def run(self, args: argparse.Namespace) -> int:
        # Imported here so that `wmp --help` stays quick.
        from wmp_core.bundle import Bundle
        from wmp_training.evaluation.compare import load_reports
        from wmp_training.evaluation.report import Report
        from wmp_training.export.model_card import model_card

        bundle = Bundle.load(args.bundle)
        report = Report.load(args.evaluation) if args.evaluation else None
        blinded = Report.load(args.blinded) if args.blinded else None
        text = model_card(bundle, report, blinded, load_reports(args.compare, args.names))
        (args.bundle / "README.md").write_text(text)
        return 0


command = CardCommand()
