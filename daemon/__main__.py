"""`python -m daemon` is `hotfolder`."""

from daemon.cli import main

if __name__ == "__main__":
    main()
