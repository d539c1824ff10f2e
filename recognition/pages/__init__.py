"""The transcript on a recording's page: lines, speakers, the timeline; and correcting it."""

from recognition.pages.panel import transcript_panel

__all__ = ["transcript_panel"]
