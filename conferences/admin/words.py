"""Colours of this app's statuses in the admin."""

from conferences.choices import ConnectionStatus, DownloadStatus, ImportStatus

CONNECTION: dict[str, str] = {
    ConnectionStatus.NEW: "info",
    ConnectionStatus.WORKS: "success",
    ConnectionStatus.AWAY: "warning",
    ConnectionStatus.REJECTED: "danger",
}
SESSION: dict[str, str] = {
    ImportStatus.DISCOVERED: "info",
    ImportStatus.DOWNLOADING: "info",
    ImportStatus.READY: "success",
    ImportStatus.INCOMPLETE: "warning",
    ImportStatus.FAILED: "danger",
}
DOWNLOAD: dict[str, str] = {
    DownloadStatus.DOWNLOADING: "info",
    DownloadStatus.STORED: "success",
    DownloadStatus.MISSING: "warning",
    DownloadStatus.FAILED: "danger",
}
