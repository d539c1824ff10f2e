"""The admin as a whole: every page opens, asks little, and changes things only through services."""
