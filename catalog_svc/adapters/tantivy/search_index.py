"""The search index in tantivy: one folder, one process, searched and written in threads.

A search is Python for some 0.1 ms and then tantivy without the interpreter's lock for anything
between 0.05 and tens of milliseconds, so that a thread costs little and keeps the event loop
free. The resume token is a document of its own, written by the same commit as what it covers.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import shutil
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

import structlog
import tantivy

from catalog_svc.adapters.tantivy.query import FIELDS, GUESS, SLIP, Doubt, QueryBuilder, schema
from catalog_svc.domain.search import (
    Entry,
    Found,
    Hits,
    IndexChange,
    Kind,
    Query,
    beginnings,
    few_hits,
    indexed_text,
    newest,
    prior,
    typos_allowed,
)
from catalog_svc.domain.text import fold, query_words
from catalog_svc.ports.search import IndexDamaged

_log = structlog.get_logger()
_T = TypeVar("_T")

_CURSOR: Final = "cursor"
_HEAP_BYTES: Final = 50_000_000
_SEARCH_THREADS: Final = 2
_SUGGESTIONS_LOOKED_AT: Final = 100
_DEFAULTS: Final = {f.name: f.default for f in fields(Entry) if f.name not in ("kind", "name")}
_ENCODER: Final = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)


class IndexInUse(RuntimeError):
    """Another process owns the folder of the index."""


class TantivySearchIndex:
    """A ``SearchIndex`` in a folder that no other process may use meanwhile."""

    def __init__(self, folder: Path) -> None:
        """Opens or makes the index; ``IndexInUse`` where another process has it open.

        What cannot be read is deleted and begun anew: the index is derived from the catalogue.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._files = folder / "index"
        self._lock = _take(folder / "lock")
        self._schema = schema()
        self._queries = QueryBuilder(self._schema)
        self._writer: tantivy.IndexWriter | None = None
        self._damaged = False
        self._open()
        self._writing = ThreadPoolExecutor(1, thread_name_prefix="index-write")
        self._searching = ThreadPoolExecutor(_SEARCH_THREADS, thread_name_prefix="index-search")

    async def apply(self, changes: Sequence[IndexChange], token: str) -> None:
        await self._in_thread(self._writing, partial(self._apply, changes, token))

    async def token(self) -> str:
        return await self._in_thread(self._searching, self._token)

    async def search(
        self, query: Query, kinds: Collection[Kind], *, limit: int, offset: int = 0
    ) -> Found:
        find = partial(self._search, query, kinds, limit, offset)
        return await self._in_thread(self._searching, find)

    async def suggest(self, beginning: str, *, limit: int) -> Sequence[Entry]:
        return await self._in_thread(self._searching, partial(self._suggest, beginning, limit))

    async def titled(self, title: str, artist: str, *, limit: int) -> Sequence[Entry]:
        query = self._queries.titled(title, query_words(artist))
        return await self._in_thread(self._searching, partial(self._tracks, query, limit))

    async def alike(self, words: Sequence[str], *, limit: int) -> Sequence[Entry]:
        query = self._queries.alike(words)
        return await self._in_thread(self._searching, partial(self._tracks, query, limit))

    async def clear(self) -> None:
        await self._in_thread(self._writing, self._begin_anew, guarded=False)

    async def aclose(self) -> None:
        """Ends the threads and gives the folder free."""
        self._searching.shutdown(wait=True)
        self._writing.shutdown(wait=True)
        self._writer = None
        os.close(self._lock)

    async def _in_thread(
        self, threads: ThreadPoolExecutor, call: Callable[[], _T], *, guarded: bool = True
    ) -> _T:
        if guarded and self._damaged:
            raise _damage()
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(threads, call)
        except IndexDamaged:
            self._damaged = threads is self._writing or await loop.run_in_executor(
                threads, self._is_damaged
            )
            raise

    def _is_damaged(self) -> bool:
        """Tells a broken index from a query that tantivy dislikes: no query may cost the index."""
        try:
            with _damage_reported():
                self._probe()
        except IndexDamaged:
            return True
        return False

    def _open(self) -> None:
        try:
            with _damage_reported():
                self._attach()
        except IndexDamaged as damage:
            _log.warning(
                "search_index_rebuilt", folder=str(self._files), cause=str(damage.__cause__)
            )
            self._begin_anew()

    def _attach(self) -> None:
        self._files.mkdir(exist_ok=True)
        self._index = tantivy.Index(self._schema, path=str(self._files))
        self._writer = self._index.writer(heap_size=_HEAP_BYTES, num_threads=1)
        self._probe()

    def _probe(self) -> None:
        """Touches every segment's parts, so that damage shows at the start and not in an answer."""
        searcher = self._index.searcher()
        everything = searcher.search(tantivy.Query.all_query(), 1, weight_by_field="prior")
        for _, address in everything.hits:
            searcher.doc(address)
        for kind in Kind:
            searcher.terms_with_prefix(f"{kind.value}_name", "", limit=1)
        self._token()

    def _begin_anew(self) -> None:
        self._writer = None
        shutil.rmtree(self._files, ignore_errors=True)
        self._attach()
        self._damaged = False

    def _apply(self, changes: Sequence[IndexChange], token: str) -> None:
        with _damage_reported():
            searcher = self._index.searcher()
            fresh = [change for change in newest(changes) if self._is_newer(searcher, change)]
        documents = [self._document(_content(change)) for change in fresh]
        with _damage_reported():
            self._commit([_key(change) for change in fresh], documents, token)

    def _is_newer(self, searcher: tantivy.Searcher, change: IndexChange) -> bool:
        key = _key(change)
        if not searcher.doc_freq("key", key):
            return True
        hits = searcher.search(self._queries.key(key), 1, count=False).hits
        versions = searcher.fast_field_values("version", [address for _, address in hits])
        return all(version is None or version < change.version for version in versions)

    def _commit(self, keys: list[str], documents: list[tantivy.Document], token: str) -> None:
        writer = self._writer
        if writer is None:
            raise _damage()
        for key in (*keys, _CURSOR):
            writer.delete_documents_by_term("key", key)
        cursor = self._document({"key": _CURSOR, "body": token.encode()})
        for document in (*documents, cursor):
            writer.add_document(document)
        writer.commit()
        self._index.reload()

    def _document(self, content: dict[str, Any]) -> tantivy.Document:
        return tantivy.Document.from_dict(content, self._schema)

    def _token(self) -> str:
        with _damage_reported():
            searcher = self._index.searcher()
            hits = searcher.search(self._queries.key(_CURSOR), 1, count=False).hits
            return "".join(_body(searcher, address).decode() for _, address in hits)

    def _search(self, query: Query, kinds: Collection[Kind], limit: int, offset: int) -> Found:
        with _damage_reported():
            asked = _Asked(self._index.searcher(), self._queries, query, limit, offset)
            found = {kind: asked.exact_or_corrected(kind) for kind in kinds}
            for widen in (asked.guessed, asked.partial):
                if not any(hits.total for hits in found.values()):
                    found = {kind: widen(kind) for kind in kinds}
            return found

    def _tracks(self, query: tantivy.Query, limit: int) -> Sequence[Entry]:
        with _damage_reported():
            return _run(self._index.searcher(), query, limit, 0).entries

    def _suggest(self, beginning: str, limit: int) -> Sequence[Entry]:
        with _damage_reported():
            searcher = self._index.searcher()
            found = _run(searcher, self._queries.opening(beginning), _SUGGESTIONS_LOOKED_AT, 0)
        distinct: dict[str, Entry] = {}
        for entry in found.entries:
            distinct.setdefault(fold(entry.name), entry)
        return list(distinct.values())[:limit]


