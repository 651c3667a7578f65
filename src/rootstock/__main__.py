"""`python -m rootstock`."""

from rootstock.cli import main

if __name__ == "__main__":
    main()
