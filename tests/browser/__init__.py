"""Stories in a real browser: Chromium against the real web process."""