@dataclass(frozen=True, slots=True)
class _Asked:
    """One search, from the cheapest reading of the query to the most forgiving."""

    searcher: tantivy.Searcher
    queries: QueryBuilder
    query: Query
    limit: int
    offset: int

    def exact_or_corrected(self, kind: Kind) -> Hits:
        """The exact hits; where they are few, those with a letter wrong too.

        Words that exist are doubted only where all do: a slip may have made another word.
        """
        exact = self._run(self.queries.exact(self.query, kind))
        if exact.total >= few_hits(self.query):
            return exact
        unknown = self.queries.unknown(self.searcher, self.query, kind)
        if any(not typos_allowed(word) for word in unknown - {self.query.last}):
            return exact
        return self._lenient(kind, unknown or self._every_word(), SLIP, exact_too=exact.total > 0)

    def guessed(self, kind: Kind) -> Hits:
        """Hits with every word doubted as far as its length allows."""
        return self._lenient(kind, self._every_word(), GUESS, exact_too=False)

    def partial(self, kind: Kind) -> Hits:
        """Hits that lack one of three or more words."""
        words = self.queries.partial(self.query, kind)
        return self._run(words) if words else Hits()

    def _every_word(self) -> frozenset[str]:
        return frozenset(self.query.words)

    def _lenient(
        self, kind: Kind, doubted: frozenset[str], doubt: Doubt, *, exact_too: bool
    ) -> Hits:
        words = self.queries.lenient(self.query, kind, doubted, doubt, exact_too=exact_too)
        return self._run(words)

    def _run(self, words: tantivy.Query) -> Hits:
        return _run(self.searcher, words, self.limit, self.offset)


