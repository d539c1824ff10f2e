"""Words in the admin: transcripts and their phrases, speakers' names, the text index."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from common.admin import MachineAdmin, MachineInline, badge, link, linked, shorten
from recognition import selectors
from recognition.models import IndexEntry, Phrase, SpeakerName, TrackWords, Transcript
from recordings.templatetags.sound import clock

FOUND_AT_MOST = 500
"""Hits of the text index that a search in the admin looks through."""


class PhraseColumns:
    @display(description=_("at"), ordering="start")
    def at(self, phrase: Phrase) -> str:
        return clock(phrase.start)

    @display(description=_("text"))
    def said(self, phrase: Phrase) -> str:
        return shorten(phrase.text, 200)

    @display(description=_("notes"))
    def notes(self, phrase: Phrase) -> SafeString | str:
        if phrase.dropped:
            return badge(_("dropped"), "warning", title=phrase.dropped)
        return badge(_("overlap"), "info") if phrase.overlap else "-"


class PhraseInline(PhraseColumns, MachineInline):
    model = Phrase
    fields = ["at", "speaker", "said", "notes"]
    readonly_fields = ["at", "said", "notes"]
    per_page = 50

    def get_queryset(self, request: HttpRequest) -> QuerySet[Phrase]:
        return super().get_queryset(request).defer("words").order_by("position")


@admin.register(Transcript)
class TranscriptAdmin(MachineAdmin):
    list_display = ["whose", "version", "language", "engine", "phrase_count", "made"]
    list_display_links = ["version"]
    list_select_related = ["recording"]
    list_filter = ["language", ("created_at", RangeDateTimeFilter)]
    search_fields = ["recording__title", "=recording__number", "=recording__id", "engine"]
    search_help_text = _("Title, number or id of the recording; engine")
    ordering = ["-id"]
    fields = [("whose", "version"), ("language", "engine"), ("journey", "made")]
    readonly_fields = ["whose"]
    inlines = [PhraseInline]
    journey = linked("run", _("run"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Transcript]:
        phrases = Phrase.objects.filter(transcript=OuterRef("pk")).order_by().values("transcript")
        counted = Subquery(phrases.annotate(n=Count("pk")).values("n"))
        return super().get_queryset(request).annotate(phrases_total=counted)

    @display(description=_("recording"))
    def whose(self, transcript: Transcript) -> SafeString | str:
        return link(transcript.recording)

    @display(description=_("phrases"))
    def phrase_count(self, transcript: Any) -> int:
        return int(transcript.phrases_total or 0)


@admin.register(Phrase)
class PhraseAdmin(PhraseColumns, MachineAdmin):
    list_display = ["whose", "at", "speaker", "said", "notes"]
    list_display_links = ["at", "said"]
    list_select_related = ["transcript__recording"]
    list_filter = ["overlap", "dropped"]
    search_fields = ["text"]
    search_help_text = _("Words that were said; found by the text index")
    ordering = ["-id"]
    fields = ["whose", "script", "voice", "at", "speaker", "text", "notes", "words"]
    readonly_fields = ["whose", "at", "notes"]
    script = linked("transcript", _("transcript"))
    voice = linked("track", _("track"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Phrase]:
        return super().get_queryset(request).defer("words")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        if not search_term:
            return queryset, False
        found = selectors.search(request.user, search_term, limit=FOUND_AT_MOST)
        ids = [one["object_id"] for one in found if one["kind"] == IndexEntry.Kind.PHRASE]
        return queryset.filter(pk__in=ids), False

    @display(description=_("recording"))
    def whose(self, phrase: Phrase) -> SafeString | str:
        return link(phrase.transcript.recording)


@admin.register(SpeakerName)
class SpeakerNameAdmin(MachineAdmin):
    list_display = ["label", "name", "whose", "changed"]
    list_select_related = ["recording"]
    search_fields = ["label", "name", "recording__title", "=recording__number"]
    ordering = ["-id"]
    fields = ["whose", "label", "name", "made", "changed"]
    readonly_fields = ["whose"]

    @display(description=_("recording"))
    def whose(self, name: SpeakerName) -> SafeString | str:
        return link(name.recording)


@admin.register(TrackWords)
class TrackWordsAdmin(MachineAdmin):
    list_display = ["__str__", "whose", "engine", "language", "changed"]
    list_select_related = ["track__recording"]
    list_filter = ["language", ("updated_at", RangeDateTimeFilter)]
    search_fields = ["=track__recording__number", "=track__recording__id", "engine"]
    ordering = ["-id"]
    fields = ["whose", "voice", "engine", "language", "made", "changed"]
    readonly_fields = ["whose"]
    voice = linked("track", _("track"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[TrackWords]:
        rows = super().get_queryset(request)
        return rows.defer("segments", "envelope", "track__regions")

    @display(description=_("recording"))
    def whose(self, words: TrackWords) -> SafeString | str:
        return link(words.track.recording)


@admin.register(IndexEntry)
class IndexEntryAdmin(MachineAdmin):
    list_display = ["kind", "whose", "at", "beginning"]
    list_display_links = ["kind", "beginning"]
    list_select_related = ["recording"]
    list_filter = ["kind"]
    search_fields = ["=recording__number", "=recording__id"]
    search_help_text = _("Number or id of the recording")
    ordering = ["-id"]
    fields = ["kind", "whose", "object_id", "at", "text"]
    readonly_fields = ["whose", "at"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[IndexEntry]:
        return super().get_queryset(request).defer("words")

    @display(description=_("recording"))
    def whose(self, entry: IndexEntry) -> SafeString | str:
        return link(entry.recording)

    @display(description=_("at"))
    def at(self, entry: IndexEntry) -> str:
        return "-" if entry.start is None else clock(entry.start)

    @display(description=_("text"))
    def beginning(self, entry: IndexEntry) -> str:
        return shorten(entry.text)
