"""`python -m bluepencil.cli` is `bluepencil`."""

from bluepencil.cli import main

main()
