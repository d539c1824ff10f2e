"""Colours of this app's statuses in the admin."""

from conferences.choices import ConnectionStatus, DownloadStatus, ImportStatus

CONNECTION = {
    ConnectionStatus.NEW: "info",
    ConnectionStatus.WORKS: "success",
    ConnectionStatus.AWAY: "warning",
    ConnectionStatus.REJECTED: "danger",
}
SESSION = {
    ImportStatus.DISCOVERED: "info",
    ImportStatus.DOWNLOADING: "info",
    ImportStatus.READY: "success",
    ImportStatus.INCOMPLETE: "warning",
    ImportStatus.FAILED: "danger",
}
DOWNLOAD = {
    DownloadStatus.DOWNLOADING: "info",
    DownloadStatus.STORED: "success",
    DownloadStatus.MISSING: "warning",
    DownloadStatus.FAILED: "danger",
}
