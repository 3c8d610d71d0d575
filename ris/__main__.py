"""`python -m ris`."""

from ris.cli import main

if __name__ == "__main__":
    main()
