"""libFuzzer on one parser, guided by the coverage of the product's own code.

``python guided.py NAME [libFuzzer's options] [folders]``; ``run.py`` calls it for each name in turn.
"""

import sys

import atheris

with atheris.instrument_imports(include=["portal"]):
    from parsers import PARSERS

name = sys.argv.pop(1)
atheris.Setup(sys.argv, PARSERS[name])
atheris.Fuzz()
