"""The README's figure: what balancing changes on the demo's table.

evenvae demo --out DIR && python benchmarks/picture.py DIR/reconstruction.csv docs/figures/demo.png
"""

import argparse

import pandas as pd

from evenvae.cli.demo import figure

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("reconstruction")
    parser.add_argument("out")
    options = parser.parse_args()
    figure(pd.read_csv(options.reconstruction)).savefig(options.out, dpi=110)
