"""`python -m bluepencil` is `bluepencil`."""

from bluepencil.cli import main

main()