def _key(change: IndexChange) -> str:
    return f"{change.kind.value}:{change.id}"


def _content(change: IndexChange) -> dict[str, Any]:
    """The fields of a change's document; a removal keeps nothing but its version."""
    kept = {"key": _key(change), "version": change.version}
    return {**kept, **_searchable(change.entry)} if change.entry else kept


def _searchable(entry: Entry) -> dict[str, Any]:
    text = indexed_text(entry)
    words = {"name": text.name, "artist": text.artist, "album": text.album}
    kind = entry.kind.value
    searched = {f"{kind}_{name}": words[name] for name, _ in FIELDS[entry.kind]}
    every = [word for words in searched.values() for word in words]
    return {
        **{name: " ".join(found) for name, found in searched.items()},
        f"{kind}_any": " ".join(dict.fromkeys(every)),
        f"{kind}_start": " ".join(beginnings(every)),
        f"{kind}_name_start": " ".join(beginnings(text.name)),
        f"{kind}_whole": list(text.whole),
        "opening": list(text.openings),
        "opening_start": beginnings(text.openings),
        "prior": _weight(prior(entry)),
        "body": _pack(entry),
    }


def _weight(factor: float) -> float:
    """What tantivy has to hold for a score to be multiplied by ``factor``: it takes log2(2 + w)."""
    return float(2.0**factor - 2.0)


def _pack(entry: Entry) -> bytes:
    held = ((name, getattr(entry, name), default) for name, default in _DEFAULTS.items())
    kept = {name: value for name, value, default in held if value != default}
    return _ENCODER.encode([entry.kind.value, entry.name, kept]).encode()


def _unpack(body: bytes) -> Entry:
    kind, name, kept = json.loads(body)
    return Entry(Kind(kind), name=name, **kept)


def _body(searcher: tantivy.Searcher, address: tantivy.DocAddress) -> bytes:
    return bytes(searcher.doc(address).get_first("body") or b"")


def _run(searcher: tantivy.Searcher, query: tantivy.Query, limit: int, offset: int) -> Hits:
    # The published types leave the count out.
    found: Any = searcher.search(query, limit, offset=offset, weight_by_field="prior")
    entries = tuple(_unpack(_body(searcher, address)) for _, address in found.hits)
    return Hits(entries, found.count)


def _take(lock: Path) -> int:
    """Locks a file for as long as the process lives, and returns its descriptor."""
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise IndexInUse(
            f"the search index in {lock.parent} is in use by another process; "
            "give each instance a folder of its own"
        ) from None
    return descriptor


def _damage() -> IndexDamaged:
    return IndexDamaged("The search index is being rebuilt.", retry_after_s=1.0)


@contextmanager
def _damage_reported() -> Iterator[None]:
    """Turns what tantivy raises into ``IndexDamaged``, its panics over broken files included."""
    try:
        yield
    except (ValueError, OSError) as error:
        raise _damage() from error
    except BaseException as error:
        # A Rust panic is no Exception: it would end the thread pool's work without a word.
        if type(error).__name__ != "PanicException":
            raise
        raise _damage() from error
