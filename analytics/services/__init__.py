"""What others may ask of meaning."""

from analytics.services.forgetting import forget_meaning
from analytics.services.prompts import save_prompt
from analytics.services.summaries import request_summary

__all__ = ["forget_meaning", "request_summary", "save_prompt"]
