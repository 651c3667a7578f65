"""`python -m rootstock`."""

from rootstock.cli.main import main

if __name__ == "__main__":
    main()
