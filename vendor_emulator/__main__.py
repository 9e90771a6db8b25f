"""The emulator as a process: ``python -m vendor_emulator --port N``."""

import argparse

from vendor_emulator.server import run

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    run(parser.parse_args().port)
