"""``python -m evenvae``."""

from evenvae.cli import main

if __name__ == "__main__":
    main()
