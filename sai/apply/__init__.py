"""`manage.py apply`: a file that says what there is to be, made true in one transaction.

`reading` turns the file into checked entries, `applying` makes them true; both collect every
mistake before they give up. Apps bring their sections by name (APPLY_SECTIONS).
"""

from sai.apply.applying import apply
from sai.apply.mistakes import Mistakes
from sai.apply.reading import read

__all__ = ["Mistakes", "apply", "read"]
