"""``wmp card``: write a bundle's README from its evaluation."""

from __future__ import annotations

import argparse
from pathlib import Path

from wmp_core.default_bundle import resolve_bundle
from wmp_core.output_paths import check_file
from wmp_training.cli.mistakes import MISTAKES
from wmp_training.cli.options import add_overwrite, check_evaluations
from wmp_training.export.card_parts import CARD, lost_parts

HELP = "write a bundle's model card from its evaluation"
DESCRIPTION = """
Writes README.md into the bundle: training, success per terrain, difficulty and condition, gait, open-loop
prediction of the world model, limits, and as a known failure every cell with less than 80 % success. The
figures come from files that `wmp eval --json` wrote. The card shows success.png and open_loop.png if the
bundle's folder has them (`wmp eval --plot`, `--open-loop`), and corrections.md, the place for what turns out
to be wrong after a release.
Nothing else in the bundle changes; its hash and signature stay valid.

A new card that lacks sections, tables or pictures of the existing one is refused without --overwrite.
"""
EXAMPLES = """examples:
  wmp eval --bundle a1_wmp_v1 --seeds 0,1 --json eval.json \\
      --plot models/a1_wmp_v1/success.png --open-loop models/a1_wmp_v1/open_loop.png
  wmp eval --bundle a1_wmp_v1 --seeds 0,1 --blind --json blinded.json
  wmp card --bundle a1_wmp_v1 --evaluation eval.json --blinded blinded.json
  wmp card --bundle a1_wmp_v1 --evaluation eval.json --simulators pybullet.json menagerie.json
  wmp card --bundle a1_wmp_v1 --evaluation eval.json --compare teacher.json --names teacher
"""


class CardCommand:
    """Plug-in of the ``wmp`` command."""

    help = HELP
    mistakes = MISTAKES

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.description, parser.epilog = DESCRIPTION, EXAMPLES
        add = parser.add_argument
        add("--bundle", required=True, help="folder of the bundle, or its name under models/")
        add("--evaluation", type=Path, metavar="FILE", help="of this bundle, by wmp eval --json")
        add("--blinded", type=Path, metavar="FILE", help="of this bundle, by wmp eval --blind --json")
        add(
            "--simulators",
            type=Path,
            nargs="*",
            default=[],
            metavar="FILE",
            help="of this bundle in independent simulators, by wmp eval --sim --json",
        )
        add(
            "--compare",
            type=Path,
            nargs="*",
            default=[],
            metavar="FILE",
            help="evaluations of other policies, shown beside this one's",
        )
        add("--names", help="comma-separated names of the compared policies (default: those in the files)")
        add_overwrite(parser)

    def run(self, args: argparse.Namespace) -> int:
        folder = resolve_bundle(args.bundle)
        card = folder / CARD
        check_file(card, overwrite=True)
        given = [file for file in (args.evaluation, args.blinded) if file]
        check_evaluations([*given, *args.simulators, *args.compare])

        # Imported here: what could be refused has been, and `wmp --help` needs no torch.
        from wmp_core.verification import load_verified
        from wmp_training.evaluation.compare import load_reports
        from wmp_training.evaluation.files import written_whole
        from wmp_training.evaluation.report import Report
        from wmp_training.export.model_card import model_card

        report, blinded = (Report.load(file) if file else None for file in (args.evaluation, args.blinded))
        simulators = [Report.load(file) for file in args.simulators]
        others = load_reports(args.compare, args.names)
        text = model_card(load_verified(folder), report, blinded, others, simulators)
        lost = lost_parts(card.read_text(), text) if card.is_file() and not args.overwrite else []
        if lost:
            remedy = "give the evaluations that they came from, or --overwrite"
            raise FileExistsError(f"{card} would lose {', '.join(lost)}; {remedy}")
        with written_whole(card) as fresh:
            fresh.write_text(text)
        print(f"wrote {card}")
        return 0


command = CardCommand()
