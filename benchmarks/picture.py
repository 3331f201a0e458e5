"""The README's picture: what balancing changes on the demo's table.

evenvae demo --out DIR && python benchmarks/picture.py DIR/reconstruction.csv docs/figures/demo.png
"""

import sys

import pandas as pd

from evenvae.cli.demo import figure

figure(pd.read_csv(sys.argv[1])).savefig(sys.argv[2], dpi=110)
