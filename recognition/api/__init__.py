"""The REST door of transcripts: lines, exports, names of speakers, search."""
