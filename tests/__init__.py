"""Tests mirror the package; `cases` names one case of everything, and every oracle runs over them."""
